"""A page without a Jupyter server of ours behind it reaches the studio server through its kernel.

The page sends messages over a widget's comm; each names what is to be done and an id:

    {"do": "asset", "id": 1, "name": "live.js"}                                  a file of the front end
    {"do": "request", "id": 2, "method": "GET", "path": "/api/…", "type": None}   with the body as buffer
    {"do": "open", "id": 3, "path": "/api/stream"}, {"do": "send", "id": 3, "text": "…"}, {"do": "close", "id": 3}

and is answered with {"id": 1, "status": 200, "type": "…"} and the content as buffer, with {"id": 1, "error": "…"}, or
with {"id": 3, "text": "…"} and {"id": 3, "closed": True} in the case of a socket. The token stays here, and only
routes of the API pass. Work is done in threads: the kernel goes on.
"""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from studio.api.passing import routes_at
from studio.api.routes import STREAM_PATH, Route
from studio.client.endpoint import Endpoint

if TYPE_CHECKING:
    import httpx
    from websockets.sync.client import ClientConnection

Send = Callable[[dict[str, Any], list[bytes]], None]

ASSETS: Final = Path(__file__).with_name("assets")
MAX_ANSWER: Final = 64 * 1024 * 1024  # bytes; more does not go through a comm
_MAX_MESSAGE: Final = 64 * 1024 * 1024  # bytes, of the stream
_TIMEOUT: Final = 55.0  # seconds; the page waits 60
_CONNECT_TIMEOUT: Final = 5.0  # seconds
_NAMES: Final = frozenset({"live.js", "live.css", "layout.js"})


