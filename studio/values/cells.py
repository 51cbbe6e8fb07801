"""What the hidden cells of a task made of marked cells call (see `studio.authoring.cells`), inside its kernel."""

from __future__ import annotations

import logging
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import combinations
from typing import Any, Final

from studio.core.moments import Moment
from studio.core.names import shown
from studio.errors import StudioError
from studio.values import formats
from studio.values.attempt import returns, save
from studio.values.errors import NameNotGiven, ValueNotKept
from studio.values.kinds_of import type_name

log = logging.getLogger("studio")

#: Of these two names for one object are as good as two objects.
_UNCHANGING: Final = (
    bool, int, float, complex, str, bytes, tuple, frozenset, range, slice, type(None), type,
    types.FunctionType, types.BuiltinFunctionType, types.ModuleType,
)  # fmt: skip
_OPEN: Final = (
    "connection",
    "cursor",
    "engine",
    "session",
    "client",
    "lock",
    "socket",
    "thread",
    "textio",
    "buffered",
)


def moment(text: str | None) -> Moment | None:
    """A date of the run's context, as templates have it: a datetime with more ways to count."""
    return None if text is None else Moment.of(text)


def share_classes(namespace: Mapping[str, Any], version: str) -> None:
    """Called after %%setup: objects of its classes are objects of these classes for every task that loads them.

    Each kernel defines them anew, so an object from another kernel would bring a class of its own that only looks the
    same: no `isinstance`, no equal dataclasses, no `color is Color.RED`. cloudpickle lets whoever loads a class use one
    that is known under the same id. `version` stands for what %%setup says.
    """
    import cloudpickle.cloudpickle as pickling  # noqa: PLC0415 - few values need it

    known = getattr(pickling, "_lookup_class_or_track", None)
    if known is None:  # a later cloudpickle: objects are then of classes that look the same
        return
    for value in list(namespace.values()):
        if isinstance(value, type) and value.__module__ == "__main__":
            known(f"studio-{version}-{value.__qualname__}", value)


def give(task_id: str, namespace: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> None:
    """Keep `names` of `namespace` for the tasks that read them (name → ids of tasks).

    Raises `NameNotGiven` and `ValueNotKept`, which name the task and what to do.
    """
    with _told_plainly():
        for name in names:
            required(task_id, namespace, name, names[name])
        _warn_of_aliases(task_id, namespace, names)
        for name, readers in names.items():
            _keep(task_id, name, namespace[name], readers)


def required(task_id: str, namespace: Mapping[str, Any], name: str, readers: Sequence[str] = ()) -> Any:
    """The value of a name that the task was to bind. Raises `NameNotGiven`."""
    if name not in namespace:
        raise NameNotGiven(
            f"The task {shown(task_id)} has ended without {shown(name)}{_readers(readers)}: on the way that it took, "
            "nothing gave that name a value.",
            hint=f"Give it one on every way, for example `{name} = None` at the top of the cell.",
        )
    return namespace[name]


def give_items(task_id: str, namespace: Mapping[str, Any], name: str) -> None:
    """Return what tasks are mapped over: the items of `name`. Raises what `items` raises."""
    with _told_plainly():
        returns(items(task_id, namespace, name))


def give_item(task_id: str, namespace: Mapping[str, Any], name: str) -> None:
    """The same of a task that is mapped itself: each of its instances returns one item. Raises `NameNotGiven`."""
    with _told_plainly():
        returns(required(task_id, namespace, name))


def items(task_id: str, namespace: Mapping[str, Any], name: str) -> list[Any] | dict[Any, Any]:
    """What tasks are mapped over: a list, or a dict for its pairs.

    Raises `NameNotGiven`, and `ValueNotKept` for what has no items.
    """
    value = required(task_id, namespace, name)
    if isinstance(value, dict):
        return value
    if hasattr(value, "columns") or isinstance(value, (str, bytes)):
        raise ValueNotKept(
            f"The task {shown(task_id)} gives {shown(name)} to be mapped over, but a {type_name(value)} could be taken "
            "apart in several ways.",
            hint=f"Say which: `list({name}.groupby('key'))`, `{name}.to_dict('records')`."
            if hasattr(value, "columns")
            else f"Make a list of it: `{name} = [{name}]`.",
            field=name,
        )
    for method in ("tolist", "to_list", "to_pylist"):  # of numpy and pandas, polars, arrow
        if callable(listed := getattr(value, method, None)):
            value = listed()
            break
    try:
        return list(value)
    except TypeError as error:
        raise ValueNotKept(
            f"The task {shown(task_id)} gives {shown(name)} to be mapped over, but a {type_name(value)} has no items.",
            hint="Tasks are mapped over lists, dicts, Series and arrays.",
            field=name,
        ) from error


def cannot_be_passed_on(
    task_id: str, name: str, value: Any, readers: Sequence[str] = ()
) -> ValueNotKept | None:
    """Why `value` will not reach other tasks, as far as its first megabyte tells; None: it will."""
    if next(iter(formats.candidates(value)), "cloudpickle") != "cloudpickle":
        return None
    import cloudpickle  # noqa: PLC0415 - few values need it

    try:
        cloudpickle.dump(value, _Sink())
    except _Enough:
        return None
    except Exception as error:
        return _refusal(task_id, name, value, readers, error)
    return None


class _Enough(Exception):
    """So much of it can be pickled that the rest is believed."""


class _Sink:
    """A file that takes a megabyte and keeps nothing."""

    def __init__(self) -> None:
        self._left = 1 << 20  # bytes

    def write(self, data: bytes) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise _Enough
        return len(data)


def _refusal(
    task_id: str, name: str, value: Any, readers: Sequence[str], cause: BaseException
) -> ValueNotKept:
    refusal = ValueNotKept(
        f"The task {shown(task_id)} gives {shown(name)}{_readers(readers)}, but a {type_name(value)} cannot be "
        f"passed on to another task.",
        hint=_advice(name, value),
        field=name,
    )
    refusal.__cause__ = cause
    return refusal


@contextmanager
def _told_plainly() -> Iterator[None]:
    """IPython shows an error that is raised here without frames: the hidden cell is not the user's."""
    try:
        yield
    except StudioError as error:
        text = f"{type(error).__name__}: {error}"
        error.__dict__["_render_traceback_"] = lambda: [text]
        raise


def _keep(task_id: str, name: str, value: Any, readers: Sequence[str]) -> None:
    try:
        save(name, value)
    except ValueNotKept as error:
        raise _refusal(task_id, name, value, readers, error) from error


def _advice(name: str, value: Any) -> str:
    if isinstance(value, types.ModuleType):
        return f"Write `import {value.__name__}` into a %%setup cell."
    if isinstance(value, Iterator) and not hasattr(value, "fileno"):
        return f"Make a list of it: `{name} = list({name})`."
    if any(word in type(value).__name__.lower() for word in _OPEN) or hasattr(value, "fileno"):
        return f"Open it in a function of a %%setup cell, and call that where {shown(name)} is needed."
    return (
        "Pass on what it is made of (a table, an array, text, numbers, a path), or make it in a %%setup cell."
    )


def _readers(readers: Sequence[str]) -> str:
    return f" for {', '.join(map(shown, readers))}" if readers else ""


def _warn_of_aliases(task_id: str, namespace: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> None:
    for one, other in combinations(names, 2):
        if namespace[one] is namespace[other] and not isinstance(namespace[one], _UNCHANGING):
            log.warning(
                "The task %s gives %s and %s, which are one object here. The tasks after it get two: a change of one "
                "is not seen in the other.",
                task_id,
                one,
                other,
            )
