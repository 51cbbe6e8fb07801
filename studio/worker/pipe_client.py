"""What nbclient needs of a kernel client, for a kernel whose messages come as frames (`studio_kernels.pipe_kernel`)."""

from __future__ import annotations

import asyncio
import json
import socket
import uuid
from collections import deque
from datetime import datetime, timezone
from functools import cached_property
from queue import Empty
from typing import Any, Final

from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session
from studio_kernels import wire

_MUCH: Final = 1000  # messages that wait to be taken; then the kernel waits
_VERSION: Final = "5.3"  # of the messaging protocol


class Channel:
    """Messages of one Jupyter channel, as they come."""

    def __init__(self, client: PipeClient) -> None:
        self._client = client
        self._messages: deque[dict[str, Any]] = deque()
        self._waiting: asyncio.Future[None] | None = None

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """The next message; raises `queue.Empty` after `timeout` seconds without one."""
        if not self._messages:
            self._waiting = asyncio.get_running_loop().create_future()
            self._client.awaited()
            try:
                if timeout is None:
                    await self._waiting
                else:
                    await asyncio.wait_for(self._waiting, timeout)
            except asyncio.TimeoutError:
                raise Empty from None
            finally:
                self._waiting = None
        message = self._messages.popleft()
        self._client.taken(len(self._messages))
        return message

    def send(self, message: dict[str, Any]) -> None:
        """A message as `Session.msg` makes it."""
        self._client.send(message)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for a message."""
        return self._waiting is not None and not self._waiting.done()

    def put(self, message: dict[str, Any]) -> int:
        """For the client; how many wait."""
        self._messages.append(message)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        return len(self._messages)


class PipeClient(asyncio.Protocol):
    """`await connect(...)` makes one. Sending never blocks; who takes messages slowly slows the kernel down."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._name = uuid.uuid4().hex
        self._reader = wire.FrameReader()
        self._transport: asyncio.Transport | None = None
        self._is_paused = False
        self._unsent = bytearray()
        self._wants_end = False
        self.farewell = ""  # what the kernel said when it ended
        self._is_over = asyncio.Event()
        self.shell_channel = Channel(self)
        self.iopub_channel = Channel(self)

    @classmethod
    async def connect(cls, requests: socket.socket, answers: socket.socket) -> PipeClient:
        """Over these two ends of socket pairs, which it closes."""
        requests.setblocking(False)
        client = cls(requests)
        await asyncio.get_running_loop().create_unix_connection(lambda: client, sock=answers)
        return client

    @cached_property
    def session(self) -> Session:
        """For who wants to make messages of its own: nbclient's output widgets."""
        return Session()

    def execute(
        self,
        code: str,
        silent: bool = False,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool | None = None,
        stop_on_error: bool = True,
    ) -> str:
        """Ask for the execution of `code`; the id of the request. Input is never allowed."""
        content = {
            "code": code,
            "silent": silent,
            "store_history": store_history,
            "user_expressions": user_expressions or {},
            "allow_stdin": False,
            "stop_on_error": stop_on_error,
        }
        return self.request("execute_request", content)

    def kernel_info(self) -> str:
        """Ask what it is; the id of the request."""
        return self.request("kernel_info_request", {})

    def request(self, kind: str, content: dict[str, Any]) -> str:
        """Any request on the shell channel; its id."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "username": "",
            "session": self._name,
            "date": datetime.now(timezone.utc).isoformat(),
            "version": _VERSION,
        }
        self.send({"header": header, "parent_header": {}, "metadata": {}, "content": content})
        return header["msg_id"]

    def send(self, message: dict[str, Any]) -> None:
        document = {name: message[name] for name in ("header", "parent_header", "metadata", "content")}
        data = json.dumps(document, default=json_default).encode("utf-8", "surrogatepass")
        is_first = not self._unsent
        self._unsent += wire.frame(data, message.get("buffers") or ())
        if is_first:
            self._write()

    def end(self) -> None:
        """Ask the kernel to end: there will be no more requests."""
        self._wants_end = True
        if not self._unsent:
            self._requests.close()

    async def last_words(self, timeout: float) -> str:
        """The farewell of a kernel that was asked to end; "" if it says none within `timeout` seconds, or is gone."""
        if self._is_paused and self._transport is not None:
            self._transport.resume_reading()
        try:
            await asyncio.wait_for(self._is_over.wait(), timeout)
        except asyncio.TimeoutError:
            pass
        return self.farewell

    def close(self) -> None:
        """Safe to call again."""
        if self._requests.fileno() >= 0:
            if self._unsent:
                asyncio.get_running_loop().remove_writer(self._requests)
            self._requests.close()
        if self._transport is not None:
            self._transport.abort()

    def taken(self, left: int) -> None:
        """For the channels: a message was taken."""
        if self._is_paused and left < _MUCH // 2 and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()

    def awaited(self) -> None:
        """For the channels: somebody waits for a message, which stands in line behind all the others."""
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()

    # asyncio.Protocol ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._is_over.set()

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._reader.feed(data)
        except ValueError:  # user code wrote into its kernel's socket: nothing can be understood any more
            assert self._transport is not None
            self._transport.abort()
            return
        waiting = 0
        for message in messages:
            header = message["header"]
            message["msg_id"], message["msg_type"] = header["msg_id"], header["msg_type"]
            if isinstance(header.get("date"), str):
                header["date"] = datetime.fromisoformat(header["date"].replace("Z", "+00:00"))
            if header["msg_type"] == wire.FAREWELL:
                self.farewell = str(message["content"].get("text", ""))
                self._is_over.set()
                continue
            message.setdefault("buffers", [])
            channel = self.shell_channel if message["channel"] == wire.SHELL else self.iopub_channel
            waiting = max(waiting, channel.put(message))
        if waiting <= _MUCH or self.shell_channel.is_awaited:  # an answer may stand in line behind the rest
            return
        if not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def _write(self) -> None:
        if self._requests.fileno() < 0:
            return
        loop = asyncio.get_running_loop()
        try:
            del self._unsent[: self._requests.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:  # the kernel is gone: its end is noticed elsewhere
            self._unsent.clear()
        if self._unsent:
            loop.add_writer(self._requests, self._write)
            return
        loop.remove_writer(self._requests)
        if self._wants_end:
            self._requests.close()
