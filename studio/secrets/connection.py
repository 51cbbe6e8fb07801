"""How to reach something elsewhere: a database, a server, a storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from studio.errors import InvalidInput


class Connection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of it. A `repr` shows no secret."""

    type: str  # "postgresql", "http", "sqlite", "mysql+pymysql", …
    host: str = ""
    port: int | None = None
    login: str = ""
    password: str = ""
    schema: str = ""  # of a database its name, or the file; of a server "http" or "https"
    extra: dict[str, Any] = {}

    @property
    def url(self) -> str:
        """`type://login:password@host:port/schema`, as SQLAlchemy and others take it."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        login = f"{quote(self.login, safe='')}{secret}@" if self.login or secret else ""
        port = f":{self.port}" if self.port is not None else ""
        path = f"/{self.schema}" if self.schema else ""
        return f"{self.type}://{login}{self.host}{port}{path}"

    def __repr__(self) -> str:
        return f"Connection({self.type!r}, host={self.host!r}, login={self.login!r}, schema={self.schema!r})"

    @property
    def secrets(self) -> list[str]:
        """What must not be seen: the password, texts in `extra`, and the login where it is all that there is."""
        found = [self.password, *texts_in(self.extra)]
        if self.login and not self.password:  # a token
            found.append(self.login)
        return [each for each in found if each]


def connection_of(url: str) -> Connection:
    """From `type://login:password@host:port/schema?extra=…`. Raises `InvalidInput`, which shows nothing of the URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInput("The URL of the connection cannot be read.", hint=_HINT, field="url") from None
    if not parts.scheme or "://" not in url:
        raise InvalidInput("The URL of the connection names no type.", hint=_HINT, field="url")
    host = parts.hostname or ""
    return Connection(
        type=parts.scheme,
        host=f"[{host}]" if ":" in host else host,
        port=port,
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        schema=parts.path[1:],
        extra=dict(parse_qsl(parts.query, keep_blank_values=True)),
    )


def connection_from(given: str | Mapping[str, Any]) -> Connection:
    """From a URL or from fields. Raises `InvalidInput`, which shows no value."""
    if isinstance(given, str):
        return connection_of(given)
    try:
        return msgspec.convert(dict(given), Connection)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"The fields of the connection are not right: {error}.", field="connection"
        ) from None


_HINT = "It is type://login:password@host:port/schema; special characters in the password are URL-encoded (@ is %40)."


def texts_in(value: Any) -> list[str]:
    """All texts in a JSON value but the keys."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in texts_in(item)]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in texts_in(item)]
    return []
