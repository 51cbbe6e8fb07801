"""A real Jupyter server with the extension, in a process of its own, and the studio server it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ..client.conftest import _end_all

TOKEN = "jupyter-token-of-the-test"


@dataclass(frozen=True)
class Jupyter:
    """A running Jupyter server. `url` ends with its base URL, without a slash."""

    url: str
    folder: Path
    log: Path

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/base")

    @property
    def stream(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/studio/api/stream"

    def studio(self) -> dict[str, str]:
        """What the runtime file of the studio server says."""
        (file,) = (self.folder / "runtime").glob("pipeline-studio-*.json")
        return dict(json.loads(file.read_text()))

    def with_token(self) -> httpx.Client:
        """As a program: a token in the header, no cookies."""
        return httpx.Client(
            base_url=f"{self.url}/studio", headers={"Authorization": f"token {TOKEN}"}, timeout=60
        )

    @contextmanager
    def logged_in(self) -> Iterator[httpx.Client]:
        """As a browser: cookies of a login, nothing else."""
        with httpx.Client(base_url=f"{self.url}/studio", timeout=60) as browser:
            browser.get(f"{self.url}/login").raise_for_status()
            form = {"password": TOKEN, "_xsrf": browser.cookies["_xsrf"]}
            assert browser.post(f"{self.url}/login", data=form).status_code == 302
            yield browser


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with running(tmp_path_factory.mktemp("jupyter")) as jupyter:
        yield jupyter


@contextmanager
def running(folder: Path, **more: str) -> Iterator[Jupyter]:
    """A Jupyter server on `folder`, with `more` in its environment; all it started has ended afterwards."""
    given = {
        name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "JUPYTER_"))
    }
    env = {
        **given,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "STUDIO_HOME": str(folder / "home"),
        "STUDIO_SLOTS": "2",
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        **more,
    }
    options = {
        "base_url": "/base/",
        "ip": "127.0.0.1",
        "port": 0,
        "open_browser": False,
        "allow_root": True,
        "root_dir": str(folder),
        "jpserver_extensions": {"studio.jupyter": True},
    }
    (folder / "config").mkdir()
    config = {"ServerApp": options, "IdentityProvider": {"token": TOKEN}}
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(config))
    log = folder / "jupyter.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server"], cwd=folder, env=env, stdout=output, stderr=output
        )
    try:
        yield Jupyter(_url_of(process, folder / "runtime", log), folder, log)
    finally:
        process.terminate()
        process.wait(30)
        _end_all(folder)


def _url_of(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    file = runtime / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if file.exists() and (text := file.read_text()):
            url = str(json.loads(text)["url"]).rstrip("/")
            try:
                httpx.get(f"{url}/api", timeout=5)
                return url
            except httpx.TransportError:
                pass
        time.sleep(0.1)
    raise AssertionError(log.read_text())
