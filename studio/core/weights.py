"""Priority weights: which of the tasks that could run goes first. Semantics: Airflow's weight rules.

A task of the rule "downstream" (the default) weighs what it and everything that waits for it weigh, so that a run gets
on with its longest part; "upstream" adds up everything before it, so that runs get finished; "absolute" is the task's
own number. A task that is reached on several ways counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from studio.core.graph import Graph, graph_of
from studio.core.spec import DagSpec

_BITS: Final = 32
_MOST: Final = 2 ** (_BITS - 1) - 1
_LEAST: Final = -(2 ** (_BITS - 1))


def weights(spec: DagSpec, graph: Graph | None = None) -> dict[str, int]:
    """Task id → weight, within 32 bits. `graph` is the spec's, if it is there already. The caller keeps the result."""
    found = {task.id: _clamped(task.priority_weight) for task in spec.tasks}
    own = dict(found)
    graph = graph or graph_of(spec)
    down = [task.id for task in spec.tasks if task.weight_rule == "downstream"]
    up = [task.id for task in spec.tasks if task.weight_rule == "upstream"]
    if down:
        found |= _sums(tuple(reversed(graph.order)), graph.downstream, own, down)
    if up:
        found |= _sums(graph.order, graph.upstream, own, up)
    return found


def _sums(
    order: tuple[str, ...],
    nexts: Mapping[str, tuple[str, ...]],
    own: Mapping[str, int],
    wanted: Iterable[str],
) -> dict[str, int]:
    """The weight of each wanted task with all that is reached from it along `nexts`; `order`: those come first.

    A set of tasks is one integer, with a bit for each: a union costs a step for every 30 tasks, and ten thousand sets
    of ten thousand tasks take 12 MB. Tasks with the same neighbours share their set.
    """
    position = {task: n for n, task in enumerate(order)}
    planes = _planes([own[task] for task in order])
    reached: dict[str, int] = {}  # the task and all that is reached from it
    shared: dict[
        tuple[str, ...], tuple[int, int]
    ] = {}  # neighbours → what is reached over them, and its weight
    below: dict[str, int] = {}
    for task in order:
        neighbours = nexts[task]
        if neighbours not in shared:
            union = 0
            for neighbour in neighbours:
                union |= reached[neighbour]
            weight = sum(worth * (union & plane).bit_count() for worth, plane in planes)
            shared[neighbours] = union, weight
        union, below[task] = shared[neighbours]
        reached[task] = union | 1 << position[task]
    return {task: _clamped(own[task] + below[task]) for task in wanted}


def _planes(numbers: list[int]) -> list[tuple[int, int]]:
    """The numbers bit by bit: what a bit is worth → which of them have it (two's complement).

    So the sum over a set is 32 intersections at most, whatever the numbers are, and one if they all are 1.
    """
    planes = []
    for bit in range(_BITS):
        digits = "".join("1" if number >> bit & 1 else "0" for number in reversed(numbers))
        worth = -(1 << bit) if bit == _BITS - 1 else 1 << bit
        if plane := int(digits, 2):
            planes.append((worth, plane))
    return planes


def _clamped(weight: int) -> int:
    return max(_LEAST, min(weight, _MOST))
