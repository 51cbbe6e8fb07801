"""What refers to a value that is not known yet: `$output` and `$mapped` in configs, and what is mapped over what.

A task whose value is used has to come before: directly, or over other tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from studio.core.graph import graph_of
from studio.core.map_spec import GroupSpec
from studio.core.names import nearest, shown
from studio.core.parameters import MAX_DEPTH
from studio.core.spec import DagSpec, TaskSpec
from studio.core.validation_mapping import check_expansion, names_of, producers_of
from studio.core.validation_tasks import WORKER_KINDS
from studio.errors import InvalidDag

#: Kinds of tasks that have a value.
_WITH_VALUE: Final = (*WORKER_KINDS, "approval", "dag_sensor", "asset_sensor")


@dataclass(frozen=True, slots=True)
class _Use:
    """`task` needs the value of `producer`; `words`: "The task 'b' uses", "The group 'g' is mapped over"."""

    task: str
    producer: str
    words: str
    field: str


def check_values(spec: DagSpec) -> None:
    """Raise `InvalidDag` unless every value that is referred to is there when it is needed."""
    known = {task.id: task for task in spec.tasks}
    groups = {group.id: group for group in spec.groups}
    uses = [*_own_uses(spec, groups), *_uses_of_groups(spec, groups)]
    for use in uses:
        if use.producer not in known:
            raise InvalidDag(
                f"{use.words} what {shown(use.producer)} returns, which is no task of {shown(spec.id)}.",
                hint=nearest(use.producer, known),
                field=use.field,
            )
        kind = known[use.producer].kind
        if kind not in _WITH_VALUE:
            raise InvalidDag(
                f"{use.words} what {shown(use.producer)} returns, "
                f"but a task of the kind {shown(kind)} returns nothing.",
                field=use.field,
            )
    direct = {name: frozenset(known[name].upstream) for name in {use.task for use in uses}}
    far = [use for use in uses if use.producer not in direct[use.task]]
    if far:
        _check_reached(spec, far)


def _own_uses(spec: DagSpec, groups: Mapping[str, GroupSpec]) -> Iterator[_Use]:
    for task in spec.tasks:
        where = f"The task {shown(task.id)}"
        if task.expand is not None:
            check_expansion(spec, task.expand, where)
            _check_given_once(task, where)
            for name in producers_of(task.expand):
                yield _Use(task.id, name, f"{where} is mapped over", "expand")
        if task.config and task.kind in WORKER_KINDS:
            for marker in _markers(task.config, where):
                if "$output" in marker:
                    yield _Use(task.id, _name_in(marker, where), f"{where} uses", "config")
                else:
                    _check_mapped(task, marker["$mapped"], groups, where)


def _uses_of_groups(spec: DagSpec, groups: Mapping[str, GroupSpec]) -> Iterator[_Use]:
    """A mapped group needs the values before its first tasks; the others come later anyway."""
    mapped = [group for group in spec.groups if group.expand is not None]
    if not mapped:
        return
    members: dict[str, set[str]] = {group.id: set() for group in mapped}
    for task in spec.tasks:
        for group in _around(task, groups):
            if group.id in members:
                members[group.id].add(task.id)
    tasks = {task.id: task for task in spec.tasks}
    for group in mapped:
        assert group.expand is not None
        where = f"The group {shown(group.id)}"
        check_expansion(spec, group.expand, where)
        first = [name for name in members[group.id] if members[group.id].isdisjoint(tasks[name].upstream)]
        for producer in producers_of(group.expand):
            for name in sorted(first):
                yield _Use(name, producer, f"{where} is mapped over", "groups")


def _check_reached(spec: DagSpec, uses: list[_Use]) -> None:
    """Of the uses whose producer is not directly upstream. One pass: a set of producers is a number, a bit for each."""
    bits = {name: 1 << n for n, name in enumerate(dict.fromkeys(use.producer for use in uses))}
    graph = graph_of(spec)
    reached: dict[str, int] = {}
    for task in graph.order:
        found = 0
        for parent in graph.upstream[task]:
            found |= reached[parent] | bits.get(parent, 0)
        reached[task] = found
    for use in uses:
        if not reached[use.task] & bits[use.producer]:
            raise InvalidDag(
                f"{use.words} what {shown(use.producer)} returns, but does not come after it.",
                hint=f"Let {shown(use.task)} wait for it: {use.producer} >> {use.task}."
                if use.task != use.producer
                else None,
                field=use.field,
            )


def _markers(config: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
    """Every `{"$output": …}` and `{"$mapped": …}` in it, as a worker finds them."""
    stack: list[tuple[Any, int]] = [(config, 0)]
    while stack:
        value, depth = stack.pop()
        if not isinstance(value, (dict, list)):
            continue
        if depth > MAX_DEPTH:
            raise InvalidDag(
                f"{where}: its config is nested more than {MAX_DEPTH} levels deep.", field="config"
            )
        if isinstance(value, list):
            stack.extend((item, depth + 1) for item in reversed(value))
        elif ("$output" in value and value.keys() <= {"$output", "key"}) or value.keys() == {"$mapped"}:
            yield value
        else:
            stack.extend((item, depth + 1) for item in reversed(value.values()))


def _name_in(marker: dict[str, Any], where: str) -> str:
    name, key = marker["$output"], marker.get("key", "")
    if not isinstance(name, str):
        raise InvalidDag(
            f"{where} uses the value of {shown(name)}; a task is named by its id.", field="config"
        )
    if not isinstance(key, (str, int)) or isinstance(key, bool):
        raise InvalidDag(
            f"{where} uses the entry {shown(key)} of what {shown(name)} returns; "
            "an entry is named by a text or a whole number.",
            field="config",
        )
    return name


def _check_mapped(task: TaskSpec, name: object, groups: Mapping[str, GroupSpec], where: str) -> None:
    known: list[str] = []
    for group in _around(task, groups):
        names = () if group.expand is None else names_of(group.expand)
        if names is None:  # its items say it, at run time
            return
        known += names
    if name not in known:
        raise InvalidDag(
            f"{where} uses the mapped argument {shown(name)}, but no group around it is mapped over that.",
            hint=nearest(str(name), known),
            field="config",
        )


def _check_given_once(task: TaskSpec, where: str) -> None:
    assert task.expand is not None
    given = task.config.get("parameters" if task.kind == "notebook" else "args") or {}
    for name in names_of(task.expand) or ():
        if name in given:
            raise InvalidDag(
                f"{where}: the argument {shown(name)} is given, and mapped over.",
                hint="Leave one of them out.",
                field="expand",
            )


def _around(task: TaskSpec, groups: Mapping[str, GroupSpec]) -> Iterator[GroupSpec]:
    name = task.group
    while name:
        yield groups[name]
        name = groups[name].parent
