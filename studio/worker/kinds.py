"""The kinds of tasks: how each is run inside a runner. A new kind is one entry of `KINDS`."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from studio.core.names import nearest, shown
from studio.core.params import check_params
from studio.core.templating import TemplateError, render
from studio.errors import StudioError
from studio.outcomes import TaskOutcome
from studio.values.attempt import values_of_attempt
from studio.worker.attempt_secrets import secrets_of_attempt, without_secrets
from studio.worker.attempt_values import RunningValues, for_other_process
from studio.worker.endings import refused, result_of
from studio.worker.error_names import class_names
from studio.worker.function import run_callback, run_function
from studio.worker.notebook_imports import load_notebooks
from studio.worker.operator import run_operator
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
from studio.worker.trigger import run_trigger

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
    result: TaskResult = load_notebooks().run_notebook(for_other_process(request), emit)
    return result


MAX_LABEL = 250  # characters of a rendered `map_index_template`

KINDS: dict[str, Callable[[TaskRequest, Emit], TaskResult]] = {
    "callback": run_callback,
    "function": run_function,
    "notebook": _run_notebook,
    "operator": run_operator,
    "trigger_dag": run_trigger,
}


def run_task(request: TaskRequest, emit: Emit) -> TaskResult:
    """Run one attempt to its end. Whatever user code does short of ending the process is a failed result."""
    run = KINDS.get(request.kind)
    if run is None:
        return failure(f"Unknown kind of task {shown(request.kind)}. {nearest(request.kind, KINDS)}")
    with secrets_of_attempt(request, emit) as (request, emit):
        values = RunningValues(request)
        with values_of_attempt(values.session):
            result = _cached(
                request, lambda: without_secrets(values.settled(_ended(run, request, emit)), request)
            )
        return (
            without_secrets(_labelled(result, request), request)
            if request.context.get("map_index_template")
            else result
        )


def _cached(request: TaskRequest, run: Callable[[], TaskResult]) -> TaskResult:
    """The result of an earlier run, if the task wants that and there is one; else what `run` gives, which is kept."""
    if request.cache is None:
        return run()
    from studio.worker.cache import ResultCache  # noqa: PLC0415 - few tasks are cached

    cache = ResultCache(request)
    result = cache.found()
    if result is None:
        result = run()
        cache.keep(result)
    return result


def _ended(run: Callable[[TaskRequest, Emit], TaskResult], request: TaskRequest, emit: Emit) -> TaskResult:
    context = request.context
    try:
        if context.get("param_schemas") and request.kind != "callback":
            check_params(context.get("params") or {}, context["param_schemas"])
        return run(request, emit)
    except TaskOutcome as outcome:
        return result_of(outcome)
    except StudioError as error:
        return refused(error)
    except BaseException as error:  # SystemExit and KeyboardInterrupt end the attempt, not the runner
        return failure(f"{type(error).__name__}: {error}", errors=class_names(type(error)))


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
