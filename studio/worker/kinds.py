"""The kinds of tasks: how each is run inside a runner. A new kind is one entry of `KINDS`."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from studio.core.names import nearest, shown
from studio.core.params import check_params
from studio.core.templating import TemplateError, render
from studio.errors import StudioError
from studio.outcomes import TaskOutcome
from studio.worker.endings import refused, result_of
from studio.worker.error_names import class_names
from studio.worker.function import run_callback, run_function
from studio.worker.notebook_imports import load_notebooks
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
from studio.worker.task_log import log_of

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
    result: TaskResult = load_notebooks().run_notebook(request, emit)
    return result


MAX_LABEL = 250  # characters of a rendered `map_index_template`

KINDS: dict[str, Callable[[TaskRequest, Emit], TaskResult]] = {
    "callback": run_callback,
    "function": run_function,
    "notebook": _run_notebook,
}


def run_task(request: TaskRequest, emit: Emit) -> TaskResult:
    """Run one attempt to its end. Whatever user code does short of ending the process is a failed result."""
    run = KINDS.get(request.kind)
    if run is None:
        return failure(f"Unknown kind of task {shown(request.kind)}. {nearest(request.kind, KINDS)}")
    context = request.context
    try:
        if context.get("param_schemas") and request.kind != "callback":
            check_params(context.get("params") or {}, context["param_schemas"])
        result = run(request, emit)
    except TaskOutcome as outcome:
        result = result_of(outcome)
    except StudioError as error:
        result = refused(error)
    except BaseException as error:  # SystemExit and KeyboardInterrupt end the attempt, not the runner
        result = failure(f"{type(error).__name__}: {error}", errors=class_names(type(error)))
    return _labelled(result, request) if context.get("map_index_template") else result


def _labelled(result: TaskResult, request: TaskRequest) -> TaskResult:
    """With what the task instance is shown as; a template that fails is a line in the log and nothing more."""
    if result.state == "rescheduled":
        return result
    arguments = result.details.get("rendered") or {}
    names = {**request.context, "args": arguments, "return_value": result.value}
    try:
        text = str(render(names["map_index_template"], names, "map_index_template"))
    except TemplateError as error:
        log = log_of(request)
        log.record("WARNING", "studio", str(error))
        log.end()
        return result
    label = " ".join(text.split())
    label = label if len(label) <= MAX_LABEL else f"{label[: MAX_LABEL - 1]}…"
    return msgspec.structs.replace(result, signal=msgspec.structs.replace(result.signal, label=label))
