"""Logs over HTTP and on the stream, of attempts whose worker is this test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from studio.server import live_logs
from studio.server.outputs import topic_of
from studio.worker.task import LogGrown
from studio.worker.task_log import TaskLog

from .conftest import CHAIN, Running
from .test_stream import Message, Stream, _stream

pytestmark = pytest.mark.parametrize("script", [lambda launch: None])


class Writer:
    """The attempt of task a, as its worker has it."""

    def __init__(self, studio: Running, run_id: str) -> None:
        self.studio = studio
        self.attempt = studio.executor.attempt_of("a")
        self.topic = topic_of("chain", run_id, "a", -1)
        self.url = f"/api/dags/chain/runs/{run_id}/tasks/a/log"
        self.path = Path("")
        self.loop = asyncio.get_running_loop()
        self.log: TaskLog

    async def begin(self) -> None:
        self.studio.executor.begin(self.attempt)
        task = (await self.studio.http.get(self.url.removesuffix("/log"))).json()
        directory = self.studio.server.settings.artifact_root / task["attempts"][-1]["directory"]
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / "log.jsonl"
        self.log = TaskLog(str(self.path), self._grown)

    def _grown(self, size: int) -> None:
        self.loop.call_soon_threadsafe(self.studio.outputs.observe, self.attempt, LogGrown(size=size))

    async def read(self, **query: Any) -> dict[str, Any]:
        answer = await self.studio.http.get(self.url, params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def is_over(self) -> None:
        """Return once the server says so."""
        async with _stream(self.studio) as stream:
            await stream.subscribe(logs=[self.topic])
            await _told(stream, lambda message: bool(message["ended"]))


@pytest.fixture
async def writer(studio: Running) -> Writer:
    await studio.publish(CHAIN)
    made = Writer(studio, (await studio.trigger("chain"))["run"]["run_id"])
    await made.begin()
    return made


@asynccontextmanager
async def _watching(writer: Writer) -> AsyncIterator[Stream]:
    async with _stream(writer.studio) as stream:
        await stream.subscribe(logs=[writer.topic])
        await _told(stream)
        yield stream


async def _told(stream: Stream, holds: Callable[[Message], bool] = lambda message: True) -> Message:
    """The first message about a log that `holds`, of those seen (others come with them) or to come."""
    for message in stream.seen:
        if message["type"] == "log" and holds(message):
            return message
    return await stream.until(lambda message: message["type"] == "log" and holds(message))


def _texts(messages: list[Message]) -> list[str]:
    return [
        record["text"] for message in messages if message["type"] == "log" for record in message["records"]
    ]


async def test_a_log_has_records(writer: Writer) -> None:
    assert await writer.read() | {"attempt_id": 0} == {
        "attempt_id": 0,
        "try_number": 1,
        "records": [],
        "start": 0,
        "end": 0,
        "size": 0,
        "truncated": False,
        "ended": False,
    }
    writer.log.write("hello\n")
    writer.log.record("ERROR", "my.logger", "Oh no", 5.0)
    found = await writer.read()
    assert [(r["level"], r["source"], r["text"]) for r in found["records"]] == [
        ("INFO", "stdout", "hello"),
        ("ERROR", "my.logger", "Oh no"),
    ]
    assert (found["size"], found["end"]) == (writer.path.stat().st_size, writer.path.stat().st_size)
    assert [r["text"] for r in (await writer.read(level="warning"))["records"]] == ["Oh no"]
    assert [r["text"] for r in (await writer.read(source="stdout"))["records"]] == ["hello"]
    assert [r["text"] for r in (await writer.read(search="OH"))["records"]] == ["Oh no"]
    assert [r["text"] for r in (await writer.read(tail=1))["records"]] == ["Oh no"]
    second = found["records"][1]["offset"]
    assert [r["text"] for r in (await writer.read(after=second))["records"]] == ["Oh no"]
    assert [r["text"] for r in (await writer.read(before=second))["records"]] == ["hello"]
    writer.studio.executor.end(writer.attempt, "success")
    await writer.is_over()


async def test_a_log_as_text(writer: Writer) -> None:
    empty = await writer.studio.http.get(writer.url + "/text")
    assert (empty.status_code, empty.json()["error"]["code"]) == (404, "not_found")
    for number in range(20_000):
        writer.log.write(f"line {number}\n")
    answer = await writer.studio.http.get(writer.url + "/text")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.log"'
    lines = answer.text.splitlines()
    assert len(lines) == 20_000
    assert lines[-1].endswith(" INFO stdout: line 19999")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"level": "loud"}, "level is 'loud'; it must be debug, info, warning, error or critical."),
        ({"tail": "0"}, "tail is '0'; it must be a whole number from 1 to 5000."),
        ({"after": "-1"}, "after is '-1'; it must be a whole number from 0 to 999999999."),
        ({"before": "x"}, "before is 'x'; it must be a whole number from 0 to 999999999."),
        ({"search": "x" * 1001}, "search has more than 1000 characters."),
        ({"text": "1"}, "The query has no 'text'."),
    ],
)
async def test_bad_queries(writer: Writer, query: dict[str, str], message: str) -> None:
    answer = await writer.studio.http.get(writer.url, params=query)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)


async def test_a_log_that_is_a_link_is_not_shown(writer: Writer, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    writer.path.symlink_to(tmp_path / "secret")
    answer = await writer.studio.http.get(writer.url)
    assert answer.status_code == 403 or answer.json()["records"] == []
    assert "secret" not in [record["text"] for record in answer.json().get("records", [])]


async def test_a_watcher_gets_what_is_new_and_then_the_end(writer: Writer) -> None:
    writer.log.write("before\n")
    size = writer.path.stat().st_size
    async with _stream(writer.studio) as stream:
        await stream.subscribe(logs=[writer.topic])
        first = await _told(stream)
        assert (first["records"], first["start"], first["end"], first["ended"]) == ([], size, size, False)
        writer.log.write("one\n")
        message = await _told(stream, lambda message: "one" in _texts([message]))
        assert (_texts([message]), message["start"], message["skipped"]) == (["one"], size, 0)
        writer.log.write("two\n")  # within the time in which the worker tells nothing
        await _told(stream, lambda message: "two" in _texts([message]))
        writer.log.write("three\n")
        writer.studio.executor.end(writer.attempt, "failed", "boom")
        last = await _told(stream, lambda message: bool(message["ended"]))
    assert _texts(stream.seen) == ["one", "two", "three"]
    assert last["end"] == writer.path.stat().st_size


async def test_the_log_of_the_next_try_is_followed_too(writer: Writer) -> None:
    async with _watching(writer) as stream:
        writer.log.write("first\n")
        writer.studio.executor.end(writer.attempt, "failed", "boom")
        await _told(stream, lambda message: bool(message["ended"]))
        run = writer.topic.split("/")[1]
        answer = await writer.studio.http.post(f"/api/dags/chain/runs/{run}/clear", json={"task_ids": ["a"]})
        assert answer.status_code == 200, answer.text
        new = await _told(stream, lambda message: message["attempt_id"] != writer.attempt)
        assert (new["try_number"], new["end"]) == (2, 0)
        again = Writer(writer.studio, run)
        await again.begin()
        again.log.write("second\n")
        await _told(stream, lambda message: "second" in _texts([message]))


async def test_who_comes_late_learns_that_it_is_over(writer: Writer) -> None:
    writer.log.write("all\n")
    writer.studio.executor.end(writer.attempt, "success")
    await writer.is_over()
    async with _stream(writer.studio) as stream:
        await stream.subscribe(logs=[writer.topic])
        told = await _told(stream)
    assert (told["records"], told["end"], told["ended"]) == ([], writer.path.stat().st_size, True)


async def test_a_flood_is_few_messages_and_what_is_left_out_is_said(writer: Writer) -> None:
    async with _watching(writer) as stream:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for _ in range(40):
            await asyncio.to_thread(writer.log.write, ("x" * 990 + "\n") * 1000)
        writer.log.write("the end\n")
        await _told(stream, lambda message: "the end" in _texts([message]))
        took = loop.time() - begun
    messages = [message for message in stream.seen if message["type"] == "log"]
    assert len(messages) <= 2 + took / live_logs.INTERVAL
    assert all(len(json.dumps(message)) < 1_500_000 for message in messages)
    position = messages[0]["end"]
    for message in messages[1:]:
        assert message["start"] == position + message["skipped"]
        position = message["end"]
    assert position == writer.path.stat().st_size
    assert sum(message["skipped"] for message in messages) > 10_000_000


async def test_nobody_reads_a_log_that_nobody_watches(writer: Writer) -> None:
    async with _watching(writer) as stream:
        await stream.subscribe()
    writer.log.write("alone\n")
    await asyncio.sleep(0.3)
    assert not _texts(stream.seen)


async def test_topics_of_logs_are_checked(studio: Running) -> None:
    async with _stream(studio) as stream:
        await stream.socket.send(json.dumps({"type": "subscribe", "logs": ["a/b"]}))
        answer = await stream.until(lambda found: True)
        assert "the topic 'a/b' is not dag_id/run_id/task_id/map_index" in answer["message"]
        await stream.subscribe(logs=["nothing/of/this/-1"])
