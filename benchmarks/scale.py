"""Whether a task costs the same however large its run is, and however much history there is.

The scheduler with a real SQLite file and an executor that answers at once: what is measured is ours alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from studio.core.model import Attempt, Dag, Run, TaskInstance
from studio.core.spec import CronSpec, DagSpec, TaskSpec, version_of
from studio.core.states import RUN_TERMINAL, AttemptState, RunState, TaskState
from studio.core.turn import Writes
from studio.ports import Store
from studio.scheduler.changes import Changes
from studio.scheduler.clock import SystemClock
from studio.scheduler.loop import Scheduler
from studio.store import open_store
from studio.testing import ScriptedExecutor

Row = tuple[str, str, str]

HISTORY = (1_000, 10_000, 100_000)  # finished runs
RUNS = 20  # measured after each
DAY = 86_400.0


class Bench:
    """A scheduler at work, and a way to wait for its runs."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.left = 0

    def publish(self, changes: Changes) -> None:
        self.left -= sum(change.run.state in RUN_TERMINAL for change in changes.runs)
        if self.left <= 0:
            self.over.set()

    async def until_over(self, runs: int) -> None:
        await asyncio.wait_for(self.over.wait(), 600)

    def expect(self, runs: int) -> None:
        self.left = runs
        self.over.clear()


@asynccontextmanager
async def scheduling(store: Store) -> AsyncIterator[tuple[Scheduler, Bench]]:
    bench = Bench()
    executor = ScriptedExecutor(slots=50)
    async with Scheduler(store, executor, SystemClock(), name="bench", publish=bench.publish) as scheduler:
        yield scheduler, bench


async def publish(scheduler: Scheduler, spec: DagSpec) -> None:
    await scheduler.command(spec.id, "publish", {"spec": msgspec.to_builtins(spec)}, actor="bench")


async def timed(scheduler: Scheduler, bench: Bench, spec: DagSpec, runs: int = 1) -> float:
    """Seconds from the triggers to the end of the last run."""
    bench.expect(runs)
    begun = time.perf_counter()
    for _ in range(runs):
        await scheduler.command(spec.id, "trigger", {}, actor="bench")
    await bench.until_over(runs)
    return time.perf_counter() - begun


async def history(home: Path) -> list[Row]:
    """A DAG of ten tasks, with more and more finished runs of its own in the database."""
    rows: list[Row] = []
    first: float | None = None
    spec = DagSpec(id="old", tasks=tuple(_chain("t", 10)), max_active_runs=1000)
    for number in HISTORY:
        path = home / f"{number}.db"
        async with open_store(f"sqlite:///{path}") as store:
            await fill(store, spec, number)
            async with scheduling(store) as (scheduler, bench):
                await timed(scheduler, bench, spec)  # everything is loaded and compiled
                seconds = sorted([await timed(scheduler, bench, spec, RUNS) for _ in range(5)])[2]
        cost = seconds / (RUNS * 10)
        first = first or cost
        rows.append(
            (
                f"a task, {number:,} finished runs in the database",
                f"{cost * 1000:.2f} ms",
                f"{cost / first:.2f} × the first",
            )
        )
    return rows


async def shapes(home: Path) -> list[Row]:
    """Large runs: what one task costs in each."""
    pairs = (
        ("100 tasks in 10 layers", _layers(10, 10), "10,000 tasks in 100 layers", _layers(100, 100)),
        ("1 → 98 → 1", _fan(98), "1 → 9,998 → 1", _fan(9_998)),
        ("a chain of 50", _chain("t", 50), "a chain of 5,000", _chain("t", 5_000)),
    )
    rows: list[Row] = []
    async with open_store(f"sqlite:///{home}/shapes.db") as store, scheduling(store) as (scheduler, bench):
        for number, (small_name, small, large_name, large) in enumerate(pairs):
            costs = []
            for name, tasks in ((small_name, small), (large_name, large)):
                spec = DagSpec(id=f"d{number}_{len(tasks)}", tasks=tuple(tasks), max_active_tasks=50)
                await publish(scheduler, spec)
                times = 3 if len(tasks) < 1000 else 1
                seconds = sorted([await timed(scheduler, bench, spec) for _ in range(times)])[times // 2]
                costs.append(seconds / len(tasks))
                ratio = "" if len(costs) == 1 else f"{costs[1] / costs[0]:.2f} × the one above"
                rows.append((f"a task of a run with {name}", f"{costs[-1] * 1000:.2f} ms", ratio))
        daily = DagSpec(id="daily", tasks=tuple(_chain("t", 10)), schedule=CronSpec("@daily"))
        await publish(scheduler, daily)
        await scheduler.command("daily", "pause", {}, actor="bench")
        begun = time.perf_counter()
        asked: dict[str, Any] = {"from": time.time() - 3650 * DAY, "to": time.time()}
        await scheduler.command("daily", "backfill", asked, actor="bench")
        rows.append(
            ("a backfill of ten years, daily, created", f"{time.perf_counter() - begun:.2f} s", "3,650 runs")
        )
    return rows


async def fill(store: Store, spec: DagSpec, number: int) -> None:
    """Write `number` finished runs of one task each, as a scheduler would have."""
    lease = await store.register_scheduler("history")
    now = time.time()
    version = version_of(spec)
    await store.commit(
        lease, Writes(dags=[Dag(spec.id, version, spec, created_at=now, updated_at=now, rev=1)])
    )
    ids = iter(range(lease.number << 32, (lease.number << 32) + 10 * number))
    for start in range(0, number, 1000):
        writes = Writes()
        for n in range(start, min(start + 1000, number)):
            at = now - DAY - 60.0 * (number - n)
            run = Run(
                next(ids),
                spec.id,
                f"old{n}",
                "manual",
                version,
                at,
                state=RunState.SUCCESS,
                started_at=at,
                ended_at=at,
                rev=1,
            )
            task = TaskInstance(
                next(ids),
                run.id,
                "t0",
                state=TaskState.SUCCESS,
                try_number=1,
                started_at=at,
                ended_at=at,
                rev=1,
            )
            attempt = Attempt(next(ids), task.id, 1, AttemptState.SUCCESS, at, at, at)
            task.attempt = attempt.id
            writes.new_runs.append(run)
            writes.new_tasks.append(task)
            writes.new_attempts.append(attempt)
        await store.commit(lease, writes)
    await store.release(lease)


def _chain(prefix: str, length: int) -> Sequence[TaskSpec]:
    return [
        TaskSpec(id=f"{prefix}{n}", kind="function", upstream=(f"{prefix}{n - 1}",) if n else ())
        for n in range(length)
    ]


def _fan(width: int) -> Sequence[TaskSpec]:
    middle = [TaskSpec(id=f"m{n}", kind="function", upstream=("first",)) for n in range(width)]
    last = TaskSpec(id="last", kind="function", upstream=tuple(task.id for task in middle))
    return [TaskSpec(id="first", kind="function"), *middle, last]


def _layers(number: int, width: int) -> Sequence[TaskSpec]:
    return [
        TaskSpec(
            id=f"l{layer}n{n}",
            kind="function",
            upstream=tuple(f"l{layer - 1}n{(n + k) % width}" for k in range(3)) if layer else (),
        )
        for layer in range(number)
        for n in range(width)
    ]
