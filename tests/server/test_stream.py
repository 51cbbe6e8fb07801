"""The websocket: who hears of what, in which batches, and what it does with bad messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from studio.api.models import (
    CellOutput,
    DagRemoved,
    OutputChanged,
    Resync,
    RunChanged,
    RunSummary,
    Subscribe,
)
from studio.api.routes import STREAM_PATH
from studio.core.schedule_spec import CronSpec
from studio.core.spec import DagSpec
from studio.core.states import RunState
from studio.server.listener import MAX_PENDING, Listener
from studio.server.outputs import topic_of
from studio.worker.task import CellChanged, CellSource, NotebookStarted

from .conftest import CHAIN, Running, function

Message = dict[str, Any]


class Stream:
    """A client that keeps every message."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[Message] = []

    async def subscribe(self, **what: Any) -> None:
        await self.socket.send(json.dumps({"type": "subscribe", **what}))
        await self.until(lambda message: message["type"] == "hello")

    async def until(self, holds: Callable[[Message], bool]) -> Message:
        """The first message from now on that `holds`."""
        while True:
            batch = json.loads(await asyncio.wait_for(self.socket.recv(), 20))
            assert isinstance(batch, list)
            self.seen += batch
            for message in batch:
                if holds(message):
                    return dict(message)


@asynccontextmanager
async def _stream(studio: Running) -> AsyncIterator[Stream]:
    url = studio.url.replace("http", "ws", 1) + STREAM_PATH
    headers = {"Authorization": f"token {studio.token}"}
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        stream = Stream(socket)
        await stream.until(lambda message: message["type"] == "hello")
        yield stream


def _run_is(state: str) -> Callable[[Message], bool]:
    return lambda message: message["type"] == "run" and message["run"]["state"] == state


async def test_run_is_followed_to_its_end(studio: Running) -> None:
    await studio.publish(CHAIN)
    async with _stream(studio) as stream:
        await stream.subscribe(dag_ids=["chain"])
        run_id = (await studio.trigger("chain"))["run"]["run_id"]
        last = await stream.until(_run_is("success"))
    assert (last["run"]["run_id"], last["run"]["counts"]) == (run_id, {"success": 2})
    tasks = [task for message in stream.seen if message["type"] == "run" for task in message["tasks"]]
    assert {task["task_id"]: task["state"] for task in tasks} == {"a": "success", "b": "success"}
    revs = [task["rev"] for task in tasks if task["task_id"] == "a"]
    assert revs == sorted(revs)


async def test_summaries_follow_what_the_dag_does(studio: Running) -> None:
    async with _stream(studio) as stream:
        await stream.subscribe(dags=True)
        await studio.publish(CHAIN)
        new = await stream.until(lambda message: message["type"] == "dag")
        assert (new["dag"]["dag_id"], new["dag"]["runs"]) == ("chain", [])
        await studio.trigger("chain")
        await stream.until(
            lambda m: m["type"] == "dag" and [r["state"] for r in m["dag"]["runs"]] == ["success"]
        )
        await studio.http.patch("/api/dags/chain", json={"paused": True})
        await stream.until(lambda message: message["type"] == "dag" and message["dag"]["paused"])
        await studio.http.delete("/api/dags/chain")
        assert await stream.until(lambda m: m["type"] == "dag_removed") == {
            "type": "dag_removed",
            "dag_id": "chain",
        }
    assert not [message for message in stream.seen if message["type"] == "run"]


async def test_others_hear_nothing(studio: Running) -> None:
    await studio.publish(CHAIN)
    async with _stream(studio) as other, _stream(studio) as stream:
        await other.subscribe(dag_ids=["another"], outputs=["chain/r1/x/-1"])
        await stream.subscribe(dag_ids=["chain"])
        await studio.trigger("chain")
        await stream.until(_run_is("success"))
        await other.subscribe()
        assert {message["type"] for message in other.seen} == {"hello"}


async def test_subscribe_replaces_and_each_is_answered_once(studio: Running) -> None:
    await studio.publish(CHAIN)
    async with _stream(studio) as stream:
        for _ in range(5):
            await stream.socket.send(json.dumps({"type": "subscribe", "dag_ids": ["chain"]}))
        await stream.socket.send(json.dumps({"type": "subscribe"}))
        while len(stream.seen) < 7:
            await stream.until(lambda message: True)
        assert [message["type"] for message in stream.seen] == ["hello"] * 7
        assert len({message["server"] for message in stream.seen}) == 1


