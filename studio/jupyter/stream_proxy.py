"""The stream through Jupyter: one WebSocket to the browser, one to the studio server, joined.

Nothing is queued here. Each message is written before the next one is read, so a slow browser slows the studio
server's side of its connection, which then sends fewer, merged messages.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.iostream import StreamClosedError
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    WebSocketHandler,
    websocket_connect,
)

from studio.api.routes import STREAM_PATH
from studio.errors import ServerUnavailable
from studio.jupyter.upstream import Upstream

MAX_MESSAGE: Final = 64 * 1024 * 1024  # bytes, from the studio server
STALLED: Final = 60.0  # seconds in which a browser takes nothing, then it is dropped
TRY_AGAIN: Final = 1013  # WebSocket status "try again later"

_GONE: Final = (OSError, HTTPClientError, StreamClosedError, WebSocketClosedError)
_PASSED_ON: Final = frozenset({1003, 1007, 1008, 1009})  # statuses with which the server refuses a message


class StreamProxy(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """`<base>/studio/api/stream`. Jupyter checks login and Origin; the studio's token stays here."""

    auth_resource = "studio"

    def initialize(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._connection: WebSocketClientConnection | None = None
        self._pump: asyncio.Task[None] | None = None

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        allowed = self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)
        if not await ensure_async(allowed):
            raise web.HTTPError(403)
        await super().get(*args, **kwargs)

    async def open(self, *args: Any, **kwargs: Any) -> None:
        """Messages of the browser wait until this is done."""
        super().open(*args, **kwargs)
        try:
            self._connection = await self._connect()
        except ServerUnavailable:
            self.close(TRY_AGAIN, "the studio server is being started")
            return
        self._pump = asyncio.create_task(self._to_browser(self._connection))

    async def _connect(self) -> WebSocketClientConnection:
        """To the server that was known, or else to the one that is there now."""
        for _ in range(2):
            endpoint = await self._upstream.endpoint()
            request = HTTPRequest(
                f"{endpoint.url.replace('http', 'ws', 1)}{STREAM_PATH}",
                headers={"Authorization": f"token {endpoint.token}"},
                connect_timeout=5.0,
            )
            try:
                return await websocket_connect(request, max_message_size=MAX_MESSAGE)
            except _GONE:
                self._upstream.forget(endpoint)
        raise ServerUnavailable

    async def _to_browser(self, connection: WebSocketClientConnection) -> None:
        try:
            while (message := await connection.read_message()) is not None:
                await self._write(message)
        except _GONE:
            pass  # the browser went, or does not read
        finally:
            connection.close()  # also if the browser went while the connection was being made
        code = connection.close_code
        if code in _PASSED_ON:
            self.close(code, connection.close_reason)
        else:
            self.close(TRY_AGAIN, "the studio server is gone")

    async def _write(self, message: str | bytes) -> None:
        """Done when the browser's side has taken it. Raises one of `_GONE`."""
        # Not `wait_for`: Tornado logs a traceback when a pending write is cancelled.
        writing = asyncio.ensure_future(self.write_message(message, isinstance(message, bytes)))
        writing.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait({writing}, timeout=STALLED)
        if not writing.done():
            raise WebSocketClosedError
        writing.result()

    async def on_message(self, message: str | bytes) -> None:
        if self._connection is None:
            return
        try:
            await self._connection.write_message(message, isinstance(message, bytes))
        except _GONE:
            self.close(TRY_AGAIN, "the studio server is gone")

    def on_close(self) -> None:
        super().on_close()
        if self._pump is not None:
            self._pump.cancel()
        if self._connection is not None:
            self._connection.close()
