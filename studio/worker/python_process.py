"""Functions in another Python environment: the runner's end of a `studio.worker.python_child`."""

from __future__ import annotations

import codecs
import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from studio.errors import EnvironmentFailed
from studio.outcomes import asset_event
from studio.values.reference import is_encoded
from studio.worker.endings import EndedElsewhere, result_told
from studio.worker.task import Kept, failure
from studio.worker.task_log import TaskLog
from studio.worker.virtual_environments import clean_environment

_READ: Final = 1 << 16  # bytes
_GRACE: Final = 2.0  # seconds from the interrupt to the kill
_FLAGS: Final = ("-I", "-u", "-X", "utf8")
_TAKEN: Final = ("function", "source", "pickled", "content")  # of the task's config
_LIBRARY: Final = "library"  # beside the environments


@dataclass(frozen=True, slots=True)
class FunctionElsewhere:
    """Called like the function itself, with JSON in which references stand: each call is a process.

    Raises `EndedElsewhere` unless there is a value.
    """

    python: str
    config: Mapping[str, Any]
    path: list[str]
    is_measured: bool  # tasks are mapped over what it returns
    log: TaskLog

    def __call__(self, **arguments: Any) -> Any:
        library = _library(Path(self.config["environments"]))
        request = {
            "library": library,
            "config": {key: self.config[key] for key in _TAKEN if key in self.config},
            "path": self.path,
            "args": arguments,
            "measured": self.is_measured,
        }
        child = _Child(self.python, library, self.log)
        try:
            answer = child.asked(request)
        finally:
            child.end()
        return self._judged(answer)

    def _judged(self, answer: dict[str, Any]) -> Any:
        errors = tuple(map(str, answer.get("errors") or ()))
        if "refused" in answer:
            raise EndedElsewhere(failure(answer["refused"], errors=errors))
        if "error" in answer:
            self.log.record("ERROR", "studio", answer["traceback"])
            raise EndedElsewhere(failure(f"{answer['error']}\n{answer['traceback']}", errors=errors))
        if "outcome" in answer:
            raise EndedElsewhere(result_told(answer["outcome"], answer["text"], answer["payload"], errors))
        for asset, extra in answer["assets"].items():
            asset_event(asset, **extra)
        value = answer["value"]
        return Kept(value) if is_encoded(value) else value  # plain JSON is judged, of a branch or a sensor


def _library(environments: Path) -> str:
    """A directory in which `studio` is, and no other package."""
    directory, package = environments / _LIBRARY, str(Path(__file__).absolute().parents[1])
    link = directory / "studio"
    try:
        if os.readlink(link) == package:
            return str(directory)
    except OSError:
        pass
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = directory / f".studio.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(package)
    temporary.replace(link)  # of another version of ours: theirs have imported what they need
    return str(directory)


@dataclass(slots=True)
class _Child:
    """The process; what it prints goes to the log as it comes."""

    python: str
    library: str
    log: TaskLog
    _process: subprocess.Popen[bytes] = field(init=False)
    _link: socket.socket = field(init=False)
    _answer: dict[str, Any] | None = None
    _rest: bytes = b""

    def __post_init__(self) -> None:
        self._link, theirs = socket.socketpair()
        with theirs:
            try:
                code = os.path.join(self.library, "studio", "worker", "python_child.py")
                self._process = subprocess.Popen(
                    [self.python, *_FLAGS, code, str(theirs.fileno()), str(os.getpid())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=clean_environment(),
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except OSError as error:
                self._link.close()
                raise EnvironmentFailed(f"{self.python} cannot be started: {error}.") from error

    def asked(self, request: dict[str, Any]) -> dict[str, Any]:
        """What it answers in the end. Raises `EndedElsewhere` if it dies before that."""
        try:
            self._link.sendall(json.dumps(request).encode() + b"\n")
        except OSError:
            pass  # it has ended already; why is in its output
        with selectors.DefaultSelector() as selector:
            selector.register(self._link, selectors.EVENT_READ, self._heard)
            for name, pipe in (("stdout", self._process.stdout), ("stderr", self._process.stderr)):
                assert pipe is not None
                selector.register(pipe, selectors.EVENT_READ, _to_stream(self.log, name))
            self._listen(selector)
        if self._answer is None:
            raise EndedElsewhere(failure(_died(self._process.wait())))
        return self._answer

    def _listen(self, selector: selectors.BaseSelector) -> None:
        """Until all is said; what a process that it left behind might still print is not waited for."""
        patience = None
        while selector.get_map():
            ready = selector.select(patience)
            if not ready and patience == 0:
                return
            for key, _ in ready:
                data = os.read(key.fd, _READ)
                key.data(data)
                if not data:
                    selector.unregister(key.fileobj)
            if self._link not in [key.fileobj for key in selector.get_map().values()]:
                self._process.wait()
                patience = 0

    def end(self) -> None:
        """Interrupt it if it still runs, then kill it and what it started."""
        self._link.close()
        try:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGINT)
                deadline = time.monotonic() + _GRACE
                while self._process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.02)
        finally:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
            self._process.wait()
            for pipe in (self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()

    def _heard(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "log" in message:
                self.log.record(*message["log"])
            else:
                self._answer = message


def _to_stream(log: TaskLog, name: str) -> Callable[[bytes], None]:
    decoder, stream = codecs.getincrementaldecoder("utf-8")("replace"), log.stream(name)

    def heard(data: bytes) -> None:
        text = decoder.decode(data, final=not data)
        if text:
            stream.write(text)

    return heard


def _died(status: int) -> str:
    if status >= 0:
        return f"The Python process of the function ended with status {status} before it could answer."
    name = signal.Signals(-status).name if -status in signal.valid_signals() else str(-status)
    more = " The system may have been out of memory." if -status == signal.SIGKILL else ""
    return f"The Python process of the function was ended by {name}.{more}"
