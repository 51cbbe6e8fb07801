"""`studio notebook …`: without a server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from studio.cli import main

Called = tuple[int, str, str]


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> Called:
    code = main(arguments)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "daily.ipynb"
    cell: dict[str, Any] = {
        "cell_type": "code",
        "source": "n: list[int] = [1]  # how many\nday: date\norigin = 'EWR'",
        "metadata": {"tags": ["parameters"]},
        "outputs": [],
        "execution_count": None,
    }
    metadata = {"kernelspec": {"name": "pyhton3", "display_name": "Python", "language": "python"}}
    path.write_text(json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}))
    return path


def test_params_are_shown_with_types_defaults_and_help(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = called(capsys, "notebook", "params", str(path))
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    assert any(line.startswith("n array of integer [1] how many") for line in lines), out
    assert any(line.startswith("day date required") for line in lines), out
    assert any(line.startswith("origin (string) 'EWR'") for line in lines), out
    assert "kernel_not_found" in err


def test_params_as_json_are_the_schema(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "notebook", "params", str(path), "--json")
    assert (code, err) == (0, "")
    schema = json.loads(out)
    assert list(schema["properties"]) == ["n", "day", "origin"]
    assert schema["required"] == ["day"]


def test_check_says_what_it_is_and_warns(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "notebook", "check", str(path))
    assert (code, out) == (0, f"✓ {path}: 1 cell, python, kernel pyhton3\n")
    assert err.startswith("! kernel_not_found: there is no kernel 'pyhton3' here. Installed:")
    code, out, _ = called(capsys, "notebook", "check", str(path), "--json")
    assert json.loads(out)["cells"] == 1


def test_check_refuses_with_code_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "empty.ipynb").touch()
    (tmp_path / "old.ipynb").write_text('{"nbformat": 3}')
    wrong = {
        "missing.ipynb": "notebook_not_found",
        "pipe.ipynb": "not_a_regular_file",
        "empty.ipynb": "not_a_notebook",
        "old.ipynb": "invalid_notebook",
    }
    for name, error in wrong.items():
        code, out, err = called(capsys, "notebook", "check", str(tmp_path / name), "--json")
        assert (code, out, json.loads(err)["error"]["code"]) == (2, "", error)
        code, out, err = called(capsys, "notebook", "check", str(tmp_path / name))
        assert (code, out, err.startswith("Error: ")) == (2, "", True)
