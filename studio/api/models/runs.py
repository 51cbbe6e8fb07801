"""Runs and task instances: what is shown of them, and what people ask of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec

from studio.api.models.base import Body, Model
from studio.core.states import AttemptState, RunState, TaskState

# --- requests ------------------------------------------------------------------------------------------------


class TriggerRun(Body, frozen=True, kw_only=True):
    """Start a run by hand. `key`: the same key again gives the same run, once."""

    logical_date: str | None = None  # ISO 8601; without offset it is in the DAG's time zone
    params: dict[str, Any] = {}
    run_id: str | None = None
    key: str | None = None
    note: str | None = None
    interval: tuple[str, str] | None = None  # the data it is about, from and to; needs a logical date
    subset: list[str] = []  # only these tasks; none: all
    #: Of a paused DAG no run starts: refuse, let it wait until somebody unpauses the DAG, or unpause the DAG now.
    if_paused: Literal["refuse", "queue", "unpause"] = "refuse"
    refresh_cache: bool = False  # cached results do not count in this run; its own replace them


class ClearTasks(Body, frozen=True, kw_only=True):
    """Run tasks of a run again; `downstream` takes everything that waits for them too."""

    task_ids: list[str]
    map_index: int | None = None  # only this one of mapped tasks
    upstream: bool = False
    downstream: bool = True
    only_failed: bool = False
    only_running: bool = False
    only_new: bool = False  # those that the newest version has added
    params: dict[str, Any] = {}  # over those of the run
    version: str = "run"  # "run": the one it has; "latest"
    note: str | None = None


class ClearRuns(Body, frozen=True, kw_only=True):
    """Run tasks of any number of runs again. `past` and `future` take the runs before and after these too."""

    run_ids: list[str]
    task_ids: list[str] = []  # none: all
    map_index: int | None = None
    upstream: bool = False
    downstream: bool = True
    past: bool = False
    future: bool = False
    only_failed: bool = False
    only_running: bool = False
    only_new: bool = False
    params: dict[str, Any] = {}
    version: str = "run"
    note: str | None = None
    dry_run: bool = False  # answer with what would happen; change nothing


class MarkTasks(Body, frozen=True, kw_only=True):
    """Say how tasks ended. `value`: what the task is to have returned; only of one task, marked as success."""

    run_ids: list[str]
    task_ids: list[str]
    state: Literal["success", "failed", "skipped"]
    map_index: int | None = None
    upstream: bool = False
    downstream: bool = False
    past: bool = False
    future: bool = False
    value: Any | msgspec.UnsetType = msgspec.UNSET
    note: str | None = None
    dry_run: bool = False


class MarkRuns(Body, frozen=True, kw_only=True):
    """Say how runs ended: what runs is ended, what has not begun is skipped."""

    run_ids: list[str]
    state: Literal["success", "failed"]
    note: str | None = None


class SelectRuns(Body, frozen=True, kw_only=True):
    """Runs of one DAG."""

    run_ids: list[str]


class SetNote(Body, frozen=True, kw_only=True):
    """A text that people leave for people; empty: none."""

    note: str


class Respond(Body, frozen=True, kw_only=True):
    """The answer to an approval."""

    options: list[str]
    params: dict[str, Any] = {}


# --- answers -------------------------------------------------------------------------------------------------


class TaskLink(Model, frozen=True, kw_only=True):
    """Where a task instance is found."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int


class RunLink(Model, frozen=True, kw_only=True):
    """Where a run is found."""

    dag_id: str
    run_id: str


class RunSummary(Model, frozen=True, kw_only=True):
    """A run without its tasks."""

    dag_id: str
    run_id: str
    run_type: str
    state: RunState
    cancelling: bool
    with_failures: bool
    version: str
    run_after: datetime
    logical_date: datetime | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    triggered_by: str
    params: dict[str, Any]
    counts: dict[str, int]  # TaskState value → task instances
    rev: int
    ending: RunState | None = None  # what it becomes as soon as nothing of it runs any more
    reason: str = ""  # why it ended so, or is being ended: task_failure, timed_out, marked, replaced, …
    interval_start: datetime | None = None  # the data it is about: from here
    interval_end: datetime | None = None  # up to here, exclusive
    backfill: int | None = None
    subset: list[str] = []  # the tasks it is limited to; none: all
    note: str = ""
    triggered_by_task: TaskLink | None = None  # the task instance that made it, if one did


