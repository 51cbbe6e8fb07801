"""A task instance with its attempts, its output and its log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from studio.api.models.base import Model
from studio.api.models.dags import TaskNode
from studio.api.models.runs import RunLink, TaskStatus
from studio.core.states import AttemptState, TaskState


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
    source_changed: bool | None = None  # its notebook's file is not what ran; null: unknown


class TaskDetail(Model, frozen=True, kw_only=True):
    """A TaskInstance with its attempts, oldest first, and why it is not running (in words; may be empty)."""

    dag_id: str
    run_id: str
    task: TaskStatus
    node: TaskNode
    attempts: list[AttemptInfo]
    why: list[str]
    source_changed: bool | None = None  # likewise, not what was published
    triggered_run: RunLink | None = None  # the run of another DAG that its latest try made


class CellOutput(Model, frozen=True, kw_only=True):
    """A cell of an executed notebook. `outputs` are nbformat 4 outputs."""

    index: int
    cell_type: str  # code, markdown, raw
    source: str
    state: Literal["waiting", "running", "success", "failed", "skipped"]
    execution_count: int | None
    outputs: list[dict[str, Any]]
    duration: float | None  # seconds
    cpu: float | None = None  # seconds, of the kernel's process while the cell ran
    peak_memory: int | None = None  # bytes, of the kernel's process while the cell ran
    hidden: bool = False  # nobody has written it: views leave it out unless it fails
    elided: bool = False  # its outputs are too large for the stream: `get_output` has them


class TaskOutput(Model, frozen=True, kw_only=True):
    """What a notebook task has produced so far. `try_number` 0: nothing was started yet."""

    attempt_id: int | None
    try_number: int
    state: TaskState
    cells: list[CellOutput]
    cells_done: int  # code cells finished, without hidden ones
    cells_total: int  # code cells, without hidden ones
    path: str | None  # absolute path of the output notebook
    rev: int  # grows with every change of a cell


LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class LogRecord(Model, frozen=True, kw_only=True):
    """A record of a log; `text` may have several lines."""

    offset: int  # bytes, in the log's file: its identity
    time: float | None  # seconds since the epoch; null: not known
    level: LogLevel
    source: str  # "stdout", "stderr", "studio", "kernel", or the name of a logger
    text: str


class TaskLog(Model, frozen=True, kw_only=True):
    """Records of a log, oldest first: those asked for that stand from byte `start` to before byte `end`.

    `truncated`: more was asked for than is given: before `start`, or with `after` from `end` on.
    """

    attempt_id: int | None
    try_number: int
    records: list[LogRecord]
    start: int
    end: int
    size: int  # bytes of the log so far
    truncated: bool
    ended: bool  # the attempt is over: nothing follows
