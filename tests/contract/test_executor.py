"""What every executor does, whatever it runs attempts in."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from studio.artifacts.local import LocalArtifacts
from studio.core.model import Attempt
from studio.core.signals import AssetSignal, Signal
from studio.core.states import AttemptState
from studio.core.turn import Launch
from studio.executors.inline import InlineExecutor
from studio.executors.pool import PoolExecutor
from studio.executors.pool_worker import PoolTimings
from studio.outcomes import Fail
from studio.ports import Capacity, Executor, Finished, Lost, Report, Started
from studio.settings import Settings
from studio.worker.error_names import class_names
from studio.worker.task import CellChanged, Event, NotebookStarted

FAIL = class_names(Fail)
PATIENCE = 60.0  # seconds until a test counts as hanging
TASKS = """
import os, time
from datetime import datetime, timezone
from studio.outcomes import Defer, Fail, Reschedule, Skip, asset_event

def add(a, b):
    return a + b

def fail():
    raise ValueError("no such luck")

def note(file):
    with open(file, "a") as out:
        out.write(os.environ["STUDIO_ATTEMPT"] + os.environ["STUDIO_TASK_ID"] + "\\n")

def wait(file):
    open(file, "w").close()
    for _ in range(6000):
        time.sleep(0.01)

def end(how):
    asset_event("table", rows=7)
    raise {
        "skip": Skip("no data"),
        "fail": Fail("bad credentials"),
        "later": Reschedule(datetime(2013, 1, 31, tzinfo=timezone.utc)),
        "defer": Defer(1359612000, {"page": 3}),
    }[how]

def told(context, file):
    with open(file, "w") as out:
        out.write(context["event"])

def nothing(file):
    open(file, "w").close()