class Relay:
    """`send` takes a message for the page and its buffers, in any thread; `locate` says where the server is."""

    def __init__(self, send: Send, locate: Callable[[], Endpoint | None]) -> None:
        self._send = send
        self._locate = locate
        self._lock = threading.Lock()
        self._http: tuple[Endpoint, httpx.Client] | None = None
        self._sockets: dict[int, ClientConnection | None] = {}  # None: it is being opened
        self._is_closed = False

    def handle(self, message: object, buffers: Sequence[bytes | memoryview] = ()) -> None:
        """Do what the page asks for. Returns at once; what makes no sense is left alone."""
        match message:
            case {"do": "asset", "id": int(number), "name": str(name)}:
                self._begin(number, self._asset, number, name)
            case {"do": "request", "id": int(number), "method": str(method), "path": str(path), **rest}:
                body = bytes(buffers[0]) if buffers else b""
                self._begin(number, self._request, number, method, path, rest.get("type"), body)
            case {"do": "open", "id": int(number), "path": str(path)}:
                with self._lock:
                    self._sockets[number] = None
                self._begin(number, self._follow, number, path)
            case {"do": "send", "id": int(number), "text": str(text)}:
                socket = self._sockets.get(number)
                if socket is not None:
                    self._begin(number, socket.send, text)
            case {"do": "close", "id": int(number)}:
                with self._lock:
                    socket = self._sockets.pop(number, None)
                if socket is not None:
                    self._begin(number, socket.close)
            case _:
                pass

    def close(self) -> None:
        """The page's view is gone."""
        with self._lock:
            self._is_closed = True
            sockets, self._sockets = list(self._sockets.values()), {}
            http, self._http = self._http, None
        for socket in sockets:
            if socket is not None:
                threading.Thread(target=socket.close, daemon=True).start()
        if http is not None:
            http[1].close()

    def _begin(self, number: int, do: Callable[..., object], *given: object) -> None:
        def run() -> None:
            try:
                do(*given)
            except Exception as error:  # whatever it is, the page is told
                self._tell({"id": number, "error": str(error) or type(error).__name__})

        threading.Thread(target=run, name="studio-relay", daemon=True).start()

    def _tell(self, message: dict[str, Any], content: bytes | None = None) -> None:
        if not self._is_closed:
            self._send(message, [] if content is None else [content])

    def _asset(self, number: int, name: str) -> None:
        if name not in _NAMES:
            raise FileNotFoundError(f"There is no file {name!r}.")
        try:
            content = (ASSETS / name).read_bytes()
        except FileNotFoundError:
            raise FileNotFoundError(
                "This installation has no front end for notebooks outside of JupyterLab; install the package anew."
            ) from None
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._tell({"id": number, "status": 200, "type": kind}, content)

    # --- requests -------------------------------------------------------------------------------------------------

    def _request(self, number: int, method: str, path: str, kind: object, body: bytes) -> None:
        route = routes_at(path.partition("?")[0]).get(method)
        if route is None:
            raise PermissionError(f"The studio has no {method} {path}.")
        answer = self._asked(route, path, {"Content-Type": kind} if isinstance(kind, str) else {}, body)
        if len(answer.content) > MAX_ANSWER:
            raise ValueError(
                f"The answer has {len(answer.content):,} bytes, which is too much to be shown here."
            )
        kind = answer.headers.get("Content-Type", "application/json")
        self._tell({"id": number, "status": answer.status_code, "type": kind}, answer.content)

    def _asked(self, route: Route, path: str, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        """Ask the server; the one that has taken its place, if it is gone or does not know the token."""
        import httpx  # noqa: PLC0415 - 0.1 s that only pages pay

        failure: Exception | None = None
        for _ in range(2):
            endpoint, client = self._client()
            try:
                answer = client.request(route.method, path, headers=headers, content=body or None)
            except httpx.TransportError as error:
                failure = error
                self._forget(endpoint)
                if route.method == "GET" or isinstance(error, httpx.ConnectError):
                    continue
                raise
            if answer.status_code != 401:
                return answer
            self._forget(endpoint)
        raise ConnectionError("The studio server does not answer.") from failure

    def _client(self) -> tuple[Endpoint, httpx.Client]:
        import httpx  # noqa: PLC0415 - as above

        with self._lock:
            if self._http is None:
                endpoint = self._located()
                self._http = (
                    endpoint,
                    httpx.Client(
                        base_url=endpoint.url,
                        headers={"Authorization": f"token {endpoint.token}"},
                        timeout=httpx.Timeout(_TIMEOUT, connect=_CONNECT_TIMEOUT),
                        trust_env=False,  # the server is on this machine: no proxy
                    ),
                )
            return self._http

    def _forget(self, endpoint: Endpoint) -> None:
        with self._lock:
            if self._http is not None and self._http[0] == endpoint:
                self._http = None  # not closed: others may wait for its answers

    def _located(self) -> Endpoint:
        endpoint = self._locate()
        if endpoint is None:
            raise ConnectionError("No studio server runs; `studio.connect()` starts it.")
        return endpoint

    # --- the stream -----------------------------------------------------------------------------------------------

    def _follow(self, number: int, path: str) -> None:
        """Hand on what the stream says, until it or the page ends it."""
        try:
            if path != STREAM_PATH:
                raise PermissionError(f"There is no stream at {path}.")
            self._hand_on(number)
        except Exception:  # the page looks again by itself
            pass
        finally:
            with self._lock:
                is_wanted = self._sockets.pop(number, self) is not self
            if is_wanted:
                self._tell({"id": number, "closed": True})

    def _hand_on(self, number: int) -> None:
        from websockets.sync.client import connect  # noqa: PLC0415 - as above

        endpoint = self._located()
        with connect(
            f"{endpoint.url.replace('http', 'ws', 1)}{STREAM_PATH}",
            additional_headers={"Authorization": f"token {endpoint.token}"},
            max_size=_MAX_MESSAGE,
            open_timeout=_CONNECT_TIMEOUT,
            proxy=None,
        ) as socket:
            with self._lock:
                if number not in self._sockets:
                    return  # closed meanwhile
                self._sockets[number] = socket
            for text in socket:
                self._tell({"id": number, "text": text if isinstance(text, str) else text.decode()})
