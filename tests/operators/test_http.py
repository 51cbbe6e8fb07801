"""`http`: what is asked, what becomes the value, what is shown, and what is said when it fails."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run
from .web import Web, serving


def test_answer_is_the_value_by_its_content_type(run: Run, web: Web) -> None:
    web.pages = {
        "/json": (200, "application/json; charset=utf-8", b'{"a": [1]}'),
        "/text": (200, "text/plain; charset=latin-1", "é".encode("latin-1")),
        "/bytes": (200, "application/octet-stream", b"\0\1"),
        "/empty": (204, "application/json", b""),
    }
    assert run("http", url=f"{web.url}/json").result.value == {"a": [1]}
    assert run("http", url=f"{web.url}/text").result.value == "é"
    assert run("http", url=f"{web.url}/empty").result.value is None
    assert run("http", url=f"{web.url}/json", value="text").result.value == '{"a": [1]}'
    assert run("http", url=f"{web.url}/json", value="none").result.value is None


def test_request_is_what_was_written(run: Run, web: Web, tmp_path: Path) -> None:
    ran = run(
        "http",
        {"params": {"q": "a&b=c #1"}},
        url=f"{web.url}/echo",
        method="POST",
        params={"q": "{{ params.q }}", "n": [1, 2]},
        headers={"X-Day": "{{ ds }}"},
        json={"day": "{{ ds }}", "n": "{{ params.q | length }}"},
    )
    asked = ran.result.value
    assert (asked["method"], asked["path"]) == ("POST", "/echo?q=a%26b%3Dc+%231&n=1&n=2")
    assert asked["headers"]["X-Day"] == "2013-01-01"
    assert json.loads(asked["body"]) == {"day": "2013-01-01", "n": 8}
    assert run("http", url=f"{web.url}/echo", method="PUT", data="raw").result.value["body"] == "raw"
    form = run("http", url=f"{web.url}/echo", method="POST", data={"a": "x y"}).result.value
    assert form["body"] == "a=x+y"
    (tmp_path / "up.txt").write_text("content")
    sent = run("http", url=f"{web.url}/echo", method="POST", files={"file": "up.txt"}).result.value
    assert 'name="file"; filename="up.txt"' in sent["body"]
    assert "content" in sent["body"]


def test_request_and_answer_are_shown(run: Run, web: Web) -> None:
    ran = run("http", url=f"{web.url}/echo")
    (cell,) = ran.output.cells
    stream, shown = cell.outputs
    assert cell.source == f"GET {web.url}/echo"
    first, *lines = stream.text.splitlines()
    assert first.startswith("200 OK, ")
    assert "set-cookie: ***" in lines
    assert "content-type: application/json" in lines
    assert shown.data["application/json"]["path"] == "/echo"
    assert "secret" not in stream.text


def test_bad_status_fails_with_the_beginning_of_the_body(run: Run, web: Web) -> None:
    web.pages["/bad"] = (422, "text/plain", b"no such\nday")
    ran = run("http", url=f"{web.url}/bad")
    assert ran.result.state == "failed"
    assert ran.result.error == (
        f"BadStatus: GET {web.url}/bad was answered with 422 Unprocessable Entity. It said: no such day"
    )
    assert run("http", url=f"{web.url}/bad", expect=[200, 422]).result.state == "success"


def test_condition_is_judged(run: Run, web: Web) -> None:
    web.pages["/state"] = (200, "application/json", b'{"state": "ready"}')
    assert run("http", url=f"{web.url}/state", condition="value.state == 'ready'").result.state == "success"
    error = run("http", url=f"{web.url}/state", condition="value.state == 'done'").result.error
    assert error == "RequestFailed: The answer is not as expected: `value.state == 'done'` does not hold."
    assert "cannot be judged" in str(run("http", url=f"{web.url}/state", condition="valu.x").result.error)


def test_redirects_are_followed(run: Run, web: Web) -> None:
    web.pages["/there"] = (200, "text/plain", b"here")
    assert run("http", url=f"{web.url}/to//there").result.value == "here"
    assert "302 Found" in str(run("http", url=f"{web.url}/to//there", follow_redirects=False).result.error)
    assert "more than 20 redirects" in str(
        run("http", url=f"{web.url}/to/" * 1 + "/to/" * 30 + "x").result.error
    )


def _closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_failures_of_the_network_are_explained(run: Run, web: Web) -> None:
    refused = f"http://127.0.0.1:{_closed_port()}/"
    assert run("http", url=refused).result.error == (
        f"RequestFailed: {refused} refuses connections. Is the server running, and are host and port right?"
    )
    unknown = str(run("http", url="http://nowhere.invalid/").result.error)
    assert unknown.startswith("RequestFailed: The host of http://nowhere.invalid/ is not known: ")
    slow = run("http", url=f"{web.url}/slow", request_timeout=0.2).result.error
    assert slow == f"RequestTimedOut: {web.url}/slow did not go on answering in time (`request_timeout`)."
    assert "Server disconnected" in str(run("http", url=f"{web.url}/broken").result.error)
    assert "RequestFailed: https://" in str(run("http", url=web.url.replace("http:", "https:")).result.error)


def test_what_is_no_json_says_so(run: Run, web: Web) -> None:
    web.pages["/text"] = (200, "text/plain", b"<html>")
    error = str(run("http", url=f"{web.url}/text", value="json").result.error)
    assert error.startswith("RequestFailed: The answer is no JSON: ")
    assert "It begins with '<html>'" in error


INJECTIONS: list[tuple[dict[str, Any], str]] = [
    ({"headers": {"X-A": "{{ params.v }}"}}, "x\r\nX-Evil: 1"),
    ({"headers": {"X-A": "{{ params.v }}"}}, "x\nX-Evil: 1"),
    ({"headers": {"X-A": "{{ params.v }}"}}, "x\0y"),
    ({"url": "{url}/echo?{{ params.v }}"}, "a HTTP/1.1\r\nX-Evil: 1"),
    ({"url": "{url}/{{ params.v }}"}, "echo\nX-Evil: 1"),
    ({"url": "{{ params.v }}"}, "file:///etc/passwd"),
    ({"url": "{{ params.v }}"}, "ftp://127.0.0.1/x"),
    ({"url": "{{ params.v }}"}, "javascript:alert(1)"),
    ({"url": "{{ params.v }}"}, "//127.0.0.1/x"),
    ({"url": "{{ params.v }}"}, "/echo"),
    ({"url": "{{ params.v }}"}, "http://"),
    ({"url": "{{ params.v }}"}, "http://[::1"),
    ({"url": "{{ params.v }}"}, "http://127.0.0.1:99999/"),
]


@pytest.mark.parametrize(("given", "value"), INJECTIONS)
def test_value_cannot_change_what_is_asked(run: Run, web: Web, given: dict[str, Any], value: str) -> None:
    given = {"url": "{url}/echo", **given}
    given["url"] = given["url"].replace("{url}", web.url)
    ran = run("http", {"params": {"v": value}}, **given)
    assert ran.result.state == "failed"
    assert ran.result.error is not None and ran.result.error.startswith("InvalidInput: ")
    assert web.asked == []


def test_value_in_the_query_or_the_body_is_only_a_value(run: Run, web: Web) -> None:
    value = "x&admin=1#\r\nX-Evil: 1\0é"
    ran = run(
        "http", {"params": {"v": value}}, url=f"{web.url}/echo", method="POST", params={"v": "{{ params.v }}"},
        json={"v": "{{ params.v }}"},
    )  # fmt: skip
    assert ran.result.value["path"] == "/echo?v=x%26admin%3D1%23%0D%0AX-Evil%3A+1%00%C3%A9"
    assert json.loads(ran.result.value["body"]) == {"v": value}
    assert "X-Evil" not in ran.result.value["headers"]


@pytest.fixture
def secure(certificate: Path) -> Iterator[Web]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as found:
        yield found


def test_certificate_that_nobody_knows_is_refused(run: Run, secure: Web) -> None:
    assert run("http", url=f"{secure.url}/echo").result.error == (
        f"RequestFailed: {secure.url}/echo: no secure connection: self-signed certificate. A certificate of your own "
        """stands in the connection's extra: {"verify": "ca.pem"}."""
    )
    assert secure.asked == []
