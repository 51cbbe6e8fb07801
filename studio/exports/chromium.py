"""Prints a page as PDF with the Chromium that is installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from studio.errors import ExportFailed, ExportUnavailable

#: In the environment: the program to print with, where none of those below is found.
CHROMIUM: Final = "STUDIO_CHROMIUM"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MACOS: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_OPTIONS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # small in containers
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # the page's own policy says so too
    "--js-flags=--max-old-space-size=512",  # MB
)
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "FONTCONFIG_PATH", "FONTCONFIG_FILE")
_SAID: Final = 300  # characters of what it said


def find_chromium() -> str:
    """The path of the program. Raises `ExportUnavailable`."""
    given = os.environ.get(CHROMIUM)
    candidates = (given,) if given else (*_NAMES, *_MACOS)
    found = next((path for name in candidates if (path := shutil.which(name))), None)
    if found is None:
        missing = f"{CHROMIUM} names {given}, which is no program" if given else "no Chromium was found"
        raise ExportUnavailable(
            f"PDFs are printed by Chromium, and {missing}.",
            hint="Install Chromium or Google Chrome (Debian: `apt install chromium`), or export HTML and print that.",
        )
    return found


def print_pdf(page: Path, target: Path) -> None:
    """Print the HTML file. Without a time limit: that of this process counts. Raises `ExportFailed`."""
    program = find_chromium()
    profile = page.parent / "profile"
    profile.mkdir(mode=0o700)
    options = [*_OPTIONS, f"--user-data-dir={profile}", f"--print-to-pdf={target}"]
    if hasattr(os, "getuid") and os.getuid() == 0:
        options.append("--no-sandbox")  # Chromium does not start as root with it
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    ended = subprocess.run(
        [program, *options, page.as_uri()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**kept, "HOME": str(profile), "TMPDIR": str(profile), "XDG_RUNTIME_DIR": str(profile)},
        preexec_fn=die_with_parent,  # safe: this process has one thread
        check=False,
    )
    if ended.returncode != 0 or not target.is_file():
        said = ended.stderr.decode(errors="replace").strip()[-_SAID:]
        raise ExportFailed(f"{Path(program).name} did not print the page (code {ended.returncode}): {said}")


def die_with_parent() -> None:
    """Linux: the calling process is killed when the one that started it dies. Elsewhere nothing."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only here

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
