"""The studio server behind the proxy: one search at a time, pauses after failures, and what is logged."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from studio.client.endpoint import Endpoint
from studio.errors import InvalidInput, ServerUnavailable
from studio.jupyter import upstream as module
from studio.jupyter.upstream import Upstream

LOG = logging.getLogger("tests.jupyter.upstream")


class Starter:
    """Stands for `ensure_server`: gives what it is told to, and counts."""

    def __init__(self, *outcomes: Endpoint | Exception) -> None:
        self.calls = 0
        self.may_go = threading.Event()
        self.may_go.set()
        self._outcomes = list(outcomes)

    def __call__(self) -> Endpoint:
        self.calls += 1
        assert self.may_go.wait(60)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


FIRST, SECOND = Endpoint("http://127.0.0.1:1", "one"), Endpoint("http://127.0.0.1:2", "two")


async def test_many_requests_make_one_search() -> None:
    starter = Starter(FIRST)
    upstream = Upstream(starter, LOG)
    assert await asyncio.gather(*(upstream.endpoint() for _ in range(20))) == [FIRST] * 20
    assert await upstream.endpoint() is FIRST
    assert starter.calls == 1


async def test_a_forgotten_server_is_looked_for_once() -> None:
    starter = Starter(FIRST, SECOND)
    upstream = Upstream(starter, LOG)
    known = await upstream.endpoint()
    upstream.forget(known)
    upstream.forget(known)
    assert await upstream.endpoint() is SECOND
    upstream.forget(known)  # told late, by a request that was under way: the new one is kept
    assert await upstream.endpoint() is SECOND
    assert starter.calls == 2


async def test_a_request_does_not_wait_for_a_slow_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    starter = Starter(FIRST)
    starter.may_go.clear()
    upstream = Upstream(starter, LOG)
    for _ in range(3):
        with pytest.raises(ServerUnavailable, match="is being started"):
            await upstream.endpoint()
    monkeypatch.setattr(module, "PATIENCE", 60.0)
    starter.may_go.set()
    assert await upstream.endpoint() is FIRST
    assert starter.calls == 1


async def test_after_a_failure_it_pauses_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    starter = Starter(InvalidInput("STUDIO_SLOTS is 'many'.", hint="Take a number."))
    upstream = Upstream(starter, LOG)
    for _ in range(3):
        with pytest.raises(ServerUnavailable) as refused:
            await upstream.endpoint()
        assert (refused.value.message, refused.value.hint) == ("STUDIO_SLOTS is 'many'.", "Take a number.")
    assert starter.calls == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Take a number." in caplog.text


async def test_the_same_failure_is_said_once_and_so_is_its_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.0)
    caplog.set_level(logging.INFO)
    starter = Starter(OSError("no space left"), OSError("no space left"), FIRST)
    upstream = Upstream(starter, LOG)
    for _ in range(2):
        with pytest.raises(ServerUnavailable, match="no space left"):
            await upstream.endpoint()
    assert await upstream.endpoint() is FIRST
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_any_failure_is_only_a_failure_of_the_studio() -> None:
    upstream = Upstream(Starter(RuntimeError()), LOG)
    with pytest.raises(ServerUnavailable, match="RuntimeError"):
        await upstream.endpoint()
