"""Runs of only some tasks: which ones come along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studio.core.graph import Graph, graph_of
from studio.core.layout import producers
from studio.core.names import nearest, shown
from studio.core.spec import DagSpec, TaskSpec
from studio.errors import InvalidInput


def subset(spec: DagSpec, tasks: Sequence[str], with_upstream: bool) -> tuple[str, ...]:
    """The tasks, if wished with all that they wait for, and the setups they work under with their teardowns.

    In graph order, each once. Raises `InvalidInput` for a task that is not there, and for one that is mapped over
    what another one returns that is not among them.
    """
    known = {task.id: task for task in spec.tasks}
    for name in tasks:
        if name not in known:
            raise InvalidInput(
                f"The DAG {shown(spec.id)} has no task {shown(name)}.",
                hint=nearest(name, known),
                field="tasks",
            )
    graph = graph_of(spec)
    chosen = set(tasks)
    if with_upstream:
        chosen |= graph.ancestors(tasks)
    chosen |= _setups_and_teardowns(graph, known, chosen)
    for name in graph.order:
        if name not in chosen:
            continue
        for producer in _mapped_over(spec, known[name]):
            if producer not in chosen:
                raise InvalidInput(
                    f"The task {shown(name)} is mapped over what {shown(producer)} returns, which is not to run.",
                    hint="Add it, or take what is upstream along.",
                    field="tasks",
                )
    return tuple(name for name in graph.order if name in chosen)


def _mapped_over(spec: DagSpec, task: TaskSpec) -> Iterator[str]:
    groups = {group.id: group for group in spec.groups}
    expands = [task.expand]
    name = task.group
    while name in groups:
        expands.append(groups[name].expand)
        name = groups[name].parent
    for expand in expands:
        if expand is not None:
            yield from producers(expand)


def _setups_and_teardowns(graph: Graph, known: dict[str, TaskSpec], chosen: set[str]) -> set[str]:
    """Work does not start without the setups it works under, and what is set up is taken down."""
    work = {name for name in chosen if known[name].role != "teardown"}
    found: set[str] = set()
    for setup in reversed(graph.order):  # a setup may work under another one: that comes later here
        if known[setup].role != "setup":
            continue
        teardowns = [name for name in graph.downstream[setup] if known[name].role == "teardown"]
        below = graph.descendants([setup])
        scope = below & graph.ancestors(teardowns) if teardowns else below
        if setup in work or work & (scope | set(graph.downstream[setup])):
            work.add(setup)
            found |= {setup, *teardowns}
    return found
