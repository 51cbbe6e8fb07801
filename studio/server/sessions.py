"""Browsers that are logged in: by a link that works once, and then by a signed cookie.

The cookie says nothing but until when it holds. The key that signs it is in a file of the home, so that sessions
outlive the server; a new key ends them all.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final

from tornado.httputil import HTTPServerRequest
from tornado.web import create_signed_value, decode_signed_value

from studio.ports import Clock

KEY_FILE: Final = "session.key"
TICKET_LIFE: Final = 300.0  # seconds
SESSION_DAYS: Final = 30
_TICKETS: Final = 20  # that wait to be used
_VALUE: Final = "in"


class Sessions:
    """Of one studio. The key is made when the first browser logs in."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self._path = home / KEY_FILE
        self._clock = clock
        self._tickets: dict[bytes, float] = {}  # SHA-256 → until when, on the monotonic clock
        # Cookies do not know ports: another studio on this machine must not overwrite ours.
        self.cookie: Final = f"studio-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"

    def new_ticket(self) -> str:
        """For one login within `TICKET_LIFE`."""
        ticket = secrets.token_urlsafe(32)
        while len(self._tickets) >= _TICKETS:
            self._tickets.pop(next(iter(self._tickets)))
        self._tickets[_digest(ticket)] = self._clock.monotonic() + TICKET_LIFE
        return ticket

    def is_valid(self, ticket: str) -> bool:
        """Whether `redeem` would take it; that it was asked for changes nothing."""
        until = self._tickets.get(_digest(ticket))
        return until is not None and self._clock.monotonic() <= until

    def redeem(self, ticket: str) -> str | None:
        """The cookie's value for a ticket, which is used up by that; None if it is not valid (any more)."""
        until = self._tickets.pop(_digest(ticket), None)
        if until is None or self._clock.monotonic() > until:
            return None
        return create_signed_value(self._key(make=True), self.cookie, _VALUE).decode("ascii")

    def admits(self, request: HTTPServerRequest) -> bool:
        """Whether the request comes from a browser that is logged in."""
        cookies = SimpleCookie()
        try:
            for header in request.headers.get_list("Cookie"):
                cookies.load(header)
        except CookieError:
            return False
        morsel = cookies.get(self.cookie)
        key = None if morsel is None else self._key()
        if morsel is None or not key:
            return False
        value = decode_signed_value(key, self.cookie, morsel.value, max_age_days=SESSION_DAYS)
        return value == _VALUE.encode()

    def end_all(self) -> None:
        """Log out every browser, and let no link be used any more."""
        self._tickets.clear()
        self._path.unlink(missing_ok=True)

    def _key(self, *, make: bool = False) -> str:
        try:
            return self._path.read_text("ascii").strip()
        except FileNotFoundError:
            if not make:
                return ""
        key = secrets.token_urlsafe(32)
        # Whole or not at all: an empty key would let nobody in.
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(key)
        temporary.replace(self._path)
        return key


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "surrogateescape")).digest()
