"""A real JupyterLab in a real browser, with a studio of its own. Everything lives in a temporary directory."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from studio.client import Client, connect

TOKEN = "browser-test"
expect.set_options(timeout=30_000)  # milliseconds; machines that are busy take their time
#: Pictures of every view are kept here if it is set: somebody should look at them.
SCREENSHOTS = os.environ.get("STUDIO_TEST_SCREENSHOTS")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab, serving a copy of `notebooks/`."""

    url: str
    root: Path
    home: Path  # STUDIO_HOME


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab"), repository) as running:
        yield running


@contextmanager
def running_lab(
    base: Path, repository: Path, *disabled: str, base_url: str = "/", **env: str
) -> Iterator[Lab]:
    """A JupyterLab with its files below `base`; `disabled`: labextensions that it does not load."""
    root, home = base / "notebooks", base / "home"
    shutil.copytree(
        repository / "notebooks", root, ignore=shutil.ignore_patterns("data", ".ipynb_checkpoints")
    )
    settings = base / "settings"
    news = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    page = base / "config" / "labconfig" / "page_config.json"
    page.parent.mkdir(parents=True)
    page.write_text(json.dumps({"disabledExtensions": dict.fromkeys(disabled, True)}))
    environment = {
        **os.environ,
        **env,
        "STUDIO_HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(base / "config"),
        "JUPYTER_DATA_DIR": str(base / "data"),
        "JUPYTER_RUNTIME_DIR": str(base / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(base / "workspaces"),
        "IPYTHONDIR": str(base / "ipython"),
    }
    port = _free_port()
    log = (base / "lab.log").open("wb")
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
        f"--ServerApp.base_url={base_url}",
        f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, env=environment, cwd=root, stdout=log, stderr=log, stdin=subprocess.DEVNULL
    )
    try:
        _wait_until_up(f"http://127.0.0.1:{port}{base_url}api?token={TOKEN}", process, base / "lab.log")
        yield Lab(f"http://127.0.0.1:{port}", root, home)
    finally:
        log.close()
        _end(process, home)


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-4000:]}")


def _end(process: subprocess.Popen[bytes], home: Path) -> None:
    """JupyterLab, and the studio that it started: by their environment, because they are detached."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for other in psutil.process_iter():
        try:
            if other.environ().get("STUDIO_HOME") == str(home) or str(home) in " ".join(other.cmdline()):
                other.kill()
        except psutil.Error:
            continue


@pytest.fixture(scope="module")  # as long as it is open its event loop counts as running in this thread
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """An empty JupyterLab workspace."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    open_lab(page, lab)
    yield page
    context.close()


def open_lab(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lab?token={TOKEN}&reset")
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.evaluate("async () => { await window.jupyterapp.restored; }")


def command(page: Page, name: str, **arguments: object) -> None:
    """Run a JupyterLab command and wait until it is done."""
    page.evaluate(
        "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args); }", [name, arguments]
    )


def picture(page: Page, name: str) -> None:
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SCREENSHOTS) / f"{name}.png"))


@pytest.fixture
def client(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("STUDIO_HOME", str(lab.home))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(lab.home.parent / "runtime"))
    with connect() as made:
        yield made
