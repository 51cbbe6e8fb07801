"""Operator tasks: an instance of a class, its fields filled in, does its work. See `studio.operators.base`.

config: see `studio.core.operator_config`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from studio.core.names import shown
from studio.core.operator_config import operator_title
from studio.core.signals import AssetSignal
from studio.core.template_names import names_of
from studio.errors import InvalidInput, StudioError
from studio.operators.arguments import made
from studio.operators.base import Operator, Sensor, checked, fields_of
from studio.operators.finding import operator_named
from studio.outcomes import TaskOutcome, collecting_asset_events
from studio.secrets.access import connection as delivered_connection
from studio.secrets.access import variable as delivered_variable
from studio.secrets.connection import Connection
from studio.values.attempt import load as load_value
from studio.values.attempt import save as save_value
from studio.worker.arguments import arguments_of, kept
from studio.worker.carried_code import function_of
from studio.worker.endings import crashed, refused, result_of
from studio.worker.function_modules import remember_modules
from studio.worker.sensor import look, sensor_of
from studio.worker.task import Emit, Rendered, TaskRequest, TaskResult
from studio.worker.task_cells import TaskCell, TaskCells
from studio.worker.task_log import log_of
from studio.worker.task_logging import logging_to
from studio.worker.user_code import absolute, process_restored


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an operator works with: `studio.operators.base.AttemptContext`."""

    request: TaskRequest
    cells: TaskCells
    log: logging.Logger

    @property
    def context(self) -> Mapping[str, Any]:
        return names_of(self.request.context)

    @property
    def params(self) -> Mapping[str, Any]:
        params: Mapping[str, Any] = self.request.context.get("params") or {}
        return params

    @property
    def directory(self) -> Path:
        return Path(self.request.directory)

    @property
    def dag_directory(self) -> Path:
        return Path(self.request.config.get("directory") or self.request.directory)

    def render(self, value: Any, field: str) -> Any:
        context = {**self.request.context, "mapped_args": {}}  # those are the fields themselves
        return arguments_of({field: value}, context, "argument")[field]

    def cell(self, source: str, language: str = "text") -> AbstractContextManager[TaskCell]:
        return self.cells.cell(source, language)

    def save(self, name: str, value: object) -> None:
        save_value(name, value)

    def load(self, task_id: str, name: str | None = None) -> Any:
        return load_value(task_id, name)

    def connection(self, name: str) -> Connection:
        return delivered_connection(name)

    def variable(self, name: str) -> Any:
        return delivered_variable(name)


def run_operator(request: TaskRequest, emit: Emit) -> TaskResult:
    """Run an operator's task. What it raises is a failed result, with the tail of its traceback."""
    config = request.config
    path = absolute(config.get("path"))
    title = operator_title(config)
    log = log_of(request, emit)
    details: dict[str, Any] = {}
    cells = TaskCells(request, emit, log, title)
    with (
        log,
        logging_to(log),
        process_restored(path, request.env),
        cells,
        collecting_asset_events() as events,
    ):
        try:
            kind = found(config, path)
            arguments = _arguments(kind, request)
            if arguments:
                details["rendered"] = kept(arguments)
                emit(Rendered(parameters=details["rendered"]))
            operator = made(kind, title, arguments)
            result = _run(operator, Attempt(request, cells, logging.getLogger(title)))
        except TaskOutcome as outcome:
            result = result_of(outcome)
        except StudioError as error:
            cells.failed(error)
            result = refused(error)
        except BaseException as error:  # SystemExit must not end the runner
            cells.failed(error)
            result = crashed(error, log)
        finally:
            remember_modules(path)
    assets = tuple(AssetSignal(asset, extra) for asset, extra in events.items())
    if assets:
        result = msgspec.structs.replace(result, signal=msgspec.structs.replace(result.signal, assets=assets))
    return msgspec.structs.replace(result, details={**result.details, **details}) if details else result


def found(config: Mapping[str, Any], path: list[str]) -> type[Operator]:
    """The class, from where `core.operator_config` says that it is. Raises `NotFound` and `InvalidInput`."""
    name = config.get("operator")
    if not isinstance(name, str):
        raise InvalidInput(f"An operator is named by text, not {shown(name)}.", field="operator")
    return (
        checked(function_of({**config, "function": name}, path), name)
        if ":" in name
        else operator_named(name)
    )


def _arguments(kind: type[Operator], request: TaskRequest) -> dict[str, Any]:
    """Its fields as given, everything filled in but what is verbatim."""
    written: Mapping[str, Any] = request.config.get("args") or {}
    verbatim = {field.name for field in fields_of(kind) if field.verbatim}
    kept_back = {name: value for name, value in written.items() if name in verbatim}
    others = {name: value for name, value in written.items() if name not in verbatim}
    return kept_back | arguments_of(others, request.context, "argument")


def _run(operator: Operator, attempt: Attempt) -> TaskResult:
    sensor = sensor_of(attempt.request.context)
    if sensor is None:
        return TaskResult(state="success", value=_value(operator.run(attempt)))
    if not isinstance(operator, Sensor):
        raise InvalidInput(
            f"The operator {type(operator).__qualname__} is no sensor, so it cannot wait for anything."
        )
    return look(lambda: _value(operator.look(attempt)), sensor)


def _value(value: Any) -> Any:
    return asyncio.run(value) if inspect.iscoroutine(value) else value
