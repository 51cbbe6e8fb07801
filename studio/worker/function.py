"""Function tasks: import `package.module:name` and call it with keyword arguments. Callbacks likewise.

config: `{"function": "package.module:name", "args": {name: JSON, text may be a template}, "path": [directories]}`.
The runner lives on, so whatever the call changes of the process (path, environment, directory, standard streams,
modules found on its `path`) is put back.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import msgspec

from studio.core.parameters import check_value
from studio.core.signals import AssetSignal
from studio.errors import InvalidInput, InvalidParameter, NotFound
from studio.outcomes import TaskOutcome, collecting_asset_events
from studio.worker.arguments import arguments_of, kept
from studio.worker.endings import crashed, refused, result_of
from studio.worker.function_modules import remember_modules
from studio.worker.sensor import look, sensor_of
from studio.worker.task import Emit, Rendered, TaskRequest, TaskResult, failure
from studio.worker.task_log import log_of
from studio.worker.task_logging import logging_to
from studio.worker.user_code import absolute, load, process_restored

_Call = Callable[[], Any]


def run_function(request: TaskRequest, emit: Emit) -> TaskResult:
    """Run a function task. Errors of the function are a failed result with the tail of its traceback."""
    sensor = sensor_of(request.context)
    with collecting_asset_events() as events:
        if sensor is not None:
            result = _run(request, emit, (), lambda call: look(call, sensor))
        else:
            result = _run(request, emit, (), lambda call: _returned(call(), request.config["function"]))
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
    path = absolute(config.get("path"))
    log = log_of(request, emit)
    rendered: dict[str, Any] = {}
    with log, logging_to(log), process_restored(path, request.env):
        try:
            arguments = arguments_of(config.get("args") or {}, request.context, "argument")
            if arguments:
                rendered = kept(arguments)
                emit(Rendered(parameters=rendered))
            function = load(config.get("function"), path)
            result = judged(lambda: _value(function(*first, **arguments)))
        except TaskOutcome as outcome:
            result = result_of(outcome)
        except (InvalidInput, NotFound) as error:
            result = refused(error)
        except BaseException as error:  # the user's SystemExit must not end the runner
            result = crashed(error, log)
        finally:
            remember_modules(path)
    return msgspec.structs.replace(result, details={"rendered": rendered}) if rendered else result


def _value(value: Any) -> Any:
    return asyncio.run(value) if inspect.iscoroutine(value) else value


def _returned(value: Any, name: str) -> TaskResult:
    try:
        return TaskResult(state="success", value=check_value(value, f"The value returned by {name}"))
    except InvalidParameter as error:
        raise InvalidInput(
            error.message, hint=f"{error.hint or ''} Write large data to a file and return its path.".strip()
        ) from error
