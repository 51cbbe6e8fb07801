"""Rows become records, and records rows, here and nowhere else.

A record gives a dict by column name, ready as statement parameters; `old_…` are the parameters of a guard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from studio.core.model import Attempt, Command, Dag, DagFile, Run, TaskInstance
from studio.core.spec import DagSpec, decode, encode
from studio.core.states import AttemptState, RunState, TaskState
from studio.core.turn import AttemptGuard, RunGuard, TaskGuard
from studio.ports import SchedulerRow

Row = Any  # sqlalchemy.Row, by attribute; mypy cannot know the columns
Values = dict[str, Any]

_json = msgspec.json.Encoder()
_MAX_TEXT = 250  # characters of text that only people read


def to_json(value: Any) -> str:
    """JSON text. NaN and infinities become null, as in every JSON that Pipeline Studio writes."""
    return _json.encode(value).decode()


def from_json(text: str) -> Any:
    return msgspec.json.decode(text)


def clean(text: str | None) -> str | None:
    """Text as every database takes it: PostgreSQL has no NUL, none has lone surrogates.

    Error texts come from user code. One that cannot be stored would make every commit fail again and again.
    """
    if not text or (text.isascii() and "\0" not in text):
        return text
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def brief(text: str | None) -> str | None:
    """`clean`, cut to what the column holds, and "" as NULL, which it is in Oracle anyway."""
    return (clean(text) or "")[:_MAX_TEXT] or None


# --- to the database -----------------------------------------------------------------------------------------


def dag_values(dag: Dag) -> Values:
    return {
        "dag_id": dag.dag_id,
        "version": dag.version,
        "paused": dag.paused,
        "last_tick": dag.cursor,
        "next_due": dag.next_due,
        "created_at": dag.created_at,
        "updated_at": dag.updated_at,
        "rev": dag.rev,
    }


def version_values(dag: Dag) -> Values:
    text = encode(dag.spec)
    return {
        "dag_id": dag.dag_id,
        "version": dag.version,
        "spec": text.decode(),
        "spec_hash": hashlib.sha256(text).hexdigest(),
        "created_at": dag.updated_at,
    }


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
        "cancelling": run.cancelling,
        "with_failures": run.with_failures,
        "params": to_json(run.params),
        "queued_at": run.queued_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "triggered_by": brief(run.triggered_by),
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
    return {
        "id": task.id,
        "run": task.run,
        "task_id": task.task_id,
        "map_index": task.map_index,
        "state": task.state.value,
        "try_number": task.try_number,
        "max_tries": task.max_tries,
        "lost_count": task.lost_count,
        "attempt": task.attempt,
        "retry_at": task.retry_at,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
        "rev": task.rev,
    }


def changed_task_values(guard: TaskGuard) -> Values:
    task = guard.task
    return {
        "old_id": task.id,
        "old_rev": guard.rev,
        "old_state": guard.state.value,
        "state": task.state.value,
        "try_number": task.try_number,
        "max_tries": task.max_tries,
        "lost_count": task.lost_count,
        "attempt": task.attempt,
        "retry_at": task.retry_at,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
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


def command_values(command: Command) -> Values:
    """Without an id: the database makes it."""
    return {
        "dag_id": command.dag_id,
        "kind": command.kind,
        "payload": to_json(command.payload),
        "actor": brief(command.actor),
        "created_at": command.created_at,
        "idem_key": command.key,
        "state": command.state,
        "result": to_json(command.result),
        "handled_at": command.handled_at,
    }


def settled_command_values(command: Command) -> Values:
    return {
        "old_id": command.id,
        "state": command.state,
        "result": to_json(command.result),
        "handled_at": command.handled_at,
    }


def dag_file_id(path: str) -> str:
    return hashlib.sha256(path.encode(errors="surrogateescape")).hexdigest()


def dag_file_values(file: DagFile) -> Values:
    return {
        "id": dag_file_id(file.path),
        "path": file.path,
        "digest": file.digest or None,
        "dag_ids": to_json(file.dag_ids),
        "error": clean(file.error),
        "error_line": file.error_line,
        "parsed_at": file.parsed_at,
    }


def replaced_dag_file_values(file: DagFile) -> Values:
    values = dag_file_values(file)
    del values["path"]
    values["old_id"] = values.pop("id")
    return values


# --- from the database ---------------------------------------------------------------------------------------


def scheduler_row(row: Row) -> SchedulerRow:
    return SchedulerRow(number=row.id, name=row.name, beat=row.beat, fenced=row.fenced)


def dag_record(row: Row) -> Dag:
    return Dag(
        dag_id=row.dag_id,
        version=row.version,
        spec=decode(row.spec),
        paused=row.paused,
        cursor=row.last_tick,
        next_due=row.next_due,
        created_at=row.created_at,
        updated_at=row.updated_at,
        rev=row.rev,
    )


# A row is unpacked here, in the order of its table's columns: by attribute it takes five times as long, and these
# three come by the ten thousand.


def run_record(row: Row) -> Run:
    (
        number,
        dag_id,
        run_id,
        run_type,
        version,
        run_after,
        logical_date,
        interval_start,
        interval_end,
        *rest,
    ) = row
    (state, cancelling, with_failures, params, queued_at, started_at, ended_at, triggered_by, rev, _key) = (
        rest
    )
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
        ending=RunState.CANCELLED if cancelling else None,
        with_failures=with_failures,
        params=from_json(params),
        queued_at=queued_at,
        started_at=started_at,
        ended_at=ended_at,
        triggered_by=triggered_by or "",
        rev=rev,
    )


def task_record(row: Row) -> TaskInstance:
    (number, run, task_id, map_index, state, try_number, max_tries, lost_count, attempt, *times, rev) = row
    retry_at, started_at, ended_at = times
    return TaskInstance(
        id=number,
        run=run,
        task_id=task_id,
        map_index=map_index,
        state=TaskState(state),
        try_number=try_number,
        max_tries=max_tries,
        lost_count=lost_count,
        attempt=attempt,
        retry_at=retry_at,
        started_at=started_at,
        ended_at=ended_at,
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


def command_record(row: Row) -> Command:
    return Command(
        id=row.id,
        dag_id=row.dag_id,
        kind=row.kind,
        payload=from_json(row.payload),
        actor=row.actor or "",
        created_at=row.created_at,
        key=row.idem_key,
        state=row.state,
        result=from_json(row.result),
        handled_at=row.handled_at,
    )


def dag_file_record(row: Row) -> DagFile:
    return DagFile(
        path=row.path,
        digest=row.digest or "",
        dag_ids=tuple(from_json(row.dag_ids)),
        error=row.error,
        error_line=row.error_line,
        parsed_at=row.parsed_at,
    )


def specs_by_version(rows: Iterable[Row]) -> dict[tuple[str, str], DagSpec]:
    """(DAG id, version) → spec."""
    return {(row.dag_id, row.version): decode(row.spec) for row in rows}