"""


class Bench:
    """An executor with one slot, and what it said."""

    def __init__(
        self, home: Path, make: Callable[[Settings, LocalArtifacts, Callable[..., None]], Executor]
    ) -> None:
        self.home = home
        settings = Settings(home=home, database="", dag_folder=home, slots=1)
        self.artifacts = LocalArtifacts(settings.source_root, settings.artifact_root)
        self.events: list[tuple[int, Event]] = []
        self.reports: list[Report] = []
        self.executor = make(
            settings, self.artifacts, lambda attempt_id, event: self.events.append((attempt_id, event))
        )
        self._changed = asyncio.Event()
        self.settings = settings

    def report(self, reports: Sequence[Report]) -> None:
        self.reports += reports
        self._changed.set()
        self.executor.acknowledge([r.attempt_id for r in reports if isinstance(r, Finished | Lost)])

    def launch(self, attempt_id: int, function: str, *, timeout: float | None = None, **args: Any) -> None:
        self.put(attempt_id, "function", self.config(function, **args), timeout=timeout)

    def config(self, function: str, **args: Any) -> dict[str, Any]:
        return {"function": f"contract_tasks:{function}", "args": args, "path": [str(self.home)]}

    def put(
        self,
        attempt_id: int,
        kind: str,
        config: dict[str, Any],
        *,
        timeout: float | None = None,
        context: dict[str, Any] | None = None,
        priority: tuple[float, ...] = (),
    ) -> None:
        where = f"dag/run/task/{attempt_id}"
        about = context or {}
        self.executor.launch(
            [Launch(attempt_id, "dag", "run", "task", -1, 1, kind, config, about, where, timeout, priority)]
        )

    async def until(self, condition: Callable[[], Any]) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, f"waited in vain; reports: {self.reports}"
            await asyncio.sleep(0.005)

    async def finished(self, attempt_id: int) -> Finished:
        def ends() -> list[Report]:
            return [r for r in self.reports if isinstance(r, Finished | Lost) and r.attempt_id == attempt_id]

        await self.until(ends)
        (report,) = ends()
        assert isinstance(report, Finished), report
        return report


@pytest.fixture(params=["inline", "pool"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    def make(settings: Settings, artifacts: LocalArtifacts, observe: Callable[..., None]) -> Executor:
        if request.param == "inline":
            return InlineExecutor(observe=observe, artifacts=artifacts)
        timings = PoolTimings(grace=1.0, orphan_timeout=20.0)
        return PoolExecutor(settings, observe=observe, artifacts=artifacts, timings=timings)

    home = Path(tempfile.mkdtemp(prefix="st-"))
    (home / "contract_tasks.py").write_text(TASKS)
    bench = Bench(home, make)
    yield bench
    if isinstance(bench.executor, PoolExecutor):
        await bench.executor.end_workers()
    await bench.executor.stop()
    shutil.rmtree(home)
    shutil.rmtree(bench.settings.socket_directory, ignore_errors=True)


async def test_result_comes_back(bench: Bench) -> None:
    assert await bench.executor.start(bench.report, []) == set()
    bench.launch(1, "add", a=2, b=3)
    report = await bench.finished(1)
    assert (report.state, report.value, report.error) == ("success", 5, None)
    assert report.started_at <= report.ended_at
    assert [r for r in bench.reports if isinstance(r, Capacity)]


async def test_failure_is_told(bench: Bench) -> None:
    await bench.executor.start(bench.report, [])
    bench.launch(1, "fail")
    report = await bench.finished(1)
    assert report.state == "failed"
    assert (report.error or "").startswith("ValueError: no such luck\n")


async def test_what_cannot_be_run_fails_with_the_reason(bench: Bench) -> None:
    await bench.executor.start(bench.report, [])
    bench.put(1, "notebook", {"digest": "0" * 64})
    bench.put(2, "potion", {})
    assert "Publish the DAG again" in ((await bench.finished(1)).error or "")
    assert "Unknown kind" in ((await bench.finished(2)).error or "")


async def test_attempts_begin_in_order_and_know_who_they_are(bench: Bench, tmp_path: Path) -> None:
    await bench.executor.start(bench.report, [])
    for attempt_id in range(1, 9):
        bench.launch(attempt_id, "note", file=str(tmp_path / "log"))
    await bench.finished(8)
    assert (tmp_path / "log").read_text().split() == [f"{i}task" for i in range(1, 9)]


async def test_cancel_ends_what_runs_and_what_waits(bench: Bench, tmp_path: Path) -> None:
    await bench.executor.start(bench.report, [])
    bench.launch(1, "wait", file=str(tmp_path / "1"))
    bench.launch(2, "wait", file=str(tmp_path / "2"))
    await bench.until(lambda: (tmp_path / "1").exists())
    bench.executor.cancel([2, 1])
    assert [(await bench.finished(i)).state for i in (1, 2)] == ["cancelled", "cancelled"]
    assert not (tmp_path / "2").exists()
    bench.launch(3, "add", a=1, b=1)
    assert (await bench.finished(3)).value == 2


async def test_the_most_urgent_of_what_waits_begins_first(bench: Bench, tmp_path: Path) -> None:
    await bench.executor.start(bench.report, [])
    bench.launch(1, "wait", file=str(tmp_path / "1"))
    await bench.until(lambda: (tmp_path / "1").exists())
    config = bench.config("note", file=str(tmp_path / "log"))
    for attempt_id, priority in ((2, (5.0,)), (3, (1.0, 9.0)), (4, (5.0,)), (5, (1.0, 2.0))):
        bench.put(attempt_id, "function", config, priority=priority)
    await asyncio.sleep(0.1)  # for the way to a worker
    bench.executor.cancel([1])
    for attempt_id in (2, 3, 4, 5):
        await bench.finished(attempt_id)
    assert (tmp_path / "log").read_text().split() == ["5task", "3task", "2task", "4task"]


@pytest.mark.parametrize(
    ("how", "state", "error", "signal"),
    [
        ("skip", "skipped", "no data", Signal()),
        ("fail", "failed", "bad credentials", Signal(retry=False, errors=FAIL)),
        ("later", "rescheduled", None, Signal(until=1359590400.0)),
        ("defer", "rescheduled", None, Signal(until=1359612000.0, resume={"page": 3})),
    ],
)
async def test_signals_of_the_task_come_back(
    bench: Bench, how: str, state: str, error: str | None, signal: Signal
) -> None:
    await bench.executor.start(bench.report, [])
    bench.launch(1, "end", how=how)
    report = await bench.finished(1)
    said = msgspec.structs.replace(signal, assets=(AssetSignal("table", {"rows": 7}),))
    assert (report.state, report.error, report.value, report.signal) == (state, error, None, said)
    assert report.details == {"rendered": {"how": how}}


async def test_failures_and_timeouts_name_their_exception(bench: Bench, tmp_path: Path) -> None:
    await bench.executor.start(bench.report, [])
    bench.launch(1, "fail")
    assert (await bench.finished(1)).signal.errors[0] == "builtins.ValueError"
    bench.launch(2, "wait", file=str(tmp_path / "2"), timeout=0.3)
    assert (await bench.finished(2)).signal.errors[0] == "builtins.TimeoutError"


async def test_a_sensor_between_two_looks_is_cancelled(bench: Bench, tmp_path: Path) -> None:
    await bench.executor.start(bench.report, [])
    context = {"interpret": "sensor", "sensor": {"poke_interval": 3600}}
    bench.put(1, "function", bench.config("nothing", file=str(tmp_path / "1")), context=context)
    await bench.until(lambda: (tmp_path / "1").exists())
    bench.executor.cancel([1])
    assert (await bench.finished(1)).state == "cancelled"


async def test_a_callback_is_launched_and_cancelled_like_an_attempt(bench: Bench, tmp_path: Path) -> None:
    callbacks = [Attempt(8, 0, 1), Attempt(9, 0, 1)]
    assert await bench.executor.start(bench.report, callbacks) == {8, 9}
    bench.put(8, "callback", bench.config("told", file=str(tmp_path / "8")), context={"event": "failure"})
    assert (await bench.finished(8)).state == "success"
    assert (tmp_path / "8").read_text() == "failure"
    bench.put(9, "callback", bench.config("fail"))
    assert (await bench.finished(9)).state == "failed"


async def test_timeout_is_a_failure(bench: Bench, tmp_path: Path) -> None:
    await bench.executor.start(bench.report, [])
    bench.launch(1, "wait", file=str(tmp_path / "1"), timeout=0.5)
    report = await bench.finished(1)
    assert report.state == "failed"
    assert (report.error or "").startswith("timed out after 0.5 s")


async def test_unfinished_attempts_are_handed_back_or_lost(bench: Bench) -> None:
    running = Attempt(2, 2, 1, state=AttemptState.RUNNING)
    assert await bench.executor.start(bench.report, [Attempt(1, 1, 1), running]) == {1}
    await bench.until(lambda: [r for r in bench.reports if isinstance(r, Lost)])
    assert [r.attempt_id for r in bench.reports if isinstance(r, Lost)] == [2]


def _publish(bench: Bench, *sources: str) -> dict[str, Any]:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{i}",
            "metadata": {},
            "source": s,
            "outputs": [],
            "execution_count": None,
        }
        for i, s in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    content = json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()
    digest = hashlib.sha256(content).hexdigest()
    bench.artifacts.put_source(digest, content)
    return {"path": "/somewhere/x.ipynb", "digest": digest, "cwd": str(bench.home), "parameters": {}}


async def test_notebook_runs_and_is_watched(bench: Bench) -> None:
    await bench.executor.start(bench.report, [])
    bench.put(1, "notebook", _publish(bench, "print(6 * 7)"))
    report = await bench.finished(1)
    assert report.state == "success", report.error
    assert [r for r in bench.reports if isinstance(r, Started)]
    events = [event for attempt_id, event in bench.events if attempt_id == 1]
    assert any(isinstance(event, NotebookStarted) for event in events)
    last = [event for event in events if isinstance(event, CellChanged)][-1]
    assert (last.state, last.outputs[0]["text"]) == ("success", "42\n")
    assert Path(bench.artifacts.attempt_directory("dag/run/task/1"), "output.ipynb").is_file()


async def test_cancelled_notebook_is_kept_as_far_as_it_came(bench: Bench) -> None:
    await bench.executor.start(bench.report, [])
    bench.put(1, "notebook", _publish(bench, "print('so far')", "import time; time.sleep(60)"))

    def is_in_second_cell() -> bool:
        return any(
            isinstance(e, CellChanged) and e.index == 1 and e.state == "running" for _, e in bench.events
        )

    await bench.until(is_in_second_cell)
    bench.executor.cancel([1])
    assert (await bench.finished(1)).state == "cancelled"
    output = Path(bench.artifacts.attempt_directory("dag/run/task/1"), "output.ipynb")
    cells = json.loads(output.read_text())["cells"]
    assert "so far" in json.dumps(cells[0]["outputs"])
