"""`studio.save` and `studio.load`: what the code of a task keeps, and what it reads of the tasks before it.

In a function the attempt is known by its scope; in a kernel, and in the Python of another environment, by
the environment variables that its process was started with.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Final

from studio.attempt_scope import AttemptScope
from studio.core.names import check_name, nearest, shown
from studio.errors import InvalidInput
from studio.values.encoding import RETURNED, keep_object, kept, loaded, restored
from studio.values.errors import ValueNotThere
from studio.values.reference import Reference, is_encoded
from studio.values.sequence import ValueSequence
from studio.values.store import ValueStore
from studio.values.stores import open_store

STORE: Final = "STUDIO_ATTEMPT_VALUES"  # environment variable: path or URL of the store
DIRECTORY: Final = "STUDIO_ATTEMPT_DIRECTORY"  # environment variable: of the attempt
INPUTS: Final = "inputs.json"  # in the attempt's directory: {"outputs", "saved", "task_id"}
SAVED: Final = "saved.jsonl"  # in the attempt's directory: a description a line
RETURNS: Final = (
    "returns.json"  # in the attempt's directory: what a notebook returns, if it says nothing else
)


class AttemptValues:
    """Of one attempt. `outputs` and `saved` as in its context; `record` is told what was kept."""

    def __init__(
        self,
        store: str,
        record: Callable[[dict[str, Any]], object],
        *,
        task_id: str = "",
        outputs: Mapping[str, Any] | None = None,
        saved: Mapping[str, Any] | None = None,
    ) -> None:
        self._url = store
        self._record = record
        self._task_id = task_id
        self._outputs = outputs or {}
        self._saved = saved or {}

    @cached_property
    def store(self) -> ValueStore:
        return open_store(self._url)

    def save(self, name: str, value: object) -> None:
        """See `studio.save`."""
        if check_name(name, "value").partition(".")[0] == RETURNED:
            raise InvalidInput(
                f"A value cannot be saved as {shown(name)}: that is what the task returns.", field="name"
            )
        keep_object(value, name, self.store, self._record)

    def kept(self, value: object, *, is_measured: bool = False) -> Any:
        """What the task returns, as JSON with references."""
        return kept(value, self.store, self._record, is_measured=is_measured)

    def load(self, task: Any, name: str | None = None) -> Any:
        """See `studio.load`."""
        task_id = task if isinstance(task, str) else str(getattr(task, "task_id", task))
        if name is None or name == RETURNED:
            return self.restored(self._of(task_id, self._outputs, "returned"), task_id)
        found = self._of(task_id, self._saved, "saved")
        if isinstance(found, list):
            items = [None if each is None else each.get(name) for each in found]
            if all(item is None for item in items):
                raise self._no_name(task_id, name, {key for each in found for key in each or {}})
            return ValueSequence(items, self.restored, task_id)
        if name not in found:
            raise self._no_name(task_id, name, found)
        return self.restored(found[name])

    def restored(self, value: Any, task_id: str = "") -> Any:
        """JSON with references as objects; of a mapped task (a list with references) when they are looked at."""
        if not is_encoded(value):
            return value
        if task_id and isinstance(value, list):
            return ValueSequence(value, self.restored, task_id)
        return restored(value, self._loaded)

    def _loaded(self, reference: Reference) -> Any:
        return loaded(reference, self.store)

    def _of(self, task_id: str, values: Mapping[str, Any], done: str) -> Any:
        if task_id in values:
            return values[task_id]
        others = self._saved if values is self._outputs else self._outputs
        if task_id in others:
            what = (
                f"It has saved {', '.join(map(shown, self._names_of(task_id)))}."
                if values is self._outputs
                else f"It has returned something: studio.load({task_id!r})."
            )
            raise ValueNotThere(f"The task {shown(task_id)} has {done} nothing.", hint=what)
        known = {*self._outputs, *self._saved}
        raise ValueNotThere(
            f"There is no value of a task {shown(task_id)} for {shown(self._task_id or 'this task')}: it has those of "
            "tasks that come directly before it, have succeeded, and returned or saved something.",
            hint=nearest(task_id, known) or f"Let it wait for that task: after=[{task_id!r}].",
        )

    def _names_of(self, task_id: str) -> list[str]:
        found = self._saved.get(task_id) or {}
        listed = found if isinstance(found, list) else [found]
        return sorted({name for each in listed for name in each or {}})

    def _no_name(self, task_id: str, name: str, known: Any) -> ValueNotThere:
        return ValueNotThere(
            f"The task {shown(task_id)} has saved nothing as {shown(name)}.",
            hint=nearest(name, sorted(known)) or "It keeps something by studio.save(name, value).",
        )


_of_attempt: AttemptScope[AttemptValues] = AttemptScope("studio_attempt_values")


def values_of_attempt(values: AttemptValues) -> AbstractContextManager[AttemptValues]:
    """Whoever runs a task: `save` and `load` inside are about this attempt."""
    return _of_attempt.entered(values)


def current_values() -> AttemptValues | None:
    """Of the attempt that runs here; None outside of tasks."""
    return _of_attempt.get() or _of_process()


def for_another_process(value: object) -> Any:
    """What a task returns, for who reads it elsewhere: in a kernel, JSON with references; else as it is."""
    if _of_attempt.get() is not None or (values := _of_process()) is None:
        return value
    return values.kept(value)


def save(name: str, value: object) -> None:
    """Keep `value` for the tasks after this one, which have it by `studio.load(task, name)`.

    Tables (pandas, polars, arrow) are kept as parquet, arrays as npy, figures as png, text, bytes and JSON as they are,
    anything else by cloudpickle. Saved again under the same name, the later value counts. Raises `ValueNotKept` for
    what cannot be passed on, `ValueStoreUnavailable`, and `InvalidInput` for a bad name or outside of a task.
    """
    required("save").save(name, value)


def load(task: str, name: str | None = None) -> Any:
    """What a task directly before this one returned, or kept as `name`; of a mapped task a sequence of all.

    Raises `ValueNotThere`, `ValueNotRead`, `ValueStoreUnavailable`, and `InvalidInput` outside of a task.
    """
    return required("load").load(task, name)


def returns(value: object) -> None:
    """What the task returns if its notebook just ends: to be mapped over, so that a list stays one, however long.

    Raises `ValueNotKept`, `ValueStoreUnavailable`, and `InvalidInput` outside of a task's kernel.
    """
    kept = required("returns").kept(value, is_measured=True)
    with open(os.path.join(os.environ[DIRECTORY], RETURNS), "w", encoding="utf-8") as file:
        json.dump(kept, file)


def returned_in(directory: str) -> Any:
    """What the code of an attempt said by `returns`, as JSON with references; None: nothing."""
    try:
        with open(os.path.join(directory, RETURNS), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def required(call: str) -> AttemptValues:
    """Of the attempt that runs here; raises `InvalidInput` outside of tasks."""
    found = current_values()
    if found is None:
        raise InvalidInput(
            f"studio.{call}() is for the code of a task, while it runs.",
            hint="Try the task with dag.test(), or look at a run's values by `dag.runs()`.",
        )
    return found


_made: list[AttemptValues] = []  # of this process; at most one


def _of_process() -> AttemptValues | None:
    store, directory = os.environ.get(STORE), os.environ.get(DIRECTORY)
    if not store or not directory:
        return None
    if not _made:
        try:
            with open(os.path.join(directory, INPUTS), encoding="utf-8") as file:
                inputs = json.load(file)
        except FileNotFoundError:  # nothing came before it
            inputs = {}
        task_id = os.environ.get("STUDIO_TASK_ID", "")

        def record(description: dict[str, Any]) -> None:
            line = json.dumps(description, ensure_ascii=True) + "\n"
            with open(os.path.join(directory, SAVED), "a", encoding="utf-8") as file:
                file.write(line)

        values = AttemptValues(
            store, record, task_id=task_id, outputs=inputs.get("outputs"), saved=inputs.get("saved")
        )
        _made.append(values)
    return _made[0]


def recorded_in(directory: str) -> list[dict[str, Any]]:
    """What the code of an attempt kept from another process; of one name the last. A torn last line is left out."""
    found: dict[str, dict[str, Any]] = {}
    try:
        with open(os.path.join(directory, SAVED), encoding="utf-8") as file:
            for line in file:
                try:
                    described = json.loads(line)
                except ValueError:
                    continue
                if isinstance(described, dict) and isinstance(described.get("name"), str):
                    found[described["name"]] = described
    except OSError:
        return []
    return list(found.values())
