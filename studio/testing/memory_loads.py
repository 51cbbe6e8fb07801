"""What a scheduler loads, from the memory store: as `studio.store.loads`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from studio.core.model import (
    AssetEvent,
    Attempt,
    Backfill,
    CallbackRequest,
    Command,
    Dag,
    Run,
    RunWithTasks,
)
from studio.core.states import ATTEMPT_TERMINAL, RUN_TERMINAL, RunState
from studio.ports import Lease
from studio.testing.memory_copies import (
    attempt_copy,
    backfill_copy,
    callback_copy,
    command_copy,
    event_copy,
    run_copy,
    through_json,
)
from studio.testing.memory_tables import Tables


class Loads:
    """This part of `studio.ports.Store`."""

    def _transaction(self) -> AbstractAsyncContextManager[Tables]:
        raise NotImplementedError

    async def owned_dags(self, lease: Lease) -> list[Dag]:
        async with self._transaction() as tables:
            return [tables.dag(name) for name in sorted(tables.dags) if tables.owners[name] == lease.number]

    async def unfinished_runs(self, lease: Lease) -> tuple[list[RunWithTasks], list[Attempt]]:
        async with self._transaction() as tables:
            runs = [
                run
                for run in tables.runs.values()
                if run.state not in RUN_TERMINAL and tables.owners[run.dag_id] == lease.number
            ]
            runs.sort(key=lambda run: (run.run_after, run.id))
            loaded = [tables.with_tasks(run) for run in runs]
            attempts = [
                attempt_copy(tables.attempts[number])
                for one in loaded
                for task in one.tasks
                for number in tables.attempts_of[task.id]
                if tables.attempts[number].state not in ATTEMPT_TERMINAL
            ]
            return loaded, sorted(attempts, key=lambda attempt: attempt.id)

    async def load_run(self, dag_id: str, run_id: str) -> RunWithTasks | None:
        async with self._transaction() as tables:
            number = tables.run_keys.get((dag_id, run_id))
            return None if number is None else tables.with_tasks(tables.runs[number])

    async def load_runs(self, dag_id: str, run_ids: Sequence[str]) -> list[RunWithTasks]:
        async with self._transaction() as tables:
            keys = {(dag_id, run_id) for run_id in run_ids}
            found = [tables.runs[tables.run_keys[key]] for key in keys if key in tables.run_keys]
            found.sort(key=lambda run: (run.run_after, run.id))
            return [tables.with_tasks(run) for run in found]

    async def dated_runs(self, dag_id: str, since: float, until: float, *, limit: int) -> list[Run]:
        async with self._transaction() as tables:
            dated = [(date, run) for date, run in _dated(tables, dag_id) if since <= date <= until]
            return [run_copy(run) for _, run in sorted(dated, key=_date_and_id)[:limit]]

    async def run_before(self, dag_id: str, logical_date: float) -> RunWithTasks | None:
        async with self._transaction() as tables:
            earlier = [(date, run) for date, run in _dated(tables, dag_id) if date < logical_date]
            return tables.with_tasks(max(earlier, key=_date_and_id)[1]) if earlier else None

    async def success_before(self, dag_id: str, logical_date: float) -> Run | None:
        async with self._transaction() as tables:
            earlier = [
                (date, run)
                for date, run in _dated(tables, dag_id)
                if date < logical_date and run.state is RunState.SUCCESS
            ]
            return run_copy(max(earlier, key=_date_and_id)[1]) if earlier else None

    async def values(self, attempt_ids: Sequence[int]) -> dict[int, Any]:
        async with self._transaction() as tables:
            return {
                number: through_json(tables.attempts[number].value)
                for number in attempt_ids
                if number in tables.attempts
            }

    async def events(self, event_ids: Sequence[int]) -> list[AssetEvent]:
        async with self._transaction() as tables:
            known = sorted(number for number in set(event_ids) if number in tables.events)
            return [event_copy(tables.events[number]) for number in known]

    async def unfinished_callbacks(self, lease: Lease) -> list[CallbackRequest]:
        async with self._transaction() as tables:
            unfinished = [
                callback_copy(callback)
                for callback in tables.callbacks.values()
                if callback.state not in ATTEMPT_TERMINAL and tables.owners[callback.dag_id] == lease.number
            ]
            return sorted(unfinished, key=lambda callback: callback.id)

    async def unfinished_backfills(self, lease: Lease) -> list[Backfill]:
        async with self._transaction() as tables:
            unfinished = [
                backfill_copy(backfill)
                for backfill in tables.backfills.values()
                if backfill.state in ("running", "paused") and tables.owners[backfill.dag_id] == lease.number
            ]
            return sorted(unfinished, key=lambda backfill: backfill.id)

    async def pending_commands(self, lease: Lease) -> list[Command]:
        async with self._transaction() as tables:

            def is_ours(command: Command) -> bool:
                if command.dag_id in tables.dags:
                    return tables.owners[command.dag_id] == lease.number
                return True  # a DAG to publish, or one that was deleted meanwhile: that is refused

            pending = [command for command in tables.commands.values() if command.state == "pending"]
            return [command_copy(command) for command in pending if is_ours(command)]


def _dated(tables: Tables, dag_id: str) -> Iterator[tuple[float, Run]]:
    """The runs of a DAG that have a logical date, with it."""
    for run in tables.runs.values():
        if run.dag_id == dag_id and run.logical_date is not None:
            yield run.logical_date, run


def _date_and_id(dated: tuple[float, Run]) -> tuple[float, int]:
    return dated[0], dated[1].id
