"""The shape of a DAG: who waits for whom. Only the graph; states and limits are the machine's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from studio.core.spec import DagSpec


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges of a validated DAG, both ways. Task ids in topological order."""

    order: tuple[str, ...]
    upstream: Mapping[str, tuple[str, ...]]
    downstream: Mapping[str, tuple[str, ...]]

    @property
    def leaves(self) -> tuple[str, ...]:
        """Tasks that nothing waits for: they decide whether a run succeeded."""
        return tuple(task for task in self.order if not self.downstream[task])

    def descendants(self, tasks: Iterable[str]) -> set[str]:
        """Every task that directly or indirectly waits for one of `tasks`, without `tasks` themselves."""
        return _reachable(self.downstream, tasks)

    def ancestors(self, tasks: Iterable[str]) -> set[str]:
        """Every task that one of `tasks` directly or indirectly waits for, without `tasks` themselves."""
        return _reachable(self.upstream, tasks)


def graph_of(spec: DagSpec) -> Graph:
    """The graph of a spec that `studio.core.validation.validate` has accepted."""
    upstream = {task.id: tuple(dict.fromkeys(task.upstream)) for task in spec.tasks}
    downstream: dict[str, list[str]] = {task: [] for task in upstream}
    for task, parents in upstream.items():
        for parent in parents:
            downstream[parent].append(task)
    waiting = {task: len(parents) for task, parents in upstream.items()}
    order = [task for task, n in waiting.items() if n == 0]
    for task in order:  # grows while it is read: Kahn's algorithm
        for child in downstream[task]:
            waiting[child] -= 1
            if waiting[child] == 0:
                order.append(child)
    return Graph(tuple(order), upstream, {task: tuple(children) for task, children in downstream.items()})


def find_cycle(upstream: Mapping[str, Iterable[str]]) -> list[str] | None:
    """A path `[a, b, …, a]` along "runs before" edges, or None. Iterative: chains may be thousands deep."""
    seen: set[str] = set()
    for root in upstream:
        path: list[str] = []
        on_path: set[str] = set()
        stack = [(root, iter(upstream[root]))] if root not in seen else []
        if stack:
            seen.add(root)
            path.append(root)
            on_path.add(root)
        while stack:
            node, parents = stack[-1]
            parent = next(parents, None)
            if parent is None:
                stack.pop()
                on_path.discard(node)
                path.pop()
            elif parent in on_path:
                return [parent, *reversed(path[path.index(parent) :])]
            elif parent not in seen and parent in upstream:
                seen.add(parent)
                path.append(parent)
                on_path.add(parent)
                stack.append((parent, iter(upstream[parent])))
    return None


def _reachable(edges: Mapping[str, tuple[str, ...]], start: Iterable[str]) -> set[str]:
    origin = list(start)
    found: set[str] = set()
    stack = list(origin)
    while stack:
        for task in edges[stack.pop()]:
            if task not in found:
                found.add(task)
                stack.append(task)
    return found - set(origin)