@pytest.mark.parametrize("script", [lambda launch: None])
async def test_output_of_a_running_notebook(studio: Running) -> None:
    await studio.publish(CHAIN)
    run_id = (await studio.trigger("chain"))["run"]["run_id"]
    attempt = studio.executor.attempt_of("a")
    studio.executor.begin(attempt)
    topic = topic_of("chain", run_id, "a", -1)
    path = f"/api/dags/chain/runs/{run_id}/tasks/a/output"
    cells = [
        CellSource(index=0, id="x", cell_type="markdown", source="# Title"),
        CellSource(index=1, id="y", cell_type="code", source="1 + 1"),
        CellSource(index=2, id="z", cell_type="code", source="2 + 2"),
    ]
    async with _stream(studio) as stream:
        await stream.subscribe(outputs=[topic])
        studio.outputs.observe(attempt, NotebookStarted(cells_total=3, cells=cells))
        started = await stream.until(lambda message: message["type"] == "output")
        assert (started["reset"], started["try_number"], started["cells_done"], started["cells_total"]) == (
            True,
            1,
            0,
            2,
        )
        assert [cell["state"] for cell in started["cells"]] == ["success", "waiting", "waiting"]

        result = [
            {
                "output_type": "execute_result",
                "data": {"text/plain": "2"},
                "metadata": {},
                "execution_count": 1,
            }
        ]
        studio.outputs.observe(attempt, CellChanged(index=1, state="running", outputs=[]))
        studio.outputs.observe(
            attempt, CellChanged(index=1, state="success", outputs=result, execution_count=1, duration=0.5)
        )
        changed = await stream.until(lambda message: message["type"] == "output")
        assert [(cell["index"], cell["state"], cell["source"]) for cell in changed["cells"]] == [
            (1, "success", "1 + 1")
        ]
        assert (changed["reset"], changed["cells_done"], changed["rev"] > started["rev"]) == (False, 1, True)

        read = (await studio.http.get(path)).json()
        assert (read["rev"], read["cells_done"], len(read["cells"])) == (changed["rev"], 1, 3)

        studio.executor.end(attempt, "failed", "boom")
        over = await stream.until(lambda message: message["type"] == "output")
        assert (over["reset"], over["rev"] > changed["rev"]) == (True, True)


async def test_bad_messages_are_answered_and_at_last_the_connection_is_closed(studio: Running) -> None:
    bad: list[str | bytes] = [
        "no json",
        "[]",
        '{"type": "hello"}',
        '{"type": "subscribe", "dogs": true}',
        '{"type": "subscribe", "dag_ids": "chain"}',
        b"\x00\xff",
        '{"type": "subscribe", "outputs": ["../../x"]}',
        json.dumps({"type": "subscribe", "dag_ids": ["x"] * 1000}),
        '{"type": "subscribe", "dags": 1}',
    ]
    async with _stream(studio) as stream:
        for message in bad:
            await stream.socket.send(message)
            answer = await stream.until(lambda found: True)
            assert (message, answer["type"]) == (message, "error")
        await stream.subscribe(dags=True)
        with pytest.raises(ConnectionClosed) as caught:
            await stream.socket.send("once more")
            while True:
                await stream.socket.recv()
    assert caught.value.rcvd is not None and caught.value.rcvd.code == 1008


async def test_too_large_a_message_closes_the_connection(studio: Running) -> None:
    async with _stream(studio) as stream:
        with pytest.raises(ConnectionClosed):
            await stream.socket.send("x" * 2_000_000)
            while True:
                await stream.socket.recv()
    assert (await studio.http.get("/api/server")).status_code == 200


# --- the listener alone -----------------------------------------------------------------------------------------


def _summary(run_id: str, rev: int) -> RunSummary:
    from datetime import datetime, timezone

    at = datetime(2013, 1, 1, tzinfo=timezone.utc)
    return RunSummary(
        dag_id="d",
        run_id=run_id,
        run_type="manual",
        state=RunState.RUNNING,
        cancelling=False,
        with_failures=False,
        version="v",
        run_after=at,
        queued_at=at,
        triggered_by="x",
        params={},
        counts={},
        rev=rev,
        logical_date=None,
        started_at=None,
        ended_at=None,
    )


def _cell(index: int, text: str) -> CellOutput:
    return CellOutput(
        index=index,
        cell_type="code",
        source=text,
        state="running",
        execution_count=None,
        outputs=[],
        duration=None,
    )


def _output(cells: list[CellOutput], rev: int, *, reset: bool = False, attempt: int = 1) -> OutputChanged:
    return OutputChanged(
        topic="t",
        attempt_id=attempt,
        try_number=1,
        cells=cells,
        cells_done=0,
        cells_total=2,
        rev=rev,
        reset=reset,
    )


