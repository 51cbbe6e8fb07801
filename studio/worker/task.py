"""What a runner is given for one attempt, what it hands back, and what it says in between. Plain values only."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from studio.core.signals import Signal
from studio.core.spec import CacheSpec
from studio.secrets.delivery import Delivered

MAX_ERROR: Final = 4000  # bytes of `TaskResult.error`
MAX_TOLD: Final = 4 << 20  # bytes of a `CellChanged` or `NotebookStarted`, encoded
MAX_SOURCE: Final = 20_000  # characters of one cell in `NotebookStarted`

CellState = Literal["running", "success", "failed", "skipped"]

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class TaskRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `config` belongs to `kind`: see `studio.worker.notebook` and `studio.worker.function`."""

    attempt_id: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    try_number: int
    kind: str
    config: dict[str, Any]
    context: dict[str, Any]  # what templates may use: ds, ts, run_id, params, …
    directory: str  # the attempt's own, absolute, existing: output.ipynb and log.jsonl go here
    env: dict[str, str] = {}  # extra environment for user code
    values: str = ""  # fsspec URL, or absolute path, of the store of values (`studio.values`)
    secrets: Delivered = Delivered()  # the connections and variables that the task declares
    cache: CacheSpec | None = None


class TaskResult(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended. `error` is a line for people, then the tail of the traceback; no ANSI codes."""

    state: Literal["success", "failed", "skipped", "rescheduled"]
    error: str | None = None
    failed_cell: int | None = None  # index in the output notebook
    value: Any = None  # any object, or `Kept`; JSON with references once `run_task` has settled it
    details: dict[str, Any] = {}  # JSON; what the kind found worth keeping
    signal: Signal = Signal()


class Kept(msgspec.Struct, frozen=True):
    """In the place of a returned value: JSON with references, which another process has made of it."""

    value: Any


class CellSource(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of the notebook as it is executed, parameters injected."""

    index: int
    id: str
    cell_type: str
    source: str  # cut to MAX_SOURCE
    hidden: bool = False  # see `studio.core.hidden_cells`


class Rendered(msgspec.Struct, frozen=True, kw_only=True, tag="rendered"):
    """The parameters after templating."""

    parameters: dict[str, Any]


class NotebookStarted(msgspec.Struct, frozen=True, kw_only=True, tag="notebook_started"):
    """The notebook is parameterised; its kernel starts now."""

    cells_total: int
    cells: list[CellSource]  # none if they are too large to be told: the file has them


class KernelStarted(msgspec.Struct, frozen=True, kw_only=True, tag="kernel_started"):
    """A kernel runs, in a process group of its own; whoever kills the runner kills it too."""

    pid: int
    kernel_name: str


class CellChanged(msgspec.Struct, frozen=True, kw_only=True, tag="cell_changed"):
    """A code cell has another state or more outputs. Replaces what was said of the cell before."""

    index: int  # in the output notebook
    state: CellState
    outputs: list[dict[str, Any]]  # nbformat, complete, capped
    execution_count: int | None = None
    started: float | None = None  # seconds since the epoch
    duration: float | None = None  # seconds
    cpu: float | None = None  # seconds, of the kernel's process
    peak_memory: int | None = None  # bytes, of the kernel's process
    elided: bool = False  # `outputs` are left out, because they are too large to be told: the file has them
    source: str | None = None  # of a cell that was not there when the notebook began; cut to MAX_SOURCE


class Log(msgspec.Struct, frozen=True, kw_only=True, tag="log"):
    """A line for the attempt's log."""

    text: str


class LogGrown(msgspec.Struct, frozen=True, kw_only=True, tag="log_grown"):
    """The attempt's log file has more; told now and then, so that it may have more still a moment later."""

    size: int  # bytes


class ForkServerWanted(msgspec.Struct, frozen=True, kw_only=True, tag="fork_server_wanted"):
    """For the supervisor: the next kernel of this Python could be a fork (`studio.worker.kernels`)."""

    command: tuple[str, ...]  # that starts the Python
    libraries: tuple[str, ...]
    is_stale: bool  # there is a server, and it should be replaced


Event = Rendered | NotebookStarted | KernelStarted | CellChanged | Log | LogGrown | ForkServerWanted
Emit = Callable[[Event], None]


def without_ansi(text: str) -> str:
    """`text` without terminal escape sequences."""
    return _ANSI.sub("", text)


def failure(
    error: str,
    *,
    errors: tuple[str, ...] = (),
    failed_cell: int | None = None,
    details: dict[str, Any] | None = None,
) -> TaskResult:
    """A failed result, its error made plain and cut to `MAX_ERROR` bytes: the head line and the tail are kept.

    `errors` as of `Signal`.
    """
    return TaskResult(
        state="failed",
        error=cut_error(error),
        failed_cell=failed_cell,
        details=details or {},
        signal=Signal(errors=errors),
    )


def cut_error(error: str) -> str:
    """`error` without ANSI codes and of at most `MAX_ERROR` bytes: the head of the first line, then the tail."""
    plain = without_ansi(error).encode("utf-8", "replace")
    if len(plain) <= MAX_ERROR:
        return plain.decode()
    head = plain.split(b"\n", 1)[0][: MAX_ERROR // 4]
    tail = plain[len(head) :][-(MAX_ERROR - len(head) - 16) :]
    return head.decode(errors="ignore") + "\n…\n" + tail.decode(errors="ignore")
