"""`make lab`: JupyterLab on the example notebook, also as root and on a machine without a display."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import webbrowser
from pathlib import Path
from urllib.parse import urlencode

from jupyter_core.paths import jupyter_runtime_dir

NOTEBOOK = Path(__file__).resolve().parent.parent / "notebooks" / "01_flights.ipynb"


def main(arguments: list[str]) -> int:
    """Run JupyterLab until it ends; `arguments` are options of `jupyter lab`. Returns its exit code."""
    command = [sys.executable, "-m", "jupyterlab", NOTEBOOK.name, *_options_for_this_machine(), *arguments]
    lab = subprocess.Popen(command, cwd=NOTEBOOK.parent)
    # Ctrl-C reaches JupyterLab too, which asks before it ends; a request to end is passed on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: lab.terminate())
    link = _wait_for_link(lab)
    if link is not None:
        print(_banner(link), file=sys.stderr, flush=True)
    return lab.wait()


def _options_for_this_machine() -> list[str]:
    options = []
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    if not _can_open_browser():
        options.append("--no-browser")
    if not sys.stdin.isatty():
        options.append("--ServerApp.answer_yes=True")  # nobody is there to confirm the end
    return options


def _can_open_browser() -> bool:
    if os.environ.get("CI"):
        return False
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False  # a text browser in this terminal would be found, and of no use
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _wait_for_link(lab: subprocess.Popen[bytes]) -> str | None:
    """The address of the notebook, token included, or None if JupyterLab ended instead of starting.

    Read from the file that the server writes for its own user only, once it has its port.
    """
    runtime_file = Path(jupyter_runtime_dir()) / f"jpserver-{lab.pid}.json"
    while lab.poll() is None:
        try:
            server = json.loads(runtime_file.read_text("utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.1)
            continue
        time.sleep(0.5)  # let the server's own lines pass, so that the link stands below them
        query = "?" + urlencode({"token": server["token"]}) if server["token"] else ""
        return f"{server['url']}lab/tree/{NOTEBOOK.name}{query}"
    return None


def _banner(link: str) -> str:
    return f"""
    JupyterLab is ready. Open this link in a browser:

        {link}

    Ctrl-C ends JupyterLab. Pipelines go on without it; `.venv/bin/studio stop` ends their server.
"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
