"""Where the boxes of a graph stand: layers from left to right, few crossings, short edges.

The classic steps (Sugiyama): longest-path layers, barycentre sweeps for the order in a layer, then positions that
keep the order and are nearest to the neighbours in the sense of least squares. Only for still pictures of some
hundred tasks; in JupyterLab Graphviz does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

COLUMN_GAP: Final = 44.0  # pixels, between layers
ROW_GAP: Final = 16.0  # pixels, between boxes of a layer
_WAY_GAP: Final = 10.0  # pixels, between edges that pass through a layer
_ORDER_SWEEPS: Final = 12
_PLACE_SWEEPS: Final = 12

Size = tuple[float, float]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A placed node; `x`, `y` is its upper left corner. Pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes by node, all of a layer equally wide; edges as (from, to, points to pass from left to right)."""

    width: float
    height: float
    boxes: dict[str, Box]
    edges: list[tuple[str, str, list[Point]]]


@dataclass(slots=True)
class _Cell:
    """What takes room in a layer: a node, or the way of a long edge through it."""

    layer: int
    height: float
    gap: float
    before: list[int]  # neighbours in the layer to the left
    after: list[int]  # and to the right
    centre: float = 0.0


def lay_out(sizes: Mapping[str, Size], upstream: Mapping[str, Sequence[str]]) -> Layout:
    """Place the nodes. An upstream that is no node is left out; edges of a cycle that lead back are drawn back."""
    if not sizes:
        return Layout(0.0, 0.0, {}, [])
    parents = {
        node: [p for p in dict.fromkeys(upstream.get(node, ())) if p in sizes and p != node] for node in sizes
    }
    forward, backward = _without_cycles(parents)
    layer_of = _layers(forward)
    cells: list[_Cell] = []
    number: dict[str, int] = {}
    for node, (_, height) in sizes.items():
        number[node] = len(cells)
        cells.append(_Cell(layer_of[node], height, ROW_GAP, [], []))
    chains = {(p, n): _chain(cells, number[p], number[n]) for n, ps in forward.items() for p in ps}
    layers = _ordered(cells)
    _place(cells, layers)
    return _drawn(sizes, layer_of, number, cells, chains, backward)


def _mean(values: Iterable[float]) -> float:
    """Of at least one value; `statistics` would bring `fractions`, `decimal` and `random` along."""
    listed = list(values)
    return sum(listed) / len(listed)


def _without_cycles(parents: dict[str, list[str]]) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """The edges without those that close a cycle, and those as (from, to)."""
    forward: dict[str, list[str]] = {node: [] for node in parents}
    backward: list[tuple[str, str]] = []
    done: set[str] = set()
    for root in parents:
        active = {root}
        stack = [] if root in done else [(root, iter(parents[root]))]
        while stack:
            node, rest = stack[-1]
            parent = next(rest, None)
            if parent is None:
                stack.pop()
                active.discard(node)
                done.add(node)
            elif parent in active:
                backward.append((parent, node))
            else:
                forward[node].append(parent)
                if parent not in done:
                    active.add(parent)
                    stack.append((parent, iter(parents[parent])))
    return forward, backward


def _layers(parents: Mapping[str, list[str]]) -> dict[str, int]:
    """The length of the longest path to each node; a source stands just left of its first child."""
    children: dict[str, list[str]] = {node: [] for node in parents}
    waiting = {node: len(ps) for node, ps in parents.items()}
    for node, ps in parents.items():
        for parent in ps:
            children[parent].append(node)
    order = [node for node, n in waiting.items() if n == 0]
    layer = dict.fromkeys(parents, 0)
    for node in order:  # grows while it is read
        for child in children[node]:
            layer[child] = max(layer[child], layer[node] + 1)
            waiting[child] -= 1
            if waiting[child] == 0:
                order.append(child)
    for node in order:
        if not parents[node] and children[node]:
            layer[node] = min(layer[child] for child in children[node]) - 1
    return layer


def _chain(cells: list[_Cell], start: int, end: int) -> list[int]:
    """Cells from `start` to `end`, with new ones in every layer between; neighbours are linked."""
    chain = [start]
    for layer in range(cells[start].layer + 1, cells[end].layer):
        cells.append(_Cell(layer, 0.0, _WAY_GAP, [], []))
        chain.append(len(cells) - 1)
    chain.append(end)
    for left, right in pairwise(chain):
        cells[left].after.append(right)
        cells[right].before.append(left)
    return chain


