"""What functions and operators show: a notebook and events like those of notebooks, nothing if nothing is shown."""

from __future__ import annotations

import base64
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import nbformat
import pytest

import studio
from studio.secrets.delivery import Delivered
from studio.worker.rich_outputs import bundle_of
from studio.worker.task import CellChanged, NotebookStarted, TaskRequest
from studio.worker.task_cells import TaskCells
from studio.worker.task_log import TaskLog

from .conftest import Call

SHOWS = """
import studio, pandas as pd
def f():
    print("to the log")
    studio.show(pd.DataFrame({"a": [1, 2]}), {"n": 1})
    return 3
"""


def test_function_that_shows_has_a_notebook(call: Call) -> None:
    ran = call(SHOWS)
    assert (ran.result.state, ran.result.value, ran.log) == ("success", 3, "to the log\n")
    (cell,) = ran.output.cells
    table, facts = (output.data for output in cell.outputs)
    assert cell.source == "f(…)"
    assert "<table" in table["text/html"]
    assert table["text/plain"] == "   a\n0  1\n1  2"
    assert facts["application/json"] == {"n": 1}
    nbformat.validate(ran.output)


def test_function_that_fails_shows_its_error(call: Call) -> None:
    ran = call("import studio\ndef f():\n    studio.show(1)\n    raise ValueError('as asked')")
    assert ran.result.state == "failed"
    shown, error = ran.output.cells[0].outputs
    assert shown.data == {"text/plain": "1"}
    assert (error.ename, error.evalue) == ("ValueError", "as asked")
    assert error.traceback[-1] == "ValueError: as asked"
    assert ran.changes(0)[-1].state == "failed"


def test_function_that_shows_nothing_leaves_nothing(call: Call) -> None:
    ran = call("def f():\n    return 1")
    assert not (ran.directory / "output.ipynb").exists()
    assert not any(isinstance(event, (NotebookStarted, CellChanged)) for event in ran.events)
    light = "import sys, studio.worker.task_cells, studio.worker.operator; print('nbformat' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", light], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_outside_of_a_task_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    studio.show({"a": 1}, "b")
    assert capsys.readouterr().out == "{'a': 1}\nb\n"


class Own:
    """Has forms of its own, one of which fails."""

    def _repr_html_(self) -> str:
        return "<b>own</b>"

    def _repr_png_(self) -> bytes:
        raise RuntimeError

    def _repr_markdown_(self) -> None:
        return None

    def __repr__(self) -> str:
        return "Own()"


class Broken:
    """Cannot even be printed."""

    def __repr__(self) -> str:
        raise RuntimeError


def test_forms_are_those_that_a_value_offers() -> None:
    import matplotlib.figure

    assert bundle_of("text") == ({"text/plain": "text"}, {})
    assert bundle_of(Own()) == ({"text/html": "<b>own</b>", "text/plain": "Own()"}, {})
    assert bundle_of(Own) == ({"text/plain": repr(Own)}, {})
    assert bundle_of(Broken()) == ({"text/plain": "<Broken, whose repr() failed: RuntimeError>"}, {})
    assert bundle_of([1, {2}])[0] == {"text/plain": "[1, {2}]"}
    figure = matplotlib.figure.Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2])
    assert base64.b64decode(bundle_of(figure)[0]["image/png"])[:4] == b"\x89PNG"
    assert len(bundle_of("x" * 3 for _ in range(1))[0]["text/plain"]) > 0


@pytest.fixture
def cells(tmp_path: Path) -> Any:
    """Cells of an attempt that are told to a list."""

    def made(events: list[Any]) -> TaskCells:
        request = TaskRequest(
            attempt_id=1, dag_id="d", run_id="r", task_id="t", try_number=1, kind="operator", config={}, context={},
            directory=str(tmp_path),
        )  # fmt: skip
        return TaskCells(request, events.append, TaskLog(str(tmp_path / "log.jsonl")), "the rest")

    return made


def test_last_words_before_a_pause_are_told(cells: Any) -> None:
    events: list[Any] = []
    heard = threading.Event()

    def hear(event: Any) -> None:
        events.append(event)
        if any("second" in output.get("text", "") for output in getattr(event, "outputs", [])):
            heard.set()

    listening = type("Listening", (list,), {"append": staticmethod(hear)})()
    with cells(listening) as shown, shown.cell("work") as cell:
        cell.write("first\n")
        cell.write("second\n")
        assert heard.wait(30)
    assert not any(each.name == "task notebook" for each in threading.enumerate())


def test_what_is_shown_between_cells_has_a_cell_of_its_own(cells: Any, tmp_path: Path) -> None:
    events: list[Any] = []
    with cells(events) as shown:
        with shown.cell("one"):
            studio.show(1)
        studio.show(2)
        studio.show(3)
        with shown.cell("two", "sql") as late:
            pass
        late.write("too late")
    notebook = nbformat.read(tmp_path / "output.ipynb", as_version=4)
    assert [(cell.source, len(cell.outputs)) for cell in notebook.cells] == [
        ("one", 1),
        ("the rest", 2),
        ("two", 0),
    ]
    assert events[0] == NotebookStarted(cells_total=0, cells=[])
    assert {event.index: (event.state, event.source) for event in events[1:]} == {
        0: ("success", "one"), 1: ("success", "the rest"), 2: ("success", "two"),
    }  # fmt: skip


def test_disk_that_is_full_fails_no_task(cells: Any, tmp_path: Path) -> None:
    (tmp_path / "output.ipynb").mkdir()
    with cells([]) as shown, shown.cell("one") as cell:
        cell.write("x")
    assert "could not be saved" in (tmp_path / "log.jsonl").read_text()


def test_secrets_are_masked_in_the_file_and_in_what_is_told(tmp_path: Path) -> None:
    events: list[Any] = []
    request = TaskRequest(
        attempt_id=1, dag_id="d", run_id="r", task_id="t", try_number=1, kind="operator", config={}, context={},
        directory=str(tmp_path), secrets=Delivered(hidden=("swordfish",)),
    )  # fmt: skip
    cells = TaskCells(request, events.append, TaskLog(str(tmp_path / "log.jsonl")), "rest")
    with pytest.raises(ValueError, match="swordfish"), cells, cells.cell("login swordfish") as cell:
        cell.write("pass sword")
        cell.write("fish\nand c3dvcmRmaXNo")
        cell.show({"password": "swordfish"})
        cell.write("half a line: swordfish")
        raise ValueError("no swordfish")
    text = (tmp_path / "output.ipynb").read_text()
    assert "swordfish" not in text + repr(events)
    (shown,) = nbformat.reads(text, as_version=4).cells
    assert shown.source == "login ***"
    assert "".join(output.text for output in shown.outputs if output.output_type == "stream") == (
        "pass ***\nand ***half a line: ***"
    )
    assert shown.outputs[1].data["application/json"] == {"password": "***"}
    assert shown.outputs[-1].evalue == "no ***"
