"""The values of an attempt on their way through a runner: what it may load, what it keeps, what it returns."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import msgspec

from studio.core.references import PLAIN
from studio.errors import StudioError
from studio.values.attempt import DIRECTORY, INPUTS, STORE, AttemptValues, recorded_in, required, returned_in
from studio.values.encoding import loaded
from studio.values.reference import reference_in
from studio.worker.endings import refused
from studio.worker.task import Kept, TaskRequest, TaskResult


class RunningValues:
    """Of one attempt that runs here; `session` is what `studio.save` and `studio.load` are about."""

    def __init__(self, request: TaskRequest) -> None:
        self._request = request
        self._recorded: dict[str, dict[str, Any]] = {}
        context = request.context
        self.session = AttemptValues(
            request.values or os.path.join(request.directory, ".values"),
            self._record,
            task_id=request.task_id,
            outputs=context.get("outputs"),
            saved=context.get("saved"),
        )

    def settled(self, result: TaskResult) -> TaskResult:
        """`result` with its value as JSON, and with the descriptions of all that was kept in `details["values"]`."""
        value = result.value
        if isinstance(value, Kept):
            value = value.value
        elif value is not None:
            try:
                value = self.session.kept(value, is_measured=bool(self._request.context.get("measured")))
            except StudioError as error:
                result, value = msgspec.structs.replace(refused(error), details=result.details), None
        elif result.state == "success":
            value = returned_in(self._request.directory)
        if value is not result.value:
            result = msgspec.structs.replace(result, value=value)
        for each in recorded_in(self._request.directory):
            self._record(each)
        if not self._recorded:
            return result
        details = {**result.details, "values": list(self._recorded.values())}
        return msgspec.structs.replace(result, details=details)

    def _record(self, description: dict[str, Any]) -> None:
        self._recorded[description["name"]] = description


def for_other_process(request: TaskRequest) -> TaskRequest:
    """With what `studio.save` and `studio.load` need in a process that the attempt starts."""
    inputs = {name: request.context[name] for name in ("outputs", "saved") if request.context.get(name)}
    if inputs:
        path = os.path.join(request.directory, INPUTS)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(inputs, file)
    env = {**request.env, STORE: request.values, DIRECTORY: request.directory}
    return msgspec.structs.replace(request, env=env)


#: What stands where the value of another task is asked for: takes the value (JSON with references), the task's id ("":
#: the item of a mapping) and the key that was asked for.
Put = Callable[[Any, str, Any], Any]


def as_json(value: Any, task_id: str, key: Any) -> Any:
    """A `Put` that leaves it to another process."""
    return value


def as_object(value: Any, task_id: str, key: Any) -> Any:
    """A `Put` for the code of tasks."""
    return required("load").restored(value, task_id)


def opened(value: Any) -> Any:
    """`value`, in which an entry is looked for: JSON that was too large for the database is read."""
    reference = reference_in(value)
    if reference is None:
        return value[PLAIN] if isinstance(value, dict) and value.keys() == {PLAIN} else value
    return loaded(reference, required("load").store) if reference.format == "json" else value
