"""The store in a relational database. Each method names its statements and makes records of their rows."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import IntegrityError
from typing_extensions import Self

from studio.core.model import Command, CommandKind, DagFile
from studio.core.turn import Writes
from studio.errors import StaleWrite
from studio.ports import Lease, SchedulerRow
from studio.store import rows
from studio.store import statements as sql
from studio.store.database import Database
from studio.store.encoding import brief
from studio.store.engine import parse
from studio.store.guards import check_key, check_writes
from studio.store.loads import Loads
from studio.store.reads import Reads
from studio.store.turn import hold, keep
from studio.store.values import SavedValues
from studio.store.vault import Vault


class SqlStore(Loads, Reads, SavedValues, Vault):
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
            shown = brief(name) or "?"
            return Lease(_made_id(connection.execute(sql.add_scheduler, {"name": shown})), shown)

        return await self._database.write(register)

    async def beat(self, lease: Lease) -> None:
        await self._database.write(lambda connection: hold(connection, lease))

    async def scheduler_names(self) -> dict[int, str]:
        def read(connection: Connection) -> dict[int, str]:
            return {row.id: row.name for row in connection.execute(sql.scheduler_names)}

        return await self._database.read(read)

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


def _made_id(result: CursorResult[Any]) -> int:
    """The id that the database gave to an inserted row."""
    key = result.inserted_primary_key
    assert key is not None  # None only for tables without a key
    return int(key[0])
