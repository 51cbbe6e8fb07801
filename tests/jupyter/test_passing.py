"""What reaches the studio server, byte for byte, and what comes back: an echo stands in its place."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from studio.settings import Settings

from .conftest import TOKEN, Jupyter, running

SECRET = "secret-of-the-echo"


@dataclass
class Seen:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    size: int


@dataclass
class Echo:
    """Answers as a studio server that takes everything."""

    seen: list[Seen] = field(default_factory=list)
    status: int = 200

    def last(self) -> Seen:
        return self.seen[-1]


def _handler(echo: Echo) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path != "/api/server":
                headers = {name.lower(): value for name, value in self.headers.items()}
                echo.seen.append(Seen(self.command, self.path, headers, len(body)))
            self.send_response(echo.status if self.path != "/api/server" else 200)
            for name, value in {
                "Content-Type": "application/x-ipynb+json",
                "Content-Disposition": 'attachment; filename="output.ipynb"',
                "Cache-Control": "no-store",
                "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'",
                "Set-Cookie": "a=b",
                "Location": "http://evil.example/",
                "Access-Control-Allow-Origin": "*",
                "Content-Length": "2",
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: Any) -> None: ...

    for method in ("GET", "PUT", "POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    return Handler


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[Echo, str]]:
    echo = Echo()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(echo)) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield echo, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, echo: tuple[Echo, str]) -> Iterator[Jupyter]:
    """A Jupyter server that finds the echo in the runtime file."""
    folder = tmp_path_factory.mktemp("echo")
    home = folder / "home"
    key = Settings(home=home, database="", dag_folder=home, slots=1).key
    file = folder / "runtime" / f"pipeline-studio-{key}.json"
    file.parent.mkdir(mode=0o700)
    file.touch(mode=0o600)
    file.write_text(json.dumps({"url": echo[1], "token": SECRET, "pid": os.getpid(), "version": "0"}))
    with running(folder) as jupyter:
        yield jupyter


def test_nothing_of_the_browser_is_handed_on(proxied: Jupyter, echo: tuple[Echo, str]) -> None:
    with proxied.logged_in() as browser:
        headers = {
            "X-XSRFToken": browser.cookies["_xsrf"],
            "Origin": proxied.origin,
            "Referer": f"{proxied.url}/lab",
            "X-Forwarded-For": "10.0.0.1",
            "X-Studio-User": "somebody else",
            "X-Studio-Notebooks": "/etc",
        }
        path = f"/api/dags/a?token=&_xsrf={browser.cookies['_xsrf']}"
        answer = browser.patch(path, json={"paused": True}, headers=headers)
    assert answer.status_code == 200
    seen = echo[0].last()
    assert (seen.method, seen.path) == ("PATCH", "/api/dags/a")
    user = seen.headers.pop("x-studio-user")
    assert user and user != "somebody else"
    assert seen.headers.pop("x-studio-notebooks").endswith("/echo0")  # Jupyter's root
    assert seen.headers == {
        "authorization": f"token {SECRET}",
        "connection": "close",
        "content-length": str(seen.size),
        "content-type": "application/json",
        "host": echo[1].removeprefix("http://"),
        "user-agent": seen.headers["user-agent"],
    }
    assert "httpx" not in seen.headers["user-agent"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/dags/a/runs/manual__2026-11-22T10:00:00+00:00",
        "/api/dags/a/runs/manual__2026-11-22T10%3A00%3A00%2B00%3A00",
        "/api/dags/a/runs/x%2Fy%20z%25",
        "/api/dags/a/runs/x/tasks/t/output?map_index=-1&try_number=2",
        "/api/dags/%C3%A4",
    ],
)
def test_paths_stay_encoded_as_they_came(proxied: Jupyter, echo: tuple[Echo, str], path: str) -> None:
    header = {"Authorization": f"token {TOKEN}"}
    assert httpx.get(f"{proxied.url}/studio{path}", headers=header).status_code == 200
    assert echo[0].last().path == path


def test_few_headers_come_back(proxied: Jupyter) -> None:
    with proxied.logged_in() as browser:
        answer = browser.get("/api/dags/a/runs/b/tasks/c/notebook", headers={"Referer": proxied.url})
    assert answer.headers["Content-Type"] == "application/x-ipynb+json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="output.ipynb"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "a=b" not in answer.headers.get("Set-Cookie", "")
    assert not {"location", "access-control-allow-origin"} & set(answer.headers)
    assert SECRET not in answer.text + str(answer.headers)


@pytest.mark.parametrize("what", ["notebook", "export?format=html"])
def test_files_stay_in_their_sandbox(proxied: Jupyter, what: str) -> None:
    with proxied.logged_in() as browser:
        answer = browser.get(f"/api/dags/a/runs/b/tasks/c/{what}", headers={"Referer": proxied.url})
        other = browser.get("/api/dags/a", headers={"Referer": proxied.url})
    assert answer.headers.get_list("Content-Security-Policy") == ["sandbox allow-scripts; default-src 'none'"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "allow-scripts" not in other.headers["Content-Security-Policy"]


def test_redirects_are_not_followed(proxied: Jupyter, echo: tuple[Echo, str]) -> None:
    echo[0].status = 302
    try:
        with proxied.with_token() as program:
            answer = program.get("/api/dags")
    finally:
        echo[0].status = 200
    assert (answer.status_code, "location" in answer.headers) == (302, False)


def test_a_refused_token_is_not_the_browsers_fault(proxied: Jupyter, echo: tuple[Echo, str]) -> None:
    echo[0].status = 401
    try:
        with proxied.with_token() as program:
            answer = program.get("/api/dags")
    finally:
        echo[0].status = 200
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "server_unavailable")
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/api/dags/a", 8 * 1024 * 1024, 200),
        ("/api/dags/a", 8 * 1024 * 1024 + 1, 413),
        (f"/api/sources/{'0' * 64}", 12 * 1024 * 1024, 200),
    ],
)
def test_bodies_have_limits(
    proxied: Jupyter, echo: tuple[Echo, str], path: str, size: int, status: int
) -> None:
    before = len(echo[0].seen)
    with proxied.with_token() as program:
        answer = program.put(path, content=b" " * size, headers={"Content-Type": "application/octet-stream"})
    assert answer.status_code == status
    if status == 200:
        assert echo[0].last().size == size
        assert echo[0].last().headers["content-type"] == "application/octet-stream"
    else:
        assert len(echo[0].seen) == before
        assert answer.json()["error"]["code"] == "too_large"


def test_raw_bytes_in_a_path_do_no_harm(proxied: Jupyter) -> None:
    host, _, port = proxied.origin.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        raw.sendall(
            b"GET /base/studio/api/dags/\xc3\xa4 HTTP/1.1\r\nHost: "
            + f"{host}:{port}\r\nAuthorization: token {TOKEN}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b""
        while chunk := raw.recv(65536):
            answer += chunk
    assert answer.split(b" ", 2)[1] in (b"200", b"400")


def test_logs_stay_clean(proxied: Jupyter) -> None:
    log = Path(proxied.log).read_text()
    assert "Traceback" not in log, log
    assert SECRET not in log
