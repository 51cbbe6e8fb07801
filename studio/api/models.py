"""What goes over the wire, written once. OpenAPI and the TypeScript types are generated from these classes.

Times are RFC 3339 in UTC. A `rev` grows with every change of its object: a client that gets both a page and a
stream keeps, of two versions of an object, the one with the larger `rev`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from studio.core.spec import DagSpec
from studio.core.states import AttemptState, RunState, TaskState


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A value on the wire."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body: a field that is not declared is refused."""


# --- requests ------------------------------------------------------------------------------------------------


class PublishDag(Body, frozen=True, kw_only=True):
    """Register a DAG, or a new version of it."""

    spec: DagSpec


class UpdateDag(Body, frozen=True, kw_only=True):
    """Change what is not part of the spec."""

    paused: bool


class TriggerRun(Body, frozen=True, kw_only=True):
    """Start a run by hand. `key`: the same key again gives the same run, once."""

    logical_date: str | None = None  # ISO 8601; without offset it is in the DAG's time zone
    params: dict[str, Any] = {}
    run_id: str | None = None
    key: str | None = None


class ClearTasks(Body, frozen=True, kw_only=True):
    """Run tasks of a run again; `downstream` takes everything that waits for them too."""

    task_ids: list[str]
    downstream: bool = True
    only_failed: bool = False


# --- answers -------------------------------------------------------------------------------------------------


class ErrorDetail(Model, frozen=True, kw_only=True):
    """What was wrong and what to do next."""

    code: str
    message: str
    hint: str | None = None
    field: str | None = None
    request_id: str | None = None


class ErrorAnswer(Model, frozen=True, kw_only=True):
    """Every answer with a status of 400 or more."""

    error: ErrorDetail


class ServerInfo(Model, frozen=True, kw_only=True):
    """Who answers."""

    version: str
    pid: int
    started_at: datetime
    scheduling: bool  # False while another server holds the lease
    database: str  # kind and place, never with a password
    workers: int
    slots: int
    running: int  # attempts alive
    dag_folder: str | None = None


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


class TaskStatus(Model, frozen=True, kw_only=True):
    """A TaskInstance, as lists and graphs show it."""

    task_id: str
    map_index: int
    state: TaskState
    try_number: int
    max_tries: int
    started_at: datetime | None
    ended_at: datetime | None
    retry_at: datetime | None
    rev: int


class RunDetail(Model, frozen=True, kw_only=True):
    """A run with all its tasks."""

    run: RunSummary
    tasks: list[TaskStatus]


class RunPage(Model, frozen=True, kw_only=True):
    """Newest first. `next` is the `before` of the next page, or null at the end."""

    runs: list[RunSummary]
    next: str | None


class TaskNode(Model, frozen=True, kw_only=True):
    """A task in the graph of a DAG."""

    id: str
    kind: str
    upstream: list[str]
    trigger_rule: str
    retries: int
    label: str  # what is drawn below the id: the notebook's or the function's name


class DagSummary(Model, frozen=True, kw_only=True):
    """A DAG in a list, with its newest runs (newest first)."""

    dag_id: str
    description: str
    tags: list[str]
    paused: bool
    schedule: str | None  # in the words it was written
    timezone: str
    next_run: datetime | None
    version: str
    task_count: int
    runs: list[RunSummary]
    error: str | None  # its file cannot be used at present; the last good version stays
    rev: int


class DagDetail(Model, frozen=True, kw_only=True):
    """A DAG with its graph."""

    dag: DagSummary
    tasks: list[TaskNode]
    spec: DagSpec


class DagFileStatus(Model, frozen=True, kw_only=True):
    """A file of the DAG folder."""

    path: str
    dag_ids: list[str]
    error: str | None
    error_line: int | None
    parsed_at: datetime


class DagList(Model, frozen=True, kw_only=True):
    dags: list[DagSummary]
    files: list[DagFileStatus]


class AttemptInfo(Model, frozen=True, kw_only=True):
    """One try of a task."""

    id: int
    try_number: int
    state: AttemptState
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    worker: str | None
    error: str | None
    value: Any
    details: dict[str, Any]
    directory: str  # relative to the artifact root
    output_path: str | None  # absolute path of the output notebook on the server's machine, once there is one


class TaskDetail(Model, frozen=True, kw_only=True):
    """A TaskInstance with its attempts, oldest first, and why it is not running (in words; may be empty)."""

    dag_id: str
    run_id: str
    task: TaskStatus
    node: TaskNode
    attempts: list[AttemptInfo]
    why: list[str]


class CellOutput(Model, frozen=True, kw_only=True):
    """A cell of an executed notebook. `outputs` are nbformat 4 outputs."""

    index: int
    cell_type: str  # code, markdown, raw
    source: str
    state: Literal["waiting", "running", "success", "failed", "skipped"]
    execution_count: int | None
    outputs: list[dict[str, Any]]
    duration: float | None  # seconds


class TaskOutput(Model, frozen=True, kw_only=True):
    """What a notebook task has produced so far. `try_number` 0: nothing was started yet."""

    attempt_id: int | None
    try_number: int
    state: TaskState
    cells: list[CellOutput]
    cells_done: int  # code cells finished
    cells_total: int  # code cells
    path: str | None  # absolute path of the output notebook
    rev: int  # grows with every change of a cell


class TaskLog(Model, frozen=True, kw_only=True):
    attempt_id: int | None
    try_number: int
    text: str
    truncated: bool  # the beginning is left out


# --- stream --------------------------------------------------------------------------------------------------


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe", forbid_unknown_fields=True):
    """Client → server: replaces what this connection listens to.

    `dags`: summaries of all DAGs. `dag_ids`: runs and tasks of these. `outputs`: "dag_id/run_id/task_id/map_index".
    """

    dags: bool = False
    dag_ids: list[str] = []
    outputs: list[str] = []


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Server → client, first and after each `subscribe`: what comes now is complete; fetch what is shown once."""

    server: str  # changes when the server restarts


class DagChanged(msgspec.Struct, frozen=True, tag="dag"):
    dag: DagSummary


class DagRemoved(msgspec.Struct, frozen=True, tag="dag_removed"):
    dag_id: str


class RunChanged(msgspec.Struct, frozen=True, tag="run"):
    """A run and those of its tasks that changed."""

    run: RunSummary
    tasks: list[TaskStatus]


class OutputChanged(msgspec.Struct, frozen=True, tag="output"):
    """Cells that changed, each complete. `reset`: the cells are all there are (a new attempt began)."""

    topic: str  # as in `Subscribe.outputs`
    attempt_id: int
    try_number: int
    cells: list[CellOutput]
    cells_done: int
    cells_total: int
    rev: int
    reset: bool


class Resync(msgspec.Struct, frozen=True, tag="resync"):
    """Events were dropped because the client was too slow: fetch again."""


class StreamError(msgspec.Struct, frozen=True, tag="error"):
    """The last message of the client was refused."""

    message: str


ClientMessage = Subscribe
ServerMessage = Hello | DagChanged | DagRemoved | RunChanged | OutputChanged | Resync | StreamError
