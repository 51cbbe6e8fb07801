"""Keeping the writes of one scheduler turn in the memory store: as `studio.store.turn`, guard by guard."""

from __future__ import annotations

from dataclasses import replace

from studio.core.model import Run, TaskInstance
from studio.core.spec import encode
from studio.core.states import ATTEMPT_TERMINAL
from studio.core.turn import Writes
from studio.errors import StaleWrite
from studio.ports import Lease
from studio.store.run_rows import scheduled_key
from studio.testing.memory_copies import (
    asset_copy,
    attempt_copy,
    backfill_copy,
    callback_copy,
    command_copy,
    dag_copy,
    event_copy,
    pool_copy,
    run_copy,
    saved_value_copy,
    task_copy,
)
from studio.testing.memory_tables import Tables, task_key


def keep(tables: Tables, lease: Lease, writes: Writes) -> None:
    """Raises `StaleWrite`; the caller rolls back."""
    _remove(tables, lease, writes)
    _keep_dags(tables, lease, writes)
    _keep_backfills(tables, lease, writes)
    _keep_runs(tables, lease, writes)
    _keep_tasks(tables, writes)
    _keep_attempts(tables, writes)
    _keep_values(tables, writes)
    _keep_callbacks(tables, lease, writes)
    _settle_commands(tables, writes)
    _keep_assets(tables, writes)
    _keep_pools(tables, writes)


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise StaleWrite(f"The store refused a write: {message}.")


def _check_owned(tables: Tables, lease: Lease, dag_id: str) -> None:
    if tables.owners.get(dag_id) != lease.number:
        raise StaleWrite(f"Scheduler {lease.number} does not own: {dag_id}.")


def _remove(tables: Tables, lease: Lease, writes: Writes) -> None:
    for dag_id in writes.removed_dags:
        if dag_id in tables.dags:
            _check_owned(tables, lease, dag_id)
            tables.remove_dag(dag_id)
    for number in writes.removed_runs:
        if number in tables.runs:
            _check_owned(tables, lease, tables.runs[number].dag_id)
            tables.remove_run(number)
    for number in writes.removed_attempts:
        if number in tables.attempts:
            tables.remove_attempt(number)


def _keep_dags(tables: Tables, lease: Lease, writes: Writes) -> None:
    for dag in writes.dags:
        if dag.rev == 1:
            _expect(dag.dag_id not in tables.dags, "dag.dag_id exists already")
            tables.put(tables.owners, dag.dag_id, lease.number)
        else:
            _check_owned(tables, lease, dag.dag_id)
            _expect(tables.dags[dag.dag_id].rev == dag.rev - 1, f"DAG {dag.dag_id!r} is not as believed")
        tables.put(tables.dags, dag.dag_id, dag_copy(dag))
        version = dag.dag_id, dag.version
        tables.put(tables.versions, version, encode(dag.spec))
        tables.put(tables.version_times, version, tables.version_times.get(version, dag.updated_at))


def _keep_backfills(tables: Tables, lease: Lease, writes: Writes) -> None:
    for backfill in writes.backfills:
        _check_owned(tables, lease, backfill.dag_id)
        if backfill.rev == 1:
            tables.add(tables.backfills, backfill.id, backfill_copy(backfill), "backfill.id")
            continue
        old = tables.backfills.get(backfill.id)
        if old is None or old.rev != backfill.rev - 1:
            raise StaleWrite(f"Backfill {backfill.id} is not as believed.")
        kept = replace(backfill_copy(backfill), dag_id=old.dag_id, created_at=old.created_at)
        tables.put(tables.backfills, backfill.id, kept)


def _keep_runs(tables: Tables, lease: Lease, writes: Writes) -> None:
    for run in writes.new_runs:
        _check_owned(tables, lease, run.dag_id)
        _check_references(tables, run)
        tables.add(tables.runs, run.id, run_copy(run), "dag_run.id")
        tables.add(tables.run_keys, (run.dag_id, run.run_id), run.id, "dag_run.dag_id, dag_run.run_id")
        key = scheduled_key(run)
        if key is not None:
            tables.add(tables.scheduled_keys, key, run.id, "dag_run.scheduled_key")
        tables.put(tables.tasks_of, run.id, {})
    for guard in writes.runs:
        _check_owned(tables, lease, guard.run.dag_id)
        old = tables.runs.get(guard.run.id)
        believed = old is not None and (old.rev, old.state) == (guard.rev, guard.state)
        _expect(believed, f"run {guard.run.run_id!r} is not as believed")
        _check_references(tables, guard.run)
        tables.put(tables.runs, guard.run.id, run_copy(guard.run))


def _check_references(tables: Tables, run: Run) -> None:
    _expect((run.dag_id, run.version) in tables.versions, "dag_run: there is no such DAG version")
    _expect(run.backfill is None or run.backfill in tables.backfills, "dag_run: there is no such backfill")


