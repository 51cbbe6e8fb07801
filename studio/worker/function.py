"""Function tasks: find the function and call it with keyword arguments. Callbacks likewise.

config: `{"function": "package.module:name", "args": {name: JSON, text may be a template}, "path": [directories]}`,
of a function that no module has also what `studio.worker.carried_code` says.
The runner lives on, so whatever the call changes of the process (path, environment, directory, standard streams,
modules found on its `path`) is put back.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import msgspec

from studio.core.signals import AssetSignal
from studio.errors import EnvironmentFailed, InvalidInput, NotFound
from studio.outcomes import TaskOutcome, collecting_asset_events
from studio.worker.arguments import arguments_of, kept
from studio.worker.attempt_values import as_json, as_object, for_other_process
from studio.worker.carried_code import function_of
from studio.worker.endings import EndedElsewhere, crashed, refused, result_of
from studio.worker.function_modules import remember_modules
from studio.worker.sensor import look, sensor_of
from studio.worker.task import Emit, Rendered, TaskRequest, TaskResult, failure
from studio.worker.task_cells import TaskCells
from studio.worker.task_log import TaskLog, log_of
from studio.worker.task_logging import logging_to
from studio.worker.user_code import absolute, process_restored

_Call = Callable[[], Any]


def run_function(request: TaskRequest, emit: Emit) -> TaskResult:
    """Run a function task. Errors of the function are a failed result with the tail of its traceback."""
    sensor = sensor_of(request.context)
    with collecting_asset_events() as events:
        if sensor is not None:
            result = _run(request, emit, (), lambda call: look(call, sensor))
        else:
            result = _run(request, emit, (), lambda call: TaskResult(state="success", value=call()))
    assets = tuple(AssetSignal(asset, extra) for asset, extra in events.items())
    signal = msgspec.structs.replace(result.signal, assets=assets)
    return msgspec.structs.replace(result, signal=signal) if assets else result


def run_callback(request: TaskRequest, emit: Emit) -> TaskResult:
    """Call a callback with the context as its first argument; what it returns is nobody's."""

    def called(call: _Call) -> TaskResult:
        call()
        return TaskResult(state="success")

    result = _run(request, emit, (request.context,), called)
    if result.state == "skipped":
        return msgspec.structs.replace(result, state="success")
    if result.state == "rescheduled":
        return failure("A callback cannot be put off: it is called once, when something has happened.")
    return result


def _run(
    request: TaskRequest, emit: Emit, first: tuple[Any, ...], judged: Callable[[_Call], TaskResult]
) -> TaskResult:
    """Call the function, as often as `judged` does; `first`: positional arguments before the others."""
    config = request.config
    is_elsewhere = "python" in config or "requirements" in config
    if is_elsewhere:
        request = for_other_process(request)
    path = absolute(config.get("path"))
    log = log_of(request, emit)
    rendered: dict[str, Any] = {}
    title = f"{str(config.get('function')).rpartition(':')[2]}(…)"
    cells = TaskCells(request, emit, log, title, "python")
    with log, logging_to(log), process_restored(path, request.env), cells:
        try:
            arguments = arguments_of(
                config.get("args") or {}, request.context, "argument", as_json if is_elsewhere else as_object
            )
            if arguments:
                rendered = kept(arguments)
                emit(Rendered(parameters=rendered))
            function = _elsewhere(request, path, log) if is_elsewhere else function_of(config, path)
            result = judged(lambda: _value(function(*first, **arguments)))
        except TaskOutcome as outcome:
            result = result_of(outcome)
        except EndedElsewhere as ended:
            result = ended.result
        except (InvalidInput, NotFound, EnvironmentFailed) as error:
            result = refused(error)
        except BaseException as error:  # the user's SystemExit must not end the runner
            cells.failed(error)
            result = crashed(error, log)
        finally:
            remember_modules(path)
    return msgspec.structs.replace(result, details={"rendered": rendered}) if rendered else result


def _elsewhere(request: TaskRequest, path: list[str], log: TaskLog) -> Callable[..., Any]:
    """The function in the environment that the task asks for."""
    # Few tasks have an environment of their own.
    from studio.worker.python_process import FunctionElsewhere  # noqa: PLC0415
    from studio.worker.virtual_environments import python_for  # noqa: PLC0415

    is_measured = bool(request.context.get("measured"))
    return FunctionElsewhere(python_for(request.config, log), request.config, path, is_measured, log)


def _value(value: Any) -> Any:
    return asyncio.run(value) if inspect.iscoroutine(value) else value
