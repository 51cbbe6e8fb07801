"""`http` with a connection: where it leads, what is sent along, and that nothing takes it elsewhere."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from studio.errors import InvalidInput
from studio.operators.http import Http

from .web import Web, serving


class Asking:
    """As much of an attempt as a request needs: a connection, and a cell that keeps what is written."""

    dag_directory = Path()

    def __init__(self, **fields: Any) -> None:
        blank: dict[str, Any] = {
            "type": "http",
            "host": "",
            "port": None,
            "login": "",
            "password": "",
            "schema": "",
            "extra": {},
        }
        self._connection = SimpleNamespace(**{**blank, **fields})
        self.shown: list[str] = []

    def connection(self, name: str) -> Any:
        return self._connection

    def write(self, text: str, stream: str = "stdout") -> None:
        self.shown.append(text)

    def show(self, value: object) -> None:
        self.shown.append(repr(value))

    def ask(self, url: str, **more: Any) -> Any:
        attempt: Any = self
        return Http(url=url, connection="api", **more).ask(attempt, self).json()


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as found:
        yield found


@pytest.fixture
def other() -> Iterator[Web]:
    with serving() as found:
        yield found


def at(web: Web, **more: Any) -> Asking:
    parts = urlsplit(web.url)
    return Asking(host=parts.hostname, port=parts.port, **more)


def test_path_is_below_the_base_url(web: Web) -> None:
    assert at(web).ask("/echo", params={"a": 1})["path"] == "/echo?a=1"
    assert at(web).ask("echo")["path"] == "/echo"
    assert Asking(host=f"{web.url}/").ask("/echo")["path"] == "/echo"
    assert at(web).ask(f"{web.url}/echo")["path"] == "/echo"


def test_login_and_password_or_a_token_are_sent_along_and_not_shown(web: Web) -> None:
    asking = at(web, login="me", password="secret")
    assert asking.ask("/echo")["headers"]["Authorization"] == "Basic bWU6c2VjcmV0"
    asking = at(web, extra={"token": "secret-token", "headers": {"X-Tenant": "7"}})
    told = asking.ask("/echo")["headers"]
    assert (told["Authorization"], told["X-Tenant"]) == ("Bearer secret-token", "7")


@pytest.mark.parametrize(
    "value",
    [
        "http://127.0.0.2/echo",
        "https://127.0.0.1/echo",
        "{other}/echo",
        "{web}@127.0.0.2/echo",
        "http://{host}\\@127.0.0.2/",
    ],
)
def test_no_value_leads_to_another_server(web: Web, other: Web, value: str) -> None:
    url = (
        value.replace("{other}", other.url)
        .replace("{web}", web.url)
        .replace("{host}", urlsplit(web.url).netloc)
    )
    with pytest.raises(InvalidInput):
        at(web, login="me", password="secret").ask(url)
    assert (web.asked, other.asked) == ([], [])


@pytest.mark.parametrize(
    "value", ["//127.0.0.2/echo", "@127.0.0.2/", "\\\\127.0.0.2/", "ftp://127.0.0.2/", "../../x", "?x"]
)
def test_value_without_a_server_stays_on_this_one(web: Web, value: str) -> None:
    web.pages = {}
    with pytest.raises(Exception, match=r"404|does not|none"):
        at(web, login="me", password="secret").ask(value)
    assert all(asked["headers"]["Host"] == urlsplit(web.url).netloc for asked in web.asked)


def test_redirect_to_another_server_leaves_the_secrets_behind(web: Web, other: Web) -> None:
    asking = at(web, extra={"token": "secret-token", "headers": {"X-Key": "secret-key"}})
    told = asking.ask(f"/to/{other.url}/echo", headers={"X-Mine": "1"})["headers"]
    assert (told.get("Authorization"), told.get("X-Key"), told["X-Mine"]) == (None, None, "1")
    assert other.asked[0]["headers"]["Host"] == urlsplit(other.url).netloc
    there = asking.ask("/to//echo")["headers"]
    assert (there["Authorization"], there["X-Key"]) == ("Bearer secret-token", "secret-key")


def test_header_of_a_connection_cannot_begin_another(web: Web) -> None:
    with pytest.raises(InvalidInput, match="has a line end or a null byte"):
        at(web, extra={"token": "a\r\nX-Evil: 1"}).ask("/echo")


def test_connection_says_which_certificate_counts(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as secure:
        assert at(secure, schema="https", extra={"verify": str(certificate)}).ask("/echo")["method"] == "GET"
        assert at(secure, schema="https", extra={"verify": False}).ask("/echo")["method"] == "GET"
