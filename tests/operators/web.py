"""A real HTTP server for tests: it answers by the path, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Web:
    """Where it is, what it was asked, and what it answers from now on: path → (status, content type, body)."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    pages: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)


@contextmanager
def serving(context: Any = None) -> Iterator[Web]:
    """`context`: of TLS."""
    web = Web("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            path = urlsplit(self.path).path
            asked = {"method": self.command, "path": self.path, "body": body, "headers": dict(self.headers)}
            web.asked.append(asked)
            if path.startswith("/to/"):
                self._reply(302, "text/plain", b"", {"Location": self.path[4:]})
            elif path == "/slow":
                time.sleep(1.0)
                self._reply(200, "text/plain", b"late")
            elif path == "/broken":
                self.close_connection = True
            elif path == "/echo":
                told = {**asked, "body": body.decode("utf-8", "replace")}
                self._reply(200, "application/json", json.dumps(told).encode(), {"Set-Cookie": "s=secret"})
            else:
                self._reply(*web.pages.get(path, (404, "text/plain", b"nothing here")))

        def _reply(self, status: int, kind: str, body: bytes, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Type": kind,
                "Content-Length": str(len(body)),
                **(more or {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    for method in ("GET", "HEAD", "POST", "PUT"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if context is None else "https"
    web.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
