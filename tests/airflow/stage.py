"""A studio on which the examples play: a real database, the real scheduler, real workers, DAGs from real files."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from studio.artifacts.local import LocalArtifacts
from studio.authoring.parse import parse_file_async
from studio.core.model import Run, TaskInstance
from studio.core.states import RUN_TERMINAL
from studio.executors.pool import PoolExecutor
from studio.ports import Store
from studio.scheduler.changes import Changes
from studio.scheduler.clock import SystemClock
from studio.scheduler.loop import Scheduler
from studio.settings import Settings
from studio.store import open_store
from studio.worker.processes import marked, send_signal

DAGS = Path(__file__).resolve().parent / "dags"
PATIENCE = 60.0  # seconds until a test counts as hanging
MARK = "STUDIO_TEST_MARK"


@dataclass(frozen=True)
class Ended:
    """What became of a run."""

    run: Run
    tasks: list[TaskInstance]
    values: dict[str, Any]  # of those that returned something, by name

    @property
    def state(self) -> str:
        return self.run.state.value

    @property
    def states(self) -> dict[str, str]:
        """By name: the task's id, with `[index]` if it is mapped."""
        return {name(task): task.state.value for task in self.tasks}

    def tasks_in(self, state: str) -> set[str]:
        return {task for task, found in self.states.items() if found == state}


def name(task: TaskInstance) -> str:
    return task.task_id + "".join(f"[{index}]" for index in task.map_path)


class Stage:
    """Loads DAG files as the DAG folder does, starts runs and waits for them."""

    def __init__(self, scheduler: Scheduler, store: Store, changed: asyncio.Event) -> None:
        self.scheduler = scheduler
        self.store = store
        self._changed = changed
        self._loaded: dict[str, list[str]] = {}

    async def load(self, file: str) -> list[str]:
        """Publish the DAGs of `dags/<file>.py`, once; their ids."""
        if file in self._loaded:
            return self._loaded[file]
        result = await parse_file_async(DAGS / f"{file}.py")
        assert result.error is None, result.error
        for spec in result.specs:
            await self.command(spec.id, "publish", spec=msgspec.to_builtins(spec))
        self._loaded[file] = [spec.id for spec in result.specs]
        return self._loaded[file]

    async def command(self, dag_id: str, kind: Any, **payload: Any) -> dict[str, Any]:
        return (await self.scheduler.command(dag_id, kind, payload, actor="ada")).result

    async def trigger(self, dag_id: str, **payload: Any) -> str:
        return str((await self.command(dag_id, "trigger", **payload))["run_id"])

    async def run(self, dag_id: str, **payload: Any) -> Ended:
        """A run by hand, when it has ended."""
        return await self.ended(dag_id, await self.trigger(dag_id, **payload))

    async def ended(self, dag_id: str, run_id: str) -> Ended:
        """That run, when it has ended."""
        return await self.until(lambda: self._ended(dag_id, run_id))

    async def _ended(self, dag_id: str, run_id: str) -> Ended | None:
        found = await self.store.run(dag_id, run_id)
        assert found is not None
        run, tasks = found
        if run.state not in RUN_TERMINAL:
            return None
        attempts = {task.attempt: name(task) for task in tasks if task.attempt is not None}
        values = await self.store.values(sorted(attempts))
        found_values = {attempts[key]: value for key, value in values.items() if value is not None}
        return Ended(
            run, tasks, {name(task): found_values[name(task)] for task in tasks if name(task) in found_values}
        )

    async def runs(self, dag_id: str, count: int) -> list[Ended]:
        """So many runs of it, oldest first, when they have ended."""

        async def look() -> list[Ended] | None:
            overviews = await self.store.runs(dag_id)
            if len(overviews) < count or any(each.run.state not in RUN_TERMINAL for each in overviews):
                return None
            found = [await self._ended(dag_id, each.run.run_id) for each in reversed(overviews)]
            return [each for each in found if each is not None]

        return await self.until(look)

    async def task_is(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Return when the task is in this state."""

        async def look() -> bool:
            found = await self.store.run(dag_id, run_id)
            return found is not None and any(
                task.task_id == task_id and task.state.value == state for task in found[1]
            )

        await self.until(look)

    async def until(self, look: Callable[[], Any]) -> Any:
        """What `look` says when that is true; it is asked after each change, and now and then."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            self._changed.clear()
            if value := await look():
                return value
            assert asyncio.get_running_loop().time() < deadline, "waited in vain"
            try:
                await asyncio.wait_for(self._changed.wait(), 0.1)
            except asyncio.TimeoutError:
                pass


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """A stage with two slots in a directory of its own. Nothing of it is left behind."""
    home = Path(tempfile.mkdtemp(prefix="st-"))
    settings = Settings(home=home, database=f"sqlite:///{home}/studio.db", dag_folder=DAGS, slots=2)
    changed = asyncio.Event()

    def publish(changes: Changes) -> None:
        changed.set()

    try:
        async with open_store(settings.database) as store:
            artifacts = LocalArtifacts(settings.source_root, settings.artifact_root)
            executor = PoolExecutor(settings, artifacts=artifacts, observe=lambda attempt, event: None)
            async with Scheduler(store, executor, SystemClock(), name="stage", publish=publish) as scheduler:
                yield Stage(scheduler, store, changed)
                assert scheduler.failure is None
                await executor.end_workers()
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(settings.socket_directory, ignore_errors=True)


def kill_marked(value: str) -> list[int]:
    """Whatever still runs that was started under this mark; it is killed."""
    left = marked(MARK, value)
    send_signal(left, signal.SIGKILL)
    return sorted(left)


def new_mark() -> str:
    return secrets.token_hex(8)
