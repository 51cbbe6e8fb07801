"""Ids, edges and groups: what a spec names must be there, once, and nothing may wait for itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from studio.core.graph import find_cycle
from studio.core.names import check_name, nearest, shown
from studio.core.spec import DagSpec
from studio.errors import InvalidDag

MAX_GROUP_DEPTH: Final = 100


class UnknownUpstream(InvalidDag):
    """A task waits for one that there is not."""

    code = "unknown_upstream"


class Cycle(InvalidDag):
    """Tasks wait for each other."""

    code = "cycle"


def check_graph(spec: DagSpec) -> None:
    """Raise `InvalidDag` unless every task has its own id and waits for tasks that there are, without a cycle."""
    known: set[str] = set()
    for task in spec.tasks:
        check_name(task.id, "task")
        if task.id in known:
            raise InvalidDag(
                f"Two tasks of {shown(spec.id)} have the id {shown(task.id)}.",
                hint=f"Give one of them another name, for example task_id='{task.id}_2'.",
                field="id",
            )
        known.add(task.id)
    for task in spec.tasks:
        for parent in task.upstream:
            if parent == task.id:
                raise Cycle(
                    f"The task {shown(task.id)} waits for itself: {task.id} → {task.id}.",
                    hint="Remove this edge.",
                    field="upstream",
                )
            if parent not in known:
                raise UnknownUpstream(
                    f"The task {shown(task.id)} waits for {shown(parent)}, which is no task of {shown(spec.id)}.",
                    hint=nearest(parent, known),
                    field="upstream",
                )
    cycle = find_cycle({task.id: task.upstream for task in spec.tasks})
    if cycle is not None:
        raise Cycle(
            f"The DAG {shown(spec.id)} has a cycle: {_path(cycle)}.",
            hint="Remove one of these edges.",
            field="upstream",
        )


def check_groups(spec: DagSpec) -> None:
    """Raise `InvalidDag` unless groups and tasks name groups that there are, and no group is within itself."""
    tasks = {task.id for task in spec.tasks}
    groups = {group.id: group for group in spec.groups}
    for group in spec.groups:
        check_name(group.id, "group")
        if group.id in tasks:
            raise InvalidDag(
                f"A group and a task of {shown(spec.id)} have the id {shown(group.id)}.",
                hint="Give one of them another name.",
                field="groups",
            )
        if group.parent and group.parent not in groups:
            raise InvalidDag(
                f"The group {shown(group.id)} is in the group {shown(group.parent)}, which there is not.",
                hint=nearest(group.parent, groups),
                field="groups",
            )
    if len(groups) < len(spec.groups):
        twice = _first_repeated(group.id for group in spec.groups)
        raise InvalidDag(f"Two groups of {shown(spec.id)} have the id {shown(twice)}.", field="groups")
    for task in spec.tasks:
        if task.group and task.group not in groups:
            raise InvalidDag(
                f"The task {shown(task.id)} is in the group {shown(task.group)}, which there is not.",
                hint=nearest(task.group, groups),
                field="group",
            )
    _check_tree({group.id: group.parent for group in spec.groups}, spec.id)


def _check_tree(parents: dict[str, str], dag_id: str) -> None:
    cycle = find_cycle({name: (parent,) if parent else () for name, parent in parents.items()})
    if cycle is not None:
        raise InvalidDag(
            f"Groups of {shown(dag_id)} are within each other: {_path(cycle)}.",
            hint="Give one of them another parent.",
            field="groups",
        )
    depths: dict[str, int] = {"": 0}
    for name in parents:
        around = []
        while name not in depths:
            around.append(name)
            name = parents[name]
        for step, inner in enumerate(reversed(around), start=depths[name] + 1):
            depths[inner] = step
            if step > MAX_GROUP_DEPTH:
                raise InvalidDag(
                    f"The group {shown(inner)} is nested more than {MAX_GROUP_DEPTH} levels deep.",
                    field="groups",
                )


def _path(cycle: list[str]) -> str:
    return " → ".join(cycle if len(cycle) <= 12 else [*cycle[:6], "…", *cycle[-5:]])


def _first_repeated(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""
