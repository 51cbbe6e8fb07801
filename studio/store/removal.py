"""What a turn removes: DAGs, runs and attempts, with all that belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from studio.errors import StaleWrite
from studio.ports import Lease
from studio.store import shared_statements as shared
from studio.store import statements as sql
from studio.store.slices import slices
from studio.store.values import remove_values_of_attempts, remove_values_of_runs

REMOVED_AT_ONCE = 200  # runs


def check_owned(connection: Connection, lease: Lease, dag_ids: set[str]) -> None:
    """Raise `StaleWrite` unless the lease owns them all.

    Enough once a transaction: while the lease is held nobody can take a DAG away.
    """
    for some in slices(sorted(dag_ids)):
        asked = {"lease": lease.number, "dag_ids": some}
        foreign = set(some).difference(connection.execute(sql.owned_among, asked).scalars())
        if foreign:
            names = ", ".join(sorted(foreign)[:5])
            raise StaleWrite(f"Scheduler {lease.number} does not own: {names}.")


def remove_dag(connection: Connection, lease: Lease, dag_id: str) -> None:
    owner = connection.execute(sql.owner_of, {"dag_id": dag_id}).one_or_none()
    if owner is None:  # published and deleted in the same turn
        return
    if owner[0] != lease.number:
        raise StaleWrite(f"Scheduler {lease.number} does not own: {dag_id}.")
    asked = {"dag_id": dag_id, "limit": REMOVED_AT_ONCE}
    while runs := connection.execute(sql.runs_to_remove, asked).scalars().all():
        _remove(connection, runs)
    for statement in (shared.remove_backfills, sql.remove_versions, sql.remove_dag):
        connection.execute(statement, {"dag_id": dag_id})


def remove_runs(connection: Connection, lease: Lease, runs: Sequence[int]) -> None:
    """Those that there are not are left out."""
    for some in slices(runs, REMOVED_AT_ONCE):
        check_owned(connection, lease, set(connection.execute(sql.dags_of_runs, {"runs": some}).scalars()))
        _remove(connection, some)


def remove_attempts(connection: Connection, attempts: Sequence[int]) -> None:
    """No guard of their own: the task instances that they were of are written in the same turn."""
    for some in slices(attempts):
        connection.execute(remove_values_of_attempts, {"ids": some})
        connection.execute(sql.remove_attempts_by_id, {"ids": some})


def _remove(connection: Connection, runs: Sequence[int]) -> None:
    for statement in (
        shared.remove_callbacks,
        remove_values_of_runs,
        sql.remove_attempts,
        sql.remove_tasks,
        sql.remove_runs,
    ):
        connection.execute(statement, {"runs": runs})
