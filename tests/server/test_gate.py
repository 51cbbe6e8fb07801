"""Nobody gets in without the token, from another host name, or from another page; on any route."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from studio.api.routes import ROUTES, STREAM_PATH, Route
from studio.errors import StoreUnavailable
from studio.server.gate import HEADERS

from .conftest import CHAIN, Running

BAD_TOKENS: dict[str, str | None] = {
    "none": None,
    "empty": "",
    "wrong": "token " + "x" * 43,
    "no scheme": "x" * 43,
    "basic": "Basic dXNlcjpwYXNz",
    "of another": "token " + "x" * 1000,
}


def _path(route: Route) -> str:
    return route.path.format(
        dag_id="chain", run_id="r1", task_id="a", digest="0" * 64, version="0" * 64, backfill_id=1, name="p"
    )


async def _state(studio: Running) -> tuple[object, ...]:
    dags = (await studio.http.get("/api/dags")).json()
    runs = (await studio.http.get("/api/runs")).json()
    return (dags, runs, studio.server.stopped.is_set())


async def test_no_route_answers_without_the_token(studio: Running) -> None:
    await studio.publish(CHAIN)
    before = await _state(studio)
    calls = [(route.method, _path(route)) for route in ROUTES]
    calls += [("GET", "/api"), ("GET", "/x.js"), ("FOO", "/api/dags"), ("POST", "/%ff")]
    async with httpx.AsyncClient(base_url=studio.url, trust_env=False) as stranger:
        for case, given in BAD_TOKENS.items():
            headers = {} if given is None else {"Authorization": given}
            for method, path in calls:
                answer = await stranger.request(method, path, json={"paused": True}, headers=headers)
                assert (case, method, path, answer.status_code) == (case, method, path, 401)
                assert answer.json()["error"]["code"] == "unauthorized"
    assert await _state(studio) == before


async def test_both_schemes_are_taken(studio: Running) -> None:
    for scheme in ("token", "Token", "bearer", "Bearer"):
        answer = await studio.http.get("/api/server", headers={"Authorization": f"{scheme} {studio.token}"})
        assert answer.status_code == 200


async def test_token_in_the_url_is_not_taken(studio: Running) -> None:
    async with httpx.AsyncClient(trust_env=False) as stranger:
        answer = await stranger.get(f"{studio.url}/api/server?token={studio.token}")
    assert answer.status_code == 401


def _hosts(port: int) -> dict[str, bool]:
    return {
        "localhost": True,
        f"localhost:{port}": True,
        f"LOCALHOST:{port}": True,
        f"127.0.0.1:{port}": True,
        f"[::1]:{port}": True,
        "evil.com": False,
        f"127.0.0.1.nip.io:{port}": False,
        "localhost.evil.com": False,
        "localhost.": False,
        "0.0.0.0": False,
        "127.1": False,
        "2130706433": False,
        "user@localhost": False,
        "localhost:": False,
        "127.0.0.2": False,
    }


async def test_only_hosts_of_this_machine_are_served(studio: Running) -> None:
    for host, is_served in _hosts(int(studio.url.rpartition(":")[2])).items():
        answer = await studio.http.get("/api/server", headers={"Host": host})
        expected = {200} if is_served else {400, 403}  # 400: Tornado's own refusal of what is no host at all
        assert (host, answer.status_code in expected) == (host, True)


async def _raw(studio: Running, lines: list[str]) -> bytes:
    host, port = studio.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        (
            "\r\n".join([*lines, f"Authorization: token {studio.token}", "Connection: close"]) + "\r\n\r\n"
        ).encode()
    )
    try:
        return await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_no_host_or_two_are_refused(studio: Running) -> None:
    for lines in (["GET /api/server HTTP/1.1"], ["GET /api/server HTTP/1.0"]):
        assert b" 40" in await _raw(studio, lines)
    two = ["GET /api/server HTTP/1.1", "Host: localhost", "Host: evil.com"]
    assert b" 40" in await _raw(studio, two)


def _origins(url: str) -> dict[str, bool]:
    return {
        url: True,
        "null": False,
        url.replace("http:", "https:"): False,
        url + "/": False,
        url + ".evil.com": False,
        "http://127.0.0.1": False,
        "http://localhost:" + url.rpartition(":")[2]: False,  # the host of the request is 127.0.0.1
        "http://evil.com": False,
        url.upper(): False,
    }


async def test_writes_of_other_origins_are_refused(studio: Running) -> None:
    await studio.publish(CHAIN)
    for origin, is_served in _origins(studio.url).items():
        answer = await studio.http.patch("/api/dags/chain", json={"paused": True}, headers={"Origin": origin})
        assert (origin, answer.status_code) == (origin, 200 if is_served else 403)


async def test_stream_of_other_origins_or_without_token_is_refused(studio: Running) -> None:
    url = studio.url.replace("http", "ws", 1) + STREAM_PATH
    token = {"Authorization": f"token {studio.token}"}
    refused: list[tuple[str | None, dict[str, str], int]] = [
        (None, {}, 401),
        (None, {"Authorization": "token wrong"}, 401),
    ]
    refused += [(origin, token, 403) for origin, served in _origins(studio.url).items() if not served]
    for origin, headers, status in refused:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(
                url, origin=Origin(origin) if origin else None, additional_headers=headers, proxy=None
            ):
                pass
        assert (origin, caught.value.response.status_code) == (origin, status)
    evil = ["GET /api/stream HTTP/1.1", "Host: evil.com", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    assert b" 403" in await _raw(studio, evil)
    async with connect(url, origin=Origin(studio.url), additional_headers=token, proxy=None) as socket:
        assert b"hello" in (await socket.recv(decode=False))


async def test_every_answer_has_the_headers_and_no_cors(studio: Running) -> None:
    for path in ("/api/server", "/nothing", "/api/dags/%ff", "/api/dags/missing"):
        answer = await studio.http.get(path, headers={"Origin": "http://evil.com"})
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_failure_tells_the_log_but_not_the_client_and_never_the_token(
    studio: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(studio.server.store), "dags", broken)
    with caplog.at_level(logging.DEBUG):
        answer = await studio.http.get("/api/dags", headers={"Referer": f"http://x/?token={studio.token}"})
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert (error["code"], error["request_id"]) == ("internal", answer.headers["X-Request-Id"])
    assert error["request_id"] in error["message"]
    assert "secret detail" not in answer.text and "Traceback" not in answer.text
    assert error["request_id"] in caplog.text and "secret detail" in caplog.text
    assert studio.token not in caplog.text


async def test_database_that_is_away_is_said_so(studio: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(type(studio.server.store), "dags", away)
    answer = await studio.http.get("/api/dags")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


async def test_files_are_private_to_the_user(studio: Running) -> None:
    runtime: Path = studio.server.settings.runtime_file
    assert runtime.stat().st_mode & 0o777 == 0o600
    assert studio.server.settings.home.stat().st_mode & 0o077 == 0


async def test_reading_changes_nothing(studio: Running) -> None:
    await studio.publish(CHAIN)
    before = await _state(studio)
    for route in ROUTES:
        if route.method == "GET":
            await studio.http.get(_path(route))
    assert await _state(studio) == before
