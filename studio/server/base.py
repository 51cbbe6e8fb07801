"""Between Tornado and the handlers: the gate, bodies, answers and errors. Handlers are plain coroutines."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from tornado import iostream, web

from studio.api.models import ErrorAnswer, ErrorDetail
from studio.api.routes import NOTEBOOKS_HEADER, Route
from studio.core.names import shown
from studio.errors import (
    Conflict,
    ExportFailed,
    ExportUnavailable,
    Forbidden,
    InvalidInput,
    NotFound,
    StoreUnavailable,
    StudioError,
)
from studio.server.answers import FileAnswer, StreamedFile
from studio.server.gate import HEADERS, Gate, Refusal
from studio.server.request import Request, read_body
from studio.server.services import Services

Handler = Callable[[Request, Services], Awaitable[Any]]

log = logging.getLogger("studio.server")

MAX_BODY: Final = 8 * 1024 * 1024  # bytes
MAX_SOURCE: Final = 100 * 1024 * 1024  # bytes of an uploaded notebook
MAX_DRAINED: Final = (
    2 * MAX_SOURCE
)  # bytes that are read and dropped, so that the refusal is read by the sender
MAX_WAITED: Final = 1024 * 1024  # bytes of a refused request's body that are waited for
_BIG: Final = 256 * 1024  # bytes of JSON that are decoded in a thread
_RETRY_AFTER: Final = 2  # seconds

_STATUS: Final[tuple[tuple[type[StudioError], int], ...]] = (
    (InvalidInput, 400),
    (NotFound, 404),
    (Conflict, 409),
    (Forbidden, 403),
    (ExportFailed, 422),
    (ExportUnavailable, 501),
    (StoreUnavailable, 503),
)

_CODES: Final = {
    400: ("invalid_request", "The request cannot be read."),
    404: ("not_found", "There is no such path. The routes are listed in /api/openapi.json."),
    405: ("method_not_allowed", "This path does not know the method."),
    413: ("too_large", "The body is too large."),
    415: (
        "unsupported_media_type",
        "The body must be JSON, with the header `Content-Type: application/json`.",
    ),
    426: ("upgrade_required", "This path is a websocket."),
}


class Refused(web.HTTPError):
    """An HTTP-level refusal whose code and message are those of `_CODES`, or given."""

    def __init__(self, status: int, message: str | None = None, *, allow: str | None = None) -> None:
        super().__init__(status)
        self.message = message
        self.allow = allow  # methods, for 405


def status_of(error: StudioError) -> int:
    """The HTTP status of an error of ours; 500 for what is nobody's request's fault."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


