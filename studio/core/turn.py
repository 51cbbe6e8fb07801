"""What one turn of the scheduler decided: writes for one transaction, and effects for after its commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from studio.core.map_spec import ExpandSpec
from studio.core.model import (
    Asset,
    AssetEvent,
    Attempt,
    Backfill,
    CallbackRequest,
    Command,
    CommandKind,
    Dag,
    Pool,
    Run,
    SavedValue,
    TaskInstance,
)
from studio.core.questions import Question
from studio.core.spec import CacheSpec
from studio.core.states import AttemptState, RunState, TaskState
from studio.errors import StudioError


@dataclass(frozen=True, slots=True)
class TaskGuard:
    """A TaskInstance to write, and what the database must still say of it: else the turn is stale."""

    task: TaskInstance  # its `rev` is the new one
    rev: int  # the one before
    state: TaskState  # the one before; (state, task.state) is in TRANSITIONS or both are the same


@dataclass(frozen=True, slots=True)
class RunGuard:
    """A Run to write, with the guard as in `TaskGuard`."""

    run: Run
    rev: int
    state: RunState


@dataclass(frozen=True, slots=True)
class AttemptGuard:
    """An Attempt to write; the guard is the state before, which was not terminal."""

    attempt: Attempt
    state: AttemptState


@dataclass(slots=True)
class Writes:
    """All the writes of a turn. They are kept all, or none of them."""

    dags: list[Dag] = field(
        default_factory=list
    )  # insert or update by dag_id; rev guards: rev - 1 before, or new
    removed_dags: list[str] = field(default_factory=list)  # with their versions, runs, tasks and attempts
    new_runs: list[Run] = field(default_factory=list)
    new_tasks: list[TaskInstance] = field(default_factory=list)
    new_attempts: list[Attempt] = field(default_factory=list)
    runs: list[RunGuard] = field(default_factory=list)
    tasks: list[TaskGuard] = field(default_factory=list)
    attempts: list[AttemptGuard] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)  # pending → done or refused
    removed_runs: list[int] = field(
        default_factory=list
    )  # Run.ids, with tasks and attempts; before all inserts
    removed_attempts: list[int] = field(default_factory=list)  # earlier looks of a sensor; before all inserts
    pools: list[Pool] = field(default_factory=list)  # insert (rev 1) or update by name; `used` is left alone
    removed_pools: list[str] = field(default_factory=list)
    pool_use: dict[str, int] = field(
        default_factory=dict
    )  # pool → slots taken (+) or given back (-); guarded, unless in `pools`
    backfills: list[Backfill] = field(default_factory=list)  # insert (rev 1), or update guarded by rev - 1
    assets: list[Asset] = field(default_factory=list)  # insert, or update by name
    new_events: list[AssetEvent] = field(default_factory=list)
    new_values: list[SavedValue] = field(default_factory=list)  # of attempts that are there
    new_callbacks: list[CallbackRequest] = field(default_factory=list)
    callbacks: list[CallbackRequest] = field(
        default_factory=list
    )  # update by id, unless it is terminal already

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Wants:
    """Values that a launch needs and the machine does not hold: whoever carries it out reads them and calls
    `studio.core.binding.bind`.

    `outputs`: task id → the attempts whose values they are: one for a plain task, a tuple for a mapped one.
    `mapped`: the scope's mappings, outermost first: (expansion, index of the instance in it).
    """

    outputs: dict[str, int | tuple[int, ...] | None]
    saved: dict[str, int | tuple[int, ...] | None] = field(
        default_factory=dict
    )  # the same, of what they saved
    mapped: tuple[tuple[ExpandSpec, int], ...] = ()
    own: bool = False  # the last of `mapped` is the task's own, not its group's: its arguments are the task's
    events: tuple[int, ...] = ()  # AssetEvent.ids
    previous: tuple[str, float] | None = None  # (DAG, logical date): the successful run before it
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Launch:
    """Give an attempt to the executor. Everything a worker needs to know, as plain values."""

    attempt_id: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    kind: str
    config: dict[str, Any]
    context: dict[str, Any]  # template context, JSON
    directory: str  # relative to the artifact root
    timeout: float | None  # seconds
    priority: tuple[float, ...] = ()  # less is earlier
    wants: Wants | None = None  # what must be read from the database before a worker can have it
    connections: tuple[str, ...] = ()  # names of those that it is given
    variables: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()  # of the variables, those that may be missing
    secrets: Any = field(default=None, repr=False)  # a `Delivered`, once they are looked up
    refusal: StudioError | None = None  # why no worker can have it: the executor says that it failed
    cache: CacheSpec | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Make the executor end an attempt: interrupt, terminate, kill. It answers with a report."""

    attempt_id: int


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The outcome of an attempt is in the database: the worker may forget it."""

    attempt_id: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the store for a task instance that waits; the answer comes as an `Answered` event, soon or never."""

    task_instance: int
    question: Question


@dataclass(frozen=True, slots=True)
class Tell:
    """Give a command to another scheduler's DAG. Lost if the process dies between the commit and this."""

    dag_id: str
    kind: CommandKind
    payload: dict[str, Any]


Effect = Launch | Stop | Acknowledge | Ask | Tell
