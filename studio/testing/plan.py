"""What a test run is asked for, checked, and what that makes of the DAG."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

import msgspec

from studio.core.names import nearest, shown
from studio.core.spec import DEFAULT_POOL, DagSpec, TaskSpec
from studio.errors import InvalidInput

Patterns = str | Iterable[str]
#: What stands for a task that is not run. Nothing calls it.
STAND_IN: Final = {"function": "studio.testing:stand_in", "args": {}}
_WILD: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Given:
    """How a task ends that is not run, and what it has returned then."""

    state: Literal["success", "skipped"]
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run of one DAG. `functions`: what function tasks call, by task, where the object itself is at hand."""

    spec: DagSpec
    sources: Mapping[str, bytes]
    given: Mapping[str, Given]
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    logical_date: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    subset: tuple[str, ...] = ()
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    connections: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    at: float | None = None  # when it begins; seconds since the epoch
    fast_retries: bool = True
    on_progress: Callable[[str, str], object] | None = None
    on_look: Callable[[], object] = lambda: None  # called now and then by a thread that waits for tasks


def given_of(
    spec: DagSpec, values: Mapping[str, Any] | None, succeed: Patterns, skip: Patterns
) -> dict[str, Given]:
    """The tasks that are not run. Raises `InvalidInput` for a name that no task has, and for one in two places."""
    known = [task.id for task in spec.tasks]
    injected = {_known(spec, name, known, "values"): value for name, value in dict(values or {}).items()}
    skipped = _matching(spec, skip, known, "skip")
    marked = _matching(spec, succeed, known, "succeed")
    for name in injected:
        if name in skipped:
            raise InvalidInput(f"The task {shown(name)} cannot be skipped and have a value.", field="skip")
    found = {name: Given("success") for name in marked} | {name: Given("skipped") for name in skipped}
    return found | {name: Given("success", value) for name, value in injected.items()}


def answers_of(spec: DagSpec, answers: Mapping[str, Any] | None) -> dict[str, tuple[str, ...]]:
    """The options that are chosen, by approval. Raises `InvalidInput` for a name that no approval has."""
    known = [task.id for task in spec.tasks if task.kind == "approval"]
    return {
        _known(spec, name, known, "answers"): (options,) if isinstance(options, str) else tuple(options)
        for name, options in dict(answers or {}).items()
    }


def chosen(spec: DagSpec, tasks: Patterns, given: Iterable[str]) -> tuple[str, ...]:
    """The tasks of a run that is limited to some; with those whose results are given. None: all."""
    found = _matching(spec, tasks, [task.id for task in spec.tasks], "tasks")
    return tuple(dict.fromkeys([*found, *given])) if found else ()


def stops_of(spec: DagSpec, stop_before: Patterns) -> tuple[str, ...]:
    """The tasks before which a run pauses. Raises `InvalidInput` for a name that no task has."""
    return tuple(_matching(spec, stop_before, [task.id for task in spec.tasks], "stop_before"))


def rehearsed(plan: Plan) -> DagSpec:
    """The DAG as it is run: by hand, without limits that others share, with stand-ins for what is given."""
    tasks = tuple(_rehearsed(task, plan.given.get(task.id)) for task in plan.spec.tasks)
    return msgspec.structs.replace(
        plan.spec, tasks=tasks, schedule=None, start_date=None, end_date=None, pause_after_failures=None
    )


def _rehearsed(task: TaskSpec, given: Given | None) -> TaskSpec:
    changes: dict[str, Any] = {"pool": DEFAULT_POOL, "pool_slots": 1, "depends_on_past": False}
    if task.sensor is not None:  # between two looks nothing is to wait in real time
        changes["sensor"] = msgspec.structs.replace(task.sensor, mode="reschedule")
    if given is not None:
        changes |= {"kind": "function", "config": STAND_IN, "sensor": None, "cache": None}
        if given.value is None or task.interpret == "sensor":
            changes["interpret"] = "value"
    return msgspec.structs.replace(task, **changes)


def _matching(spec: DagSpec, patterns: Patterns, known: list[str], what: str) -> list[str]:
    found: dict[str, None] = {}
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        fitting = [name for name in known if fnmatchcase(name, pattern)]
        if not fitting:
            _known(spec, pattern, known, what)
            raise AssertionError
        found |= dict.fromkeys(fitting)
    return list(found)


def _known(spec: DagSpec, name: str, known: list[str], what: str) -> str:
    if name in known:
        return name
    kind = "approval" if what == "answers" else "task"
    pattern = " that fits" if _WILD.intersection(name) else ""
    raise InvalidInput(
        f"{what}: the DAG {shown(spec.id)} has no {kind}{pattern} {shown(name)}.",
        hint=nearest(name, known) or None,
        field=what,
    )
