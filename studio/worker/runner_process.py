"""The supervisor's end of a runner: starts the process and speaks with it over a socket pair."""

from __future__ import annotations

import asyncio
import os
import site
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from studio.worker.framing import BrokenFrame, FrameReader, encode_frame
from studio.worker.messages import FromRunner
from studio.worker.runner_output import RunnerOutput, Written

_READ = 1 << 18  # bytes


def import_directory() -> str | None:
    """The working directory in which `python -m studio…` finds this package: None if any does, as it is installed.

    Not PYTHONPATH, which would leak into kernels, that may be other environments.
    """
    root = Path(__file__).resolve().parents[2]
    installed = {Path(entry).resolve() for entry in [*site.getsitepackages(), site.getusersitepackages()]}
    return None if root in installed else str(root)


class RunnerProcess:
    """Raises `OSError` if the process cannot be started.

    `received` is called with each message, `cut_off` once if the link breaks while the process lives, `written` with
    what comes by the standard streams.
    """

    def __init__(
        self, received: Callable[[FromRunner], None], cut_off: Callable[[], None], written: Written
    ) -> None:
        self._received = received
        self._cut_off = cut_off
        self._reader: FrameReader[FromRunner] = FrameReader(FromRunner)
        self._unsent = bytearray()
        self._loop = asyncio.get_running_loop()
        self._link, theirs = socket.socketpair()
        self._output = RunnerOutput(written)
        has_begun = False
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-u", "-m", "studio.worker.runner", str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=self._output.writing["stdout"],
                stderr=self._output.writing["stderr"],
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                cwd=import_directory(),
            )
            has_begun = True
        except OSError:
            self._link.close()
            raise
        finally:
            theirs.close()
            self._output.begun(has_begun=has_begun)
        self._link.setblocking(False)
        self._loop.add_reader(self._link, self._readable)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: object) -> None:
        """Never blocks; what the socket does not take at once follows."""
        is_first = not self._unsent
        self._unsent += encode_frame([message])
        if is_first:
            self._writable()

    def drain(self) -> None:
        """Hand on what came by the standard streams up to now."""
        self._output.drain()

    def ended(self, status: int) -> None:
        """The process was reaped: hand on what it said last, close."""
        self._output.drain()
        self._process.returncode = status  # so that Popen knows that nobody is left to wait for
        cut_off, self._cut_off = self._cut_off, _ignore
        while self._readable():
            pass
        self._cut_off = cut_off
        self._close()
        self._output.close()

    def _readable(self) -> bool:
        """Read once; whether there may be more."""
        if self._link.fileno() < 0:
            return False
        try:
            data = self._link.recv(_READ)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._close()
            self._cut_off()
            return False
        try:
            messages = self._reader.feed(data)
        except BrokenFrame:
            self._close()
            self._cut_off()
            return False
        for message in messages:
            self._received(message)
        return True

    def _writable(self) -> None:
        if self._link.fileno() < 0:
            return
        try:
            del self._unsent[: self._link.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:  # it is gone: its end is noticed elsewhere
            self._unsent.clear()
        if self._unsent:
            self._loop.add_writer(self._link, self._writable)
        else:
            self._loop.remove_writer(self._link)

    def _close(self) -> None:
        if self._link.fileno() >= 0:
            self._loop.remove_reader(self._link)
            self._loop.remove_writer(self._link)
            self._link.close()


def _ignore() -> None:
    pass
