"""The records that the machine decides on and the store keeps: one class a table, one field a column.

They are mutable on purpose: the machine works on the live objects of unfinished runs and hands changed ones to
the store, which guards each write by the `rev` and `state` the object had before the turn (see `core.turn`).
If a commit fails the whole memory is thrown away and read again, so nobody ever needs to undo.

All times are seconds since 1970-01-01 UTC, as float.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from studio.core.spec import DagSpec
from studio.core.states import AttemptState, RunState, TaskState

RunType = Literal["scheduled", "manual", "backfill"]
CommandKind = Literal["publish", "pause", "unpause", "trigger", "cancel", "clear", "delete_dag"]
CommandState = Literal["pending", "done", "refused"]


@dataclass(slots=True)
class Dag:
    """A registered DAG: what is true of it beyond its current spec."""

    dag_id: str
    version: str  # content hash of the current spec
    spec: DagSpec
    paused: bool = False
    cursor: float | None = None  # the last tick of the schedule that was turned into a run, or passed over
    next_due: float | None = None  # when the next scheduled run starts
    created_at: float = 0.0
    updated_at: float = 0.0
    rev: int = 0  # grows with every write


@dataclass(slots=True)
class TaskInstance:
    """A task in a DagRun. `rev` grows with every write and is part of every guard."""

    id: int
    run: int  # Run.id
    task_id: str
    map_index: int = -1
    state: TaskState = TaskState.NONE
    try_number: int = 0  # attempts so far
    max_tries: int = 1
    lost_count: int = 0  # attempts lost with their worker; they do not use up retries
    attempt: int | None = None  # Attempt.id of the latest attempt
    retry_at: float | None = None
    started_at: float | None = None  # of the latest attempt
    ended_at: float | None = None
    rev: int = 0


@dataclass(slots=True)
class Run:
    """A DagRun. Interval and logical date are both None, or both set."""

    id: int
    dag_id: str
    run_id: str
    run_type: RunType
    version: str
    run_after: float
    logical_date: float | None = None
    interval_start: float | None = None
    interval_end: float | None = None
    state: RunState = RunState.QUEUED
    cancelling: bool = False
    with_failures: bool = False  # SUCCESS although a task that is no leaf failed
    params: dict[str, Any] = field(default_factory=dict)
    queued_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    triggered_by: str = ""
    rev: int = 0


@dataclass(slots=True)
class Attempt:
    """One try of a TaskInstance. Its history is never edited: clearing makes a new attempt."""

    id: int
    task_instance: int  # TaskInstance.id
    try_number: int
    state: AttemptState = AttemptState.QUEUED
    queued_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    worker: str | None = None
    directory: str = ""  # relative to the artifact root
    error: str | None = None
    value: Any = None  # JSON: what the task returned
    details: dict[str, Any] = field(default_factory=dict)  # rendered parameters, cells, …; JSON


@dataclass(slots=True)
class Command:
    """What a person or a DAG file asked for: written durably, then handled in order by the DAG's owner."""

    id: int
    dag_id: str
    kind: CommandKind
    payload: dict[str, Any]
    actor: str = ""
    created_at: float = 0.0
    key: str | None = None  # idempotency key: the same key is handled once
    state: CommandState = "pending"
    result: dict[str, Any] = field(default_factory=dict)  # {"run_id": …} or {"code", "message", "hint"}
    handled_at: float | None = None


@dataclass(slots=True)
class RunWithTasks:
    """A run and its task instances, as the machine loads it."""

    run: Run
    tasks: list[TaskInstance]
    spec: DagSpec  # of the run's own version


@dataclass(slots=True)
class DagFile:
    """A file of the DAG folder, as it was last parsed."""

    path: str  # relative to the DAG folder
    digest: str  # sha256 of the content that was parsed
    dag_ids: tuple[str, ...] = ()
    error: str | None = None  # why the content could not be used; the last good version stays
    error_line: int | None = None
    parsed_at: float = 0.0
