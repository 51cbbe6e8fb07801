"""The server's end of the link to its workers: a private unix socket that they connect to."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from studio.errors import Conflict, Forbidden
from studio.worker.framing import BrokenFrame, FrameReader, encode_frame
from studio.worker.messages import FromWorker, Hello

SOCKET: Final = "workers.sock"
_LOCK: Final = "workers.lock"
_LOCK_PATIENCE: Final = 5.0  # seconds for a server that is just ending
_LAST_WORDS: Final = 1.0  # seconds for what was sent to leave, on a stop

_log = logging.getLogger(__name__)


class LinkHost(Protocol):
    """The executor, as the link sees it. `key` is what `hello` returned for the connection."""

    def hello(self, connection: Connection, hello: Hello) -> object:
        """A worker has connected; None refuses it."""

    def received(self, key: object, messages: list[FromWorker]) -> None: ...

    def disconnected(self, key: object, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """One connection of one worker; `heard`: when anything last came, in monotonic seconds."""

    def __init__(self, host: LinkHost, everyone: set[Connection]) -> None:
        self._host = host
        self._everyone = everyone
        self._reader: FrameReader[FromWorker] = FrameReader(FromWorker)
        self._transport: asyncio.Transport | None = None
        self._unsent: list[object] = []
        self._key: object | None = None
        self.heard = time.monotonic()

    def send(self, messages: Sequence[object]) -> None:
        """Goes out, with all that is sent in the same turn of the event loop, in one frame."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent += messages

    def close(self) -> None:
        """Send what is left, then hang up; the host hears nothing of it."""
        self._flush()
        self._key = None
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Hang up at once; the host hears nothing of it."""
        self._key = None
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        messages, self._unsent = self._unsent, []
        if messages and self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode_frame(messages))

    # asyncio.Protocol -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._everyone.add(self)

    def data_received(self, data: bytes) -> None:
        self.heard = time.monotonic()
        try:
            messages = self._reader.feed(data)
        except BrokenFrame as error:
            _log.error("a worker is not understood: %s", error)
            if self._transport is not None:
                self._transport.abort()
            return
        if messages and self._key is None:
            first = messages.pop(0)
            self._key = self._host.hello(self, first) if isinstance(first, Hello) else None
            if self._key is None:
                self.abort()
                return
        if messages:
            self._host.received(self._key, messages)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._everyone.discard(self)
        if self._key is not None:
            self._host.disconnected(self._key, self)


class WorkerServer:
    """Listens in `directory`, which only this user may enter. At most one server of a home listens at a time."""

    def __init__(self, directory: Path, host: LinkHost) -> None:
        self._directory = directory
        self._host = host
        self._connections: set[Connection] = set()
        self._lock = -1
        self._server: asyncio.Server | None = None

    @property
    def path(self) -> str:
        return str(self._directory / SOCKET)

    async def lock(self) -> None:
        """Raises `Forbidden` if the directory is not ours, `Conflict` if another server of this home runs."""
        _make_private(self._directory)
        self._lock = await _lock(self._directory / _LOCK)

    async def listen(self) -> None:
        self._server = await asyncio.get_running_loop().create_unix_server(
            lambda: Connection(self._host, self._connections), self.path
        )

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.close()
            deadline = time.monotonic() + _LAST_WORDS
            while self._connections and time.monotonic() < deadline:  # noqa: ASYNC110 - a moment, once
                await asyncio.sleep(0.001)
            for connection in list(self._connections):
                connection.abort()
            await self._server.wait_closed()
            self._server = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _make_private(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = directory.lstat()
    if directory.is_symlink() or status.st_uid != os.getuid():
        raise Forbidden(
            f"The directory {directory} belongs to somebody else, so no worker can be trusted that connects there.",
            hint="Set XDG_RUNTIME_DIR to a directory of your own.",
        )
    if status.st_mode & 0o077:
        directory.chmod(0o700)


async def _lock(path: Path) -> int:
    """Hold the lock file; the system releases it when this process ends, however it ends."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                await asyncio.sleep(0.05)
                continue
            os.close(file)
            raise Conflict(
                "Another server of this studio runs and holds its workers.",
                hint="Stop it with `studio stop`, or choose another STUDIO_HOME.",
            ) from None
        return file
