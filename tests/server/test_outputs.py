"""Output notebooks on disk: what is read of them, whatever they hold."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from studio.errors import NotFound
from studio.server.notebook_file import NotebookFiles, read_file


def _code(source: Any = "x", count: int | None = 1, outputs: Any = (), **papermill: Any) -> dict[str, Any]:
    metadata = {"papermill": papermill} if papermill else {}
    return {
        "cell_type": "code",
        "source": source,
        "execution_count": count,
        "outputs": list(outputs),
        "metadata": metadata,
    }


def _write(path: Path, *cells: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


ERROR = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": []}


def test_cells_of_a_finished_notebook(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "output.ipynb",
        {"cell_type": "markdown", "source": ["# a\n", "b"], "metadata": {}},
        _code(status="completed", exception=False, duration=1.5),
        _code(outputs=[ERROR], status="completed", exception=False),
        _code(outputs=[ERROR], status="failed", exception=True),
        _code(count=None, status="pending"),
    )
    files = NotebookFiles()
    states = [(cell.source, cell.state, cell.duration) for cell in files.cells(path, ended=False)]
    assert states == [
        ("# a\nb", "success", None),
        ("x", "success", 1.5),
        ("x", "success", None),
        ("x", "failed", None),
        ("x", "waiting", None),
    ]
    assert [cell.state for cell in files.cells(path, ended=True)][-1] == "skipped"


def test_what_a_cell_used_stands_in_its_metadata(tmp_path: Path) -> None:
    cells = [_code(), _code(), _code()]
    cells[0]["metadata"]["studio"] = {"cpu": 0.25, "peak_memory": 50_000_000}
    cells[1]["metadata"]["studio"] = {"cpu": "much", "peak_memory": float("1e300")}
    found = NotebookFiles().cells(_write(tmp_path / "output.ipynb", *cells), ended=True)
    assert [(cell.cpu, cell.peak_memory) for cell in found] == [
        (0.25, 50_000_000),
        (None, None),
        (None, None),
    ]


def test_cell_that_was_not_run_is_skipped(tmp_path: Path) -> None:
    by_tag = _code(count=None, status="completed", exception=False, start_time="2013-01-01T00:00:00")
    by_tag["metadata"]["studio"] = {"skipped": "it has the tag `skip`"}
    never_reached = _code(count=None, status="completed", exception=None, start_time=None)
    found = NotebookFiles().cells(_write(tmp_path / "output.ipynb", by_tag, never_reached), ended=True)
    assert [cell.state for cell in found] == ["skipped", "skipped"]


def test_text_in_lines_is_joined_but_json_is_not(tmp_path: Path) -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]},
        {
            "output_type": "display_data",
            "data": {"text/html": ["<p>", "</p>"], "application/json": ["a", "b"]},
        },
    ]
    path = tmp_path / "output.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["x"], "outputs": outputs}]}))
    [cell] = NotebookFiles().cells(path, ended=True)
    assert cell.outputs[0]["text"] == "a\nb"
    assert cell.outputs[1]["data"] == {"text/html": "<p></p>", "application/json": ["a", "b"]}


def test_cut_off_cell_has_failed_once_the_attempt_is_over(tmp_path: Path) -> None:
    path = _write(tmp_path / "output.ipynb", _code(count=None, status="running"))
    files = NotebookFiles()
    assert [cell.state for cell in files.cells(path, ended=False)] == ["running"]
    assert [cell.state for cell in files.cells(path, ended=True)] == ["failed"]


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    path = _write(tmp_path / "output.ipynb", _code("old"))
    files = NotebookFiles()
    assert [cell.source for cell in files.cells(path, ended=True)] == ["old"]
    _write(path, _code("new one"))
    assert [cell.source for cell in files.cells(path, ended=True)] == ["new one"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"cells": 5}', '{"cells": [1, {"source": 3, "metadata": 4, "outputs": null}]}'],
)
def test_odd_files_do_not_matter(tmp_path: Path, content: str) -> None:
    path = tmp_path / "output.ipynb"
    path.write_text(content)
    assert len(NotebookFiles().cells(path, ended=True)) <= 1
    assert NotebookFiles().cells(tmp_path / "none.ipynb", ended=True) == []


def test_links_and_pipes_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotFound):
        read_file(tmp_path / "link")
    with pytest.raises(NotFound):
        read_file(tmp_path / "pipe")


def test_hidden_cells_are_marked(tmp_path: Path) -> None:
    hidden, own = _code(), _code()
    hidden["metadata"]["tags"] = ["parameters", "studio-hidden"]
    own["metadata"]["tags"] = "studio-hidden"  # no list of tags
    found = NotebookFiles().cells(_write(tmp_path / "output.ipynb", hidden, own), ended=True)
    assert [cell.hidden for cell in found] == [True, False]
