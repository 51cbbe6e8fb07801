"""The kinds of tasks: how each is run inside a runner. A new kind is one entry of `KINDS`."""

from __future__ import annotations

from collections.abc import Callable

from studio.core.names import nearest, shown
from studio.errors import StudioError
from studio.worker.function import run_function
from studio.worker.task import (
    CellChanged,
    CellSource,
    Emit,
    Event,
    KernelStarted,
    Log,
    NotebookStarted,
    Rendered,
    TaskRequest,
    TaskResult,
    failure,
)

__all__ = [
    "KINDS",
    "CellChanged",
    "CellSource",
    "Emit",
    "Event",
    "KernelStarted",
    "Log",
    "NotebookStarted",
    "Rendered",
    "TaskRequest",
    "TaskResult",
    "run_task",
]


def _run_notebook(request: TaskRequest, emit: Emit) -> TaskResult:
    # Papermill takes 0.3 s to import: paid by the first notebook of a runner, or before it if the runner preloads.
    from studio.worker.notebook import run_notebook  # noqa: PLC0415

    return run_notebook(request, emit)


KINDS: dict[str, Callable[[TaskRequest, Emit], TaskResult]] = {
    "function": run_function,
    "notebook": _run_notebook,
}


def run_task(request: TaskRequest, emit: Emit) -> TaskResult:
    """Run one attempt to its end. Whatever user code does short of ending the process is a failed result."""
    run = KINDS.get(request.kind)
    if run is None:
        return failure(f"Unknown kind of task {shown(request.kind)}. {nearest(request.kind, KINDS)}")
    try:
        return run(request, emit)
    except StudioError as error:
        return failure(f"{type(error).__name__}: {error}")
    except (
        BaseException
    ) as error:  # SystemExit and KeyboardInterrupt of user code end the attempt, not the runner
        return failure(f"{type(error).__name__}: {error}")
