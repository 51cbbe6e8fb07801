"""The websocket of changes. What it sends is decided by the hub; what it takes is `Subscribe`, nothing else."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
from tornado import websocket

from studio.api.models import StreamError, Subscribe
from studio.core.names import shown
from studio.server.base import Gated, Refused
from studio.server.gate import Gate
from studio.server.hub import Hub
from studio.server.listener import Listener

MAX_MESSAGE: Final = 1024 * 1024  # bytes; Tornado closes the connection of a larger one with 1009
MAX_MISTAKES: Final = 10
MAX_TOPICS: Final = 500  # of each kind in a subscription


class Stream(Gated, websocket.WebSocketHandler):
    """One client. It is let in by the same gate as every request."""

    def initialize(self, gate: Gate, hub: Hub, server: str) -> None:  # type: ignore[override]
        super().initialize(gate)
        self._hub = hub
        self._listener = Listener(server, self._write)
        self._writer: asyncio.Task[None] | None = None
        self._mistakes = 0

    async def get(self, *args: Any, **kwargs: Any) -> None:
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise Refused(426)
        await super().get(*args, **kwargs)

    def check_origin(self, origin: str) -> bool:
        return True  # the gate has compared it with the host already

    def open(self, *args: str, **kwargs: str) -> None:
        self._hub.add(self._listener)
        self._writer = asyncio.create_task(self._listener.run())
        self._listener.subscribe(Subscribe())

    def on_message(self, message: str | bytes) -> None:
        try:
            if isinstance(message, bytes):
                raise msgspec.ValidationError("a message is text, not binary")
            subscription = msgspec.json.decode(message, type=Subscribe)
            _check(subscription)
        except (msgspec.DecodeError, RecursionError) as error:
            self._mistakes += 1
            self._listener.put(StreamError(message=f"The message was refused: {shown(str(error), 300)}"))
            if self._mistakes >= MAX_MISTAKES:
                self.close(1008, "too many refused messages")
            return
        self._listener.subscribe(subscription)
        self._hub.subscribed(self._listener)

    def on_close(self) -> None:
        self._hub.remove(self._listener)
        if self._writer is not None:
            self._writer.cancel()

    async def _write(self, data: bytes) -> None:
        try:
            await self.write_message(data)
        except websocket.WebSocketClosedError:
            raise asyncio.CancelledError from None  # ends the writer; `on_close` follows or has been


def _check(subscription: Subscribe) -> None:
    """Raises `msgspec.ValidationError` for what no topic can be."""
    for name in ("dag_ids", "outputs", "logs", "whys"):
        given = getattr(subscription, name)
        if len(given) > MAX_TOPICS:
            raise msgspec.ValidationError(f"{len(given)} {name}; at most {MAX_TOPICS} are allowed")
    for topic in (*subscription.outputs, *subscription.logs, *subscription.whys):
        parts = topic.split("/")
        if len(parts) != 4 or not all(parts) or len(topic) > 800:
            raise msgspec.ValidationError(f"the topic {shown(topic)} is not dag_id/run_id/task_id/map_index")