class TaskStatus(Model, frozen=True, kw_only=True):
    """A TaskInstance, as lists and graphs show it."""

    task_id: str
    map_index: int
    state: TaskState
    try_number: int
    max_tries: int
    started_at: datetime | None
    ended_at: datetime | None
    retry_at: datetime | None  # when it goes on by itself; of one that awaits input: when it gives up
    rev: int
    map_path: list[int] = []  # its index in each mapping around it, outermost first
    label: str = ""  # shown instead of the map index
    note: str = ""
    waiting_since: datetime | None = None  # the first look of a sensor, or the question of an approval
    looks: int = 0  # of a sensor in this try


class RunDetail(Model, frozen=True, kw_only=True):
    """A run with all its tasks."""

    run: RunSummary
    tasks: list[TaskStatus]


class RunPage(Model, frozen=True, kw_only=True):
    """Newest first. `next` is the `before` of the next page, or null at the end."""

    runs: list[RunSummary]
    next: str | None


class GridCells(Model, frozen=True, kw_only=True):
    """The tasks of a run that are in one state."""

    state: TaskState
    tasks: list[int]  # indexes in `Grid.tasks`
    counts: list[int] = []  # how many instances of each; empty: one of each


class GridRow(Model, frozen=True, kw_only=True):
    """A run with the states of its tasks."""

    run: RunSummary
    cells: list[GridCells]


class Grid(Model, frozen=True, kw_only=True):
    """Runs × tasks, newest first. `next` is the `before` of the next page, or null at the end."""

    tasks: list[str]  # of the DAG as it is, in its order, and after them those that only these runs have
    rows: list[GridRow]
    next: str | None


class RunAttempt(Model, frozen=True, kw_only=True):
    """An attempt, as a chart of its run shows it."""

    task_id: str
    map_index: int
    try_number: int
    state: AttemptState
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    worker: str | None


class RunAttempts(Model, frozen=True, kw_only=True):
    """All attempts of a run, in the order in which they were queued."""

    attempts: list[RunAttempt]


class DayRuns(Model, frozen=True, kw_only=True):
    """The runs for a day, which is one of the DAG's time zone."""

    day: date
    counts: dict[str, int]  # RunState value → runs


class DayList(Model, frozen=True, kw_only=True):
    """Days that have runs, in order."""

    days: list[DayRuns]


class ChosenTask(Model, frozen=True, kw_only=True):
    """A task instance that a command is about, with the state it had before."""

    run_id: str
    task_id: str
    map_index: int
    state: TaskState


class ClearAnswer(Model, frozen=True, kw_only=True):
    """How many task instances run again (or would), and the first thousand of them."""

    cleared: int
    tasks: list[ChosenTask]


class MarkAnswer(Model, frozen=True, kw_only=True):
    """How many task instances were marked (or would be), and the first thousand of them."""

    marked: int
    tasks: list[ChosenTask]


class RunsDone(Model, frozen=True, kw_only=True):
    """How many runs were cancelled, marked or deleted."""

    runs: int


class ReasonInfo(Model, frozen=True, kw_only=True):
    """One thing that holds something: `code` for programs, `message` for people, `facts` as data."""

    code: str
    message: str
    facts: dict[str, Any]


class WhyAnswer(Model, frozen=True, kw_only=True):
    """Why a run or a task instance does not go on, the nearest first; empty if it runs, or has ended."""

    state: str  # a RunState or TaskState
    reasons: list[ReasonInfo]


class Approval(Model, frozen=True, kw_only=True):
    """A task that waits for a person."""

    dag_id: str
    run_id: str
    task: TaskStatus
    subject: str
    body: str
    options: list[str]
    default: list[str]  # what counts if nobody answers in time; none: it fails
    multiple: bool  # more than one option may be chosen
    params: dict[str, Any]  # with their defaults
    param_schemas: dict[str, Any]


class ApprovalList(Model, frozen=True, kw_only=True):
    """Everything that waits for a person, the longest wait first."""

    approvals: list[Approval]
