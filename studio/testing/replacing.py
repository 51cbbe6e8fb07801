"""Values that somebody has put in the place of what tasks returned or saved, in a trial that is paused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from studio.core.model import SavedValue, TaskInstance
from studio.core.saved import reference_to
from studio.values.attempt import AttemptValues
from studio.worker.task import TaskRequest


class Replaced:
    """By task, and by the name of what was saved. `store` is where the values are kept."""

    def __init__(self, store: str) -> None:
        self._store = store
        self._returned: dict[str, Any] = {}  # JSON with references
        self._saved: dict[str, dict[str, dict[str, Any]]] = {}  # as `AttemptValues` describes it

    def put(self, task_id: str, value: object) -> None:
        """As what the task has returned. Raises `ValueNotKept`."""
        self._returned[task_id] = AttemptValues(self._store, lambda description: None).kept(value)

    def put_saved(self, task_id: str, name: str, value: object) -> None:
        """As what the task has saved under that name. Raises `ValueNotKept`."""

        def record(description: dict[str, Any]) -> None:
            self._saved.setdefault(task_id, {})[name] = description

        AttemptValues(self._store, record).save(name, value)

    def given(self, request: TaskRequest) -> TaskRequest:
        """The request with these values in the place of those that the task was to get."""
        outputs, saved = request.context.get("outputs"), request.context.get("saved")
        context = dict(request.context)
        if outputs:
            context["outputs"] = {name: self._returned.get(name, value) for name, value in outputs.items()}
        if saved:
            context["saved"] = {
                task: {
                    **names,
                    **{name: _reference(each) for name, each in self._saved.get(task, {}).items()},
                }
                if isinstance(names, dict)
                else names
                for task, names in saved.items()
            }
        return msgspec.structs.replace(request, context=context)

    def returned(self, task: TaskInstance, value: Any) -> Any:
        """What counts as returned."""
        return self._returned.get(task.task_id, value)

    def kept(self, task: TaskInstance, values: Sequence[SavedValue]) -> tuple[SavedValue, ...]:
        """What counts as saved."""
        new = self._saved.get(task.task_id, {})
        return tuple(
            value if value.name not in new else replace(value, **_fields(new[value.name])) for value in values
        )


def _fields(description: dict[str, Any]) -> dict[str, Any]:
    return {name: description[name] for name in ("digest", "format", "type", "size")}


def _reference(description: dict[str, Any]) -> dict[str, Any]:
    return reference_to(SavedValue(0, description["name"], **_fields(description)))
