"""The API through Jupyter: Jupyter's login and XSRF check in front, the studio's own token behind.

Only routes of the API pass, by path and method. Nothing of the browser's request is handed on but method, path,
query, content type and body; of the answer only status, body and a few headers. The token stays here.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.httpclient import HTTPRequest, HTTPResponse
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError, SimpleAsyncHTTPClient

from studio.api.models import ErrorAnswer, ErrorDetail
from studio.api.passing import routes_at
from studio.api.routes import NOTEBOOKS_HEADER, Route
from studio.client.endpoint import Endpoint
from studio.errors import ServerUnavailable
from studio.jupyter.upstream import Upstream

TIMEOUT: Final = 120.0  # seconds for one request
MAX_BODY: Final = 8 * 1024 * 1024  # bytes; as in the studio server
MAX_SOURCE: Final = 100 * 1024 * 1024  # bytes of an uploaded notebook
MAX_ANSWER: Final = 256 * 1024 * 1024  # bytes; output notebooks may be large
RETRY_AFTER: Final = 2  # seconds

_UNREACHABLE: Final = (OSError, HTTPStreamClosedError)
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_OWN_ARGUMENTS: Final = frozenset({"token", "_xsrf"})  # of the query; they are Jupyter's
#: Of the answer; Jupyter sets its own policy, cookies and the rest.
_ANSWER_HEADERS: Final = ("Allow", "Cache-Control", "Content-Disposition", "Retry-After", "X-Request-Id")
_POLICY: Final = "Content-Security-Policy"
#: What may stand in a path as it is. `%` too: segments stay encoded as they came.
_PATH_CHARACTERS: Final = "/%:@!$&'()*+,;=~"


class ApiProxy(APIHandler):
    """All methods of `<base>/studio/api/…`."""

    auth_resource = "studio"

    def initialize(
        self, upstream: Upstream, client: SimpleAsyncHTTPClient, prefix: str, notebooks: str | None = None
    ) -> None:
        """`notebooks`: where paths of notebooks start in Jupyter; None: the studio server knows."""
        self._upstream = upstream
        self._client = client
        self._prefix = prefix
        self._notebooks = notebooks

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
        # Not the handler's `path` argument: it is decoded, and a run id may hold an encoded slash or plus.
        path = self.request.path.removeprefix(self._prefix)
        routes = routes_at(path)
        if not routes:
            return self._refuse(404, "not_found", "The studio has no such address.")
        route = routes.get(str(self.request.method))
        if route is None:
            methods = ", ".join(sorted(routes))
            self.set_header("Allow", methods)
            return self._refuse(405, "method_not_allowed", f"This address takes {methods}.")
        limit = MAX_SOURCE if route.name == "put_source" else MAX_BODY
        if len(self.request.body) > limit:
            return self._refuse(
                413, "too_large", f"The body is too large; at most {limit // 1024 // 1024} MB are taken."
            )
        try:
            response = await self._ask(route, path)
        except ServerUnavailable as error:
            self.set_header("Retry-After", str(RETRY_AFTER))
            return self._refuse(503, error.code, error.message, error.hint)
        self._answer(route, response)

    async def _ask(self, route: Route, path: str) -> HTTPResponse:
        """Ask the studio server; if it is gone or was replaced, once more the one that is there then.

        Raises `ServerUnavailable`.
        """
        for _ in range(2):
            endpoint = await self._upstream.endpoint()
            try:
                response = await self._client.fetch(self._request(endpoint, route, path), raise_error=False)
            except HTTPTimeoutError as error:
                raise ServerUnavailable(
                    f"The studio server did not answer within {route.patience or TIMEOUT:.0f} s.",
                    hint="Try again later.",
                ) from error
            except _UNREACHABLE as error:
                self._upstream.forget(endpoint)
                if route.method == "GET" or isinstance(error, ConnectionRefusedError):
                    continue
                # It may have been done before the server went: only who asked can say whether to repeat it.
                raise ServerUnavailable(
                    "The studio server went away during the request; it is being started again.",
                    hint="Look whether the change was made, then try again.",
                ) from error
            if response.code != 401:
                return response
            self._upstream.forget(endpoint)  # another server with another token; it has done nothing
        raise ServerUnavailable("The studio server comes and goes.", hint="Its log tells why.")

    def _request(self, endpoint: Endpoint, route: Route, path: str) -> HTTPRequest:
        headers = {"Authorization": f"token {endpoint.token}", "X-Studio-User": self._user()}
        if self._notebooks is not None:
            headers[NOTEBOOKS_HEADER] = quote(self._notebooks)
        if self.request.body:
            headers["Content-Type"] = self.request.headers.get("Content-Type", "application/json")
        given = parse_qsl(self.request.query, keep_blank_values=True)
        query = urlencode([(name, value) for name, value in given if name not in _OWN_ARGUMENTS])
        path = quote(path, safe=_PATH_CHARACTERS, encoding="latin-1")  # as Tornado has read its bytes
        return HTTPRequest(
            f"{endpoint.url}{path}?{query}" if query else f"{endpoint.url}{path}",
            method=route.method,
            headers=headers,
            body=self.request.body if route.method in _WITH_BODY else None,
            follow_redirects=False,
            connect_timeout=5.0,
            request_timeout=route.patience or TIMEOUT,
            decompress_response=False,
        )

    def _user(self) -> str:
        """Who asks, for the studio's records: printable ASCII, because it is a header."""
        return ascii(str(getattr(self.current_user, "username", "")))[1:-1][:200]

    def _answer(self, route: Route, response: HTTPResponse) -> None:
        self.set_status(response.code)
        if (
            route.answer is bytes and _POLICY in response.headers
        ):  # a file, which the studio puts into a sandbox
            self.set_header(_POLICY, response.headers[_POLICY])
        for name in _ANSWER_HEADERS:
            if name in response.headers:
                self.set_header(name, response.headers[name])
        content_type = response.headers.get("Content-Type", "application/json")
        self.finish(response.body if response.code != 204 else None, set_content_type=content_type)

    def _refuse(self, status: int, code: str, message: str, hint: str | None = None) -> None:
        self.set_status(status)
        self.finish(
            msgspec.json.encode(ErrorAnswer(error=ErrorDetail(code=code, message=message, hint=hint)))
        )

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Jupyter's own refusals (login, XSRF), in the API's form."""
        if (
            status_code == 403 and getattr(self, "_jupyter_current_user", None) is None
        ):  # checks come before it is set
            return self._refuse(
                403,
                "not_logged_in",
                "You are not logged in to Jupyter any more.",
                "Log in again in another tab of this browser, then try again here: what is open stays.",
            )
        error = kwargs.get("exc_info", (None, None, None))[1]
        message = error.log_message if isinstance(error, web.HTTPError) else None
        self._refuse(
            status_code, "forbidden" if status_code == 403 else "error", str(message or self._reason)
        )
