"""What the server holds of running notebooks, and how often it tells: bounded, whatever they do."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from studio.api.models import OutputChanged, Subscribe
from studio.artifacts.local import LocalArtifacts
from studio.core.model import Attempt, TaskInstance
from studio.core.states import AttemptState, TaskState
from studio.server import outputs as live
from studio.server.listener import MAX_WEIGHT, Listener
from studio.server.outputs import LiveOutputs
from studio.server.parcels import Parcel
from studio.worker.task import CellChanged, CellSource, NotebookStarted


class Bench:
    """Live outputs, and what they sent."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sent: list[OutputChanged] = []
        self.outputs = LiveOutputs(LocalArtifacts(root / "sources", root), self.sent.append)

    def start(self, attempt_id: int, cells: int) -> None:
        self.outputs.bind(attempt_id, f"d/r/t{attempt_id}/-1", 1)
        sources = [CellSource(index=i, id=str(i), cell_type="code", source=f"cell {i}") for i in range(cells)]
        self.outputs.observe(attempt_id, NotebookStarted(cells_total=cells, cells=sources))

    def change(self, attempt_id: int, index: int, text: str, **more: Any) -> None:
        output = {"output_type": "stream", "name": "stdout", "text": text}
        event = CellChanged(index=index, state="running", outputs=[output], **more)
        self.outputs.observe(attempt_id, event)

    async def read(self, attempt_id: int) -> list[Any]:
        attempt = Attempt(attempt_id, 1, 1, state=AttemptState.RUNNING, directory="a")
        task = TaskInstance(1, 1, "t", state=TaskState.RUNNING)
        return (await self.outputs.read(task, attempt)).cells


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _length(cell: Any) -> int:
    return sum(len(output.get("text", "")) for output in cell.outputs)


async def test_changes_are_told_at_most_every_interval(bench: Bench) -> None:
    bench.start(1, 2)
    for number in range(500):
        bench.change(1, number % 2, f"text {number}")
    assert len(bench.sent) == 1
    await asyncio.sleep(2 * live.INTERVAL)
    assert [[cell.outputs[0]["text"] for cell in message.cells] for message in bench.sent[1:]] == [
        ["text 498", "text 499"]
    ]
    assert not bench.sent[1].reset
    await asyncio.sleep(2 * live.INTERVAL)
    assert len(bench.sent) == 2


async def test_a_start_and_what_follows_at_once_is_one_message_with_all_cells(bench: Bench) -> None:
    bench.start(1, 1)
    bench.start(1, 3)
    bench.change(1, 2, "x")
    await asyncio.sleep(2 * live.INTERVAL)
    assert bench.sent[1].reset
    assert [_length(cell) for cell in bench.sent[1].cells] == [0, 0, 1]


async def test_what_an_attempt_holds_is_bounded_and_the_rest_comes_from_its_file(bench: Bench) -> None:
    bench.start(1, 20)
    (bench.root / "a").mkdir()
    cells = []
    for index in range(20):
        text = str(index % 10) * 1_000_000
        bench.change(1, index, text, cpu=0.5, peak_memory=7)
        output = {"output_type": "stream", "name": "stdout", "text": text}
        cells.append({"cell_type": "code", "source": "of the file", "outputs": [output], "metadata": {}})
        entry = bench.outputs._live[1]
        assert entry.weight <= live.MAX_ATTEMPT
        assert entry.cells[index].outputs  # the newest is held
        assert bench.outputs._weight == entry.weight
    (bench.root / "a" / "output.ipynb").write_text(json.dumps({"cells": cells}))
    found = await bench.read(1)
    assert [_length(cell) for cell in found] == [1_000_000] * 20
    assert [cell.source for cell in found] == [f"cell {index}" for index in range(20)]
    assert {(cell.state, cell.cpu, cell.peak_memory, cell.elided) for cell in found} == {
        ("running", 0.5, 7, False)
    }


async def test_what_is_neither_held_nor_in_the_file_is_said_to_be_missing(bench: Bench) -> None:
    bench.start(1, 1)
    bench.outputs.observe(1, CellChanged(index=0, state="running", outputs=[], elided=True))
    [cell] = await bench.read(1)
    assert (cell.elided, cell.outputs) == (True, [])


async def test_what_all_attempts_hold_is_bounded(bench: Bench) -> None:
    for attempt in range(1, 31):
        bench.start(attempt, 6)
        for index in range(6):
            bench.change(attempt, index, "x" * 1_000_000)
        assert bench.outputs._weight <= live.MAX_WEIGHT
        assert sum(entry.weight for entry in bench.outputs._live.values()) == bench.outputs._weight
    assert 30 in bench.outputs._live
    for attempt in range(1, 31):
        bench.outputs.forget(attempt)
    assert (bench.outputs._weight, dict(bench.outputs._live)) == (0, {})


