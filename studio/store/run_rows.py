"""Runs, task instances and attempts as rows, and back: as `rows`, but these come by the ten thousand."""

from __future__ import annotations

from studio.core.model import Attempt, Run, TaskInstance
from studio.core.states import AttemptState, RunState, TaskState
from studio.core.turn import AttemptGuard, RunGuard, TaskGuard
from studio.store.encoding import brief, clean, from_json, to_json
from studio.store.rows import Row, Values


def run_values(run: Run) -> Values:
    return {
        "id": run.id,
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "run_type": run.run_type,
        "version": run.version,
        "run_after": run.run_after,
        "logical_date": run.logical_date,
        "interval_start": run.interval_start,
        "interval_end": run.interval_end,
        "state": run.state.value,
        "ending": None if run.ending is None else run.ending.value,
        "reason": brief(run.reason),
        "with_failures": run.with_failures,
        "params": to_json(run.params),
        "queued_at": run.queued_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "triggered_by": brief(run.triggered_by),
        "backfill": run.backfill,
        "ordinal": run.ordinal,
        "subset": to_json(run.subset) if run.subset else None,
        "events": to_json(run.events) if run.events else None,
        "deadlines": to_json(run.deadlines) if run.deadlines else None,
        "note": clean(run.note) if run.note else None,
        "rev": run.rev,
        "refresh": run.refresh,
        "scheduled_key": scheduled_key(run),
    }


def scheduled_key(run: Run) -> str | None:
    """Unique among scheduled runs; None for all others, however many."""
    if run.run_type != "scheduled" or run.logical_date is None:
        return None
    return f"{run.dag_id}@{run.logical_date!r}"


def changed_run_values(guard: RunGuard) -> Values:
    values = run_values(guard.run)
    for fixed in ("dag_id", "run_id", "run_type", "logical_date", "scheduled_key"):
        del values[fixed]
    values["old_id"] = values.pop("id")
    values["old_rev"] = guard.rev
    values["old_state"] = guard.state.value
    return values


def task_values(task: TaskInstance) -> Values:
    values = _task_changes(task)
    values["id"] = task.id
    values["run"] = task.run
    values["task_id"] = task.task_id
    return values


def changed_task_values(guard: TaskGuard) -> Values:
    values = _task_changes(guard.task)
    values["old_id"] = guard.task.id
    values["old_rev"] = guard.rev
    values["old_state"] = guard.state.value
    return values


def _task_changes(task: TaskInstance) -> Values:
    return {
        "map_index": task.map_index,
        "map_path": ".".join(map(str, task.map_path)) if task.map_path else None,
        "state": task.state.value,
        "try_number": task.try_number,
        "max_tries": task.max_tries,
        "lost_count": task.lost_count,
        "attempt": task.attempt,
        "retry_at": task.retry_at,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
        "waiting_since": task.waiting_since,
        "looks": task.looks,
        "stop_as": None if task.stop_as is None else task.stop_as.value,
        "length": task.length,
        "decision": None if task.decision is None else to_json(task.decision),
        "resume": None if task.resume is None else to_json(task.resume),
        "label": brief(task.label) if task.label else None,
        "note": clean(task.note) if task.note else None,
        "rev": task.rev,
        "keeps": task.keeps,
    }


def attempt_values(attempt: Attempt) -> Values:
    return {
        "id": attempt.id,
        "task_instance": attempt.task_instance,
        "try_number": attempt.try_number,
        **_attempt_changes(attempt),
    }


def changed_attempt_values(guard: AttemptGuard) -> Values:
    return {"old_id": guard.attempt.id, "old_state": guard.state.value, **_attempt_changes(guard.attempt)}


def _attempt_changes(attempt: Attempt) -> Values:
    return {
        "state": attempt.state.value,
        "queued_at": attempt.queued_at,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "worker": attempt.worker,
        "directory": attempt.directory or None,
        "error": clean(attempt.error),
        "value": to_json(attempt.value),
        "details": to_json(attempt.details),
    }


# A row is unpacked here in the order of its table's columns, which is the order of the record's fields too (a test sees
# to that): by attribute, by keyword and by calling an Enum it takes several times as long.

_TASK_STATES = {state.value: state for state in TaskState}
_RUN_STATES = {state.value: state for state in RunState}
_ATTEMPT_STATES = {state.value: state for state in AttemptState}


def run_record(row: Row) -> Run:
    (
        number, dag_id, run_id, run_type, version, run_after, logical_date, interval_start, interval_end, state, ending,
        reason, with_failures, params, queued_at, started_at, ended_at, triggered_by, backfill, ordinal, subset, events,
        deadlines, note, rev, refresh, _key,
    ) = row  # fmt: skip
    return Run(
        number,
        dag_id,
        run_id,
        run_type,
        version,
        run_after,
        logical_date,
        interval_start,
        interval_end,
        _RUN_STATES[state],
        None if ending is None else _RUN_STATES[ending],
        reason or "",
        with_failures,
        from_json(params),
        queued_at,
        started_at,
        ended_at,
        triggered_by or "",
        backfill,
        ordinal,
        () if subset is None else tuple(from_json(subset)),
        () if events is None else tuple(from_json(events)),
        [] if deadlines is None else from_json(deadlines),
        note or "",
        rev,
        refresh,
    )


def task_record(row: Row) -> TaskInstance:
    (
        number, run, task_id, map_index, map_path, state, try_number, max_tries, lost_count, attempt, retry_at,
        started_at, ended_at, waiting_since, looks, stop_as, length, decision, resume, label, note, rev, keeps,
    ) = row  # fmt: skip
    return TaskInstance(
        number,
        run,
        task_id,
        map_index,
        tuple(map(int, map_path.split("."))) if map_path else (),
        _TASK_STATES[state],
        try_number,
        max_tries,
        lost_count,
        attempt,
        retry_at,
        started_at,
        ended_at,
        waiting_since,
        looks,
        None if stop_as is None else _TASK_STATES[stop_as],
        length,
        None if decision is None else from_json(decision),
        None if resume is None else from_json(resume),
        label or "",
        note or "",
        rev,
        keeps,
    )


def attempt_record(row: Row) -> Attempt:
    (
        number, task_instance, try_number, state, queued_at, started_at, ended_at, worker, directory, error, value,
        details,
    ) = row  # fmt: skip
    return Attempt(
        number,
        task_instance,
        try_number,
        _ATTEMPT_STATES[state],
        queued_at,
        started_at,
        ended_at,
        worker,
        directory or "",
        error,
        from_json(value),
        from_json(details),
    )
