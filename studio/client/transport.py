"""One call of a route over HTTP: what is sent, what comes back, and errors as the exceptions they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from studio.api.models import ErrorAnswer
from studio.api.routes import ROUTES, Route
from studio.client.endpoint import Endpoint
from studio.errors import Forbidden, InvalidInput, ServerUnavailable, StudioError

if TYPE_CHECKING:
    import httpx

_ROUTES: Final = {route.name: route for route in ROUTES}
_TIMEOUT: Final = 60.0  # seconds; a command waits for the scheduler
_CONNECT_TIMEOUT: Final = 5.0  # seconds


class Transport:
    """Calls routes by name. `locate` gives the server's address; it is asked again when the server is gone."""

    def __init__(self, endpoint: Endpoint, locate: Callable[[], Endpoint] | None) -> None:
        self.endpoint = endpoint
        self._locate = locate
        self._http: httpx.Client | None = None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def relocate(self) -> bool:
        """Look for the server anew; False if nothing else than before is known. Raises `ServerUnavailable`."""
        if self._locate is None:
            return False
        endpoint = self._locate()
        changed = endpoint != self.endpoint
        if changed:
            self.close()
            self.endpoint = endpoint
        return changed

    def call(
        self,
        name: str,
        path: Mapping[str, str] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
    ) -> Any:
        """The route's answer as its model. Entries of `query` that are None are left out.

        Raises the `StudioError` that the server's answer carries, or `ServerUnavailable`.
        """
        import httpx  # noqa: PLC0415 - 0.1 s that a program which only defines DAGs does not pay

        route = _ROUTES[name]
        headers, data = {}, content
        if content is not None:
            headers["Content-Type"] = "application/octet-stream"
        elif body is not None:
            headers["Content-Type"], data = "application/json", msgspec.json.encode(body)
        given = {key: value for key, value in (query or {}).items() if value is not None}
        for last in (False, True):
            try:
                answer = self._client().request(
                    route.method,
                    _filled(route, path or {}),
                    params=given,
                    content=data,
                    headers=headers,
                    timeout=httpx.Timeout(route.patience or _TIMEOUT, connect=_CONNECT_TIMEOUT),
                )
            except httpx.ConnectError as error:  # nothing was sent: the call may be made again
                if last or not self.relocate():
                    raise self._unavailable() from error
            except httpx.HTTPError as error:
                # A kept connection to a server that has died since. What may be done twice is done again.
                is_gone = isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError))
                if is_gone and not last and _is_repeatable(route, body):
                    self.relocate()
                    continue
                raise ServerUnavailable(
                    f"The studio server at {self.endpoint.url} did not answer: {str(error) or type(error).__name__}.",
                    hint="Its log may tell more: see `studio status`.",
                ) from error
            else:
                # A server that started anew on the same port has another token.
                if answer.status_code == 401 and not last and self.relocate():
                    continue
                return _read(route, answer)
        raise self._unavailable()

    def _client(self) -> httpx.Client:
        import httpx  # noqa: PLC0415 - as above

        if self._http is None:
            self._http = httpx.Client(
                base_url=self.endpoint.url,
                headers={"Authorization": f"token {self.endpoint.token}"},
                timeout=httpx.Timeout(_TIMEOUT, connect=_CONNECT_TIMEOUT),
                trust_env=False,  # the server is on this machine: no proxy
            )
        return self._http

    def _unavailable(self) -> ServerUnavailable:
        return ServerUnavailable(
            f"No studio server answers at {self.endpoint.url}.",
            hint="Start it with `studio server` or studio.connect().",
        )


def _is_repeatable(route: Route, body: Any) -> bool:
    """Whether making the call twice does no more than making it once."""
    return route.method != "POST" or getattr(body, "key", None) is not None


def _filled(route: Route, path: Mapping[str, str]) -> str:
    """The route's path with its parts encoded, so that none of them can be more than one segment."""

    def part(match: re.Match[str]) -> str:
        text = path[match[1]]
        if text in ("", ".", ".."):
            raise InvalidInput(f"{match[1]} is {text!r}, which is no name.", field=match[1])
        return quote(text, safe="")

    return re.sub(r"\{(\w+)\}", part, route.path)


def _read(route: Route, answer: httpx.Response) -> Any:
    if answer.status_code >= 400:
        raise error_of(answer.status_code, answer.content)
    if route.answer is None:
        return None
    if route.answer is bytes:
        return answer.content
    return msgspec.json.decode(answer.content, type=route.answer)


def error_of(status: int, content: bytes) -> StudioError:
    """The error that an answer carries."""
    try:
        detail = msgspec.json.decode(content, type=ErrorAnswer).error
    except msgspec.DecodeError:
        return ServerUnavailable(f"The server answered with status {status} and no explanation.")
    if status == 401:
        return Forbidden("The server does not take this token.", hint="Call studio.connect() again.")
    hint = detail.hint
    if status >= 500 and detail.request_id:
        hint = " ".join(filter(None, (hint, f"(request {detail.request_id})")))
    kind = next((found for found in _kinds(StudioError) if found.code == detail.code), None)
    if kind is None:
        kind = InvalidInput if status in (400, 413, 415) else StudioError
    if issubclass(kind, InvalidInput):
        return kind(detail.message, hint=hint, field=detail.field)
    return kind(detail.message, hint=hint)


def _kinds(kind: type[StudioError]) -> list[type[StudioError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in _kinds(child))]
