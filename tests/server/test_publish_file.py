"""A DAG file that is published by its path: read in a process of its own, as one of the DAG folder is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from studio.settings import Settings

from .conftest import Running
from .test_actions import error_of


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    root = tmp_path / "notebooks"
    root.mkdir()
    return replace(settings, notebook_root=root)


def write(settings: Settings, name: str, *sources: str) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), settings.notebook_root / name)


async def test_the_cells_of_a_notebook_are_published_and_some_of_them_run(
    studio: Running, settings: Settings
) -> None:
    write(
        settings, "flights.ipynb", "%dag flights", "%%task a\nx = 1", "%%task b\ny = x", "%%task c\nprint(x)"
    )
    answer = await studio.http.post("/api/dag-files/publish", json={"path": "flights.ipynb"})
    assert answer.status_code == 201, answer.text
    assert [dag["dag_id"] for dag in answer.json()["dags"]] == ["flights"]
    run = await studio.trigger("flights", subset=["a", "b"])
    assert {task["task_id"] for task in run["tasks"]} == {"a", "b"}
    # Again, changed: another version, and no second DAG.
    before = answer.json()["dags"][0]["version"]
    write(settings, "flights.ipynb", "%dag flights", "%%task a\nx = 2")
    answer = await studio.http.post("/api/dag-files/publish", json={"path": "flights.ipynb"})
    assert answer.json()["dags"][0]["version"] != before
    assert len((await studio.http.get("/api/dags")).json()["dags"]) == 1


async def test_what_is_wrong_is_told_with_its_place_and_nothing_is_published(
    studio: Running, settings: Settings
) -> None:
    write(settings, "broken.ipynb", "%dag flights", "%%task a\nx = unknown")
    write(settings, "plain.ipynb", "print(1)")
    (settings.notebook_root / "broken.py").write_text("import studio\n\nraise ValueError('not today')\n")
    for name, words in (
        ("broken.ipynb", "cell 2"),
        ("plain.ipynb", "defines no DAG"),
        ("broken.py", "line 3: "),
        ("missing.ipynb", "no such file"),
    ):
        answer = await studio.http.post("/api/dag-files/publish", json={"path": name})
        assert words in error_of(answer, 400)["message"], name
    answer = await studio.http.post("/api/dag-files/publish", json={"path": "/etc/passwd.ipynb"})
    error_of(answer, 403)
    assert (await studio.http.get("/api/dags")).json()["dags"] == []
