"""The store in a relational database. Each method names its statements and makes records of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import IntegrityError
from typing_extensions import Self

from studio.core.model import Attempt, Command, CommandKind, Dag, DagFile, Run, RunWithTasks, TaskInstance
from studio.core.spec import DagSpec, decode
from studio.core.states import RunState
from studio.core.turn import Writes
from studio.errors import StaleWrite
from studio.ports import Lease, RunOverview, SchedulerRow
from studio.store import rows
from studio.store import statements as sql
from studio.store.database import Database
from studio.store.engine import parse
from studio.store.guards import check_key, check_writes
from studio.store.turn import hold, keep, slices


class SqlStore:
    """`studio.ports.Store` over SQLAlchemy: SQLite, PostgreSQL, MySQL/MariaDB, Oracle."""

    def __init__(self, url: str) -> None:
        self._database = Database(parse(url))

    @property
    def where(self) -> str:
        """The URL, without passwords."""
        return self._database.where

    async def __aenter__(self) -> Self:
        await self._database.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._database.close()

    # --- the scheduler's own ---------------------------------------------------------------------------------

    async def register_scheduler(self, name: str) -> Lease:
        def register(connection: Connection) -> Lease:
            shown = rows.brief(name) or "?"
            return Lease(_made_id(connection.execute(sql.add_scheduler, {"name": shown})), shown)

        return await self._database.write(register)

    async def beat(self, lease: Lease) -> None:
        await self._database.write(lambda connection: hold(connection, lease))

    async def schedulers(self) -> list[SchedulerRow]:
        def read(connection: Connection) -> list[SchedulerRow]:
            return [rows.scheduler_row(row) for row in connection.execute(sql.schedulers)]

        return await self._database.read(read)

    async def take_over(self, lease: Lease, other: int, seen_beat: int) -> bool:
        def take(connection: Connection) -> bool:
            if other == lease.number:
                hold(connection, lease)
                connection.execute(sql.own_free_dags, {"lease": lease.number})
                return True

            def fence() -> bool:
                silent = {"other": other, "old_beat": seen_beat}
                return connection.execute(sql.fence_silent_scheduler, silent).rowcount == 1

            # The lower row first: two that take each other over shall not wait for each other.
            if other < lease.number:
                fenced = fence()
                hold(connection, lease)
            else:
                hold(connection, lease)
                fenced = fence()
            if fenced:
                connection.execute(sql.own_dags_of, {"lease": lease.number, "other": other})
            return fenced

        return await self._database.write(take)

    async def release(self, lease: Lease) -> None:
        def release(connection: Connection) -> None:
            connection.execute(sql.fence_scheduler, {"lease": lease.number})
            connection.execute(sql.release_dags, {"lease": lease.number})

        await self._database.write(release)

    async def commit(self, lease: Lease, writes: Writes) -> None:
        check_writes(writes)
        await self._database.write(lambda connection: keep(connection, lease, writes))

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
                tasks.setdefault(row.run, []).append(rows.task_record(row))
            runs = [rows.run_record(row) for row in connection.execute(sql.unfinished_runs, asked)]
            attempts = [
                rows.attempt_record(row) for row in connection.execute(sql.unfinished_attempts, asked)
            ]
            loaded = [
                RunWithTasks(run, tasks.get(run.id, []), specs[run.dag_id, run.version]) for run in runs
            ]
            return loaded, attempts

        return await self._database.read(read)

    async def load_run(self, dag_id: str, run_id: str) -> RunWithTasks | None:
        def read(connection: Connection) -> RunWithTasks | None:
            found = _run(connection, dag_id, run_id)
            if found is None:
                return None
            asked = {"dag_id": dag_id, "version": found[0].version}
            spec = connection.execute(sql.version_spec, asked).scalar_one()
            return RunWithTasks(*found, decode(spec))

        return await self._database.read(read)

    async def pending_commands(self, lease: Lease) -> list[Command]:
        def read(connection: Connection) -> list[Command]:
            found = connection.execute(sql.pending_commands, {"lease": lease.number})
            return [rows.command_record(row) for row in found]

        return await self._database.read(read)

    # --- anyone's writes -------------------------------------------------------------------------------------

    async def submit(
        self,
        dag_id: str,
        kind: CommandKind,
        payload: dict[str, Any],
        *,
        actor: str,
        at: float,
        key: str | None = None,
    ) -> Command:
        check_key(key)
        command = Command(0, dag_id, kind, payload, actor=actor, created_at=at, key=key)

        def submit(connection: Connection) -> Command:
            if key is not None:
                row = connection.execute(sql.command_by_key, {"key": key}).one_or_none()
                if row is not None:
                    return rows.command_record(row)
            made = _made_id(connection.execute(sql.add_command, rows.command_values(command)))
            return rows.command_record(connection.execute(sql.command_by_id, {"id": made}).one())

        try:
            return await self._database.write(submit)
        except StaleWrite as error:
            if key is None or not isinstance(error.__cause__, IntegrityError):
                raise
            # Somebody used the key between our look and our insert: now there is one to find.
            return await self._database.write(submit)

    async def save_dag_file(self, file: DagFile) -> None:
        def save(connection: Connection) -> None:
            replaced = connection.execute(sql.replace_dag_file, rows.replaced_dag_file_values(file)).rowcount
            if not replaced:
                connection.execute(sql.add_dag_file, rows.dag_file_values(file))

        try:
            await self._database.write(save)
        except StaleWrite:  # somebody inserted it meanwhile: replace theirs
            await self._database.write(save)

    async def delete_dag_file(self, path: str) -> None:
        asked = {"id": rows.dag_file_id(path)}
        await self._database.write(lambda connection: connection.execute(sql.remove_dag_file, asked))

    # --- reads -----------------------------------------------------------------------------------------------

    async def command(self, command_id: int) -> Command | None:
        def read(connection: Connection) -> Command | None:
            row = connection.execute(sql.command_by_id, {"id": command_id}).one_or_none()
            return None if row is None else rows.command_record(row)

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
        *,
        states: Sequence[RunState] | None = None,
        before: tuple[float, int] | None = None,
        limit: int = 50,
    ) -> list[RunOverview]:
        asked: dict[str, Any] = {"limit": limit}
        if dag_id is not None:
            asked["dag_id"] = dag_id
        if states is not None:
            asked["states"] = [state.value for state in states]
        if before is not None:
            asked["run_after"], asked["id"] = before
        page = sql.runs_page(dag_id is not None, states is not None, before is not None)
        return await self._database.read(
            lambda connection: _overviews(connection, connection.execute(page, asked))
        )

    async def run(self, dag_id: str, run_id: str) -> tuple[Run, list[TaskInstance]] | None:
        return await self._database.read(lambda connection: _run(connection, dag_id, run_id))

    async def attempts(self, task_instance: int) -> list[Attempt]:
        def read(connection: Connection) -> list[Attempt]:
            found = connection.execute(sql.attempts_of_task, {"task_instance": task_instance})
            return [rows.attempt_record(row) for row in found]

        return await self._database.read(read)

    async def dag_files(self) -> list[DagFile]:
        def read(connection: Connection) -> list[DagFile]:
            return [rows.dag_file_record(row) for row in connection.execute(sql.dag_files)]

        return sorted(await self._database.read(read), key=lambda file: file.path)


def _made_id(result: CursorResult[Any]) -> int:
    """The id that the database gave to an inserted row."""
    key = result.inserted_primary_key
    assert key is not None  # None only for tables without a key
    return int(key[0])


def _dag_id(row: rows.Row) -> str:
    name: str = row.dag_id
    return name


def _run(connection: Connection, dag_id: str, run_id: str) -> tuple[Run, list[TaskInstance]] | None:
    row = connection.execute(sql.one_run, {"dag_id": dag_id, "run_id": run_id}).one_or_none()
    if row is None:
        return None
    tasks = connection.execute(sql.tasks_of_run, {"run": row.id})
    return rows.run_record(row), [rows.task_record(task) for task in tasks]


def _overviews(connection: Connection, found: Iterable[rows.Row]) -> list[RunOverview]:
    """The runs of `found`, in this order, with the counts of their task instances."""
    runs = [rows.run_record(row) for row in found]
    counts: dict[int, dict[str, int]] = {run.id: {} for run in runs}
    for some in slices(counts):
        for run, state, number in connection.execute(sql.task_counts, {"runs": some}):
            counts[run][state] = number
    return [RunOverview(run, counts[run.id]) for run in runs]
