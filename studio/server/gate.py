"""Who may talk to this server at all. Every request passes here first: routes, the stream, unknown paths, errors.

The server listens on the loopback device, but every local user and every web page in the user's browser can reach
that. A token in a header, or the session of a browser that logged in, keeps out the users; Host (DNS rebinding) and
Origin (other pages) keep out the pages.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Final

from tornado.httputil import HTTPServerRequest

from studio.api.models import ErrorDetail
from studio.server.sessions import Sessions

#: `Host` of a request that a person or the Jupyter proxy of this machine sends: exactly these, with any port.
_HOST: Final = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_AUTHORIZATION: Final = re.compile(r"(?:token|bearer) +(\S+)", re.IGNORECASE)
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

#: On every answer. There is no CORS header: no other origin may read anything.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "studio",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    detail: ErrorDetail


class Gate:
    """Holds the token; says of a request why it is refused, or None."""

    def __init__(self, token: str, sessions: Sessions | None = None) -> None:
        self._token = token.encode()
        self._sessions = sessions

    def __repr__(self) -> str:
        return "Gate(***)"

    def refusal(self, request: HTTPServerRequest) -> Refusal | None:
        """Host first, then token or session, then the origin."""
        refused = self.host_refusal(request)
        if refused is not None:
            return refused
        has_token = self._authorised(request)
        if not has_token and not (self._sessions is not None and self._sessions.admits(request)):
            return _refuse(
                401,
                "unauthorized",
                "The token is missing or wrong.",
                "Send `Authorization: token …`; `studio.connect()` finds the token of your server by itself.",
            )
        if not _origin_fits(request, request.headers["Host"], is_told=not has_token):
            return _refuse(403, "forbidden_origin", "Requests of other origins are not served.", None)
        return None

    def stranger_refusal(self, request: HTTPServerRequest) -> Refusal | None:
        """Of a form that is shown to anybody: why what was sent is not from that form in a browser."""
        refused = self.host_refusal(request)
        if refused is None and not _origin_fits(request, request.headers["Host"], is_told=True):
            return _refuse(403, "forbidden_origin", "Requests of other origins are not served.", None)
        return refused

    def host_refusal(self, request: HTTPServerRequest) -> Refusal | None:
        """The first part of it: of pages that are shown to anybody on this machine."""
        hosts = request.headers.get_list("Host")
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            return _refuse(403, "forbidden_host", "This Host is not served.", "Use 127.0.0.1 or localhost.")
        return None

    def _authorised(self, request: HTTPServerRequest) -> bool:
        given = request.headers.get_list("Authorization")
        match = _AUTHORIZATION.fullmatch(given[0].strip()) if len(given) == 1 else None
        return match is not None and hmac.compare_digest(
            match[1].encode("utf-8", "surrogateescape"), self._token
        )


def _origin_fits(request: HTTPServerRequest, host: str, *, is_told: bool) -> bool:
    """A page may act here only if it was loaded from here; who sends no Origin is no page.

    `is_told`: a browser sent a cookie, so it must say the origin, too. Cookies go to every port of this machine.
    """
    upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
    if request.method in _SAFE and not upgrade:
        return True
    origins = request.headers.get_list("Origin")
    return origins == [f"http://{host}"] or not (origins or is_told)


def _refuse(status: int, code: str, message: str, hint: str | None) -> Refusal:
    return Refusal(status, ErrorDetail(code=code, message=message, hint=hint))
