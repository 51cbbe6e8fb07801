"""`a >> b` and `a << b`, between tasks, groups and lists of them."""

from __future__ import annotations

from typing import Any

from studio.authoring.references import TaskOutput
from studio.core.names import shown
from studio.errors import InvalidInput


class Node:
    """What `>>` stands between: a task, or a group of them. `first` and `last`: the tasks it begins and ends with."""

    def first(self) -> list[Any]:
        raise NotImplementedError

    def last(self) -> list[Any]:
        raise NotImplementedError

    def __rshift__(self, other: Any) -> Any:
        for node in nodes(other):
            for task in node.first():
                task.wait_for(self)
        return other

    def __lshift__(self, other: Any) -> Any:
        for task in self.first():
            task.wait_for(nodes(other))
        return other

    def __rrshift__(self, others: Any) -> Any:
        for task in self.first():
            task.wait_for(nodes(others))
        return self

    def __rlshift__(self, others: Any) -> Any:
        for node in nodes(others):
            for task in node.first():
                task.wait_for(self)
        return self


def nodes(others: object) -> list[Node]:
    """One or several tasks and groups as a list; raises `InvalidInput` for anything else."""
    items: list[Any] = list(others) if isinstance(others, (list, tuple, set, frozenset)) else [others]
    for n, item in enumerate(items):
        if isinstance(item, TaskOutput):
            items[n] = item.task
        elif not isinstance(item, Node):
            raise InvalidInput(
                f"`>>` and `<<` stand between tasks and lists of tasks; {shown(item)} is {type(item).__name__}."
            )
    return items
