"""What people look at: the reads of a store that schedule nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection

from studio.core.model import (
    Asset,
    AssetEvent,
    Attempt,
    BackfillState,
    Command,
    Dag,
    DagFile,
    Pool,
    Run,
    TaskInstance,
)
from studio.core.spec import DagSpec, decode
from studio.core.states import AttemptState, RunState
from studio.ports import (
    ALL_RUNS,
    BackfillOverview,
    RunAttempt,
    RunFilter,
    RunOverview,
    TaskStates,
    VersionInfo,
)
from studio.store import rows, run_rows, shared_rows
from studio.store import shared_statements as shared
from studio.store import statements as sql
from studio.store.database import Database
from studio.store.encoding import brief
from studio.store.loads import one_run
from studio.store.slices import slices

_LIKE_SIGN: Final = re.compile(f"[{sql.ESCAPE}%_]")


class Reads:
    """This part of `studio.ports.Store`."""

    _database: Database

    async def command(self, command_id: int) -> Command | None:
        def read(connection: Connection) -> Command | None:
            row = connection.execute(sql.command_by_id, {"id": command_id}).one_or_none()
            return None if row is None else rows.command_record(row)

        return await self._database.read(read)

    async def commands(
        self,
        dag_id: str | None = None,
        *,
        actor: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Command]:
        asked: dict[str, Any] = {"limit": limit}
        if dag_id is not None:
            asked["dag_id"] = dag_id
        if actor is not None:
            asked["actor"] = brief(actor)
        if before is not None:
            asked["id"] = before
        page = sql.commands_page(dag_id is not None, actor is not None, before is not None)

        def read(connection: Connection) -> list[Command]:
            return [rows.command_record(row) for row in connection.execute(page, asked)]

        return await self._database.read(read)

    async def dags(self) -> list[Dag]:
        def read(connection: Connection) -> list[Dag]:
            return [rows.dag_record(row) for row in connection.execute(sql.dags)]

        return await self._database.read(read)

    async def dag(self, dag_id: str) -> Dag | None:
        def read(connection: Connection) -> Dag | None:
            row = connection.execute(sql.one_dag, {"dag_id": dag_id}).one_or_none()
            return None if row is None else rows.dag_record(row)

        return await self._database.read(read)

    async def version(self, dag_id: str, version: str) -> DagSpec | None:
        asked = {"dag_id": dag_id, "version": version}

        def read(connection: Connection) -> DagSpec | None:
            text = connection.execute(sql.version_spec, asked).scalar_one_or_none()
            return None if text is None else decode(text)

        return await self._database.read(read)

    async def latest_runs(self, per_dag: int, dag_id: str | None = None) -> dict[str, list[RunOverview]]:
        if per_dag < 1:
            raise ValueError(f"per_dag is {per_dag}; it must be at least 1")
        asked: dict[str, Any] = {"offset": per_dag - 1}
        if dag_id is not None:
            asked["dag_id"] = dag_id

        def read(connection: Connection) -> dict[str, list[RunOverview]]:
            found = connection.execute(sql.latest_runs(dag_id is not None), asked)
            newest = [row for _, of_dag in groupby(found, _dag_id) for row in list(of_dag)[:per_dag]]
            latest: dict[str, list[RunOverview]] = {
                name: [] for name in connection.execute(sql.dag_ids).scalars() if dag_id in (None, name)
            }
            for overview in _overviews(connection, newest):
                latest[overview.run.dag_id].append(overview)
            return latest

        return await self._database.read(read)

    async def runs(
        self,
        dag_id: str | None = None,
        asked: RunFilter = ALL_RUNS,
        *,
        before: tuple[float, int] | None = None,
        limit: int = 50,
        is_counted: bool = True,
    ) -> list[RunOverview]:
        values = _filter_values(asked)
        if dag_id is not None:
            values["dag_id"] = dag_id
        page = sql.runs_page(frozenset(values) | ({"before"} if before is not None else frozenset()))
        if before is not None:
            values["run_after"], values["id"] = before
        values["limit"] = limit

        def read(connection: Connection) -> list[RunOverview]:
            found = connection.execute(page, values)
            if is_counted:
                return _overviews(connection, found)
            return [RunOverview(run_rows.run_record(row), {}) for row in found]

        return await self._database.read(read)

    async def task_states(self, run_ids: Sequence[int]) -> dict[int, TaskStates]:
        def read(connection: Connection) -> dict[int, TaskStates]:
            in_rows = connection.dialect.name == "oracle"
            states: dict[int, TaskStates] = {}
            for some in slices(run_ids):
                statement = sql.task_states if in_rows else sql.tasks_in_states
                for run, state, names in connection.execute(statement, {"runs": some}):
                    found = [names] if in_rows else names.split(",")
                    states.setdefault(run, {}).setdefault(state, []).extend(found)
            return states

        return await self._database.read(read)

    async def run_dates(self, dag_id: str, since: float, until: float) -> list[tuple[float, RunState]]:
        asked = {"dag_id": dag_id, "since": since, "until": until}

        def read(connection: Connection) -> list[tuple[float, RunState]]:
            return [(date, RunState(state)) for date, state in connection.execute(sql.run_dates, asked)]

        return await self._database.read(read)

    async def attempts_of_run(self, run: int) -> list[RunAttempt]:
        def read(connection: Connection) -> list[RunAttempt]:
            found = connection.execute(sql.attempts_of_run, {"run": run})
            return [
                RunAttempt(
                    task_id, map_index, number, AttemptState(state), queued_at, started_at, ended_at, worker
                )
                for task_id, map_index, number, state, queued_at, started_at, ended_at, worker in found
            ]

        return sorted(await self._database.read(read), key=_place)

    async def run(self, dag_id: str, run_id: str) -> tuple[Run, list[TaskInstance]] | None:
        return await self._database.read(lambda connection: one_run(connection, dag_id, run_id))

    async def attempts(self, task_instance: int) -> list[Attempt]:
        def read(connection: Connection) -> list[Attempt]:
            found = connection.execute(sql.attempts_of_task, {"task_instance": task_instance})
            return [run_rows.attempt_record(row) for row in found]

        return await self._database.read(read)

    async def dag_files(self) -> list[DagFile]:
        def read(connection: Connection) -> list[DagFile]:
            return [rows.dag_file_record(row) for row in connection.execute(sql.dag_files)]

        return sorted(await self._database.read(read), key=lambda file: file.path)

    async def versions(self, dag_id: str) -> list[VersionInfo]:
        asked = {"dag_id": dag_id}

        def read(connection: Connection) -> list[VersionInfo]:
            counts = connection.execute(sql.version_counts, asked)
            runs = {row[0]: row[1] for row in counts}
            return [
                VersionInfo(version, created_at, runs.get(version, 0))
                for version, created_at in connection.execute(sql.versions, asked)
            ]

        return await self._database.read(read)

    async def pools(self) -> list[Pool]:
        def read(connection: Connection) -> list[Pool]:
            return [shared_rows.pool_record(row) for row in connection.execute(shared.pools)]

        return sorted(await self._database.read(read), key=lambda pool: pool.name)

    async def backfills(
        self,
        dag_id: str | None = None,
        *,
        states: Sequence[BackfillState] | None = None,
        limit: int = 50,
    ) -> list[BackfillOverview]:
        asked: dict[str, Any] = {"limit": limit}
        if dag_id is not None:
            asked["dag_id"] = dag_id
        if states is not None:
            asked["states"] = list(states)
        newest = shared.backfills(dag_id is not None, states is not None)
        return await self._database.read(
            lambda connection: _backfill_overviews(connection, connection.execute(newest, asked))
        )

    async def backfill(self, backfill_id: int) -> BackfillOverview | None:
        def read(connection: Connection) -> BackfillOverview | None:
            found = connection.execute(shared.backfill_by_id, {"id": backfill_id})
            return next(iter(_backfill_overviews(connection, found)), None)

        return await self._database.read(read)

    async def assets(self) -> list[Asset]:
        def read(connection: Connection) -> list[Asset]:
            return [shared_rows.asset_record(row) for row in connection.execute(shared.assets)]

        return sorted(await self._database.read(read), key=lambda asset: asset.name)

    async def asset_events(
        self, asset: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[AssetEvent]:
        asked: dict[str, Any] = {"limit": limit}
        if asset is not None:
            asked["asset"] = asset
        if before is not None:
            asked["id"] = before
        page = shared.events_page(asset is not None, before is not None)

        def read(connection: Connection) -> list[AssetEvent]:
            return [shared_rows.event_record(row) for row in connection.execute(page, asked)]

        return await self._database.read(read)


def _dag_id(row: rows.Row) -> str:
    name: str = row.dag_id
    return name


def _place(attempt: RunAttempt) -> tuple[float, str, int, int]:
    return attempt.queued_at, attempt.task_id, attempt.map_index, attempt.try_number


def _filter_values(asked: RunFilter) -> dict[str, Any]:
    """What the statement is given for each field that counts."""
    values = {name: getattr(asked, name) for name in asked.__slots__ if getattr(asked, name) is not None}
    if asked.states is not None:
        values["states"] = [state.value for state in asked.states]
    if asked.search is not None:
        values["search"] = f"%{_LIKE_SIGN.sub(_escaped, asked.search)}%"
    return values


def _escaped(sign: re.Match[str]) -> str:
    return sql.ESCAPE + sign[0]


def _overviews(connection: Connection, found: Iterable[rows.Row]) -> list[RunOverview]:
    """The runs of `found`, in this order, with the counts of their task instances."""
    runs = [run_rows.run_record(row) for row in found]
    counts: dict[int, dict[str, int]] = {run.id: {} for run in runs}
    for some in slices(counts):
        for run, state, number in connection.execute(sql.task_counts, {"runs": some}):
            counts[run][state] = number
    return [RunOverview(run, counts[run.id]) for run in runs]


def _backfill_overviews(connection: Connection, found: Iterable[rows.Row]) -> list[BackfillOverview]:
    """The backfills of `found`, in this order, with the counts of their runs."""
    backfills = [shared_rows.backfill_record(row) for row in found]
    counts: dict[int, dict[str, int]] = {backfill.id: {} for backfill in backfills}
    for some in slices(counts):
        for number, state, runs in connection.execute(shared.backfill_counts, {"backfills": some}):
            counts[number][state] = runs
    return [BackfillOverview(backfill, counts[backfill.id]) for backfill in backfills]
