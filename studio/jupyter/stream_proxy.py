"""The stream through Jupyter: one WebSocket to the browser, one to the studio server, joined."""

from __future__ import annotations

import asyncio
from typing import Any

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
from studio.errors import StudioError
from studio.jupyter.upstream import Upstream

MAX_MESSAGE = 64 * 1024 * 1024  # bytes, from the studio server
TRY_AGAIN = 1013  # WebSocket status "try again later"
_GONE = (OSError, HTTPClientError, StreamClosedError, WebSocketClosedError)


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
        endpoint = None
        try:
            endpoint = await self._upstream.endpoint()
            request = HTTPRequest(
                f"{endpoint.url.replace('http', 'ws', 1)}{STREAM_PATH}",
                headers={"Authorization": f"token {endpoint.token}"},
                connect_timeout=5.0,
            )
            self._connection = await websocket_connect(request, max_message_size=MAX_MESSAGE)
        except (StudioError, *_GONE):
            if endpoint is not None:
                self._upstream.forget(endpoint)
            self.close(TRY_AGAIN, "the studio server is being started")
            return
        self._pump = asyncio.create_task(self._to_browser(self._connection))

    async def _to_browser(self, connection: WebSocketClientConnection) -> None:
        try:
            while (message := await connection.read_message()) is not None:
                await self.write_message(
                    message
                )  # waits for a slow browser, and so the studio server drops for it
        except _GONE:
            pass
        self.close(TRY_AGAIN, "the studio server is gone")

    async def on_message(self, message: str | bytes) -> None:
        if self._connection is not None:
            try:
                await self._connection.write_message(message)
            except _GONE:
                self.close(TRY_AGAIN, "the studio server is gone")

    def on_close(self) -> None:
        super().on_close()
        if self._pump is not None:
            self._pump.cancel()
        if self._connection is not None:
            self._connection.close()
