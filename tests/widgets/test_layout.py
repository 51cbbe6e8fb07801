"""Layout and picture, on graphs made by chance: what must hold for every one of them."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.widgets.layout import Box, lay_out
from studio.widgets.svg import Drawn, svg_of

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def dags(draw: st.DrawFn) -> dict[str, list[str]]:
    """Upstream by node; no cycles, for a node only waits for earlier ones."""
    count = draw(st.integers(1, 25))
    return {
        f"t{node}": [f"t{parent}" for parent in draw(st.sets(st.integers(0, node - 1), max_size=3))]
        if node
        else []
        for node in range(count)
    }


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y + 1e-6 < other.y + other.height
        and other.y + 1e-6 < one.y + one.height
    )


@settings(max_examples=60, deadline=None)
@given(dags())
def test_boxes_stand_apart_and_edges_go_right(upstream: dict[str, list[str]]) -> None:
    sizes = {node: (60.0 + 7 * (index % 5), 40.0) for index, node in enumerate(upstream)}
    layout = lay_out(sizes, upstream)
    assert layout.boxes.keys() == sizes.keys()
    assert not [pair for pair in combinations(layout.boxes.values(), 2) if _overlap(*pair)]
    for box in layout.boxes.values():
        assert box.x >= 0 and box.x + box.width <= layout.width + 1e-6
        assert box.y >= -1e-6 and box.y + box.height <= layout.height + 1e-6
    wanted = {(parent, node) for node, parents in upstream.items() for parent in parents}
    assert {(start, end) for start, end, _ in layout.edges} == wanted
    for _, _, points in layout.edges:
        assert [x for x, _ in points] == sorted(x for x, _ in points)


@settings(max_examples=60, deadline=None)
@given(dags())
def test_an_edge_passes_no_foreign_box(upstream: dict[str, list[str]]) -> None:
    layout = lay_out(dict.fromkeys(upstream, (80.0, 40.0)), upstream)
    for start, end, points in layout.edges:
        for x, y in points[1:-1]:
            inside = [
                node
                for node, box in layout.boxes.items()
                if node not in (start, end)
                and box.x <= x <= box.x + box.width
                and box.y < y < box.y + box.height
            ]
            assert inside == []


def test_a_cycle_is_drawn() -> None:
    layout = lay_out(dict.fromkeys("abc", (80.0, 40.0)), {"a": ["c"], "b": ["a"], "c": ["b"]})
    assert {(start, end) for start, end, _ in layout.edges} == {("c", "a"), ("a", "b"), ("b", "c")}


def test_unknown_and_own_upstream_are_left_out() -> None:
    layout = lay_out({"a": (80.0, 40.0)}, {"a": ["a", "nobody"]})
    assert layout.edges == []


def test_long_chains_need_no_deep_stack() -> None:
    upstream = {f"t{i}": [f"t{i - 1}"] if i else [] for i in range(3000)}
    assert len(lay_out(dict.fromkeys(upstream, (10.0, 10.0)), upstream).boxes) == 3000


def test_no_nodes() -> None:
    assert lay_out({}, {}).boxes == {}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_gives_wellformed_svg(name: str, label: str) -> None:
    picture = ElementTree.fromstring(svg_of([Drawn(name, label, [])], name).encode())
    assert picture.tag == f"{SVG}svg"
    assert len(picture.findall(f".//{SVG}text")) == 2


def test_state_is_readable_without_colour() -> None:
    picture = ElementTree.fromstring(
        svg_of([Drawn("load", "load.ipynb", [], "upstream_failed")], "x").encode()
    )
    assert [text.text for text in picture.iter(f"{SVG}text")] == ["↑", "load", "upstream failed · load.ipynb"]