class Gated(web.RequestHandler):
    """Every handler of the server is one of these: nothing is answered before the gate has let it pass."""

    def initialize(self, gate: Gate, **_: Any) -> None:
        self.gate = gate

    def set_default_headers(self) -> None:
        if not hasattr(self, "request_id"):  # Tornado calls this again when it clears an answer
            self.request_id = secrets.token_hex(8)
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.set_header("X-Request-Id", self.request_id)

    def prepare(self) -> None:
        refusal = self.gate.refusal(self.request)
        if refusal is not None:
            self.refuse(refusal)

    def refuse(self, refusal: Refusal, allow: str | None = None) -> None:
        """Answer with the error, and with nothing that was prepared before it."""
        self.clear()
        self.set_status(refusal.status)
        if refusal.status == 401:
            self.set_header("WWW-Authenticate", "token")
        elif refusal.status == 405 and allow:
            self.set_header("Allow", allow)
        elif refusal.status == 503:
            self.set_header("Retry-After", str(_RETRY_AFTER))
        self.finish_json(
            ErrorAnswer(error=msgspec.structs.replace(refusal.detail, request_id=self.request_id))
        )

    def finish_json(self, value: Any) -> None:
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(msgspec.json.encode(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        # Tornado gets here before `prepare` too (unknown method, path that is no UTF-8): the gate comes first.
        refusal = self.gate.refusal(self.request)
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        if refusal is None:
            status, detail = self._described(status_code, error)
            refusal = Refusal(status, detail)
        self.refuse(refusal, getattr(error, "allow", None))

    def _described(self, status: int, error: BaseException | None) -> tuple[int, ErrorDetail]:
        if isinstance(error, StudioError) and status_of(error) != 500:
            field = error.field if isinstance(error, InvalidInput) else None
            detail = ErrorDetail(code=error.code, message=error.message, hint=error.hint, field=field)
            return status_of(error), detail
        if status in _CODES:
            code, message = _CODES[status]
            return status, ErrorDetail(code=code, message=getattr(error, "message", None) or message)
        if status < 500:
            return status, ErrorDetail(code="invalid_request", message="The request cannot be served.")
        message = f"The server failed; its log tells more under {self.request_id}."
        return 500, ErrorDetail(code="internal", message=message)

    def log_exception(self, kind: Any, value: BaseException | None, trace: Any) -> None:
        if isinstance(value, web.HTTPError) or (isinstance(value, StudioError) and status_of(value) != 500):
            return
        # Tornado's own text would show the whole request; a header holds the token.
        where = f"{self.request.method} {self.request.path[:200]!r}"
        log.error("request %s failed: %s", self.request_id, where, exc_info=(kind, value, trace))  # type: ignore[arg-type]


@web.stream_request_body
class Draining(Gated):
    """Answers after the body has come, also when it refuses: a sender that is cut off would not read the answer.

    The body of a refused request is dropped as it comes; one that is long is not waited for.
    """

    _refused: Refusal | Refused | None = None

    def admit(self) -> None:
        """Called once the gate is passed, before the body comes. Raises `Refused`."""

    def data_received(self, chunk: bytes) -> None:
        """A part of the body has come."""

    def prepare(self) -> None:
        self._refused = self.gate.refusal(self.request)
        if self._refused is None:
            try:
                self.admit()
            except Refused as error:
                self._refused = error
        length = self.request.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_WAITED or "Transfer-Encoding" in self.request.headers:
            self.check_refused()

    def check_refused(self) -> None:
        """Raise, or have answered."""
        if isinstance(self._refused, Refused):
            raise self._refused
        if self._refused is not None:
            self.refuse(self._refused)


class NothingHere(Draining):
    """Paths that are no route."""

    def admit(self) -> None:
        raise Refused(404)

    def get(self, **_: str) -> None:
        self.check_refused()

    post = put = patch = delete = head = options = get


class Api(Draining):
    """The routes of one path. The body is collected here, so that one that is too large is never kept."""

    def initialize(self, gate: Gate, routes: Mapping[str, tuple[Route, Handler]], services: Services) -> None:  # type: ignore[override]
        super().initialize(gate)
        self._routes = routes
        self._services = services
        self._chunks: list[bytes] = []
        self._size = 0
        self._limit = MAX_BODY
        self._is_gone = False  # who asked
        self._given_up: Callable[[], Any] = lambda: None

    def admit(self) -> None:
        found = self._routes.get(self.request.method or "")
        if found is None:
            allowed = ", ".join(sorted(self._routes))
            raise Refused(405, f"{shown(self.request.path)} takes {allowed} only.", allow=allowed)
        self._route, self._handler = found
        self._limit = MAX_SOURCE if self._takes_file else MAX_BODY
        length = self.request.headers.get("Content-Length", "0")
        if length.isdecimal() and int(length) > MAX_DRAINED:
            raise self._too_large()
        self._check_content_type()

    def data_received(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            self._chunks.clear()
        elif self._refused is None:
            self._chunks.append(chunk)

    async def get(self, **path: str) -> None:
        self.check_refused()
        if not self._finished:
            await self._answer(path)

    post = put = patch = delete = head = options = get

    def _notebooks(self) -> Path | None:
        """Jupyter's root, which its proxy tells: whoever started this server, paths mean what they mean there.

        Taken from who has the token only, not from a page in a browser.
        """
        told = unquote(self.request.headers.get(NOTEBOOKS_HEADER, ""))
        if not os.path.isabs(told) or "\0" in told or "Authorization" not in self.request.headers:
            return None
        return Path(told)

    async def _answer(self, path: dict[str, str]) -> None:
        if self._size > self._limit:
            raise self._too_large()
        content = b"".join(self._chunks)
        self._chunks.clear()
        request = Request(
            path=path,
            query=self._query(),
            body=await self._body(content),
            content=content if self._takes_file else b"",
            actor=self._services.actor,
            notebooks=self._notebooks(),
        )
        answer = await self._work(request)
        if self._is_gone:
            return
        self.set_status(self._route.status)
        if self._route.answer is None:
            if self._route.status == 204:
                self.clear_header("Content-Type")
            self.finish()
        elif isinstance(answer, FileAnswer):
            for name, value in answer.headers.items():
                self.set_header(name, value)
            self.finish(answer.content)
        elif isinstance(answer, StreamedFile):
            await self._send(answer)
        else:
            self.finish_json(answer)

    async def _send(self, answer: StreamedFile) -> None:
        for name, value in answer.headers.items():
            self.set_header(name, value)
        try:
            async for chunk in answer.chunks:
                self.write(chunk)
                await self.flush()
            await self.finish()
        except iostream.StreamClosedError:  # who asked is gone
            return

    async def _work(self, request: Request) -> Any:
        """The handler's answer; None if it was given up because nobody waits for it."""
        work = asyncio.ensure_future(self._handler(request, self._services))
        if self._route.patience is not None:
            self._given_up = work.cancel
        try:
            return await work
        except asyncio.CancelledError:
            if not self._is_gone:
                raise
            return None

    def on_connection_close(self) -> None:
        self._is_gone = True
        self._given_up()

    @property
    def _takes_file(self) -> bool:
        return self._route.name == "put_source"

    @property
    def _has_body(self) -> bool:
        headers = self.request.headers
        return "Transfer-Encoding" in headers or headers.get("Content-Length", "0") != "0"

    def _too_large(self) -> Refused:
        return Refused(413, f"The body is too large; at most {self._limit // 1024 // 1024} MB are taken.")

    def _check_content_type(self) -> None:
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if self._takes_file:
            if kind != "application/octet-stream":
                raise Refused(415, "A notebook is uploaded with `Content-Type: application/octet-stream`.")
        elif (self._route.body is not None or self._has_body) and kind != "application/json":
            raise Refused(415)

    def _query(self) -> dict[str, str]:
        given: dict[str, str] = {}
        for name in self.request.query_arguments:
            values = self.get_query_arguments(name)
            if name not in self._route.query:
                known = ", ".join(self._route.query) or "none"
                raise InvalidInput(
                    f"The query has no {shown(name)}.", hint=f"Known: {known}.", field=name[:80]
                )
            if len(values) != 1:
                raise InvalidInput(f"{name} is given {len(values)} times.", field=name)
            given[name] = values[0]
        return given

    async def _body(self, content: bytes) -> msgspec.Struct | None:
        if self._route.body is None:
            return None
        if len(content) < _BIG:
            return read_body(content, self._route.body)
        return await asyncio.to_thread(read_body, content, self._route.body)


def path_pattern(path: str) -> str:
    """The regular expression of a route's path: `{name}` is one segment."""
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
