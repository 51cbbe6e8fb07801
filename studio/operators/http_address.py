"""URLs and headers, as they may be asked and sent: what a value puts into them changes nothing else."""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from studio.core.names import shown
from studio.errors import InvalidInput

if TYPE_CHECKING:
    import httpx

    from studio.secrets.connection import Connection

_LOGIN: Final = re.compile(r"^(\w+://)[^/?#]*@")


@dataclass(frozen=True, slots=True)
class Server:
    """What a connection says of the server that is asked: no value leads its secrets to another one."""

    url: str
    headers: Mapping[str, str]
    verify: bool | str

    @classmethod
    def anywhere(cls) -> Server:
        """No connection says where to go."""
        return cls("", {}, True)

    @classmethod
    def of(cls, connection: Connection) -> Server:
        extra, host = connection.extra, connection.host
        if "://" not in host:
            known = [each for each in (connection.schema, connection.type) if each in ("http", "https")]
            port = f":{connection.port}" if connection.port else ""
            host = f"{known[0] if known else 'https'}://{host}{port}"
        headers = {str(name): header_text(value) for name, value in (extra.get("headers") or {}).items()}
        if extra.get("token"):
            headers["Authorization"] = f"Bearer {extra['token']}"
        elif connection.login:
            login = f"{connection.login}:{connection.password}".encode()
            headers["Authorization"] = f"Basic {b64encode(login).decode()}"
        for name, value in headers.items():
            check_header(name, value)
        check_scheme(host)
        return cls(host.rstrip("/"), headers, extra.get("verify", True))

    def joined(self, url: str) -> str:
        """The whole URL."""
        bad = next((char for char in url if char < " " or char == "\x7f"), None)
        if bad is not None:
            raise InvalidInput(
                f"The URL {shown(url)} has the character {shown(bad)}, which no URL can hold.",
                hint="What comes from elsewhere is escaped by a filter: {{ params.name | urlencode }}.",
                field="url",
            )
        whole = url
        if self.url and _split(url).scheme not in ("http", "https"):
            whole = f"{self.url}/{url.lstrip('/')}" if url else self.url
        check_scheme(whole)
        return whole

    def fence(self, url: httpx.URL) -> None:
        """Raise `InvalidInput` for a URL, as it will be asked, of another server."""
        if self.url and origin(str(url)) != origin(self.url):
            raise InvalidInput(
                f"The URL {shown(public(str(url)), 300)} leads away from {public(self.url)}, its connection's.",
                hint="Give a path, such as '/items/1'.",
                field="url",
            )

    def verification(self) -> ssl.SSLContext | bool:
        return ssl.create_default_context(cafile=self.verify) if isinstance(self.verify, str) else self.verify


def check_scheme(url: str) -> None:
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(
            f"The URL {shown(public(url), 300)} does not begin with http:// or https:// and a host.",
            hint="A path alone needs a connection, which has the base URL.",
            field="url",
        )


def check_header(name: str, value: object) -> None:
    """A line end in a header would begin another one."""
    for part in (name, header_text(value)):
        if any(char in part for char in "\r\n\0"):
            raise InvalidInput(
                f"The header {shown(name)} has a line end or a null byte in its name or value.",
                field="headers",
            )
    if not name or not name.isascii() or any(char in ' ()<>@,;:\\"/[]?={}\t' for char in name):
        raise InvalidInput(f"{shown(name)} is no name of a header.", field="headers")


def header_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def origin(url: str) -> tuple[str, str | None, int | None]:
    parts = _split(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is read here: a port may be none
    except ValueError as error:
        raise InvalidInput(f"The URL {shown(url, 300)} is none: {error}.", field="url") from error
    return parts


def public(url: str) -> str:
    """Without login and password."""
    return _LOGIN.sub(r"\1", url)