def _ordered(cells: list[_Cell]) -> list[list[int]]:
    """The cells of each layer from top to bottom; of all sweeps the one with the fewest crossings."""
    layers: list[list[int]] = [[] for _ in range(1 + max(cell.layer for cell in cells))]
    for index, cell in enumerate(cells):
        layers[cell.layer].append(index)
    rank = {index: float(at) for layer in layers for at, index in enumerate(layer)}
    best, fewest = [list(layer) for layer in layers], _crossings(cells, layers)
    for sweep in range(_ORDER_SWEEPS):
        if fewest == 0:
            break
        rightward = sweep % 2 == 0
        for layer in layers if rightward else reversed(layers):
            middle = {}
            for index in layer:
                near = cells[index].before if rightward else cells[index].after
                middle[index] = _mean(rank[other] for other in near) if near else rank[index]
            layer.sort(key=lambda index: middle[index])
            for at, index in enumerate(layer):
                rank[index] = float(at)
        count = _crossings(cells, layers)
        if count < fewest:
            best, fewest = [list(layer) for layer in layers], count
    return best


def _crossings(cells: list[_Cell], layers: list[list[int]]) -> int:
    total = 0
    for layer, following in pairwise(layers):
        rank = {index: at for at, index in enumerate(following)}
        ends = [end for index in layer for end in sorted(rank[other] for other in cells[index].after)]
        total += sum(1 for i, a in enumerate(ends) for b in ends[:i] if b > a)
    return total


def _place(cells: list[_Cell], layers: list[list[int]]) -> None:
    """Give every cell its vertical centre."""
    for layer in layers:
        _settle(cells, layer, [0.0] * len(layer))
    for sweep in range(_PLACE_SWEEPS):
        last = sweep >= _PLACE_SWEEPS - 2
        rightward = sweep % 2 == 0
        for layer in layers if rightward else reversed(layers):
            wanted = []
            for index in layer:
                cell = cells[index]
                near = cell.before + cell.after if last else (cell.before if rightward else cell.after)
                wanted.append(_mean(cells[other].centre for other in near) if near else cell.centre)
            _settle(cells, layer, wanted)


def _settle(cells: list[_Cell], layer: list[int], wanted: list[float]) -> None:
    """Centres nearest to `wanted` that keep order and distance: least squares by pooling adjacent violators."""
    offsets: list[float] = []
    offset = 0.0
    for at, index in enumerate(layer):
        if at:
            above = cells[layer[at - 1]]
            offset += (above.height + cells[index].height) / 2 + max(above.gap, cells[index].gap)
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []  # (mean, how many)
    for want, shift in zip(wanted, offsets, strict=True):
        mean, count = want - shift, 1
        while blocks and blocks[-1][0] > mean:
            other, size = blocks.pop()
            mean, count = (mean * count + other * size) / (count + size), count + size
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    for index, mean, shift in zip(layer, means, offsets, strict=True):
        cells[index].centre = mean + shift


def _drawn(
    sizes: Mapping[str, Size],
    layer_of: Mapping[str, int],
    number: Mapping[str, int],
    cells: list[_Cell],
    chains: Mapping[tuple[str, str], list[int]],
    backward: list[tuple[str, str]],
) -> Layout:
    first = min(layer_of.values())
    widths = [0.0] * (1 + max(layer_of.values()) - first)
    for node, (width, _) in sizes.items():
        widths[layer_of[node] - first] = max(widths[layer_of[node] - first], width)
    lefts = [sum(widths[:at]) + at * COLUMN_GAP for at in range(len(widths))]
    top = min(cell.centre - cell.height / 2 for cell in cells)
    boxes = {}
    for node, (_, height) in sizes.items():
        column = layer_of[node] - first
        y = cells[number[node]].centre - height / 2 - top
        boxes[node] = Box(lefts[column], y, widths[column], height)
    edges = []
    for (start, end), chain in chains.items():
        points = [_right(boxes[start])]
        for index in chain[1:-1]:
            column = cells[index].layer - first
            y = cells[index].centre - top
            points += [(lefts[column], y), (lefts[column] + widths[column], y)]
        edges.append((start, end, [*points, _left(boxes[end])]))
    edges += [(start, end, [_right(boxes[start]), _left(boxes[end])]) for start, end in backward]
    height = max(cell.centre + cell.height / 2 for cell in cells) - top
    return Layout(lefts[-1] + widths[-1], height, boxes, edges)


def _right(box: Box) -> Point:
    return box.x + box.width, box.y + box.height / 2


def _left(box: Box) -> Point:
    return box.x, box.y + box.height / 2
