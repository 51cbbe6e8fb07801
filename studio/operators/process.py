"""A process of the system: started, fed, heard, and ended with all that it started."""

from __future__ import annotations

import codecs
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

CHUNK: Final = 1 << 16  # bytes that are read at once
LINGER: Final = 1.0  # seconds for which output is waited for that a process left behind might still write
PATIENCE: Final = 2.0  # seconds between asking the group to end and killing it

Stream = Literal["stdout", "stderr"]
Heard = Callable[[Stream, str], None]


@dataclass(slots=True)
class Kept:
    """The end of what a stream said, and as much of all of it as was asked for."""

    limit: int  # bytes
    data: bytearray = field(default_factory=bytearray)
    size: int = 0  # of all that came

    @property
    def is_whole(self) -> bool:
        return self.size == len(self.data)

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self.data += data
        if len(self.data) > 2 * self.limit:
            del self.data[: -self.limit]

    def end(self) -> None:
        if len(self.data) > self.limit:
            del self.data[: -self.limit]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int  # negative: the number of the signal that ended it
    stdout: Kept
    stderr: Kept


def run_process(
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: str | None,
    heard: Heard,
    keep: int,
    keep_errors: int = 4096,
) -> Ended:
    """Run it to its end; `heard` is told what it writes as it comes.

    keep, keep_errors: how many bytes of the end of stdout and stderr are handed back. Bytes that are no UTF-8 become
    replacement characters. It has a session of its own, without a terminal; what is left of that when it has ended, or
    when the caller is interrupted, is ended too. Raises `OSError` and `ValueError` as `subprocess.Popen` does.
    """
    process = subprocess.Popen(
        arguments,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    kept: dict[Stream, Kept] = {"stdout": Kept(keep), "stderr": Kept(keep_errors)}
    try:
        _attend(process, (stdin or "").encode("utf-8", "surrogateescape"), heard, kept)
        code = process.wait()
    finally:
        _end_group(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                _close(pipe)
    for each in kept.values():
        each.end()
    return Ended(code, kept["stdout"], kept["stderr"])


def _attend(
    process: subprocess.Popen[bytes], given: bytes, heard: Heard, kept: Mapping[Stream, Kept]
) -> None:
    """Feed it and hear it until both streams have ended, or it has, and nothing comes any more."""
    decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in kept}
    last = time.monotonic()
    rest = memoryview(given)
    with selectors.DefaultSelector() as waiting:
        assert process.stdout is not None and process.stderr is not None
        waiting.register(process.stdout, selectors.EVENT_READ, "stdout")
        waiting.register(process.stderr, selectors.EVENT_READ, "stderr")
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            waiting.register(process.stdin, selectors.EVENT_WRITE, "stdin")
        while any(key.data != "stdin" for key in waiting.get_map().values()):
            ready = waiting.select(0.2)
            if not ready and process.poll() is not None and time.monotonic() - last > LINGER:
                break
            for key, _ in ready:
                last = time.monotonic()
                if key.data == "stdin":
                    rest = _fed(key.fd, rest)
                    if not rest:
                        waiting.unregister(key.fileobj)
                        assert process.stdin is not None
                        _close(process.stdin)
                    continue
                data = os.read(key.fd, CHUNK)
                if not data:
                    waiting.unregister(key.fileobj)
                kept[key.data].add(data)
                if text := decoders[key.data].decode(data, final=not data):
                    heard(key.data, text)


def _fed(descriptor: int, rest: memoryview) -> memoryview:
    """What of `rest` is not written yet; nothing if nobody reads it."""
    try:
        return rest[os.write(descriptor, rest[:CHUNK]) :]
    except BlockingIOError:
        return rest
    except BrokenPipeError:
        return rest[:0]


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the process's group. What has left the group, its runner ends with the attempt."""
    if not _signal(process.pid, signal.SIGTERM):
        return
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        _reap(process)
        if not _signal(process.pid, 0):
            return
        time.sleep(0.02)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _reap(process: subprocess.Popen[bytes]) -> None:
    """A group lives on in those who have ended and whom nobody has waited for: orphans fall to the runner."""
    try:
        while process.poll() is not None and os.waitpid(-process.pid, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _signal(group: int, number: int) -> bool:
    """Whether there was anybody to hear it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _close(pipe: object) -> None:
    try:
        pipe.close()  # type: ignore[attr-defined]
    except BrokenPipeError:
        pass
