"""`dag.test()` in a cell: the graph is drawn as it runs, and its last picture stays. Elsewhere nothing is shown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from studio import DAG, function
from studio.testing.results import TestRun
from studio.testing.watching import Watch
from studio.widgets.graph import MIME, Graph, Node

GRAPH = Graph("two", [Node("first", "function", (), "f"), Node("second", "function", ("first",), "f")])
DEFINE = """\
from studio import DAG, function
with DAG("two") as dag:
    first = function(lambda: 1, task_id="first")
    function(lambda x: x, args={"x": first.output}, task_id="second")
"""


def test_the_last_picture_stays_in_the_cell() -> None:
    cells = [
        nbformat.v4.new_code_cell(DEFINE + "run = dag.test()"),
        nbformat.v4.new_code_cell("trial = dag.test(stop_before='second')"),
        nbformat.v4.new_code_cell("assert trial.resume().is_over"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3").execute()
    assert [[output.data["text/plain"] for output in cell.outputs] for cell in notebook.cells] == [
        ["DAG two: 2 tasks, tried here: success\n  ✓ first\n  ✓ second ← first"],
        [
            "DAG two: 2 tasks, tried here: success\n  ✓ first\n  ✓ second ← first"
        ],  # drawn on, where the trial began
        [],
    ]
    html = notebook.cells[0].outputs[0].data["text/html"]
    assert html.startswith('<img src="data:image/svg+xml;base64,')
    assert "second success" in html
    trial = notebook.cells[1].outputs[0].data[MIME]["trial"]
    assert (trial["state"], sorted(trial["tasks"])) == ("success", ["first", "second"])


def test_no_cell_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[str, str]] = []
    watch = Watch(GRAPH, lambda task, state: told.append((task, state)))
    watch.note("first", "running")
    watch.draw()
    assert told == [("first", "running")]
    assert capsys.readouterr().out == ""


def test_pictures_are_few_and_the_last_is_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        "studio.testing.watching._cell_output",
        lambda: lambda bundle, *, transient, update: drawn.append((bundle["text/plain"], update)),
    )
    moment = [100.0]
    monkeypatch.setattr("studio.testing.watching.time.monotonic", lambda: moment[0])
    watch = Watch(GRAPH)
    watch.note("first", "running")
    watch.draw()
    watch.note("first", "success")
    watch.draw()  # too soon
    moment[0] += 0.25
    watch.draw()
    watch.draw()  # nothing new
    watch.note("second", "failed")
    watch.note("second", "success")  # another instance of it
    watch.draw_pause(TestRun("two", "run", "running", ()), ["third", "fourth"])
    watch.draw_end(TestRun("two", "run", "failed", ()))
    head = "DAG two: 2 tasks, tried here"
    assert drawn == [
        (f"{head}: running\n  ▶ first\n  · second ← first", False),
        (f"{head}: running\n  ✓ first\n  · second ← first", True),
        (f"{head}, paused before third and 1 more\n  ✓ first\n  ✗ second ← first", True),
        (f"{head}: failed\n  ✓ first\n  ✗ second ← first", True),
    ]


def test_what_has_failed_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "studio.testing.watching._cell_output",
        lambda: lambda bundle, *, transient, update: drawn.append(bundle[MIME]["trial"]),
    )
    with DAG("two") as dag:
        first = function(lambda: 1 / 0, task_id="first")
        function(lambda: 1, task_id="second", after=first)
    dag.test()
    assert (drawn[-1]["state"], sorted(drawn[-1]["tasks"])) == ("failed", ["first", "second"])
    assert "ZeroDivisionError" in drawn[-1]["tasks"]["first"]["error"]
    assert drawn[-1]["tasks"]["second"] == {"started_at": None, "ended_at": None, "error": ""}


def test_a_task_has_lasted_from_its_first_instance_to_its_last(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "studio.testing.watching._cell_output",
        lambda: lambda bundle, *, transient, update: drawn.append(bundle[MIME]["trial"]["tasks"]["first"]),
    )
    moments = iter([10.0, 12.0, 13.0, 15.0])
    clock = SimpleNamespace(time=lambda: next(moments), monotonic=lambda: 0.0)
    monkeypatch.setattr("studio.testing.watching.time", clock)
    watch = Watch(GRAPH)
    for state in ("running", "success", "running", "success"):
        watch.note("first", state)
    watch.draw()
    assert drawn == [{"started_at": 10.0, "ended_at": 15.0, "error": ""}]
