"""A page without a Jupyter server of ours behind it reaches the studio server through its kernel.

The page sends messages over a widget's comm; each names what is to be done and an id:

    {"do": "ping", "id": 1}                                                       whether anybody is there
    {"do": "asset", "id": 1, "name": "live.js"}                                  a file of the front end
    {"do": "request", "id": 2, "method": "GET", "path": "/api/…", "type": None}   with the body as buffer
    {"do": "open", "id": 3, "path": "/api/stream"}, {"do": "send", "id": 3, "text": "…"}, {"do": "close", "id": 3}

and is answered with {"id": 1, "status": 200, "type": "…"} and the content as buffer, with
{"id": 1, "error": "…", "hint": "…"}, or with {"id": 3, "text": "…"} and {"id": 3, "closed": True} in the case of a
socket. The token stays here, and only
routes of the API pass. Work is done in threads: the kernel goes on.
"""

from __future__ import annotations

import mimetypes
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from studio.api.passing import routes_at
from studio.api.routes import STREAM_PATH, Route
from studio.client.endpoint import Endpoint
from studio.errors import ServerUnavailable, StudioError
from studio.pages.files import ASSETS

if TYPE_CHECKING:
    import httpx
    from websockets.sync.client import ClientConnection

Send = Callable[[dict[str, Any], list[bytes]], None]
#: What a page has to say on a stream, in its order; None: it wants no more of it.
Outbox = queue.SimpleQueue[str | None]

MAX_SOCKETS: Final = 8  # of one widget: a page that is reloaded cannot say that it is gone
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
        self._former: tuple[str, httpx.Client] | None = (
            None  # URL and client of the server that was asked last
        )
        self._sockets: dict[int, Outbox] = {}  # the oldest first
        self._is_closed = False

    def handle(self, message: object, buffers: Sequence[bytes | memoryview] = ()) -> None:
        """Do what the page asks for. Returns at once; what makes no sense is left alone."""
        match message:
            case {"do": "ping", "id": int(number)}:
                self._tell({"id": number})
            case {"do": "asset", "id": int(number), "name": str(name)}:
                self._begin(number, self._asset, number, name)
            case {"do": "request", "id": int(number), "method": str(method), "path": str(path), **rest}:
                body = bytes(buffers[0]) if buffers else b""
                self._begin(number, self._request, number, method, path, rest.get("type"), body)
            case {"do": "open", "id": int(number), "path": str(path)}:
                self._open(number, path)
            case {"do": "send", "id": int(number), "text": str(text)}:
                outbox = self._sockets.get(number)
                if outbox is not None:
                    outbox.put(text)
            case {"do": "close", "id": int(number)}:
                self._end(number)
            case _:
                pass

    def close(self) -> None:
        """The page's view is gone."""
        with self._lock:
            self._is_closed = True
            numbers = list(self._sockets)
            self._http = None
            former, self._former = self._former, None
        for number in numbers:
            self._end(number)
        if former is not None:
            former[1].close()

    def _begin(self, number: int, do: Callable[..., object], *given: object) -> None:
        def run() -> None:
            try:
                do(*given)
            except Exception as error:  # whatever it is, the page is told
                told = error.message if isinstance(error, StudioError) else str(error)
                hint = getattr(error, "hint", None)
                self._tell({"id": number, "error": told or type(error).__name__, "hint": hint})

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
                known = {**headers, "Authorization": f"token {endpoint.token}"}
                answer = client.request(route.method, path, headers=known, content=body or None)
            except httpx.TransportError as error:
                failure = error
                self._forget(endpoint)
                if route.method == "GET" or isinstance(error, httpx.ConnectError):
                    continue
                raise
            if answer.status_code != 401:
                return answer
            self._forget(endpoint)
        raise ServerUnavailable("The studio server does not answer.") from failure

    def _client(self) -> tuple[Endpoint, httpx.Client]:
        import httpx  # noqa: PLC0415 - as above

        with self._lock:
            if self._http is None:
                endpoint = self._located()
                former = self._former
                if former is None or former[0] != endpoint.url:
                    client = httpx.Client(
                        base_url=endpoint.url,
                        timeout=httpx.Timeout(_TIMEOUT, connect=_CONNECT_TIMEOUT),
                        trust_env=False,  # the server is on this machine: no proxy
                    )
                    former = (endpoint.url, client)
                self._former = former
                self._http = (endpoint, former[1])
            return self._http

    def _forget(self, endpoint: Endpoint) -> None:
        with self._lock:
            if self._http is not None and self._http[0] == endpoint:
                self._http = (
                    None  # not closed: others may wait for its answers, and the next server has its place
                )

    def _located(self) -> Endpoint:
        endpoint = self._locate()
        if endpoint is None:
            raise ServerUnavailable("No studio server runs.", hint="`studio.connect()` in a cell starts it.")
        return endpoint

    # --- the stream -----------------------------------------------------------------------------------------------

    def _open(self, number: int, path: str) -> None:
        outbox: Outbox = queue.SimpleQueue()
        with self._lock:
            self._sockets[number] = outbox
            oldest = list(self._sockets)[:-MAX_SOCKETS]
        for former in oldest:
            if self._end(former):
                self._tell({"id": former, "closed": True})
        self._begin(number, self._follow, number, path, outbox)

    def _end(self, number: int) -> bool:
        """Whether there still was such a socket."""
        with self._lock:
            outbox = self._sockets.pop(number, None)
        if outbox is not None:
            outbox.put(None)
        return outbox is not None

    def _follow(self, number: int, path: str, outbox: Outbox) -> None:
        """Hand on what the stream says, until it or the page ends it."""
        try:
            if path != STREAM_PATH:
                raise PermissionError(f"There is no stream at {path}.")
            self._hand_on(number, outbox)
        except Exception:  # the page looks again by itself
            pass
        finally:
            if self._end(number):
                self._tell({"id": number, "closed": True})

    def _hand_on(self, number: int, outbox: Outbox) -> None:
        from websockets.sync.client import connect  # noqa: PLC0415 - as above

        endpoint = self._located()
        with connect(
            f"{endpoint.url.replace('http', 'ws', 1)}{STREAM_PATH}",
            additional_headers={"Authorization": f"token {endpoint.token}"},
            max_size=_MAX_MESSAGE,
            open_timeout=_CONNECT_TIMEOUT,
            proxy=None,
        ) as socket:
            threading.Thread(
                target=_say, args=(socket, outbox), name="studio-relay-sender", daemon=True
            ).start()
            for text in socket:
                if number in self._sockets:
                    self._tell({"id": number, "text": text if isinstance(text, str) else text.decode()})


def _say(socket: ClientConnection, outbox: Outbox) -> None:
    """Send what the page says, and close the socket when it wants no more."""
    with suppress(Exception):  # it is closed already
        for text in iter(outbox.get, None):
            socket.send(text)
    socket.close()
