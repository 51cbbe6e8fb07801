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

RunType = Literal["scheduled", "manual", "backfill", "asset", "operator"]
CommandKind = Literal[
    "publish", "pause", "unpause", "delete_dag",
    "trigger", "trigger_by_task", "cancel", "clear", "mark", "mark_run", "respond", "note", "delete_run",
    "backfill", "change_backfill",
    "set_pool", "delete_pool", "asset_event", "forget_events",
    # Done at once by the server; they are kept for who asks later who did what, and never pending.
    "set_variable", "delete_variable", "set_connection", "delete_connection", "rotate_secrets",
]  # fmt: skip
BackfillState = Literal["running", "paused", "cancelled", "done"]
Reprocess = Literal["missing", "failed", "all"]
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
    failures: int = 0  # failed runs in a row
    queued_events: dict[str, list[int]] = field(default_factory=dict)  # asset → AssetEvent.ids not used yet
    rev: int = 0  # grows with every write


@dataclass(slots=True)
class TaskInstance:
    """A task in a DagRun. `rev` grows with every write and is part of every guard."""

    id: int
    run: int  # Run.id
    task_id: str
    map_index: int = -1  # unique within (run, task); -1: not mapped, or not expanded yet
    map_path: tuple[int, ...] = ()  # its index in each mapping around it, outermost first
    state: TaskState = TaskState.NONE
    try_number: int = 0  # attempts so far; further looks of a sensor do not count
    max_tries: int = 1
    lost_count: int = 0  # attempts lost with their worker; they do not use up retries
    attempt: int | None = None  # Attempt.id of the latest attempt
    retry_at: float | None = None  # when it goes on by itself; of AWAITING_INPUT: when it gives up
    started_at: float | None = None  # of the latest attempt
    ended_at: float | None = None
    waiting_since: float | None = None  # the first look of a sensor, or the question of an approval
    looks: int = 0  # of a sensor in this try that did not find what it waits for
    stop_as: TaskState | None = None  # what STOPPING becomes; None: CANCELLED
    length: int | None = None  # how many items its value has, if something is mapped over it
    decision: dict[str, Any] | None = (
        None  # branch: {"follow": [...]}, short circuit: {"skip": "all" | "next"}
    )
    resume: dict[str, Any] | None = None  # what a deferred task wants to be told when it goes on
    label: str = ""  # shown instead of the map index
    note: str = ""
    rev: int = 0
    keeps: bool = False  # its latest attempt has succeeded, and left a value for those after it


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
    ending: RunState | None = None  # what it becomes as soon as nothing of it runs any more
    reason: str = ""  # why it ended so: task_failure, timed_out, fail_fast, marked, replaced, …
    with_failures: bool = False  # SUCCESS although a task that is no leaf failed
    params: dict[str, Any] = field(default_factory=dict)
    queued_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    triggered_by: str = ""
    backfill: int | None = None  # Backfill.id
    ordinal: int = 0  # its place in the backfill, from 1
    subset: tuple[str, ...] = ()  # the tasks it is limited to; none: all
    events: tuple[int, ...] = ()  # AssetEvent.ids that it is about
    deadlines: list[float | None] = field(
        default_factory=list
    )  # of each DeadlineSpec; None: called, or without
    note: str = ""
    rev: int = 0
    refresh: bool = False  # cached results do not count in it

    @property
    def cancelling(self) -> bool:
        """It is being cancelled: what runs is ended."""
        return self.ending is RunState.CANCELLED


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


@dataclass(frozen=True, slots=True)
class SavedValue:
    """Something that an attempt has left in the store of values (`studio.values`); known by (attempt, name)."""

    attempt: int  # Attempt.id
    name: str  # as saved; "return_value", or "return_value.train" for a part of it
    digest: str  # SHA-256 of the content, hexadecimal
    format: str  # parquet, npy, png, …
    type: str  # of the object, for people
    size: int  # bytes
    description: dict[str, Any] = field(default_factory=dict)  # its "schema" and "preview"; JSON


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that tasks of any DAGs may ask for by name."""

    name: str
    value: str  # JSON; of a secret a Fernet token of it
    secret: bool = False
    description: str = ""
    updated_at: float = 0.0
    rev: int = 0  # made by the store: how often it was set


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """How to reach something outside, as it is stored."""

    name: str
    data: str  # a Fernet token
    description: str = ""
    updated_at: float = 0.0
    rev: int = 0  # made by the store: how often it was set


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
class Pool:
    """A limit that tasks of any DAGs share."""

    name: str
    slots: int  # -1: no limit
    description: str = ""
    include_deferred: bool = False  # tasks that wait without a slot count too
    used: int = (
        0  # slots taken; changed by differences only, in the transaction of the states they follow from
    )
    rev: int = 0


@dataclass(slots=True)
class Backfill:
    """Runs of a DAG for dates, or lists of params, of the past."""

    id: int
    dag_id: str
    state: BackfillState = "running"
    asked: dict[str, Any] = field(default_factory=dict)  # the command's payload
    max_active_runs: int = 10
    runs: int = 0  # how many it made or cleared
    created_at: float = 0.0
    ended_at: float | None = None
    actor: str = ""
    rev: int = 0


@dataclass(slots=True)
class Asset:
    """Something that tasks make and DAGs wait for; registered when a DAG that names it is published."""

    name: str
    uri: str = ""
    group: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    created_at: float = 0.0


@dataclass(slots=True)
class AssetEvent:
    """An asset was made anew, by a task or by hand (then `dag_id` is "")."""

    id: int
    asset: str
    at: float
    extra: dict[str, Any] = field(default_factory=dict)
    dag_id: str = ""
    run_id: str = ""
    task_id: str = ""
    map_index: int = -1
    actor: str = ""


@dataclass(slots=True)
class CallbackRequest:
    """A callback that a worker is to call, once: the outbox of what people want to hear of.

    `id` is from the same numbers as `Attempt.id`; executors treat both alike.
    """

    id: int
    dag_id: str
    run: int  # Run.id
    on: str  # a CallbackEvent
    function: str
    task_instance: int | None = None
    args: dict[str, Any] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    context: dict[str, Any] = field(default_factory=dict)
    state: AttemptState = AttemptState.QUEUED
    tries: int = 1  # a lost one is called again, as a new request
    directory: str = ""
    queued_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    error: str | None = None


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
