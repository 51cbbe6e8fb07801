"""Real servers in processes of their own, as users have them: found by runtime file, with the pool of workers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from studio.settings import Settings

STEPS = """
import time

def quick():
    return 1

def fail():
    raise ValueError("as asked")

def wait():
    time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An own studio in the environment; whatever was started in it has ended after the test."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STUDIO_SLOTS", "2")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    for name in ("STUDIO_DATABASE", "STUDIO_DAGS", "STUDIO_PORT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "steps.py").write_text(STEPS)
    yield Settings.from_environment()
    _end_all(tmp_path)


def _end_all(tmp_path: Path) -> None:
    """Processes whose environment names this test's home, and nothing else."""
    mine = [process for process in psutil.process_iter() if _is_of(process, tmp_path)]
    for process in mine:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            pass
    psutil.wait_procs(mine, timeout=10)


def _is_of(process: psutil.Process, tmp_path: Path) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get("STUDIO_HOME") == str(tmp_path / "home")
    except psutil.Error:
        return False


def wait_until_gone(pid: int) -> None:
    """Return when no such process is left."""
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.02)
