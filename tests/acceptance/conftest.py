"""A real studio in a directory of its own: a server process, its workers, a client. Nothing is left running."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from studio.client import Client
from studio.client.endpoint import Endpoint, ensure_server
from studio.client.transport import Transport
from studio.settings import Settings


class RealStudio:
    """Starts and kills the server of one home."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home, f"sqlite:///{home}/studio.db", home / "dags", slots=2)
        self.endpoint: Endpoint | None = None

    def start(self) -> Client:
        self.endpoint = ensure_server(self.settings)
        return Client(Transport(self.endpoint, None))

    def kill_server(self) -> None:
        """`kill -9`: no goodbye, no clean-up."""
        assert self.endpoint is not None
        process = psutil.Process(self.endpoint.pid)
        os.kill(process.pid, signal.SIGKILL)
        psutil.wait_procs([process], timeout=30)

    def processes(self) -> list[psutil.Process]:
        """Every process of this studio: they all have its home in their environment or arguments."""
        home, found = str(self.settings.home), []
        for process in psutil.process_iter():
            try:
                if process.pid != os.getpid() and (
                    home in " ".join(process.cmdline()) or home in process.environ().values()
                ):
                    found.append(process)
            except (psutil.Error, ProcessLookupError):  # it ended while it was looked at
                continue
        return found

    def attempt_processes(self) -> list[psutil.Process]:
        """Those that an attempt has started."""
        found = []
        for process in self.processes():
            try:
                if "STUDIO_ATTEMPT" in process.environ():
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def studio_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    return tmp_path / "home"


@pytest.fixture
def real_studio(studio_home: Path) -> Iterator[RealStudio]:
    studio = RealStudio(studio_home)
    yield studio
    deadline = time.monotonic() + 30
    while (left := studio.processes()) and time.monotonic() < deadline:
        for process in left:
            try:
                process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(left, timeout=5)
    assert not studio.processes()
