"""Keeping the writes of one scheduler turn: inside one transaction, each write guarded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable

from studio.core.model import Dag
from studio.core.turn import Writes
from studio.errors import Fenced, StaleWrite
from studio.ports import Lease
from studio.store import rows
from studio.store import statements as sql

T = TypeVar("T")

SLICE = 500  # values in one IN list; Oracle takes 1000
REMOVED_AT_ONCE = 200  # runs


def keep(connection: Connection, lease: Lease, writes: Writes) -> None:
    """Send `writes`. Raises `Fenced` or `StaleWrite`; the caller rolls back."""
    hold(connection, lease)
    # First, so that a DAG which was deleted and published again in one turn is the new one.
    for dag_id in writes.removed_dags:
        _remove_dag(connection, lease, dag_id)
    if writes.dags:
        _keep_dags(connection, lease, writes.dags)
    touched = {run.dag_id for run in writes.new_runs} | {guard.run.dag_id for guard in writes.runs}
    _check_owned(connection, lease, touched)

    _insert(connection, sql.add_runs, [rows.run_values(run) for run in writes.new_runs])
    _insert(connection, sql.add_tasks, [rows.task_values(task) for task in writes.new_tasks])
    _insert(connection, sql.add_attempts, [rows.attempt_values(attempt) for attempt in writes.new_attempts])
    _update(connection, sql.update_runs, [rows.changed_run_values(guard) for guard in writes.runs], "runs")
    _update(
        connection,
        sql.update_tasks,
        [rows.changed_task_values(guard) for guard in writes.tasks],
        "task instances",
    )
    attempts = [rows.changed_attempt_values(guard) for guard in writes.attempts]
    _update(connection, sql.update_attempts, attempts, "attempts")
    commands = [rows.settled_command_values(command) for command in writes.commands]
    _update(connection, sql.settle_commands, commands, "commands")


def hold(connection: Connection, lease: Lease) -> None:
    """Prove that the lease holds, until the end of the transaction: a take-over has to wait for it."""
    if connection.execute(sql.hold_lease, {"lease": lease.number}).rowcount != 1:
        raise Fenced(
            f"Scheduler {lease.number} ({lease.name}) was taken over and may write nothing any more."
        )


def slices(values: Iterable[T], size: int = SLICE) -> Iterator[list[T]]:
    """`values` in lists of at most `size`."""
    listed = list(values)
    return (listed[start : start + size] for start in range(0, len(listed), size))


def _insert(connection: Connection, statement: Executable, values: Sequence[dict[str, Any]]) -> None:
    if values:
        connection.execute(statement, values)


def _update(
    connection: Connection, statement: Executable, values: Sequence[dict[str, Any]], what: str
) -> None:
    if not values:
        return
    # The sum over all rows: true of sqlite3, pymysql (matched rows), psycopg and oracledb; the contract suite
    # checks it for each of them.
    matched = connection.execute(statement, values).rowcount
    if matched != len(values):
        raise StaleWrite(
            f"{len(values) - matched} of {len(values)} {what} are not as the scheduler believed."
        )


def _keep_dags(connection: Connection, lease: Lease, dags: Sequence[Dag]) -> None:
    new = [{**rows.dag_values(dag), "owner": lease.number} for dag in dags if dag.rev == 1]
    changed = []
    for dag in dags:
        if dag.rev != 1:
            values = rows.dag_values(dag)
            guard = {"old_dag_id": values.pop("dag_id"), "old_rev": dag.rev - 1, "old_owner": lease.number}
            changed.append({**values, **guard})
    _insert(connection, sql.add_dags, new)
    _update(connection, sql.update_dags, changed, "DAGs")
    for some in slices(dags):
        _keep_versions(connection, some)


def _keep_versions(connection: Connection, dags: Sequence[Dag]) -> None:
    """A new version is a new row. A known one with other documentation (see `spec.version_of`) is replaced."""
    asked = {"dag_ids": [dag.dag_id for dag in dags], "versions": [dag.version for dag in dags]}
    known = {
        (row.dag_id, row.version): row.spec_hash for row in connection.execute(sql.known_versions, asked)
    }
    values = [rows.version_values(dag) for dag in dags]
    _insert(connection, sql.add_versions, [v for v in values if (v["dag_id"], v["version"]) not in known])
    changed = [
        {
            "old_dag_id": v["dag_id"],
            "old_version": v["version"],
            "spec": v["spec"],
            "spec_hash": v["spec_hash"],
        }
        for v in values
        if known.get((v["dag_id"], v["version"]), v["spec_hash"]) != v["spec_hash"]
    ]
    _update(connection, sql.update_versions, changed, "DAG versions")


def _check_owned(connection: Connection, lease: Lease, dag_ids: set[str]) -> None:
    """Enough once a transaction: while the lease is held nobody can take a DAG away."""
    for some in slices(sorted(dag_ids)):
        asked = {"lease": lease.number, "dag_ids": some}
        foreign = set(some).difference(connection.execute(sql.owned_among, asked).scalars())
        if foreign:
            names = ", ".join(sorted(foreign)[:5])
            raise StaleWrite(f"Scheduler {lease.number} does not own: {names}.")


def _remove_dag(connection: Connection, lease: Lease, dag_id: str) -> None:
    owner = connection.execute(sql.owner_of, {"dag_id": dag_id}).one_or_none()
    if owner is None:  # published and deleted in the same turn
        return
    if owner[0] != lease.number:
        raise StaleWrite(f"Scheduler {lease.number} does not own: {dag_id}.")
    asked = {"dag_id": dag_id, "limit": REMOVED_AT_ONCE}
    while runs := connection.execute(sql.runs_to_remove, asked).scalars().all():
        for statement in (sql.remove_attempts, sql.remove_tasks, sql.remove_runs):
            connection.execute(statement, {"runs": runs})
    connection.execute(sql.remove_versions, {"dag_id": dag_id})
    connection.execute(sql.remove_dag, {"dag_id": dag_id})
