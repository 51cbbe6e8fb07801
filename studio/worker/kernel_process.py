"""One kernel for one notebook, whatever it runs on: start, death, end."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from abc import ABC, abstractmethod
from types import TracebackType
from typing import IO, Any, Final

from studio.errors import InvalidInput, StudioError

GRACE: Final = 5.0  # seconds for exit handlers, then SIGTERM
TERM_GRACE: Final = 1.0  # seconds from SIGTERM to SIGKILL
_LAST_WORDS: Final = 2000  # bytes


class KernelFailed(StudioError):
    """The kernel could not be started, or died."""

    code = "kernel_failed"


class KernelProcess(ABC):
    """Async context manager around one kernel. Leaving it ends the kernel and everything in its process group.

    `client` is what nbclient calls a kernel client; `manager` jupyter_client's manager, None if there is none; `info`
    the content of the kernel_info reply; `dead` is set when the process ends.
    """

    is_forked: bool = False
    manager: Any = None
    client: Any
    dead: asyncio.Event

    def __init__(
        self, kernel_name: str, *, cwd: str | None, env: dict[str, str] | None, startup_timeout: float
    ) -> None:
        self.kernel_name = kernel_name
        self.display_name = ""
        self.exit_code: int | None = None
        self.farewell = (
            ""  # of a forked one: its answer to `studio.worker.environment.PROBE`, once it has ended
        )
        self.hopeless = False  # it does not answer: no use in asking it to shut down
        self.info: dict[str, Any] = {}
        self.connection_file: str | None = None  # for other Jupyter clients, while it runs
        self._cwd = cwd
        self._env = {**os.environ, **(env or {})}
        self.startup_timeout = startup_timeout  # seconds
        self._stderr: IO[bytes] | None = None

    @property
    @abstractmethod
    def pid(self) -> int:
        """Process id, which is its process group's as well."""

    @abstractmethod
    async def interrupt(self) -> None:
        """Interrupt the running cell."""

    @abstractmethod
    def kill(self) -> None:
        """Kill the whole process group at once, learn its exit code. Safe to call again, and without a loop."""

    @abstractmethod
    def release(self) -> None:
        """Remove what is left of it in the system: process, sockets, files. Safe to call again."""

    @abstractmethod
    async def _start(self) -> None:
        """Raises `KernelFailed`. Afterwards it answers."""

    @abstractmethod
    async def _stop(self) -> None:
        """End it, as gracefully as it lets us; called also if the start has failed."""

    async def __aenter__(self) -> KernelProcess:
        if self._cwd is not None and not os.path.isdir(self._cwd):
            raise InvalidInput(f"The directory {self._cwd} in which the notebook is to run does not exist.")
        self.dead = asyncio.Event()
        if self._stderr is None:
            self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in release()
        try:
            await self._start()
        except BaseException:
            self.hopeless = True
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._stop()

    def last_words(self) -> str:
        """How it ended, for people, with the tail of what the process wrote to its own standard error."""
        text = _describe_exit(self.exit_code)
        if self._stderr is not None and not self._stderr.closed:
            size = self._stderr.seek(0, os.SEEK_END)
            self._stderr.seek(max(0, size - _LAST_WORDS))
            tail = self._stderr.read().decode(errors="replace").strip()
            if tail:
                text += f"\n{tail}"
        return text

    async def _ended(self, timeout: float) -> bool:
        try:
            await asyncio.wait_for(self.dead.wait(), timeout)
        except asyncio.TimeoutError:
            return False
        return True


def _describe_exit(code: int | None) -> str:
    if code is None:
        return "it is gone"
    if code >= 0:
        return f"it exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    reason = {
        "SIGKILL": " (often: the machine or the container ran out of memory)",
        "SIGSEGV": " (a crash in native code)",
        "SIGABRT": " (native code gave up)",
    }
    return f"it was ended by {name}{reason.get(name, '')}"
