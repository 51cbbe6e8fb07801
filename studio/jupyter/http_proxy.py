"""The API through Jupyter: Jupyter's login and XSRF check in front, the studio's own token behind.

Only routes of the API pass, by path and method. Nothing of the browser's request is handed on but method, path,
query, content type and body; of the answer only status, content type and body. The token stays here.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError

from studio.api.models import ErrorAnswer, ErrorDetail
from studio.api.routes import ROUTES
from studio.client.endpoint import Endpoint
from studio.errors import ServerUnavailable, StudioError
from studio.jupyter.upstream import Upstream

TIMEOUT = 120.0  # seconds for one request
MAX_BODY = 100 * 1024 * 1024  # bytes; the studio server's own limits are smaller
#: A page must not be able to end the server for everybody.
_CLOSED = frozenset({"stop_server"})
_UNREACHABLE = (OSError, HTTPStreamClosedError)


def _allowed() -> list[tuple[str, re.Pattern[str]]]:
    """(method, pattern of the undecoded path) of every route that may pass."""
    return [
        (route.method, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route.path))))
        for route in ROUTES
        if route.name not in _CLOSED
    ]


class ApiProxy(APIHandler):
    """All methods of `<base>/studio/api/…`."""

    auth_resource = "studio"
    allowed: ClassVar = _allowed()

    def initialize(self, upstream: Upstream, prefix: str) -> None:
        self._upstream = upstream
        self._prefix = prefix

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        await self._pass_on()

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        await self._pass_on()

    @web.authenticated
    @authorized
    async def put(self, path: str) -> None:
        await self._pass_on()

    @web.authenticated
    @authorized
    async def patch(self, path: str) -> None:
        await self._pass_on()

    @web.authenticated
    @authorized
    async def delete(self, path: str) -> None:
        await self._pass_on()

    async def _pass_on(self) -> None:
        method, path = str(self.request.method), self.request.path.removeprefix(self._prefix)
        methods = {known for known, pattern in self.allowed if pattern.fullmatch(path)}
        if not methods:
            return self._refuse(404, "not_found", "The studio has no such address.")
        if method not in methods:
            return self._refuse(
                405, "method_not_allowed", f"This address takes {', '.join(sorted(methods))}."
            )
        try:
            response = await self._ask(method, path)
        except StudioError as error:
            self.set_header("Retry-After", "2")
            return self._refuse(503, error.code, error.message, error.hint)
        self.set_status(response.code)
        content_type = response.headers.get("Content-Type", "application/json")
        self.finish(response.body if response.code != 204 else None, set_content_type=content_type)

    async def _ask(self, method: str, path: str) -> HTTPResponse:
        """Ask the studio server; if it is gone or was replaced, once more the one that is there then."""
        for is_last in (False, True):
            endpoint = await self._upstream.endpoint()
            try:
                response = await AsyncHTTPClient().fetch(
                    self._request(endpoint, method, path), raise_error=False
                )
            except HTTPTimeoutError as error:
                raise ServerUnavailable(
                    f"The studio server did not answer within {TIMEOUT:.0f} s."
                ) from error
            except _UNREACHABLE as error:
                self._upstream.forget(endpoint)
                # What changes something may have been done: only a person can say whether to repeat it.
                if is_last or method != "GET":
                    raise ServerUnavailable(
                        "The studio server is gone; it is being started again.", hint="Try again."
                    ) from error
                continue
            if response.code == 401 and not is_last:  # a new server has a new token
                self._upstream.forget(endpoint)
                continue
            return response
        raise AssertionError("unreachable")

    def _request(self, endpoint: Endpoint, method: str, path: str) -> HTTPRequest:
        pairs = parse_qsl(self.request.query, keep_blank_values=True)
        query = urlencode([(name, value) for name, value in pairs if name != "token"])
        headers = {"Authorization": f"token {endpoint.token}", "X-Studio-User": self._user()}
        if self.request.body:
            headers["Content-Type"] = self.request.headers.get("Content-Type", "application/json")
        return HTTPRequest(
            f"{endpoint.url}{path}?{query}" if query else f"{endpoint.url}{path}",
            method=method,
            headers=headers,
            body=self.request.body if method in ("POST", "PUT", "PATCH") else None,
            follow_redirects=False,
            connect_timeout=5.0,
            request_timeout=TIMEOUT,
            decompress_response=False,
        )

    def _user(self) -> str:
        """Who asks, for the studio's records; ASCII, because it is a header."""
        name = getattr(self.current_user, "username", "") or ""
        return str(name).encode("ascii", "backslashreplace").decode()[:200]

    def _refuse(self, status: int, code: str, message: str, hint: str | None = None) -> None:
        self.set_status(status)
        self.finish(
            msgspec.json.encode(ErrorAnswer(error=ErrorDetail(code=code, message=message, hint=hint)))
        )

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Jupyter's own refusals (login, XSRF), in the API's form."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        message = (
            error.log_message if isinstance(error, web.HTTPError) and error.log_message else self._reason
        )
        self._refuse(status_code, "forbidden" if status_code == 403 else "error", str(message))
