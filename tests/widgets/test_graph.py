"""What a cell that shows a DAG holds: data for our front end, a picture and text for everybody else."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

from studio import DAG, TaskGroup, empty
from studio.core.states import RunState, TaskState
from studio.widgets.graph import MIME, Flaw, Glance, Graph, Node, graph_bundle, graph_text
from studio.widgets.looks import LOOKS, look_of

GRAPH = Graph(
    "flights",
    (
        Node("report", "notebook", ("clean", "extract"), "report.ipynb"),
        Node("extract", "notebook", (), "extract.ipynb"),
        Node("clean", "notebook", ("extract",), "clean.ipynb"),
    ),
)
STATES = {"extract": "success", "clean": "running", "report": "none"}


def test_data_for_the_front_end() -> None:
    assert graph_bundle(GRAPH, Glance(True, "manual__1", STATES))[MIME] == {
        "version": 1,
        "dag_id": "flights",
        "tasks": [
            {"id": "report", "kind": "notebook", "upstream": ["clean", "extract"], "label": "report.ipynb"},
            {"id": "extract", "kind": "notebook", "upstream": [], "label": "extract.ipynb"},
            {"id": "clean", "kind": "notebook", "upstream": ["extract"], "label": "clean.ipynb"},
        ],
        "run_id": None,  # the newest run, whichever it will be
        "runs": 14,
        "states": STATES,
        "published": True,
    }


def test_groups_are_told_with_the_tasks_in_them() -> None:
    with DAG("grouped") as dag, TaskGroup("outer", label="All of it"), TaskGroup("inner"):
        empty("a")
    data = graph_bundle(dag.graph, Glance())[MIME]
    assert data["groups"] == [
        {"id": "outer", "parent": "", "label": "All of it"},
        {"id": "outer.inner", "parent": "outer", "label": ""},
    ]
    assert [(task["id"], task["group"]) for task in data["tasks"]] == [("outer.inner.a", "outer.inner")]


def test_a_followed_run_is_named() -> None:
    assert graph_bundle(GRAPH, Glance(True, "manual__1", STATES, follow=True))[MIME]["run_id"] == "manual__1"


def test_text_has_states_and_order() -> None:
    assert graph_text(GRAPH, Glance(True, "manual__1", STATES)) == (
        "DAG flights: 3 tasks, run manual__1\n"
        "  ✓ extract\n"
        "  ▶ clean   ← extract\n"
        "  ○ report  ← clean, extract"
    )


def test_text_of_what_is_not_published() -> None:
    assert graph_text(GRAPH, Glance()).startswith("DAG flights: 3 tasks, not published\n  · extract\n")


def test_text_of_a_cycle_shows_every_task() -> None:
    graph = Graph("ring", (Node("a", "notebook", ("b",), "a"), Node("b", "notebook", ("a",), "b")))
    assert graph_text(graph, Glance(True)) == "DAG ring: 2 tasks\n  · a ← b\n  · b ← a"


def test_picture_passes_a_sanitiser() -> None:
    html = graph_bundle(GRAPH, Glance(True, "manual__1", STATES))["text/html"]
    match = re.fullmatch(
        r'<img src="data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)" alt="([^"]+)" style="max-width:100%">', html
    )
    assert match is not None
    assert ElementTree.fromstring(base64.b64decode(match[1])).get("aria-label") == "DAG flights"
    assert match[2] == "DAG flights: 3 tasks, run manual__1: extract success, clean running, report waiting"


def test_names_are_escaped() -> None:
    graph = Graph('<b>"x"', (Node("<script>", "notebook", (), "<i>"),))
    html = graph_bundle(graph, Glance())["text/html"]
    assert html.count("<") == 1 and html.startswith("<img ")


def test_an_empty_dag_says_what_to_do() -> None:
    bundle = graph_bundle(Graph("empty", ()), Glance())
    assert bundle["text/plain"] == "DAG empty: 0 tasks, not published"
    assert "notebook('x.ipynb')" in bundle["text/html"]


def test_a_huge_graph_has_no_still_picture() -> None:
    graph = Graph("huge", tuple(Node(f"t{i}", "notebook", (), "x.ipynb") for i in range(1000)))
    bundle = graph_bundle(graph, Glance())
    assert "<img" not in bundle["text/html"]
    assert bundle["text/plain"].endswith("… and 940 more")


def test_every_state_has_a_look_of_its_own() -> None:
    assert {state.value for state in (*TaskState, *RunState)} <= LOOKS.keys()
    assert look_of("invented").label == "invented"


def test_texts_have_contrast() -> None:
    for look in LOOKS.values():
        assert _contrast(look.line, look.fill) >= 4.5, look
        assert _contrast("#4b535c", look.fill) >= 4.5, look


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


CELLS = Graph(
    "flights",
    (
        Node("extract", "notebook", (), "cell", reads=(("ds", ""),), gives=("flights",)),
        Node("report", "notebook", ("extract",), "cell", reads=(("flights", "extract"),)),
    ),
    cells=True,
    problems=(
        Flaw("unknown_name", "Nobody gives <b>x</b>.", "Import it.", cell=1, line=3, task="report"),
        Flaw("given_twice", "Two tasks give it.", severity="warning"),
    ),
)


def test_marked_cells_have_names_and_problems() -> None:
    data = graph_bundle(CELLS, Glance())[MIME]
    assert data["cells"] is True
    assert data["tasks"][1] == {
        "id": "report",
        "kind": "notebook",
        "upstream": ["extract"],
        "label": "cell",
        "reads": [{"name": "flights", "by": "extract"}],
        "gives": [],
    }
    assert data["problems"] == [
        {
            "code": "unknown_name",
            "message": "Nobody gives <b>x</b>.",
            "hint": "Import it.",
            "cell": 1,
            "line": 3,
            "severity": "error",
            "task": "report",
        },
        {
            "code": "given_twice",
            "message": "Two tasks give it.",
            "hint": "",
            "cell": None,
            "line": None,
            "severity": "warning",
            "task": None,
        },
    ]


def test_problems_of_marked_cells_stand_in_text_and_html() -> None:
    bundle = graph_bundle(CELLS, Glance())
    assert bundle["text/plain"] == (
        "DAG flights: 2 tasks, not published\n"
        "  · extract → flights\n"
        "  · report  ← extract\n"
        "  ✗ report, line 3: Nobody gives <b>x</b>. Import it.\n"
        "  ⚠ Two tasks give it."
    )
    assert "<li>✗ report, line 3: Nobody gives &lt;b&gt;x&lt;/b&gt;. Import it.</li>" in bundle["text/html"]
