from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.cli import main

DAG_FILE = """
from studio import DAG, function

def load():
    print("loads")
    return 20

def double(n):
    return n * 2

with DAG("two") as dag:
    function(double, args={"n": function(load).output})
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "two_dag.py"
    path.write_text(DAG_FILE)
    return path


def test_dag_of_a_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dags", "test", str(file), "--date", "2013-01-01", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], [each["value"] for each in told["tasks"]]) == ("success", [20, 40])


def test_task_of_a_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "test", str(file), "double", "--value", "load=4"]) == 0
    assert "returned 8" in capsys.readouterr().out
    assert main(["tasks", "test", str(file), "load"]) == 0
    assert "INFO stdout: loads" in capsys.readouterr().out


def test_failure_is_an_exit_code(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dags", "test", str(file), "--value", 'load={"a": 1}']) == 1
    assert "TypeError" in capsys.readouterr().out
    assert main(["dags", "test", str(file), "--skip", "laod"]) == 2
    assert "load" in capsys.readouterr().err


def test_kept_results_are_listed_and_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_VALUES", str(tmp_path))
    folder = tmp_path / "cache" / "flights" / "clean"
    folder.mkdir(parents=True)
    entry = {"key": "ab" * 32, "dag_id": "flights", "task_id": "clean", "run_id": "r", "map_index": -1}
    (folder / "x.json").write_text(json.dumps({**entry, "attempt_id": 1, "at": 1e9}))
    assert main(["cache", "list", "flights", "--json"]) == 0
    assert [each["run_id"] for each in json.loads(capsys.readouterr().out)["results"]] == ["r"]
    assert main(["cache", "list", "flights"]) == 0
    assert "2001-09-09" in capsys.readouterr().out
    assert main(["cache", "clear", "flights", "other", "--yes"]) == 0
    assert main(["cache", "clear", "flights", "clean", "--yes"]) == 0
    assert capsys.readouterr().out.splitlines() == ["0 kept results forgotten.", "1 kept result forgotten."]
    assert list(folder.iterdir()) == []
