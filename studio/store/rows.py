"""Rows become records, and records rows, here and nowhere else.

A record gives a dict by column name, ready as statement parameters; `old_…` are the parameters of a guard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from studio.core.model import Command, Dag, DagFile
from studio.core.spec import DagSpec, decode, encode
from studio.ports import SchedulerRow
from studio.store.encoding import brief, clean, from_json, to_json

Row = Any  # sqlalchemy.Row, by attribute; mypy cannot know the columns
Values = dict[str, Any]

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
        "failures": dag.failures,
        "queued_events": to_json(dag.queued_events) if dag.queued_events else None,
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
        failures=row.failures,
        queued_events={} if row.queued_events is None else from_json(row.queued_events),
        rev=row.rev,
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
