"""What attempts left in the store of values: their rows, not the objects themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from studio.core.model import SavedValue
from studio.store.database import Database
from studio.store.encoding import brief, from_json, to_json
from studio.store.rows import Row, Values
from studio.store.slices import slices
from studio.store.statements import UNFINISHED_ATTEMPT, listed
from studio.store.tables import attempt, dag_run, saved_value, task_instance

add_values = insert(saved_value)
values_of_attempts = (
    select(saved_value)
    .where(saved_value.c.attempt.in_(listed("attempts")))
    .order_by(saved_value.c.attempt, saved_value.c.name)
)
referenced = select(saved_value.c.digest).where(saved_value.c.digest.in_(listed("digests"))).distinct()
remove_values_of_runs = delete(saved_value).where(
    saved_value.c.attempt.in_(
        select(attempt.c.id)
        .join(task_instance, task_instance.c.id == attempt.c.task_instance)
        .where(task_instance.c.run.in_(listed("runs")))
    )
)
remove_values_of_attempts = delete(saved_value).where(saved_value.c.attempt.in_(listed("ids")))
_attempts_of_dag = (
    select(attempt.c.directory, saved_value.c.digest)
    .select_from(attempt)
    .join(task_instance, task_instance.c.id == attempt.c.task_instance)
    .join(dag_run, dag_run.c.id == task_instance.c.run)
    .outerjoin(saved_value, saved_value.c.attempt == attempt.c.id)
    .where(dag_run.c.dag_id == bindparam("dag_id"))
)
_attempts_of_runs = _attempts_of_dag.where(dag_run.c.run_id.in_(listed("run_ids")))
oldest_unfinished = select(func.min(attempt.c.queued_at)).where(attempt.c.state.in_(UNFINISHED_ATTEMPT))


def saved_values_rows(values: Sequence[SavedValue]) -> list[Values]:
    """As parameters of `add_values`."""
    return [
        {
            "attempt": value.attempt,
            "name": value.name,
            "digest": value.digest,
            "format": value.format,
            "type": brief(value.type) or "?",
            "byte_size": value.size,
            "description": to_json(value.description),
        }
        for value in values
    ]


def saved_value_record(row: Row) -> SavedValue:
    return SavedValue(
        attempt=row.attempt,
        name=row.name,
        digest=row.digest,
        format=row.format,
        type=row.type,
        size=row.byte_size,
        description=from_json(row.description),
    )


class SavedValues:
    """This part of `studio.ports.Store`."""

    _database: Database

    async def saved_values(self, attempt_ids: Sequence[int]) -> dict[int, list[SavedValue]]:
        def read(connection: Connection) -> dict[int, list[SavedValue]]:
            found: dict[int, list[SavedValue]] = {}
            for some in slices(dict.fromkeys(attempt_ids)):
                for row in connection.execute(values_of_attempts, {"attempts": some}):
                    found.setdefault(row.attempt, []).append(saved_value_record(row))
            return found

        return await self._database.read(read)

    async def referenced(self, digests: Iterable[str]) -> set[str]:
        def read(connection: Connection) -> set[str]:
            return {
                digest
                for some in slices(sorted(set(digests)))
                for digest in connection.execute(referenced, {"digests": some}).scalars()
            }

        return await self._database.read(read)

    async def leavings(self, dag_id: str, run_ids: Sequence[str] | None) -> tuple[set[str], list[str]]:
        def read(connection: Connection) -> tuple[set[str], list[str]]:
            digests: set[str] = set()
            directories: dict[str, None] = {}
            for names in [None] if run_ids is None else slices(dict.fromkeys(run_ids)):
                asked = {"dag_id": dag_id} if names is None else {"dag_id": dag_id, "run_ids": names}
                statement = _attempts_of_dag if names is None else _attempts_of_runs
                for directory, digest in connection.execute(statement, asked):
                    directories[directory or ""] = None
                    digests.add(digest)
            return digests - {None}, [directory for directory in directories if directory]

        return await self._database.read(read)

    async def oldest_unfinished(self) -> float | None:
        def read(connection: Connection) -> float | None:
            found: float | None = connection.execute(oldest_unfinished).scalar_one()
            return found

        return await self._database.read(read)
