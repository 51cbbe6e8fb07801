"""`studio dags check`: what is wrong with a DAG file, what is hardly meant so, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.cli import main

from ..authoring.conftest import notebook_text


@pytest.fixture
def flights(tmp_path: Path) -> Path:
    path = tmp_path / "flights.ipynb"
    path.write_text(notebook_text("%dag flights", "%%setup helpers\nimport os", "%%task a\nx = 1"))
    return path


def test_warnings_are_told_beside_the_dags(flights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dags", "check", str(flights)]) == 0
    told = capsys.readouterr()
    assert told.out == "✓ flights: 1 task\n"
    assert told.err == f"⚠ {flights}: cell 2, line 1: %%setup takes no name: 'helpers'.\n"


def test_warnings_for_programs(flights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dags", "check", str(flights), "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert ([dag["id"] for dag in found["dags"]], found["warnings"], told.err) == (
        ["flights"],
        ["cell 2, line 1: %%setup takes no name: 'helpers'."],
        "",
    )
