"""What passes through Jupyter and what does not, asked as browsers and programs ask."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from studio.api.routes import ROUTES

from ..client.conftest import wait_until_gone
from .conftest import TOKEN, Jupyter, running

SPEC: dict[str, Any] = {
    "id": "through",
    "tasks": [{"id": "a", "kind": "function", "config": {"function": "math:sqrt", "args": {"x": 4}}}],
}


def _cookies(browser: httpx.Client) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)


def _receive(socket: Any) -> dict[str, Any]:
    """The only message of the next frame."""
    (message,) = json.loads(socket.recv(timeout=60))
    return dict(message)


# --- HTTP ----------------------------------------------------------------------------------------------------


def test_a_program_with_the_token_of_jupyter_passes(jupyter: Jupyter) -> None:
    with jupyter.with_token() as program:
        answer = program.get("/api/server")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()["pid"] == jupyter.studio()["pid"]


def test_the_token_of_the_studio_stays_inside(jupyter: Jupyter) -> None:
    with jupyter.logged_in() as browser:
        answers = [
            browser.get(path) for path in ("/api/server", "/api/dags", "/api/openapi.json", "/api/dags/none")
        ]
    secret = jupyter.studio()["token"]
    for answer in answers:
        assert secret not in answer.text + str(answer.headers)
    assert secret not in jupyter.log.read_text()


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH", "DELETE"])
def test_nobody_passes_without_login(jupyter: Jupyter, method: str) -> None:
    paths = [route.path for route in ROUTES if route.method == method]
    for path in paths:
        answer = httpx.request(method, f"{jupyter.url}/studio{path}")
        assert answer.status_code == 403, path
        assert answer.json()["error"]["code"] == "not_logged_in"


def test_the_studio_token_is_no_jupyter_token(jupyter: Jupyter) -> None:
    with jupyter.with_token() as program:
        program.get("/api/server")
    header = {"Authorization": f"token {jupyter.studio()['token']}"}
    assert httpx.get(f"{jupyter.url}/studio/api/server", headers=header).status_code == 403


def test_a_page_needs_the_xsrf_header(jupyter: Jupyter) -> None:
    with jupyter.logged_in() as browser:
        assert browser.put("/api/dags/through", json={"spec": SPEC}).status_code == 403
        header = {"X-XSRFToken": browser.cookies["_xsrf"]}
        assert browser.put("/api/dags/through", json={"spec": SPEC}, headers=header).status_code == 200


def test_a_foreign_page_changes_nothing(jupyter: Jupyter) -> None:
    with jupyter.logged_in() as browser:
        header = {"Origin": "http://evil.example", "Referer": "http://evil.example/"}
        for extra in ({}, {"X-XSRFToken": browser.cookies["_xsrf"]}):
            answer = browser.patch("/api/dags/through", json={"paused": True}, headers={**header, **extra})
            assert answer.status_code in (403, 404), answer.text
            assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/dags/", 404),
        ("GET", "/api/dags/a/b", 404),
        ("GET", "/api/dags/%2e%2e/server", 404),
        ("GET", "/api//server", 404),
        ("GET", "/api/server%00", 404),
        ("POST", "/api/server/stop", 404),
        ("POST", "/api/dags", 405),
        ("DELETE", "/api/server", 405),
    ],
)
def test_only_known_routes_pass(jupyter: Jupyter, method: str, path: str, status: int) -> None:
    with jupyter.with_token() as program:
        answer = program.request(
            method, f"{jupyter.url}/studio{path}", content=b"{}" if method == "POST" else None
        )
    assert answer.status_code == status
    assert answer.json()["error"]["code"] in ("not_found", "method_not_allowed")


def test_the_studio_still_runs_after_all_that(jupyter: Jupyter) -> None:
    with jupyter.with_token() as program:
        assert program.get("/api/server").status_code == 200


def test_bodies_queries_and_errors_pass_unchanged(jupyter: Jupyter) -> None:
    with jupyter.with_token() as program:
        assert program.put("/api/dags/through", json={"spec": SPEC}).json()["dag"]["dag_id"] == "through"
        run = program.post("/api/dags/through/runs", json={"run_id": "a~1:+"})
        assert run.status_code == 201, run.text
        assert program.get("/api/dags/through/runs/a~1:%2B").json()["run"]["run_id"] == "a~1:+"
        page = program.get("/api/runs", params={"dag_id": "through", "limit": 1, "token": TOKEN}).json()
        assert [found["run_id"] for found in page["runs"]] == ["a~1:+"]
        refused = program.patch("/api/dags/through", json={"pausd": True})
        assert refused.status_code == 400
        assert "Did you mean 'paused'?" in refused.json()["error"]["hint"]
        assert program.get("/api/dags/thrugh").json()["error"]["code"] == "not_found"
        gone = program.delete("/api/dags/through")
        assert (gone.status_code, gone.content) == (204, b"")


# --- stream --------------------------------------------------------------------------------------------------


def test_stream_of_a_page_passes_both_ways(jupyter: Jupyter) -> None:
    with jupyter.logged_in() as browser, jupyter.with_token() as program:
        headers = {"Cookie": _cookies(browser)}
        with connect(jupyter.stream, additional_headers=headers, origin=Origin(jupyter.origin)) as socket:
            assert _receive(socket)["type"] == "hello"
            socket.send(json.dumps({"type": "subscribe", "dags": True}))
            assert _receive(socket)["type"] == "hello"
            program.put("/api/dags/streamed", json={"spec": {**SPEC, "id": "streamed"}}).raise_for_status()
            message = _receive(socket)
            assert (message["type"], message["dag"]["dag_id"]) == ("dag", "streamed")
            socket.send("no json")
            assert _receive(socket)["type"] == "error"


def test_stream_needs_a_login(jupyter: Jupyter) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(jupyter.stream)
    assert refused.value.response.status_code == 403


def test_stream_refuses_foreign_pages(jupyter: Jupyter) -> None:
    with jupyter.logged_in() as browser, pytest.raises(InvalidStatus) as refused:
        connect(
            jupyter.stream,
            additional_headers={"Cookie": _cookies(browser)},
            origin=Origin("http://evil.example"),
        )
    assert refused.value.response.status_code == 403


# --- the studio server goes away -----------------------------------------------------------------------------


def test_a_killed_studio_is_started_again(jupyter: Jupyter) -> None:
    with jupyter.with_token() as program:
        assert program.get("/api/server").status_code == 200
        headers = {"Authorization": f"token {TOKEN}"}
        with connect(jupyter.stream, additional_headers=headers) as socket:
            assert _receive(socket)["type"] == "hello"
            pid = int(jupyter.studio()["pid"])
            os.kill(pid, signal.SIGKILL)
            wait_until_gone(pid)
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=60)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013
        answer = program.get("/api/server")
        assert answer.status_code == 200, answer.text
        assert answer.json()["pid"] not in (pid, None)
        with connect(jupyter.stream, additional_headers=headers) as socket:
            assert _receive(socket)["type"] == "hello"


def test_jupyter_logged_no_exception(jupyter: Jupyter) -> None:
    log = jupyter.log.read_text()
    assert "Traceback" not in log, log
    assert "Uncaught" not in log, log


def test_jupyter_works_without_a_studio(tmp_path: Path) -> None:
    """The studio server cannot start; the page is told why, and Jupyter is none the worse."""
    with running(tmp_path, STUDIO_DATABASE="nonsense://nowhere") as jupyter, jupyter.with_token() as program:
        answer = program.get("/api/server")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        error = answer.json()["error"]
        assert error["code"] == "server_unavailable"
        assert "nonsense" in error["hint"]
        headers = {"Authorization": f"token {TOKEN}"}
        with (
            connect(jupyter.stream, additional_headers=headers) as socket,
            pytest.raises(ConnectionClosed) as closed,
        ):
            socket.recv(timeout=60)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013
        assert program.get(f"{jupyter.url}/api/status").status_code == 200
        test_jupyter_logged_no_exception(jupyter)


def test_jupyter_starts_with_a_wrong_setting(tmp_path: Path) -> None:
    with running(tmp_path, STUDIO_SLOTS="many") as jupyter, jupyter.with_token() as program:
        assert program.get(f"{jupyter.url}/api/status").status_code == 200
        assert "STUDIO_SLOTS" in jupyter.log.read_text()