@pytest.mark.parametrize("told", [1000, 0])  # by the worker; none are told if they are larger still
async def test_sources_that_are_too_large_are_read_from_the_file(bench: Bench, told: int) -> None:
    sources = [CellSource(index=i, id=str(i), cell_type="code", source="x" * 20_000) for i in range(told)]
    bench.outputs.observe(1, NotebookStarted(cells_total=1000, cells=sources))
    assert bench.outputs._weight == 0
    (bench.root / "a").mkdir()
    (bench.root / "a" / "output.ipynb").write_text(
        json.dumps({"cells": [{"cell_type": "code", "source": "x"}]})
    )
    bench.change(1, 0, "out")
    [cell] = await bench.read(1)
    assert (cell.source, _length(cell)) == ("x", 3)


def _message(topic: str, size: int, index: int = 0) -> OutputChanged:
    cell = live._waiting(index, "code", "x" * size)
    return OutputChanged(
        topic=topic, attempt_id=1, try_number=1, cells=[cell], cells_done=0, cells_total=1, rev=1, reset=False
    )


async def test_a_message_is_encoded_once_for_all_who_watch() -> None:
    parcel = Parcel(_message("t", 100))
    written: list[bytes] = []

    async def write(data: bytes) -> None:
        written.append(data)

    listeners = [Listener("s", write) for _ in range(5)]
    works = [asyncio.create_task(listener.run()) for listener in listeners]
    for listener in listeners:
        listener.put(parcel)
    await asyncio.sleep(0.02)
    for work in works:
        work.cancel()
    assert len(written) == 5
    assert written[0][1:-1] == parcel.data
    assert parcel.data is parcel.data
    assert json.loads(written[0])[0]["type"] == "output"


async def test_a_client_that_takes_nothing_is_told_to_fetch_and_nothing_piles_up() -> None:
    batches: list[list[dict[str, Any]]] = []
    go_on, both = asyncio.Event(), asyncio.Event()

    async def write(data: bytes) -> None:
        await go_on.wait()
        batches.append(json.loads(data))
        if len(batches) == 2:
            both.set()

    listener = Listener("s", write)
    listener.subscribe(Subscribe(outputs=["t"]))
    work = asyncio.create_task(listener.run())
    await asyncio.sleep(0.02)
    for number in range(100):
        listener.put(_message("t", 1_000_000, number))
        assert listener._weight <= MAX_WEIGHT
    go_on.set()
    await asyncio.wait_for(both.wait(), 20)
    work.cancel()
    assert "resync" in [message["type"] for message in batches[1]]


async def test_updates_of_one_cell_do_not_add_up() -> None:
    listener = Listener("s", lambda data: asyncio.sleep(0))
    for _ in range(100):
        listener.put(_message("t", 1_000_000))
    assert [type(parcel.message) for parcel in listener._pending.values()] == [OutputChanged]


async def test_a_cell_that_comes_later_tells_its_own_source(bench: Bench) -> None:
    bench.start(1, 0)
    bench.change(1, 0, "x", source="ls -l")
    bench.change(1, 1, "y", source="SELECT 1")
    bench.change(1, 0, "xx", source="ls -l")
    cells = await bench.read(1)
    assert [(cell.index, cell.source, cell.outputs[0]["text"]) for cell in cells] == [
        (0, "ls -l", "xx"),
        (1, "SELECT 1", "y"),
    ]
    await asyncio.sleep(2 * live.INTERVAL)
    assert [(cell.index, cell.source) for cell in bench.sent[-1].cells] == [(0, "ls -l"), (1, "SELECT 1")]
    assert (bench.sent[-1].cells_done, bench.sent[-1].cells_total) == (0, 2)


async def test_hidden_cells_stay_hidden_and_do_not_count(bench: Bench) -> None:
    bench.outputs.bind(1, "d/r/t/-1", 1)
    cells = [
        CellSource(index=0, id="inputs", cell_type="code", source="load()", hidden=True),
        CellSource(index=1, id="task", cell_type="code", source="x = 1"),
    ]
    bench.outputs.observe(1, NotebookStarted(cells_total=2, cells=cells))
    bench.outputs.observe(1, CellChanged(index=0, state="success", outputs=[]))
    assert [(cell.hidden, cell.state) for cell in await bench.read(1)] == [
        (True, "success"),
        (False, "waiting"),
    ]
    await asyncio.sleep(2 * live.INTERVAL)
    assert (bench.sent[-1].cells_done, bench.sent[-1].cells_total) == (0, 1)
    bench.outputs.observe(1, CellChanged(index=1, state="success", outputs=[]))
    await asyncio.sleep(2 * live.INTERVAL)
    assert (bench.sent[-1].cells_done, bench.sent[-1].cells_total) == (1, 1)
