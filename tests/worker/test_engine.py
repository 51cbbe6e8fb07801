"""The engine as papermill's users meet it, and its parts without a kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from papermill.engines import papermill_engines
from papermill.execute import ERROR_MARKER_TAG

from studio.worker.cell_outputs import CellOutputs, OutputLimits
from studio.worker.engine import StudioEngine, ThrottledManager


def test_the_engine_alone_is_papermill_with_error_markers(tmp_path: Path) -> None:
    papermill_engines.register("studio", StudioEngine)
    source, output = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    nbformat.write(
        new_notebook(cells=[new_code_cell("import os; os.getcwd()"), new_code_cell("1 / 0")]), source
    )
    with pytest.raises(papermill.PapermillExecutionError, match="ZeroDivisionError"):
        papermill.execute_notebook(
            source, output, engine_name="studio", progress_bar=False, kernel_cwd="/", kernel_name="python3"
        )
    cells = nbformat.read(output, as_version=4).cells
    assert [ERROR_MARKER_TAG in cell.metadata.get("tags", []) for cell in cells] == [True, False, True, False]
    assert cells[1].outputs[0]["data"]["text/plain"] == "'/'"


def test_papermill_can_be_imported_with_the_engine_as_its_entry_point(repository: Path) -> None:
    script = (  # what papermill does with an entry point while it is itself being imported
        "import entrypoints\n"
        "point = entrypoints.EntryPoint('studio', 'studio.worker.engine', 'StudioEngine')\n"
        "entrypoints.get_group_all = lambda group, **kw: [point] if group == 'papermill.engine' else []\n"
        "from papermill.engines import papermill_engines\n"
        "import sys\n"
        "print(papermill_engines.get_engine('studio').__name__, 'sqlalchemy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repository, capture_output=True, text=True, check=True
    )
    assert done.stdout == "StudioEngine False\n"


def manager(tmp_path: Path, **kwargs: Any) -> ThrottledManager:
    nb = new_notebook(cells=[new_code_cell(str(n)) for n in range(50)])
    nb.metadata.papermill = {}
    return ThrottledManager(nb, output_path=str(tmp_path / "out.ipynb"), progress_bar=False, **kwargs)


def saves(tmp_path: Path, of: ThrottledManager) -> list[str | None]:
    """Statuses of cell 0 in the file after each step of a run whose cell 40 fails."""
    seen: list[str | None] = []

    def look() -> None:
        cell = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[40]
        if not seen or seen[-1] != cell.metadata.papermill.status:
            seen.append(cell.metadata.papermill.status)

    of.notebook_start()
    look()
    for index, cell in enumerate(of.nb.cells[:41]):
        of.cell_start(cell, index)
        look()
        if index == 40:
            of.cell_exception(cell, index)
        of.cell_complete(cell, index)
        look()
    of.notebook_complete()
    look()
    return seen


def test_saves_happen_at_the_start_on_an_error_and_at_the_end(tmp_path: Path) -> None:
    of = manager(tmp_path, save_every=3600)
    assert saves(tmp_path, of) == ["pending", "failed"]
    assert of.due_in() is None


def test_a_change_that_is_not_saved_yet_is_due(tmp_path: Path) -> None:
    of = manager(tmp_path, save_every=3600)
    of.notebook_start()
    assert of.due_in() is None
    of.autosave_cell()
    due = of.due_in()
    assert due is not None and 3000 < due <= 3600


def test_streams_join_and_stop_at_the_limit() -> None:
    spilled: list[str] = []
    outputs: list[Any] = []
    kept = CellOutputs(OutputLimits(text=10), lambda stream, text: spilled.append(text))
    for name, text in [
        ("stdout", "abc"),
        ("stdout", "def"),
        ("stderr", "gh"),
        ("stdout", "ijkl"),
        ("stdout", "m"),
    ]:
        kept.add_stream(outputs, name, text)
    assert [(o.name, o.text) for o in outputs] == [
        ("stdout", "abcdef"),
        ("stderr", "gh"),
        ("stdout", "ij"),
        ("stderr", "\n[more than 10 characters of output: the rest is in the log]\n"),
    ]
    assert spilled == ["kl", "m"]
    outputs.clear()
    kept.cleared()
    kept.add_stream(outputs, "stdout", "again")
    assert [o.text for o in outputs] == ["again"]


def test_carriage_returns_overwrite_across_messages() -> None:
    outputs: list[Any] = []
    kept = CellOutputs(OutputLimits())
    for text in ["top\n", "10 %", "\r20 %\r", "30 %", "\r", "\n", "a\r\nb"]:
        kept.add_stream(outputs, "stdout", text)
    assert [output.text for output in outputs] == ["top\n30 %\r\na\r\nb"]
    assert kept.size == len(outputs[0].text)


def test_data_beyond_the_limit_is_left_out_and_smaller_data_kept() -> None:
    kept = CellOutputs(OutputLimits(media=100))
    contents = [{"data": {"image/png": "x" * size}, "metadata": {}} for size in (60, 60, 30)]
    for content in contents:
        assert kept.admit_data(content)
    assert [next(iter(content["data"])) for content in contents] == ["image/png", "text/plain", "image/png"]
    assert "an output of 60 characters is left out" in contents[1]["data"]["text/plain"]


def test_a_huge_error_is_shortened() -> None:
    content = {
        "ename": "E",
        "evalue": "v" * 10**6,
        "traceback": ["first", *["frame" * 100] * 1000, "E: " + "v" * 10**6],
    }
    CellOutputs(OutputLimits(error=1000)).trim_error(content)
    assert len(content["evalue"]) < 200
    assert sum(map(len, content["traceback"])) <= 1000
    assert content["traceback"][0] == "first" and content["traceback"][-1].startswith("E: v")
