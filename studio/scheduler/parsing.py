"""Reading a DAG file in a throw-away process, with limits on time and memory.

User code hangs, crashes, prints, forks and eats memory; none of that reaches the caller. What the process runs is
`studio.authoring.parse_child`. It is named only as text, because that layer lies above this one.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from studio.core.parsed import ParseFault, ParseResult
from studio.settings import PARSING
from studio.worker.processes import kill_all, marked

MAX_FILE: Final = 50 << 20  # bytes
MAX_RESULT: Final = 512 << 20  # bytes: specs and notebooks of one file
MEMORY: Final = 1 << 30  # bytes of address space
TIMEOUT: Final = 30.0  # seconds

_CHILD = "studio.authoring.parse_child"
_MARK = "STUDIO_PARSE_PROCESS"  # whatever the file's code starts carries this, also in sessions of its own
_POLL = 0.05  # seconds until an end or an abort is noticed
_TAIL = 8192  # bytes of what the code printed that are kept
_SECRET = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "CREDENTIAL", "KEY")
#: Each thread of these libraries reserves address space, which on a machine with many cores would use up the limit.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def parse_file(
    path: str | os.PathLike[str], *, timeout: float = TIMEOUT, memory: int = MEMORY
) -> ParseResult:
    """The DAGs of a `.py` or `.ipynb` file; blocks, and raises nothing for what is wrong with the file.

    Args:
        path: the file. Relative paths in it start at its directory, which is also searched for modules first.
        timeout: seconds after which the process and all it started are killed.
        memory: bytes of address space that the process may have.
    """
    return _parse(Path(path), timeout, memory, threading.Event())


async def parse_file_async(
    path: str | os.PathLike[str], *, timeout: float = TIMEOUT, memory: int = MEMORY
) -> ParseResult:
    """As `parse_file`; a cancelled call ends the process at once."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(_parse, Path(path), timeout, memory, stop)
    finally:
        stop.set()


def _parse(path: Path, timeout: float, memory: int, stop: threading.Event) -> ParseResult:
    path = path.absolute()
    message = _refusal(path)
    if message is None:
        result = _Child(path, memory).run(timeout, stop)
        if isinstance(result, ParseResult):
            return result
        message = result
    return ParseResult(error=ParseFault(message, file=str(path)))


def _refusal(path: Path) -> str | None:
    """Why the file is not even tried."""
    if path.suffix not in (".py", ".ipynb"):
        return "A DAG file is a Python file (.py) or a notebook (.ipynb)."
    try:
        if not path.is_file():
            return "There is no such file."
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        return f"The file cannot be read: {error.strerror}."
    if size > MAX_FILE:
        return f"The file has {size >> 20} MB; a DAG file has at most {MAX_FILE >> 20} MB. Clear its outputs."
    return None


class _Child:
    """One process that reads one file."""

    def __init__(self, path: Path, memory: int) -> None:
        self.path = path
        self.memory = memory
        self.mark = secrets.token_hex(8)
        self.tail = b""
        self.result = bytearray()

    def run(self, timeout: float, stop: threading.Event) -> ParseResult | str:
        """The result, or what prevented one."""
        deadline = time.monotonic() + timeout
        result_end, child_end = os.pipe()
        try:
            process = self._start(child_end)
        except OSError as error:
            os.close(result_end)
            return f"No process could be started to read the file: {error.strerror}."
        finally:
            os.close(child_end)
        assert process.stdout is not None
        with process.stdout as output, open(result_end, "rb", buffering=0) as results:
            try:
                ending = self._read(process, output.fileno(), results.fileno(), deadline, stop)
            finally:
                self._kill(process)
            if ending is None:  # it ended by itself: what it still had in the pipes
                _drain(self._take_result, results.fileno())
                _drain(self._take_output, output.fileno())
        if ending == "timeout":
            return f"It did not finish within {timeout:g} s.{self._said()}"
        if ending == "stop":
            return "Reading it was given up."
        return self._outcome(process.returncode)

    def _start(self, child_end: int) -> subprocess.Popen[bytes]:
        # Started where the package is: a module next to the file must not stand in for one that the child needs.
        root = Path(__file__).resolve().parents[2]
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                _CHILD,
                str(self.path),
                str(child_end),
                str(self.memory),
                str(os.getpid()),
            ],
            cwd=root,
            env=environment(os.environ) | {_MARK: self.mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            pass_fds=(child_end,),
            start_new_session=True,
        )

    def _read(
        self,
        process: subprocess.Popen[bytes],
        output: int,
        results: int,
        deadline: float,
        stop: threading.Event,
    ) -> str | None:
        """Take what comes until the process has ended (None), or why it is not waited for."""
        with selectors.DefaultSelector() as selector:
            for descriptor, take in ((output, self._take_output), (results, self._take_result)):
                os.set_blocking(descriptor, False)
                selector.register(descriptor, selectors.EVENT_READ, take)
            while process.poll() is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return "timeout"
                if stop.is_set() or len(self.result) > MAX_RESULT:
                    return "stop" if stop.is_set() else None
                if not selector.get_map():  # both ends are closed: it is ending, or closed them itself
                    time.sleep(min(left, 0.002))
                for key, _ in selector.select(min(left, _POLL)) if selector.get_map() else ():
                    if not key.data(os.read(key.fd, 1 << 16)):
                        selector.unregister(key.fd)
        return None

    def _take_output(self, data: bytes) -> bool:
        self.tail = (self.tail + data)[-_TAIL:]
        return bool(data)

    def _take_result(self, data: bytes) -> bool:
        self.result += data
        return bool(data)

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        """Whatever is left of it, also of what it started."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        process.wait()
        kill_all(lambda: marked(_MARK, self.mark), patience=5.0)

    def _outcome(self, status: int) -> ParseResult | str:
        if len(self.result) > MAX_RESULT:
            return f"Its DAGs and their notebooks have more than {MAX_RESULT >> 20} MB."
        if self.result:
            try:
                return msgspec.msgpack.decode(self.result, type=ParseResult)
            except msgspec.DecodeError:
                pass  # it died while it was writing
        if status < 0:
            try:
                name = signal.Signals(-status).name
            except ValueError:
                name = f"signal {-status}"
            return f"The process that read it was ended by {name}.{self._said()}"
        return f"Its code ended the process (exit status {status}).{self._said()}"

    def _said(self) -> str:
        lines = [line for line in self.tail.decode(errors="replace").splitlines() if line.strip()]
        return f" It printed last: {' ⏎ '.join(lines[-3:])[-400:]}" if lines else ""


def _drain(take: Callable[[bytes], bool], descriptor: int) -> None:
    """What is in a pipe that nobody writes to any more."""
    try:
        while take(os.read(descriptor, 1 << 16)):
            pass
    except BlockingIOError:
        pass


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What DAG files see of the environment: nothing of the server's, nothing that is named like a secret."""
    kept = {
        name: value
        for name, value in given.items()
        if not name.upper().startswith("STUDIO_") and not any(word in name.upper() for word in _SECRET)
    }
    return dict.fromkeys(_THREADS, "1") | kept | {PARSING: "1", "PYTHONUNBUFFERED": "1"}