def _keep_tasks(tables: Tables, writes: Writes) -> None:
    for guard in writes.tasks:
        task = guard.task
        old = tables.tasks.get(task.id)
        if old is None or (old.rev, old.state) != (guard.rev, guard.state):
            raise StaleWrite(f"The task instance {task.id} is not as believed.")
        kept = replace(task_copy(task), run=old.run, task_id=old.task_id)
        if task_key(kept) != task_key(old):  # it was expanded: the first of its map
            tables.drop(tables.task_keys, task_key(old))
            _add_key(tables, kept)
        tables.put(tables.tasks, task.id, kept)
    for task in writes.new_tasks:
        _expect(task.run in tables.runs, "task_instance.run: there is no such run")
        tables.add(tables.tasks, task.id, task_copy(task), "task_instance.id")
        _add_key(tables, task)
        tables.put(tables.tasks_of[task.run], task.id, None)
        tables.put(tables.attempts_of, task.id, {})


def _add_key(tables: Tables, task: TaskInstance) -> None:
    tables.add(tables.task_keys, task_key(task), task.id, "task_instance.run, task_id, map_index")


def _keep_attempts(tables: Tables, writes: Writes) -> None:
    for guard in writes.attempts:
        old = tables.attempts.get(guard.attempt.id)
        believed = old is not None and old.state == guard.state
        _expect(believed, f"attempt {guard.attempt.id} is not as believed")
        tables.put(tables.attempts, guard.attempt.id, attempt_copy(guard.attempt))
    for attempt in writes.new_attempts:
        known = attempt.task_instance in tables.tasks
        _expect(known, "attempt.task_instance: there is no such task instance")
        tables.add(tables.attempts, attempt.id, attempt_copy(attempt), "attempt.id")
        tries = (attempt.task_instance, attempt.try_number)
        tables.add(tables.attempt_keys, tries, attempt.id, "attempt.task_instance, attempt.try_number")
        tables.put(tables.attempts_of[attempt.task_instance], attempt.id, None)


def _keep_values(tables: Tables, writes: Writes) -> None:
    for value in writes.new_values:
        _expect(value.attempt in tables.attempts, "saved_value.attempt: there is no such attempt")
        key = value.attempt, value.name
        tables.add(tables.values, key, saved_value_copy(value), "saved_value.attempt, saved_value.name")
        names = tables.values_of.get(value.attempt, {})
        tables.put(tables.values_of, value.attempt, {**names, value.name: None})


def _keep_callbacks(tables: Tables, lease: Lease, writes: Writes) -> None:
    for callback in writes.new_callbacks:
        _check_owned(tables, lease, callback.dag_id)
        _expect(callback.run in tables.runs, "callback_request.run: there is no such run")
        tables.add(tables.callbacks, callback.id, callback_copy(callback), "callback_request.id")
    for callback in writes.callbacks:
        old = tables.callbacks.get(callback.id)
        if old is None or old.state in ATTEMPT_TERMINAL:
            continue
        changed = replace(
            old,
            state=callback.state,
            tries=callback.tries,
            directory=callback.directory,
            queued_at=callback.queued_at,
            started_at=callback.started_at,
            ended_at=callback.ended_at,
            error=callback.error,
        )
        tables.put(tables.callbacks, callback.id, callback_copy(changed))


def _settle_commands(tables: Tables, writes: Writes) -> None:
    for command in writes.commands:
        old = tables.commands.get(command.id)
        if old is None or old.state != "pending":
            raise StaleWrite(f"Command {command.id} is not pending.")
        settled = replace(old, state=command.state, result=command.result, handled_at=command.handled_at)
        tables.put(tables.commands, command.id, command_copy(settled))


def _keep_assets(tables: Tables, writes: Writes) -> None:
    for asset in writes.assets:
        old = tables.assets.get(asset.name)
        first = asset.created_at if old is None else old.created_at
        tables.put(tables.assets, asset.name, replace(asset_copy(asset), created_at=first))
    for event in writes.new_events:
        tables.add(tables.events, event.id, event_copy(event), "asset_event.id")


def _keep_pools(tables: Tables, writes: Writes) -> None:
    for name in writes.removed_pools:
        if name in tables.pools:
            tables.drop(tables.pools, name)
    for pool in writes.pools:
        old = tables.pools.get(pool.name)
        _expect((old is None) == (pool.rev == 1), f"pool {pool.name!r} is not as believed")
        used = pool.used if old is None else old.used
        tables.put(tables.pools, pool.name, replace(pool_copy(pool), used=used))
    counted = {
        pool.name for pool in writes.pools
    }  # their use begins, or is another than it was: it is no taking
    for name, change in writes.pool_use.items():
        old = tables.pools.get(name)
        is_free = old is not None and (old.slots < 0 or change <= 0 or old.used + change <= old.slots)
        if old is None or not (is_free or name in counted):
            raise StaleWrite(f"The pool {name!r} is gone, or has no {change} slots to give.")
        tables.put(tables.pools, name, replace(old, used=old.used + change))
