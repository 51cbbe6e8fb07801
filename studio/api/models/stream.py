"""The stream of changes: what the server sends, and what a client says."""

from __future__ import annotations

from typing import Literal

import msgspec

from studio.api.models.dags import DagFileStatus, DagSummary
from studio.api.models.runs import RunSummary, TaskStatus
from studio.api.models.tasks import CellOutput, LogRecord


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe", forbid_unknown_fields=True):
    """Client → server: replaces what this connection listens to.

    `dags`: summaries of all DAGs. `dag_ids`: runs and tasks of these. `outputs`, `logs`: of the task instances
    "dag_id/run_id/task_id/map_index". `whys`: why such task instances do not go on.
    """

    dags: bool = False
    dag_ids: list[str] = []
    outputs: list[str] = []
    logs: list[str] = []
    whys: list[str] = []


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


class LogAppended(msgspec.Struct, frozen=True, tag="log"):
    """The log of a task's latest attempt has grown, from byte `start` to byte `end`.

    The first after a `subscribe`, and of each attempt, has no records: it tells how far the log is. A client that has
    less than `start` fetches what is between (`get_log` with `after`).
    """

    topic: str  # as in `Subscribe.logs`
    attempt_id: int
    try_number: int
    records: list[LogRecord]
    start: int
    end: int
    skipped: int  # bytes before `start` that were left out: the log grows faster than it is sent
    ended: bool  # the attempt is over: nothing follows


class BackfillChanged(msgspec.Struct, frozen=True, tag="backfill"):
    """A backfill was made, paused, unpaused, extended, cancelled or is over: fetch it again."""

    dag_id: str
    backfill_id: int
    state: Literal["running", "paused", "cancelled", "done"]


class FilesChanged(msgspec.Struct, frozen=True, tag="files"):
    """All files of the DAG folder, to who listens to `dags`, when one of them has changed."""

    files: list[DagFileStatus]


class WhyChanged(msgspec.Struct, frozen=True, tag="why"):
    """Why a task instance does not go on has changed; empty: nothing holds it."""

    topic: str  # as in `Subscribe.whys`
    why: list[str]


class Resync(msgspec.Struct, frozen=True, tag="resync"):
    """Events were dropped because the client was too slow: fetch again."""


class StreamError(msgspec.Struct, frozen=True, tag="error"):
    """The last message of the client was refused."""

    message: str


ClientMessage = Subscribe
ServerMessage = (
    Hello
    | DagChanged
    | DagRemoved
    | BackfillChanged
    | FilesChanged
    | RunChanged
    | OutputChanged
    | LogAppended
    | WhyChanged
    | Resync
    | StreamError
)
