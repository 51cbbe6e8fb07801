"""A whole studio for measuring: a real database, real workers, the real scheduler, in a directory of its own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil

from studio.artifacts.local import LocalArtifacts
from studio.core.spec import DagSpec, TaskSpec
from studio.core.states import RUN_TERMINAL, RunState
from studio.executors.pool import PoolExecutor
from studio.ports import Store
from studio.scheduler.changes import Changes, RunChange
from studio.scheduler.clock import SystemClock
from studio.scheduler.loop import Scheduler
from studio.settings import Settings
from studio.store import open_store

POSTGRESQL = os.environ.get("STUDIO_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")


def noop() -> None:
    """What the tasks of the throughput workloads do."""


def noop_task(task_id: str, *upstream: str) -> TaskSpec:
    return TaskSpec(
        id=task_id, kind="function", upstream=upstream, config={"function": "benchmarks.harness:noop"}
    )


class Bench:
    """Publishes, triggers, and waits for runs to end."""

    def __init__(
        self,
        scheduler: Scheduler,
        store: Store,
        finished: asyncio.Queue[RunChange],
        artifacts: LocalArtifacts,
    ) -> None:
        self.scheduler = scheduler
        self.artifacts = artifacts
        self._store = store
        self._finished = finished
        self._last: RunChange | None = None

    async def publish(self, spec: DagSpec) -> None:
        await self.scheduler.command(spec.id, "publish", {"spec": msgspec.to_builtins(spec)}, actor="bench")

    async def run(self, dag_ids: Sequence[str], each: int = 1) -> float:
        """Trigger `each` runs of every DAG at once; seconds until the last has ended in the database."""
        while not self._finished.empty():
            self._finished.get_nowait()
        begin = time.perf_counter()
        await asyncio.gather(
            *(
                self.scheduler.command(dag_id, "trigger", {}, actor="bench")
                for dag_id in dag_ids
                for _ in range(each)
            )
        )
        for _ in range(len(dag_ids) * each):
            self._last = await self._finished.get()
            if self._last.run.state is not RunState.SUCCESS:
                raise RuntimeError(f"A run of {self._last.run.dag_id} ended as {self._last.run.state.value}.")
        return time.perf_counter() - begin

    async def details(self) -> dict[str, Any]:
        """What is noted of the attempt that ended the last run."""
        assert self._last is not None
        return (await self._store.attempts(self._last.tasks[-1].id))[-1].details


@asynccontextmanager
async def studio(home: Path, database: str | None = None, slots: int = 2) -> AsyncIterator[Bench]:
    """A studio in `home`; its workers end with it."""
    settings = Settings(home, database or f"sqlite:///{home}/studio.db", home / "dags", slots)
    artifacts = LocalArtifacts(settings.source_root, settings.artifact_root)
    finished: asyncio.Queue[RunChange] = asyncio.Queue()

    def publish(changes: Changes) -> None:
        for change in changes.runs:
            if change.run.state in RUN_TERMINAL:
                finished.put_nowait(change)

    async with open_store(settings.database) as store:
        executor = PoolExecutor(settings, artifacts=artifacts, observe=lambda attempt, event: None)
        async with Scheduler(store, executor, SystemClock(), name="bench", publish=publish) as scheduler:
            yield Bench(scheduler, store, finished, artifacts)
    for process in psutil.Process().children(recursive=True):  # workers would wait for a next server
        process.kill()


def shown(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
