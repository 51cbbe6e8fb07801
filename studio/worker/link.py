"""The worker's end of the link to its server: connects, and connects again for ever."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from studio.worker.framing import BrokenFrame, FrameReader, encode_frame
from studio.worker.messages import ToWorker

_RETRY: Final = (0.02, 0.2)  # seconds, first and longest; a unix socket that is not there costs nothing
_REFUSED: Final = (
    1.0,
    5.0,
)  # seconds: a connection that lasted less was refused; the longest wait after such

_log = logging.getLogger(__name__)


class LinkHost(Protocol):
    """Who uses the link."""

    def connected(self) -> None:
        """A server is there; say hello."""

    def writable(self) -> None:
        """The server has caught up: what was held back may be sent."""

    def disconnected(self) -> None:
        """It is gone. What was sent may or may not have arrived."""

    def received(self, message: ToWorker) -> None: ...


class ServerLink(asyncio.Protocol):
    """`is_ready`: there is a connection and it is not clogged."""

    def __init__(self, path: str, moved: Path, host: LinkHost) -> None:
        self._path = path
        self._moved = moved  # a file with the path of the socket, should a later server listen elsewhere
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._is_clogged = False
        self._closed = asyncio.Event()
        self._reader: FrameReader[ToWorker]

    @property
    def is_connected(self) -> bool:
        return self._transport is not None

    @property
    def is_ready(self) -> bool:
        return self._transport is not None and not self._is_clogged

    async def keep(self) -> None:
        """Connect whenever there is no connection. Never returns."""
        loop = asyncio.get_running_loop()
        pause = _RETRY[0]
        while True:
            self._closed.clear()
            try:
                await loop.create_unix_connection(lambda: self, self._path)
            except OSError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _RETRY[1])
                self._look_for_socket()
                continue
            begun = loop.time()
            await self._closed.wait()
            # A server that is not ours refuses us at once, and would again: it shall not be kept busy by that.
            was_refused = loop.time() - begun < _REFUSED[0]
            pause = min(pause * 2, _REFUSED[1]) if was_refused else _RETRY[0]
            await asyncio.sleep(pause)

    def send(self, messages: Sequence[object]) -> None:
        if self._transport is not None and messages:
            self._transport.write(encode_frame(messages))

    # asyncio.Protocol -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._is_clogged = False
        self._reader = FrameReader(ToWorker)
        self._host.connected()

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._reader.feed(data)
        except BrokenFrame as error:
            _log.error("the server is not understood: %s", error)
            if self._transport is not None:
                self._transport.abort()
            return
        for message in messages:
            self._host.received(message)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._closed.set()
        self._host.disconnected()

    def pause_writing(self) -> None:
        self._is_clogged = True

    def resume_writing(self) -> None:
        self._is_clogged = False
        self._host.writable()

    def _look_for_socket(self) -> None:
        try:
            self._path = self._moved.read_text().strip() or self._path
        except OSError:
            pass
