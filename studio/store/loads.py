"""What a scheduler loads: its DAGs and their unfinished runs, and of the past what a decision needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from studio.core.model import (
    AssetEvent,
    Attempt,
    Backfill,
    CallbackRequest,
    Command,
    Dag,
    Run,
    RunWithTasks,
    TaskInstance,
)
from studio.core.spec import decode
from studio.ports import Lease
from studio.store import rows, run_rows, shared_rows
from studio.store import shared_statements as shared
from studio.store import statements as sql
from studio.store.database import Database
from studio.store.encoding import from_json
from studio.store.slices import slices


class Loads:
    """This part of `studio.ports.Store`."""

    _database: Database

    async def owned_dags(self, lease: Lease) -> list[Dag]:
        def read(connection: Connection) -> list[Dag]:
            return [
                rows.dag_record(row) for row in connection.execute(sql.owned_dags, {"lease": lease.number})
            ]

        return await self._database.read(read)

    async def unfinished_runs(self, lease: Lease) -> tuple[list[RunWithTasks], list[Attempt]]:
        asked = {"lease": lease.number}

        def read(connection: Connection) -> tuple[list[RunWithTasks], list[Attempt]]:
            specs = rows.specs_by_version(connection.execute(sql.unfinished_versions, asked))
            tasks: dict[int, list[TaskInstance]] = {}
            for row in connection.execute(sql.unfinished_tasks, asked):
                tasks.setdefault(row.run, []).append(run_rows.task_record(row))
            runs = [run_rows.run_record(row) for row in connection.execute(sql.unfinished_runs, asked)]
            attempts = [
                run_rows.attempt_record(row) for row in connection.execute(sql.unfinished_attempts, asked)
            ]
            loaded = [
                RunWithTasks(run, tasks.get(run.id, []), specs[run.dag_id, run.version]) for run in runs
            ]
            return loaded, attempts

        return await self._database.read(read)

    async def load_run(self, dag_id: str, run_id: str) -> RunWithTasks | None:
        def read(connection: Connection) -> RunWithTasks | None:
            found = one_run(connection, dag_id, run_id)
            if found is None:
                return None
            asked = {"dag_id": dag_id, "version": found[0].version}
            spec = connection.execute(sql.version_spec, asked).scalar_one()
            return RunWithTasks(*found, decode(spec))

        return await self._database.read(read)

    async def load_runs(self, dag_id: str, run_ids: Sequence[str]) -> list[RunWithTasks]:
        def read(connection: Connection) -> list[RunWithTasks]:
            found: list[Run] = []
            for names in slices(dict.fromkeys(run_ids)):
                asked = {"dag_id": dag_id, "run_ids": names}
                found += map(run_rows.run_record, connection.execute(sql.some_runs, asked))
            found.sort(key=lambda run: (run.run_after, run.id))
            return _with_tasks(connection, dag_id, found)

        return await self._database.read(read)

    async def dated_runs(self, dag_id: str, since: float, until: float, *, limit: int) -> list[Run]:
        asked = {"dag_id": dag_id, "since": since, "until": until, "limit": limit}

        def read(connection: Connection) -> list[Run]:
            return [run_rows.run_record(row) for row in connection.execute(sql.dated_runs, asked)]

        return await self._database.read(read)

    async def run_before(self, dag_id: str, logical_date: float) -> RunWithTasks | None:
        asked = {"dag_id": dag_id, "logical_date": logical_date}

        def read(connection: Connection) -> RunWithTasks | None:
            found = [run_rows.run_record(row) for row in connection.execute(sql.run_before, asked)]
            return next(iter(_with_tasks(connection, dag_id, found)), None)

        return await self._database.read(read)

    async def success_before(self, dag_id: str, logical_date: float) -> Run | None:
        asked = {"dag_id": dag_id, "logical_date": logical_date}

        def read(connection: Connection) -> Run | None:
            row = connection.execute(sql.success_before, asked).one_or_none()
            return None if row is None else run_rows.run_record(row)

        return await self._database.read(read)

    async def values(self, attempt_ids: Sequence[int]) -> dict[int, Any]:
        def read(connection: Connection) -> dict[int, Any]:
            return {
                number: from_json(text)
                for some in slices(dict.fromkeys(attempt_ids))
                for number, text in connection.execute(sql.values, {"ids": some})
            }

        return await self._database.read(read)

    async def events(self, event_ids: Sequence[int]) -> list[AssetEvent]:
        def read(connection: Connection) -> list[AssetEvent]:
            return [
                shared_rows.event_record(row)
                for some in slices(sorted(set(event_ids)))
                for row in connection.execute(shared.events_by_id, {"ids": some})
            ]

        return sorted(await self._database.read(read), key=lambda event: event.id)

    async def unfinished_callbacks(self, lease: Lease) -> list[CallbackRequest]:
        def read(connection: Connection) -> list[CallbackRequest]:
            found = connection.execute(shared.unfinished_callbacks, {"lease": lease.number})
            return [shared_rows.callback_record(row) for row in found]

        return await self._database.read(read)

    async def unfinished_backfills(self, lease: Lease) -> list[Backfill]:
        def read(connection: Connection) -> list[Backfill]:
            found = connection.execute(shared.unfinished_backfills, {"lease": lease.number})
            return [shared_rows.backfill_record(row) for row in found]

        return await self._database.read(read)

    async def pending_commands(self, lease: Lease) -> list[Command]:
        def read(connection: Connection) -> list[Command]:
            found = connection.execute(sql.pending_commands, {"lease": lease.number})
            return [rows.command_record(row) for row in found]

        return await self._database.read(read)


def one_run(connection: Connection, dag_id: str, run_id: str) -> tuple[Run, list[TaskInstance]] | None:
    """A run and its task instances, by id."""
    row = connection.execute(sql.one_run, {"dag_id": dag_id, "run_id": run_id}).one_or_none()
    if row is None:
        return None
    tasks = connection.execute(sql.tasks_of_run, {"run": row.id})
    return run_rows.run_record(row), [run_rows.task_record(task) for task in tasks]


def _with_tasks(connection: Connection, dag_id: str, runs: Sequence[Run]) -> list[RunWithTasks]:
    """These runs of one DAG, in this order, with their tasks and specs."""
    tasks: dict[int, list[TaskInstance]] = {run.id: [] for run in runs}
    for some in slices(tasks):
        for row in connection.execute(sql.tasks_of_runs, {"runs": some}):
            tasks[row.run].append(run_rows.task_record(row))
    specs = {}
    for versions in slices({run.version for run in runs}):
        asked = {"dag_id": dag_id, "versions": versions}
        specs.update(rows.specs_by_version(connection.execute(sql.some_versions, asked)))
    return [RunWithTasks(run, tasks[run.id], specs[dag_id, run.version]) for run in runs]
