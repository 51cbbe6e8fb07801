"""Browsers: a link that works once, a session that outlives the server, and nothing for pages of others."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from studio.artifacts.local import LocalArtifacts
from studio.server.app import StudioServer
from studio.server.outputs import LiveOutputs
from studio.server.sessions import TICKET_LIFE, Sessions
from studio.settings import Settings
from studio.testing import FakeClock
from studio.testing.executor import ScriptedExecutor

from .conftest import Running

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def browser(studio: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=studio.url, trust_env=False, timeout=30) as client:
        yield client


async def log_in(studio: Running, browser: httpx.AsyncClient) -> httpx.Response:
    link = (await studio.http.post("/api/logins")).json()["path"]
    return await press(browser, studio.url, link)


async def press(browser: httpx.AsyncClient, url: str, link: str, **headers: str) -> httpx.Response:
    """What the button of the link's page sends; the ticket is that of its form."""
    page = (await browser.get(url + link)).text
    ticket = (re.findall(r'<input type="hidden" name="ticket" value="([^"]+)">', page) or ["none"])[0]
    assert page.count('<form method="post" action="login">') == (ticket != "none")
    return await browser.post(f"{url}/login", data={"ticket": ticket}, headers={"Origin": url, **headers})


async def test_nobody_is_let_in_without_a_login(studio: Running, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/")
    assert (page.status_code, "studio dashboard" in page.text) == (401, True)
    assert (await browser.get("/api/server")).status_code == 401
    assert (await browser.post("/api/logins")).status_code == 401
    assert (await browser.post("/logout", headers={"Origin": studio.url})).status_code == 401


async def test_a_link_logs_in_once(studio: Running, browser: httpx.AsyncClient) -> None:
    link = (await studio.http.post("/api/logins")).json()["path"]
    for _ in range(3):  # a program that shows what a link leads to
        looked = await browser.get(link)
        assert (looked.status_code, "Set-Cookie" in looked.headers) == (200, False)
    assert looked.headers["Referrer-Policy"] == "same-origin"
    assert "<script" not in looked.text
    assert (await browser.head(link)).status_code == 401
    assert (await browser.get("/api/server")).status_code == 401
    answer = await press(browser, studio.url, link)
    assert answer.status_code == 200
    cookie = answer.headers["Set-Cookie"]
    assert all(flag in cookie for flag in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert 'http-equiv="refresh"' in answer.text
    assert (await browser.get("/api/server")).status_code == 200
    assert "Pipeline Studio" in (await browser.get("/")).text
    async with httpx.AsyncClient(base_url=studio.url, trust_env=False) as other:
        for again in (await other.get(link), await press(other, studio.url, link)):
            assert (again.status_code, "Set-Cookie" in again.headers) == (403, False)


async def test_pages_of_others_cannot_press_the_button(studio: Running, browser: httpx.AsyncClient) -> None:
    link = (await studio.http.post("/api/logins")).json()["path"]
    form = {"ticket": link.partition("=")[2]}
    origins: tuple[dict[str, str], ...] = (
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
    )
    for headers in origins:
        answer = await browser.post("/login", data=form, headers=headers)
        assert (headers, answer.status_code, "Set-Cookie" in answer.headers) == (headers, 403, False)
    assert (await browser.post("/login", data={}, headers={"Origin": studio.url})).status_code == 403
    in_address = await browser.post(link, headers={"Origin": studio.url})
    assert in_address.status_code == 403  # only the form counts
    assert (await press(browser, studio.url, link)).status_code == 200  # and it is not used up


@pytest.mark.parametrize("ticket", ["", "wrong", "x" * 10_000, "%F0%9F%A6%86", "a&ticket=b"])
async def test_other_links_do_not(studio: Running, browser: httpx.AsyncClient, ticket: str) -> None:
    await studio.http.post("/api/logins")
    for answer in (
        await browser.get(f"/login?ticket={ticket}"),
        await browser.post("/login", content=f"ticket={ticket}", headers=FORM | {"Origin": studio.url}),
    ):
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)


async def test_what_changes_something_must_come_from_the_page_itself(
    studio: Running, browser: httpx.AsyncClient
) -> None:
    await log_in(studio, browser)
    body = {"slots": 3}
    for headers in (
        {},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
    ):
        answer = await browser.put("/api/pools/p", json=body, headers=headers)
        assert (headers, answer.status_code) == (headers, 403)
    answer = await browser.put("/api/pools/p", json=body, headers={"Origin": studio.url})
    assert answer.status_code == 200


async def test_a_cookie_that_was_made_up_or_changed_is_worth_nothing(
    studio: Running, browser: httpx.AsyncClient
) -> None:
    await log_in(studio, browser)
    name, value = next(iter(browser.cookies.items()))
    for other in (
        "",
        "in",
        value[:-1] + ("0" if value[-1] != "0" else "1"),
        value.replace("|", ":"),
        "\udcff" * 3,
    ):
        headers = {b"Cookie": f"{name}={other}".encode("utf-8", "surrogateescape")}
        async with httpx.AsyncClient(base_url=studio.url, trust_env=False) as stranger:
            assert (await stranger.get("/api/server", headers=headers)).status_code == 401


async def test_logging_out(studio: Running, browser: httpx.AsyncClient) -> None:
    await log_in(studio, browser)
    assert (await browser.post("/logout", headers={"Origin": studio.url})).status_code == 204
    assert (await browser.get("/api/server")).status_code == 401


async def test_all_browsers_are_logged_out(studio: Running, browser: httpx.AsyncClient) -> None:
    await log_in(studio, browser)
    waiting = (await studio.http.post("/api/logins")).json()["path"]
    assert (await studio.http.delete("/api/logins")).status_code == 204
    assert (await browser.get("/api/server")).status_code == 401
    assert (await browser.get(waiting)).status_code == 403


async def test_assets_are_named_and_nothing_else(studio: Running, browser: httpx.AsyncClient) -> None:
    for name in ("../page.html", "page.html", "..%2f..%2fsettings.py", "live.js", "none.js", ""):
        assert (name, (await browser.get(f"/assets/{name}")).status_code) in {(name, 404), (name, 401)}


async def test_a_ticket_is_valid_for_a_while(settings: Settings) -> None:
    clock = FakeClock()
    sessions = Sessions(settings.home, clock)
    early, late = sessions.new_ticket(), sessions.new_ticket()
    await clock.advance(TICKET_LIFE - 1)
    assert sessions.is_valid(early)
    assert sessions.redeem(early) is not None
    assert not sessions.is_valid(early)
    await clock.advance(2)
    assert not sessions.is_valid(late)
    assert sessions.redeem(late) is None
    many = [sessions.new_ticket() for _ in range(30)]
    assert sessions.redeem(many[0]) is None  # more than anybody needs
    assert sessions.redeem(many[-1]) is not None
    assert (settings.home / "session.key").stat().st_mode & 0o777 == 0o600


async def test_a_session_and_the_port_outlive_the_server(settings: Settings) -> None:
    def make(settings: Settings, outputs: LiveOutputs, artifacts: LocalArtifacts) -> ScriptedExecutor:
        return ScriptedExecutor()

    async with httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        async with StudioServer(settings, executor=make) as first:
            headers = {"Authorization": f"token {first.endpoint.token}"}
            made = await browser.post(f"{first.endpoint.url}/api/logins", headers=headers)
            await press(browser, first.endpoint.url, made.json()["path"])
        async with StudioServer(settings, executor=make) as second:
            assert second.endpoint.url == first.endpoint.url
            assert second.endpoint.token != first.endpoint.token
            assert (await browser.get(f"{second.endpoint.url}/api/server")).status_code == 200
