"""A spec made ready for the machine: who counts for whom, who skips whom, what is mapped over what.

Computed once for each version of a DAG. Tasks of a mapped group depend on the instances of their own map index only,
so every edge carries how many mappings both ends have in common (`shared`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from studio.core.graph import Graph, graph_of
from studio.core.map_spec import Concatenated, ExpandSpec, Output, Source, Transformed, Zipped
from studio.core.secret_names import SecretNames
from studio.core.spec import DagSpec, TaskSpec
from studio.core.weights import weights

RULE, SETUPS, OWN_SETUPS, LENGTH = (
    0,
    1,
    2,
    3,
)  # what an edge counts for: see `Layout`; LENGTH + depth of the mapping


@dataclass(frozen=True, slots=True)
class Edge:
    """`task` counts the instances of another one that have the same first `shared` map indexes."""

    task: str
    shared: int
    what: int  # RULE, SETUPS, OWN_SETUPS, or LENGTH and more


@dataclass(frozen=True, slots=True)
class Level:
    """A mapping: of a group (`is_group`) or of a task itself. `depth` mappings are around it."""

    id: str
    is_group: bool
    depth: int
    expand: ExpandSpec
    tasks: tuple[str, ...]  # whose instances it multiplies


@dataclass(frozen=True)  # without slots: it is kept by weak references
class Layout:
    """What the machine asks about a spec, by task id.

    RULE edges come from direct upstream tasks. SETUPS: from the setups that a task works under, other than direct
    ones. OWN_SETUPS: from the setups directly upstream of a teardown. LENGTH: from the tasks that say how long a
    mapping is, to the first of the tasks that it multiplies.
    """

    spec: DagSpec
    graph: Graph
    tasks: Mapping[str, TaskSpec]
    position: Mapping[str, int]  # in topological order
    levels: Mapping[str, tuple[Level, ...]]  # outermost first
    edges: Mapping[str, tuple[Edge, ...]]  # to those that count it
    joints: Mapping[str, tuple[tuple[int, int], ...]]  # (what, shared) of the edges into it, without repeats
    mappings: tuple[Level, ...]  # all of them, outer ones first
    feeds: Mapping[str, tuple[Level, ...]]  # mappings whose length depends on it
    decides: Mapping[str, tuple[str, ...]]  # tasks that it may skip, as a branch or short circuit
    measured: frozenset[str]  # tasks over whose own value something is mapped: it has to be a list
    deciders: Mapping[str, tuple[str, ...]]  # branches and short circuits that may skip it
    under_setups: frozenset[str]  # tasks with SETUPS edges into them
    leaves: tuple[str, ...]  # they decide whether a run succeeded
    weights: Mapping[str, int]
    follows_past: frozenset[str]
    watches_past: Mapping[str, tuple[str, ...]]  # tasks of the next run that look at it
    #: Filled in as tasks are launched: the tasks whose values its config names, and whether it names earlier runs.
    asked: dict[str, tuple[list[str], bool]] = field(default_factory=dict)
    secrets: dict[str, SecretNames] = field(default_factory=dict)  # what the attempts of a task are given

    def shared(self, one: str, other: str) -> int:
        """How many mappings around both tasks are the same."""
        return _shared(self.levels[one], self.levels[other])


def layout_of(spec: DagSpec, subset: tuple[str, ...] = ()) -> Layout:
    """The layout of a spec that was validated. With a `subset` only these tasks are there, joined as in the spec."""
    if subset:
        spec = msgspec.structs.replace(spec, tasks=tuple(_kept(spec, frozenset(subset))))
    graph = graph_of(spec)
    tasks = {task.id: task for task in spec.tasks}
    levels = _levels(spec)
    edges: dict[str, list[Edge]] = {task: [] for task in tasks}
    joints: dict[str, dict[tuple[int, int], None]] = {task: {} for task in tasks}
    for what, upstream, task in _wires(spec, graph, tasks):
        shared = _shared(levels[task], levels[upstream])
        edges[upstream].append(Edge(task, shared, what))
        joints[task][what, shared] = None
    feeds: dict[str, list[Level]] = {}
    measured: set[str] = set()
    mappings = {(level.id, level.is_group): level for around in levels.values() for level in around}
    for level in mappings.values():
        for producer in producers(level.expand):
            feeds.setdefault(producer, []).append(level)
            first = level.tasks[0]
            shared = min(_shared(levels[first], levels[producer]), level.depth)
            if len(levels[producer]) <= shared:  # else its instances make the list
                measured.add(producer)
            edges[producer].append(Edge(first, shared, LENGTH + level.depth))
            joints[first][LENGTH + level.depth, shared] = None
    deciders = _deciders(tasks, graph)
    decides: dict[str, list[str]] = {}
    for name in graph.order:
        for decider in deciders.get(name, ()):
            decides.setdefault(decider, []).append(name)
    return Layout(
        spec=spec,
        graph=graph,
        tasks=tasks,
        position={task: n for n, task in enumerate(graph.order)},
        levels=levels,
        edges={task: tuple(found) for task, found in edges.items()},
        joints={task: tuple(found) for task, found in joints.items()},
        mappings=tuple(sorted(mappings.values(), key=lambda level: level.depth)),
        feeds={task: tuple(found) for task, found in feeds.items()},
        measured=frozenset(measured),
        deciders=deciders,
        decides={task: tuple(found) for task, found in decides.items()},
        under_setups=frozenset(
            task for task, found in joints.items() if any(what == SETUPS for what, _ in found)
        ),
        leaves=_leaves(tasks, graph),
        weights=weights(spec, graph),
        follows_past=frozenset(
            task.id for task in spec.tasks if task.depends_on_past or task.wait_for_downstream
        ),
        watches_past=_watches_past(spec, graph),
    )


def producers(expand: ExpandSpec) -> tuple[str, ...]:
    """The tasks whose values an expansion is made of."""
    return tuple(dict.fromkeys(task for source in expand.over.values() for task in _outputs(source)))


def _outputs(source: Source) -> Iterator[str]:
    stack: list[Source] = [source]
    while stack:
        match stack.pop():
            case Output(task):
                yield task
            case Zipped(sources) | Concatenated(sources):
                stack.extend(reversed(sources))
            case Transformed(inner):
                stack.append(inner)
            case _:
                pass


def _kept(spec: DagSpec, subset: frozenset[str]) -> Iterator[TaskSpec]:
    for task in spec.tasks:
        if task.id in subset:
            upstream = tuple(name for name in task.upstream if name in subset)
            setups = tuple(name for name in task.setups if name in subset)
            yield msgspec.structs.replace(task, upstream=upstream, setups=setups)


def _levels(spec: DagSpec) -> dict[str, tuple[Level, ...]]:
    groups = {group.id: group for group in spec.groups}
    members: dict[str, list[str]] = {}
    above: dict[str, list[str]] = {}  # task → its mapped groups, outermost first
    for task in spec.tasks:
        mapped = []
        name = task.group
        while name:
            if groups[name].expand is not None:
                mapped.append(name)
            name = groups[name].parent
        above[task.id] = mapped[::-1]
        for name in mapped:
            members.setdefault(name, []).append(task.id)
    made: dict[str, Level] = {}
    levels = {}
    for task in spec.tasks:
        around = []
        for depth, name in enumerate(above[task.id]):
            expand = groups[name].expand
            assert expand is not None  # only those are in `above`
            if name not in made:
                made[name] = Level(name, True, depth, expand, tuple(members[name]))
            around.append(made[name])
        if task.expand is not None:
            around.append(Level(task.id, False, len(around), task.expand, (task.id,)))
        levels[task.id] = tuple(around)
    return levels


def _shared(one: tuple[Level, ...], other: tuple[Level, ...]) -> int:
    n = 0
    for mine, yours in zip(one, other, strict=False):
        if not mine.is_group or mine is not yours:
            break
        n += 1
    return n


def _wires(spec: DagSpec, graph: Graph, tasks: Mapping[str, TaskSpec]) -> Iterator[tuple[int, str, str]]:
    """(what, upstream, task) of every edge."""
    position = {task: n for n, task in enumerate(graph.order)}
    for task in spec.tasks:
        for name in graph.upstream[task.id]:
            yield RULE, name, task.id
            if task.trigger_rule == "all_done_setup_success" and tasks[name].role == "setup":
                yield OWN_SETUPS, name, task.id
    for setup in spec.tasks:
        if setup.role != "setup":
            continue
        teardowns = [name for name in graph.downstream[setup.id] if tasks[name].role == "teardown"]
        # In its scope is what lies between it and its teardowns; without one, everything below.
        if teardowns:
            scope = _between(graph, position, setup.id, teardowns)
        else:
            scope = graph.descendants([setup.id])
        direct = set(graph.downstream[setup.id])
        for name in sorted(scope, key=position.__getitem__):
            if name not in direct and tasks[name].role != "teardown":
                yield SETUPS, setup.id, name


def _between(graph: Graph, position: Mapping[str, int], start: str, ends: list[str]) -> set[str]:
    """The tasks on the ways from `start` to `ends`. Looks no further than these: there may be many setups."""
    first, last = position[start], max(position[name] for name in ends)
    below = _walked(graph.downstream, [start], lambda name: position[name] < last)
    return below & _walked(graph.upstream, ends, lambda name: position[name] > first)


def _walked(
    edges: Mapping[str, tuple[str, ...]], start: list[str], is_near: Callable[[str], bool]
) -> set[str]:
    found: set[str] = set()
    stack = list(start)
    while stack:
        for name in edges[stack.pop()]:
            if name not in found and is_near(name):
                found.add(name)
                stack.append(name)
    return found


def _deciders(tasks: Mapping[str, TaskSpec], graph: Graph) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for task in tasks.values():
        if task.interpret == "short_circuit" and task.skip_all:
            reached = graph.descendants([task.id])
        elif task.interpret in ("branch", "short_circuit") or task.kind in ("latest_only", "approval"):
            reached = set(graph.downstream[task.id])
        else:
            continue
        for name in reached:
            if tasks[name].role != "teardown":
                found.setdefault(name, []).append(task.id)
    return {name: tuple(deciders) for name, deciders in found.items()}


def _watches_past(spec: DagSpec, graph: Graph) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for task in spec.tasks:
        if task.depends_on_past or task.wait_for_downstream:
            found.setdefault(task.id, []).append(task.id)
        if task.wait_for_downstream:
            for name in graph.downstream[task.id]:
                found.setdefault(name, []).append(task.id)
    return {name: tuple(watchers) for name, watchers in found.items()}


def _leaves(tasks: Mapping[str, TaskSpec], graph: Graph) -> tuple[str, ...]:
    """Tasks that nothing waits for but teardowns that may fail; if there are none, those that nothing waits for."""

    def is_ignored(name: str) -> bool:
        return tasks[name].role == "teardown" and not tasks[name].fail_run

    found = tuple(
        name
        for name in graph.order
        if not is_ignored(name) and all(is_ignored(child) for child in graph.downstream[name])
    )
    return found or graph.leaves
