"""What people look at, from the memory store: as `studio.store.reads`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from studio.core.model import (
    Asset,
    AssetEvent,
    Attempt,
    Backfill,
    BackfillState,
    Command,
    Dag,
    DagFile,
    Pool,
    Run,
    TaskInstance,
)
from studio.core.spec import DagSpec, decode
from studio.core.states import RunState
from studio.ports import (
    ALL_RUNS,
    BackfillOverview,
    RunAttempt,
    RunFilter,
    RunOverview,
    TaskStates,
    VersionInfo,
)
from studio.testing.memory_copies import (
    asset_copy,
    attempt_copy,
    backfill_copy,
    command_copy,
    event_copy,
    pool_copy,
    run_copy,
)
from studio.testing.memory_tables import Tables


class Reads:
    """This part of `studio.ports.Store`."""

    def _transaction(self) -> AbstractAsyncContextManager[Tables]:
        raise NotImplementedError

    async def command(self, command_id: int) -> Command | None:
        async with self._transaction() as tables:
            command = tables.commands.get(command_id)
            return None if command is None else command_copy(command)

    async def commands(
        self,
        dag_id: str | None = None,
        *,
        actor: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Command]:
        async with self._transaction() as tables:
            found = [
                command_copy(command)
                for command in tables.commands.values()
                if dag_id in (None, command.dag_id)
                and actor in (None, command.actor)
                and (before is None or command.id < before)
            ]
        for command in found:
            if command.kind == "publish":
                command.payload = {}
        return sorted(found, key=lambda command: -command.id)[:limit]

    async def dags(self) -> list[Dag]:
        async with self._transaction() as tables:
            return [tables.dag(name) for name in sorted(tables.dags)]

    async def dag(self, dag_id: str) -> Dag | None:
        async with self._transaction() as tables:
            return tables.dag(dag_id) if dag_id in tables.dags else None

    async def version(self, dag_id: str, version: str) -> DagSpec | None:
        async with self._transaction() as tables:
            text = tables.versions.get((dag_id, version))
            return None if text is None else decode(text)

    async def latest_runs(self, per_dag: int, dag_id: str | None = None) -> dict[str, list[RunOverview]]:
        if per_dag < 1:
            raise ValueError(f"per_dag is {per_dag}; it must be at least 1")
        async with self._transaction() as tables:
            latest: dict[str, list[RunOverview]] = {
                name: [] for name in sorted(tables.dags) if dag_id in (None, name)
            }
            for run in _newest_first(tables.runs.values()):
                if run.dag_id in latest and len(latest[run.dag_id]) < per_dag:
                    latest[run.dag_id].append(_overview(tables, run))
            return latest

    async def runs(
        self,
        dag_id: str | None = None,
        asked: RunFilter = ALL_RUNS,
        *,
        before: tuple[float, int] | None = None,
        limit: int = 50,
        is_counted: bool = True,
    ) -> list[RunOverview]:
        async with self._transaction() as tables:
            found = [
                run
                for run in tables.runs.values()
                if dag_id in (None, run.dag_id)
                and _fits(run, asked)
                and (before is None or (run.run_after, run.id) < before)
            ]
            page = _newest_first(found)[:limit]
            return [_overview(tables, run) if is_counted else RunOverview(run_copy(run), {}) for run in page]

    async def task_states(self, run_ids: Sequence[int]) -> dict[int, TaskStates]:
        async with self._transaction() as tables:
            states: dict[int, TaskStates] = {}
            for run in run_ids:
                for number in tables.tasks_of.get(run, ()):
                    task = tables.tasks[number]
                    states.setdefault(run, {}).setdefault(task.state.value, []).append(task.task_id)
            return states

    async def run_dates(self, dag_id: str, since: float, until: float) -> list[tuple[float, RunState]]:
        async with self._transaction() as tables:
            dates = [(_date(run), run.state) for run in tables.runs.values() if run.dag_id == dag_id]
            return [(date, state) for date, state in dates if since <= date < until]

    async def attempts_of_run(self, run: int) -> list[RunAttempt]:
        async with self._transaction() as tables:
            found = []
            for task in (tables.tasks[number] for number in tables.tasks_of.get(run, ())):
                for attempt in (tables.attempts[number] for number in tables.attempts_of.get(task.id, {})):
                    times = attempt.queued_at, attempt.started_at, attempt.ended_at
                    number, state, worker = attempt.try_number, attempt.state, attempt.worker
                    found.append(RunAttempt(task.task_id, task.map_index, number, state, *times, worker))
            return sorted(
                found, key=lambda each: (each.queued_at, each.task_id, each.map_index, each.try_number)
            )

    async def run(self, dag_id: str, run_id: str) -> tuple[Run, list[TaskInstance]] | None:
        async with self._transaction() as tables:
            number = tables.run_keys.get((dag_id, run_id))
            if number is None:
                return None
            found = tables.with_tasks(tables.runs[number])
            return found.run, found.tasks

    async def attempts(self, task_instance: int) -> list[Attempt]:
        async with self._transaction() as tables:
            numbers = tables.attempts_of.get(task_instance, {})
            found = [attempt_copy(tables.attempts[number]) for number in numbers]
            return sorted(found, key=lambda attempt: attempt.try_number)

    async def dag_files(self) -> list[DagFile]:
        async with self._transaction() as tables:
            return [replace(tables.dag_files[path]) for path in sorted(tables.dag_files)]

    async def versions(self, dag_id: str) -> list[VersionInfo]:
        async with self._transaction() as tables:
            pinned = Counter(run.version for run in tables.runs.values() if run.dag_id == dag_id)
            found = [
                VersionInfo(version, created_at, pinned[version])
                for (name, version), created_at in tables.version_times.items()
                if name == dag_id
            ]
            return sorted(found, key=lambda info: (-info.created_at, info.version))

    async def pools(self) -> list[Pool]:
        async with self._transaction() as tables:
            return [pool_copy(tables.pools[name]) for name in sorted(tables.pools)]

    async def backfills(
        self,
        dag_id: str | None = None,
        *,
        states: Sequence[BackfillState] | None = None,
        limit: int = 50,
    ) -> list[BackfillOverview]:
        async with self._transaction() as tables:
            asked = [
                one
                for one in tables.backfills.values()
                if dag_id in (None, one.dag_id) and (states is None or one.state in states)
            ]
            asked.sort(key=lambda backfill: (backfill.created_at, backfill.id), reverse=True)
            return [_backfill_overview(tables, backfill) for backfill in asked[:limit]]

    async def backfill(self, backfill_id: int) -> BackfillOverview | None:
        async with self._transaction() as tables:
            backfill = tables.backfills.get(backfill_id)
            return None if backfill is None else _backfill_overview(tables, backfill)

    async def assets(self) -> list[Asset]:
        async with self._transaction() as tables:
            return [asset_copy(tables.assets[name]) for name in sorted(tables.assets)]

    async def asset_events(
        self, asset: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[AssetEvent]:
        async with self._transaction() as tables:
            asked = [
                event
                for event in tables.events.values()
                if asset in (None, event.asset) and (before is None or event.id < before)
            ]
            asked.sort(key=lambda event: event.id, reverse=True)
            return [event_copy(event) for event in asked[:limit]]


def _newest_first(runs: Iterable[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: (run.run_after, run.id), reverse=True)


def _date(run: Run) -> float:
    return run.run_after if run.logical_date is None else run.logical_date


def _fits(run: Run, asked: RunFilter) -> bool:
    return (
        (asked.states is None or run.state in asked.states)
        and (asked.types is None or run.run_type in asked.types)
        and (asked.since is None or _date(run) >= asked.since)
        and (asked.until is None or _date(run) < asked.until)
        and (
            asked.search is None
            or any(asked.search.lower() in text.lower() for text in (run.run_id, run.note))
        )
        and asked.backfill in (None, run.backfill)
    )


def _overview(tables: Tables, run: Run) -> RunOverview:
    counts = Counter(tables.tasks[number].state.value for number in tables.tasks_of[run.id])
    return RunOverview(run_copy(run), dict(counts))


def _backfill_overview(tables: Tables, backfill: Backfill) -> BackfillOverview:
    counts = Counter(run.state.value for run in tables.runs.values() if run.backfill == backfill.id)
    return BackfillOverview(backfill_copy(backfill), dict(counts))
