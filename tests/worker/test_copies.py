"""Copies of an executed notebook where people look for them, with real kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat


def test_the_executed_notebook_and_its_exports_are_copied(run_notebook: Any, tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "2013-01-01"
    ran = run_notebook(
        ("n = 1", "parameters"),
        "print('n is', n)",
        parameters={"n": 7},
        export=["html"],
        copy_to="reports/{{ ds }}",
        context={"ds": "2013-01-01"},
    )
    assert ran.result.state == "success"
    assert ran.result.details["copies"] == [str(folder / "source.ipynb"), str(folder / "source.html")]
    copied = nbformat.read(folder / "source.ipynb", as_version=4)
    assert copied.cells[-1].outputs[0].text == "n is 7\n"
    assert "n is 7" in (folder / "source.html").read_text(encoding="utf-8")
    assert len(list(folder.iterdir())) == 2  # nothing half written stays


def test_of_a_failed_one_there_is_what_it_came_to_and_the_old_copy_is_replaced(
    run_notebook: Any, tmp_path: Path
) -> None:
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "source.ipynb").write_text("old")
    ran = run_notebook("print('so far')", "1 / 0", copy_to="copies")
    assert ran.result.state == "failed"
    copied = nbformat.read(tmp_path / "copies" / "source.ipynb", as_version=4)
    assert copied.cells[-1].outputs[0].ename == "ZeroDivisionError"


def test_what_cannot_be_copied_is_told_and_changes_nothing(run_notebook: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    ran = run_notebook("1", copy_to="file")
    assert ran.result.state == "success"
    assert ran.result.details["copies"] == []
    assert "could not be copied to" in ran.log


def test_a_template_that_fails_costs_nothing(run_notebook: Any) -> None:
    ran = run_notebook("print('it ran')", copy_to="{{ nothing.here }}")
    assert ran.result.state == "failed"
    assert "folder for copies" in (ran.result.error or "")
    assert not (ran.directory / "output.ipynb").exists()
