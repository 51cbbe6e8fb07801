"""A connection that can go dead without a word, as that of a laptop which sleeps."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_CHUNK = 65536  # bytes


class Relay:
    """Listens on a port of its own and passes everything on. While it sleeps nothing passes, nor is anything told.

    Those that are made afterwards work. Of those that were open when it fell asleep, plain requests are closed, as
    browsers do with theirs when they wake; WebSockets stay dead for ever, and nobody tells.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._epoch = 0
        self._is_awake = threading.Event()
        self._is_awake.set()
        self._sockets: list[socket.socket] = []
        self._plain: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sleep(self) -> None:
        self._epoch += 1
        self._is_awake.clear()

    def wake(self) -> None:
        for each in list(self._plain):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._is_awake.set()

    def close(self) -> None:
        self._is_awake.set()
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                self._is_awake.wait()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._sockets += [near, far]
            self._plain.add(near)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink, self._epoch), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, epoch: int) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if b"upgrade: websocket" in data[:2000].lower():
                    self._plain.discard(source)
                if epoch == self._epoch:
                    sink.sendall(data)
        if epoch == self._epoch:
            with suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)
