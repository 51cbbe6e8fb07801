"""Values that are not known yet: what a task will return, the item of a mapping.

They stand in arguments and parameters like plain values; in the spec they are markers (`{"$output": …}`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from studio.authoring.arguments import flag
from studio.authoring.functions import Target, named
from studio.core.map_spec import Concatenated, ExpandSpec, Items, Output, Source, Transformed, Zipped
from studio.core.names import shown
from studio.core.parameters import MAX_DEPTH, check_value
from studio.errors import InvalidInput

if TYPE_CHECKING:
    from studio.widgets.output import OutputView


class Producer(Protocol):
    """The task that a value comes from."""

    task_id: str

    @property
    def dag_id(self) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class Mappable:
    """A list (or dict) to be mapped over."""

    source: Source
    tasks: tuple[Producer, ...]  # whose values it is made of

    def map(self, function: Target) -> Mappable:
        """Each item given to `function` when its task instance runs; raising `studio.Skip` there skips that one."""
        name, path = named(function, "map")
        return Mappable(Transformed(self.source, name, path), self.tasks)

    def zip(self, *others: Any, longest: bool = False, fill: Any = None) -> Mappable:
        """Items side by side, as lists: as many as the shortest has; with `longest` as the longest, gaps `fill`ed."""
        parts = [self, *(mappable(other, "zip") for other in others)]
        is_long = flag(longest, "longest") or fill is not None
        fill = check_value(fill, "fill")
        return Mappable(Zipped(tuple(part.source for part in parts), is_long, fill), _tasks(parts))

    def concat(self, *others: Any) -> Mappable:
        """One after the other."""
        parts = [self, *(mappable(other, "concat") for other in others)]
        return Mappable(Concatenated(tuple(part.source for part in parts)), _tasks(parts))


class TaskOutput(Mappable):
    """What a task will return: `task.output`, or a part of it, `task.output["key"]`."""

    __slots__ = ("key", "task")

    def __init__(self, task: Producer, key: str | int | None = None) -> None:
        object.__setattr__(self, "source", Output(task.task_id))
        object.__setattr__(self, "tasks", (task,))
        object.__setattr__(self, "task", task)
        object.__setattr__(self, "key", key)

    task: Producer
    key: str | int | None

    def __getitem__(self, key: str | int) -> TaskOutput:
        if self.key is not None:
            raise InvalidInput(
                f"{self!r}[{key!r}]: only one key can be asked for.",
                hint="Take the rest apart in the task itself.",
            )
        return TaskOutput(self.task, key)

    def __call__(self, run_id: str | None = None) -> OutputView:
        """What the task produced in a run (None: the newest), to look at."""
        # The client is heavy, and not needed to define a DAG.
        from studio.authoring.handles import output_of  # noqa: PLC0415

        return output_of(self.task.dag_id, self.task.task_id, run_id)

    def __iter__(self) -> Any:
        raise TypeError(
            f"{self!r} is known when the task has run; it cannot be looped over here. Map over it: .expand(x={self!r})."
        )

    def __repr__(self) -> str:
        return f"{self.task.task_id}.output" + ("" if self.key is None else f"[{self.key!r}]")

    def marker(self) -> dict[str, Any]:
        """As it stands in a spec."""
        return {"$output": self.task.task_id} | ({} if self.key is None else {"key": self.key})


@dataclass(frozen=True, slots=True)
class MappedItem:
    """The item of a mapped group that a task instance is for."""

    argument: str

    def marker(self) -> dict[str, Any]:
        return {"$mapped": self.argument}


def mappable(value: Any, what: str) -> Mappable:
    """`value` as something to map over; raises `InvalidInput`."""
    if isinstance(value, TaskOutput):
        if value.key is not None:
            raise InvalidInput(
                f"{what}: {value!r} is a part of a value; tasks are mapped over whole values.",
                hint="Let a task return just that part.",
                field=what,
            )
        return value
    if isinstance(value, Mappable):
        return value
    if getattr(value, "is_studio_task", False):
        return TaskOutput(value)
    if isinstance(value, (list, tuple, range)):
        return Mappable(Items(check_value(list(value), what)), ())
    if isinstance(value, Mapping):
        return Mappable(Items(check_value(dict(value), what)), ())
    raise InvalidInput(
        f"{what} is {shown(value)}; tasks are mapped over a list, a dict, or what a task returns (`task.output`).",
        field=what,
    )


def expansion(
    by: Literal["product", "kwargs"], over: Mapping[str, Any], found: Callable[[Any], object]
) -> ExpandSpec:
    """A mapping as data; every task whose value is needed is given to `found`."""
    sources = {}
    for name, value in over.items():
        source = mappable(value, name or "expand_kwargs")
        for task in source.tasks:
            found(task)
        sources[name] = source.source
    return ExpandSpec(by=by, over=sources)


def plain(value: Any, where: str, found: Callable[[Any], object]) -> Any:
    """`value` as JSON, references as markers; every task that is referred to is given to `found`.

    Raises `InvalidParameter` naming the place of what is no JSON, and `InvalidInput` for what can only be mapped over.
    """
    return check_value(_marked(value, where, found, 0), where)


def _marked(value: Any, where: str, found: Callable[[Any], object], depth: int) -> Any:
    if isinstance(value, TaskOutput):
        found(value.task)
        return value.marker()
    if getattr(value, "is_studio_task", False):
        found(value)
        return TaskOutput(value).marker()
    if isinstance(value, MappedItem):
        return value.marker()
    if isinstance(value, Mappable):
        raise InvalidInput(
            f"{where} is a mapped value; it can only be expanded over.",
            hint="Use .expand(...).",
            field="args",
        )
    if depth > MAX_DEPTH:
        return value  # it is refused then, whatever is in it
    if type(value) is dict:
        return {key: _marked(item, f"{where}[{shown(key)}]", found, depth + 1) for key, item in value.items()}
    if type(value) in (list, tuple):
        return [_marked(item, f"{where}[{n}]", found, depth + 1) for n, item in enumerate(value)]
    return value


def _tasks(parts: list[Mappable]) -> tuple[Producer, ...]:
    return tuple(dict.fromkeys(task for part in parts for task in part.tasks))
