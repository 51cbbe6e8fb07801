"""Virtual environments of function tasks: made once for an interpreter and a list of requirements, then kept.

`<environments>/<hash>` is one, finished if it has `studio.json`; whoever makes it holds a lock on `<hash>.lock`, and so
do the processes it starts. What a killed attempt leaves half-made is removed by the next one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from studio.artifacts.local import write_atomically
from studio.core.names import shown
from studio.errors import EnvironmentFailed
from studio.worker.task_log import TaskLog

OLDEST: Final = (3, 10)  # that knows the language of this package

_MARK: Final = "studio.json"
_TOLD_EVERY: Final = 5.0  # seconds between two lines of who waits for another attempt
_TAIL: Final = 12  # lines of what pip says that are shown if none of them is an error
_NOT_PASSED_ON: Final = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
_QUESTION: Final = "import sys, json; print(json.dumps([sys.executable, sys.version, sys.version_info[:2]]))"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that is there."""

    executable: str
    version: str  # all that it says of itself


def python_for(config: Mapping[str, Any], log: TaskLog) -> str:
    """The interpreter that the task's `python` and `requirements` ask for; blocks while its environment is made.

    Raises `EnvironmentFailed` with what went wrong in the words of pip.
    """
    interpreter = _interpreter(config.get("python"))
    requirements = sorted(map(str, config.get("requirements") or ()))
    if not requirements:
        return interpreter.executable
    root = Path(config["environments"])
    key = json.dumps([interpreter.executable, interpreter.version, requirements])
    place = root / hashlib.sha256(key.encode()).hexdigest()[:24]
    if not _is_finished(place):
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(place, log) as lock:
            if not _is_finished(place):
                _make(place, interpreter, requirements, log, lock)
    return str(place / "bin" / "python")


def clean_environment() -> dict[str, str]:
    """This process's, without what would lead another Python to our packages."""
    return {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}


def _interpreter(python: object) -> Interpreter:
    wanted = str(python or sys.executable)
    path: str | None = wanted
    if not wanted.startswith("/"):
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        path = sys.executable if wanted == own else shutil.which(f"python{wanted}")
    if path is None or not os.access(path, os.X_OK):
        raise EnvironmentFailed(
            f"There is no Python {shown(wanted)} where the worker runs.",
            hint="Install it there, or give the path of an interpreter that is.",
        )
    return _asked(path, os.stat(path).st_mtime_ns)


@lru_cache(maxsize=64)
def _asked(path: str, changed: int) -> Interpreter:
    try:
        answer = subprocess.run(
            [path, "-I", "-c", _QUESTION],
            capture_output=True,
            env=clean_environment(),
            timeout=60,
            check=True,
        )
        executable, version, numbers = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise EnvironmentFailed(f"{path} does not answer as a Python interpreter: {error}.") from error
    if tuple(numbers) < OLDEST:
        raise EnvironmentFailed(
            f"{path} is Python {numbers[0]}.{numbers[1]}; tasks need {OLDEST[0]}.{OLDEST[1]} or a newer one."
        )
    return Interpreter(executable or path, version)


def _is_finished(place: Path) -> bool:
    return (place / _MARK).exists() and os.access(place / "bin" / "python", os.X_OK)


@contextmanager
def _locked(place: Path, log: TaskLog) -> Iterator[int]:
    """Hold the lock of `place`; who waits for another attempt says so, and what that one is doing."""
    lock = os.open(place.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        began, told = time.monotonic(), float("-inf")
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                now = time.monotonic()
                if now - told >= _TOLD_EVERY:
                    told = now
                    log.record("INFO", "studio", _waiting(place, now - began))
                time.sleep(0.1)
        yield lock
    finally:
        os.close(lock)


def _waiting(place: Path, seconds: float) -> str:
    try:
        last = place.with_suffix(".log").read_text("utf-8", "replace").splitlines()[-1:]
    except OSError:
        last = []
    doing = f" It says: {last[0]}" if last else ""
    return f"Another attempt makes the environment {place.name}; waited {seconds:.0f} s.{doing}"


def _make(
    place: Path, interpreter: Interpreter, requirements: Sequence[str], log: TaskLog, lock: int
) -> None:
    began = time.monotonic()
    if place.exists():
        log.record("WARNING", "studio", f"The environment {place.name} is not finished: it is made anew.")
        shutil.rmtree(place)
    log.record("INFO", "studio", f"Makes the environment {place.name}: {', '.join(requirements)}")
    steps = _Steps(place.with_suffix(".log"), log, lock)
    wanted = place / "requirements.txt"
    try:
        steps.run("venv", [interpreter.executable, "-I", "-m", "venv", str(place)])
        wanted.write_text("".join(f"{line}\n" for line in requirements))
        pip = [str(place / "bin" / "python"), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
        steps.run("pip", [*pip, "install", "--progress-bar", "off", "-r", str(wanted)])
    except EnvironmentFailed:
        shutil.rmtree(place, ignore_errors=True)
        raise
    facts = {"python": interpreter.executable, "requirements": list(requirements), "made_at": time.time()}
    write_atomically(place / _MARK, json.dumps(facts).encode())
    log.record("INFO", "studio", f"The environment is made, in {time.monotonic() - began:.1f} s.")


@dataclass(frozen=True, slots=True)
class _Steps:
    """Programs that are run one after the other; what they say goes to the log, and to a file for those who wait."""

    said: Path
    log: TaskLog
    lock: int

    def run(self, name: str, command: list[str]) -> None:
        lines: list[str] = []
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=clean_environment(),
            pass_fds=[self.lock],  # while it lives nobody else begins, whatever becomes of this process
            start_new_session=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        assert process.stdout is not None
        try:
            with open(self.said, "w", encoding="utf-8") as said:
                for line in process.stdout:
                    lines.append(line.rstrip())
                    self.log.record("INFO", name, line.rstrip())
                    said.write(line)
                    said.flush()
            status = process.wait()
        finally:
            if process.poll() is None:  # cancelled
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            process.stdout.close()
        if status != 0:
            errors = [line for line in lines if line.startswith("ERROR:")] or lines[-_TAIL:]
            raise EnvironmentFailed(
                f"The environment of the task could not be made: {name} ended with {status}.\n"
                + "\n".join(errors)
            )
