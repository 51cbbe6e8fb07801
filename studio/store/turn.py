"""Keeping the writes of one scheduler turn: inside one transaction, each write guarded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.exc import IntegrityError

from studio.core.model import Asset, Backfill, Dag, Pool
from studio.core.turn import Writes
from studio.errors import Fenced, StaleWrite
from studio.ports import Lease
from studio.store import rows, run_rows, shared_rows
from studio.store import shared_statements as shared
from studio.store import statements as sql
from studio.store.batches import Batch
from studio.store.removal import check_owned, remove_attempts, remove_dag, remove_runs
from studio.store.slices import slices
from studio.store.values import add_values, saved_values_rows

_ADD_RUNS, _UPDATE_RUNS = Batch(sql.add_runs), Batch(sql.update_runs)
_ADD_TASKS, _UPDATE_TASKS = Batch(sql.add_tasks), Batch(sql.update_tasks)
_ADD_ATTEMPTS, _UPDATE_ATTEMPTS = Batch(sql.add_attempts), Batch(sql.update_attempts)


def keep(connection: Connection, lease: Lease, writes: Writes) -> None:
    """Send `writes`. Raises `Fenced` or `StaleWrite`; the caller rolls back."""
    hold(connection, lease)
    # First, so that a DAG which was deleted and published again in one turn is the new one, and what is made anew
    # may have the keys of what is gone.
    for dag_id in writes.removed_dags:
        remove_dag(connection, lease, dag_id)
    remove_runs(connection, lease, writes.removed_runs)
    remove_attempts(connection, writes.removed_attempts)
    if writes.dags:
        _keep_dags(connection, lease, writes.dags)
    check_owned(connection, lease, touched_dags(writes))
    _keep_backfills(connection, writes.backfills)
    _keep_runs(connection, writes)
    _insert(connection, shared.add_callbacks, [shared_rows.callback_values(c) for c in writes.new_callbacks])
    _change_callbacks(connection, writes)
    commands = [rows.settled_command_values(command) for command in writes.commands]
    _update(connection, sql.settle_commands, commands, "commands")
    # Last, and by name: these rows are of all schedulers. They wait for each other here, as shortly as can be and
    # never in a circle.
    _keep_assets(connection, writes.assets)
    _insert(connection, shared.add_events, [shared_rows.event_values(event) for event in writes.new_events])
    _keep_pools(connection, writes)


def hold(connection: Connection, lease: Lease) -> None:
    """Prove that the lease holds, until the end of the transaction: a take-over has to wait for it."""
    if connection.execute(sql.hold_lease, {"lease": lease.number}).rowcount != 1:
        raise Fenced(
            f"Scheduler {lease.number} ({lease.name}) was taken over and may write nothing any more."
        )


def touched_dags(writes: Writes) -> set[str]:
    """The DAGs whose runs, backfills and callbacks are written; `dags` have guards of their own."""
    return {
        *(run.dag_id for run in writes.new_runs),
        *(guard.run.dag_id for guard in writes.runs),
        *(backfill.dag_id for backfill in writes.backfills),
        *(callback.dag_id for callback in writes.new_callbacks),
    }


def _insert(connection: Connection, statement: Executable, values: Sequence[dict[str, Any]]) -> None:
    if values:
        connection.execute(statement, values)


def _update(
    connection: Connection, statement: Executable, values: Sequence[dict[str, Any]], what: str
) -> None:
    if values:
        _expect_all(connection.execute(statement, values).rowcount, values, what)


def _expect_all(matched: int, values: Sequence[dict[str, Any]], what: str) -> None:
    # The sum over all rows: true of sqlite3, pymysql (matched rows), psycopg and oracledb; the contract suite
    # checks it for each of them.
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


def _keep_runs(connection: Connection, writes: Writes) -> None:
    _ADD_RUNS.send(connection, [run_rows.run_values(run) for run in writes.new_runs])
    runs = [run_rows.changed_run_values(guard) for guard in writes.runs]
    _expect_all(_UPDATE_RUNS.send(connection, runs), runs, "runs")
    # A task instance that is expanded becomes the first of its map: it leaves its place before others come.
    tasks = [run_rows.changed_task_values(guard) for guard in writes.tasks]
    _expect_all(_UPDATE_TASKS.send(connection, tasks), tasks, "task instances")
    _ADD_TASKS.send(connection, [run_rows.task_values(task) for task in writes.new_tasks])
    attempts = [run_rows.changed_attempt_values(guard) for guard in writes.attempts]
    _expect_all(_UPDATE_ATTEMPTS.send(connection, attempts), attempts, "attempts")
    _ADD_ATTEMPTS.send(connection, [run_rows.attempt_values(attempt) for attempt in writes.new_attempts])
    _insert(connection, add_values, saved_values_rows(writes.new_values))


def _keep_backfills(connection: Connection, backfills: Sequence[Backfill]) -> None:
    new = [shared_rows.backfill_values(backfill) for backfill in backfills if backfill.rev == 1]
    changed = [shared_rows.changed_backfill_values(backfill) for backfill in backfills if backfill.rev != 1]
    _insert(connection, shared.add_backfills, new)
    _update(connection, shared.update_backfills, changed, "backfills")


def _change_callbacks(connection: Connection, writes: Writes) -> None:
    """One that is over, or gone with its run, is left as it is: its worker may report twice."""
    if writes.callbacks:
        changed = [shared_rows.changed_callback_values(callback) for callback in writes.callbacks]
        connection.execute(shared.update_callbacks, changed)


def _keep_assets(connection: Connection, assets: Sequence[Asset]) -> None:
    for asset in sorted(assets, key=lambda asset: asset.name):
        changed = shared_rows.changed_asset_values(asset)
        if connection.execute(shared.update_asset, changed).rowcount:
            continue
        try:
            with connection.begin_nested():
                connection.execute(shared.add_asset, shared_rows.asset_values(asset))
        except IntegrityError:  # another scheduler published a DAG that names it, just now
            connection.execute(shared.update_asset, changed)


def _keep_pools(connection: Connection, writes: Writes) -> None:
    for some in slices(sorted(writes.removed_pools)):
        connection.execute(shared.remove_pools, {"names": some})
    pools: list[Pool] = sorted(writes.pools, key=lambda pool: pool.name)
    _insert(connection, shared.add_pools, [shared_rows.pool_values(pool) for pool in pools if pool.rev == 1])
    changed = [shared_rows.changed_pool_values(pool) for pool in pools if pool.rev != 1]
    _update(connection, shared.update_pools, changed, "pools")
    counted = {pool.name for pool in pools}
    use = [{"old_name": name, "change": slots} for name, slots in sorted(writes.pool_use.items())]
    _update(connection, shared.count_pools, [each for each in use if each["old_name"] in counted], "pools")
    _update(connection, shared.use_pools, [each for each in use if each["old_name"] not in counted], "pools")
