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
        "note": clean(run.note) or None,
        "rev": run.rev,
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
    return {"id": task.id, "run": task.run, "task_id": task.task_id, **_task_changes(task)}


def changed_task_values(guard: TaskGuard) -> Values:
    return {
        "old_id": guard.task.id,
        "old_rev": guard.rev,
        "old_state": guard.state.value,
        **_task_changes(guard.task),
    }


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
        "note": clean(task.note) or None,
        "rev": task.rev,
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


# A row is unpacked here, in the order of its table's columns: by attribute it takes five times as long.


def run_record(row: Row) -> Run:
    number, dag_id, run_id, run_type, version, run_after, logical_date, interval_start, *rest = row
    interval_end, state, ending, reason, with_failures, params, queued_at, started_at, *rest = rest
    ended_at, triggered_by, backfill, ordinal, subset, events, deadlines, note, rev, _key = rest
    return Run(
        id=number,
        dag_id=dag_id,
        run_id=run_id,
        run_type=run_type,
        version=version,
        run_after=run_after,
        logical_date=logical_date,
        interval_start=interval_start,
        interval_end=interval_end,
        state=RunState(state),
        ending=None if ending is None else RunState(ending),
        reason=reason or "",
        with_failures=with_failures,
        params=from_json(params),
        queued_at=queued_at,
        started_at=started_at,
        ended_at=ended_at,
        triggered_by=triggered_by or "",
        backfill=backfill,
        ordinal=ordinal,
        subset=() if subset is None else tuple(from_json(subset)),
        events=() if events is None else tuple(from_json(events)),
        deadlines=[] if deadlines is None else from_json(deadlines),
        note=note or "",
        rev=rev,
    )


def task_record(row: Row) -> TaskInstance:
    number, run, task_id, map_index, map_path, state, try_number, max_tries, lost_count, attempt, *rest = row
    retry_at, started_at, ended_at, waiting_since, looks, stop_as, length, decision, resume, *rest = rest
    label, note, rev = rest
    return TaskInstance(
        id=number,
        run=run,
        task_id=task_id,
        map_index=map_index,
        map_path=tuple(map(int, map_path.split("."))) if map_path else (),
        state=TaskState(state),
        try_number=try_number,
        max_tries=max_tries,
        lost_count=lost_count,
        attempt=attempt,
        retry_at=retry_at,
        started_at=started_at,
        ended_at=ended_at,
        waiting_since=waiting_since,
        looks=looks,
        stop_as=None if stop_as is None else TaskState(stop_as),
        length=length,
        decision=None if decision is None else from_json(decision),
        resume=None if resume is None else from_json(resume),
        label=label or "",
        note=note or "",
        rev=rev,
    )


def attempt_record(row: Row) -> Attempt:
    (number, task_instance, try_number, state, queued_at, started_at, ended_at, worker, directory, *rest) = (
        row
    )
    error, value, details = rest
    return Attempt(
        id=number,
        task_instance=task_instance,
        try_number=try_number,
        state=AttemptState(state),
        queued_at=queued_at,
        started_at=started_at,
        ended_at=ended_at,
        worker=worker,
        directory=directory or "",
        error=error,
        value=from_json(value),
        details=from_json(details),
    )