class Slow:
    """A client that takes a batch when it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[Message]] = []
        self.may_go_on = asyncio.Event()
        self.both = asyncio.Event()

    async def write(self, data: bytes) -> None:
        await self.may_go_on.wait()
        self.batches.append(json.loads(data))
        if len(self.batches) == 2:
            self.both.set()


async def _batches(fill: Callable[[Listener], None]) -> list[list[Message]]:
    client = Slow()
    listener = Listener("s", client.write)
    writer = asyncio.create_task(listener.run())
    listener.subscribe(Subscribe())
    await asyncio.sleep(0.02)  # the writer holds the first batch now
    fill(listener)
    client.may_go_on.set()
    await client.both.wait()
    writer.cancel()
    return client.batches


async def test_listener_keeps_the_latest_of_each_object() -> None:
    def fill(listener: Listener) -> None:
        for rev in range(100):
            listener.put(RunChanged(_summary("r1", rev), []))
            listener.put(RunChanged(_summary("r2", rev), []))

    (_, batch) = await _batches(fill)
    assert [(message["run"]["run_id"], message["run"]["rev"]) for message in batch] == [
        ("r1", 99),
        ("r2", 99),
    ]


async def test_listener_merges_cells_of_one_attempt() -> None:
    def fill(listener: Listener) -> None:
        listener.put(_output([_cell(0, "old"), _cell(1, "kept")], 1, reset=True))
        listener.put(_output([_cell(0, "new")], 2))

    (_, (message,)) = await _batches(fill)
    assert [cell["source"] for cell in message["cells"]] == ["new", "kept"]
    assert (message["rev"], message["reset"]) == (2, True)


async def test_slow_client_is_told_to_fetch_again() -> None:
    def fill(listener: Listener) -> None:
        for number in range(MAX_PENDING + 1):
            listener.put(RunChanged(_summary(f"r{number}", 1), []))
        listener.put(RunChanged(_summary("last", 1), []))

    (_, batch) = await _batches(fill)
    assert [message["type"] for message in batch] == ["resync", "run"]


async def test_a_view_that_is_opened_loses_nothing_of_the_others() -> None:
    def fill(listener: Listener) -> None:
        listener.subscribe(Subscribe(dag_ids=["d", "left"]))
        listener.put(RunChanged(_summary("r1", 1), []))
        listener.put(DagRemoved("left"))
        listener.put(Resync())
        listener.subscribe(Subscribe(dag_ids=["d"], whys=["d/r1/t/-1"]))

    (_, batch) = await _batches(fill)
    assert [message["type"] for message in batch] == ["hello", "run", "resync", "hello"]


async def test_why_a_task_waits_is_told_when_it_changes(studio: Running) -> None:
    await studio.http.put("/api/pools/small", json={"slots": 0})
    waits = DagSpec(id="waits", tasks=(function("a", pool="small"),))
    await studio.publish(waits)
    run_id = (await studio.trigger("waits"))["run"]["run_id"]
    topic = topic_of("waits", run_id, "a", -1)
    async with _stream(studio) as stream:
        await stream.subscribe(whys=[topic])
        before = (await studio.http.get(f"/api/dags/waits/runs/{run_id}/tasks/a/why")).json()
        assert any("small" in reason["message"] for reason in before["reasons"])
        await studio.http.put("/api/pools/small", json={"slots": 1})
        told = await stream.until(lambda message: message["type"] == "why" and message["topic"] == topic)
    assert not any("small" in why for why in told["why"])


async def test_faults_of_dag_files_are_told(studio: Running) -> None:
    folder = studio.server.settings.dag_folder
    async with _stream(studio) as stream:
        await stream.subscribe(dags=True)
        (folder / "broken.py").write_text("from studio import DAG\nDAG(")
        told = await stream.until(
            lambda message: message["type"] == "files" and any(file["error"] for file in message["files"])
        )
        assert told["files"][0]["path"].endswith("broken.py")
        (folder / "broken.py").unlink()
        await stream.until(lambda message: message["type"] == "files" and not message["files"])


async def test_a_backfill_is_told_when_it_is_made_and_when_it_is_over(studio: Running) -> None:
    daily = DagSpec(
        id="daily",
        tasks=(function("a"),),
        schedule=CronSpec("@daily"),
        start_date="2013-01-01",
        catchup="skip",
    )
    await studio.publish(daily)
    async with _stream(studio) as stream:
        await stream.subscribe(dag_ids=["daily"])
        body = {"start": "2013-01-01", "end": "2013-01-03"}
        made = (await studio.http.post("/api/dags/daily/backfills", json=body)).json()
        told = await stream.until(
            lambda message: message["type"] == "backfill" and message["state"] == "done"
        )
    assert (told["backfill_id"], told["dag_id"]) == (made["id"], "daily")
