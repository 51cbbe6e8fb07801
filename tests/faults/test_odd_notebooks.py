"""Bad inputs 43 to 51 as tasks: content that is no notebook, and notebooks that run but are odd."""

from __future__ import annotations

import json
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from tests.faults.conftest import Faults

pytestmark = pytest.mark.acceptance

MAX_ERROR = 4000  # bytes
GOOD: dict[str, Any] = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

NO_NOTEBOOKS = {
    "empty": b"",
    "truncated": b'{"cells": [',
    "binary": b"\x89PNG\r\n",
    "cells are a number": json.dumps({**GOOD, "cells": 5}).encode(),
    "format 3": json.dumps({**GOOD, "nbformat": 3}).encode(),
    "format 5": json.dumps({**GOOD, "nbformat": 5}).encode(),
}


def of(cells: list[Any]) -> bytes:
    return str(writes(new_notebook(cells=cells))).encode()


def code(*sources: str) -> bytes:
    return of([new_code_cell(source) for source in sources])


@pytest.mark.parametrize("what", NO_NOTEBOOKS)
def test_content_that_is_no_notebook_fails_without_a_kernel(faults: Faults, what: str) -> None:
    running = faults.run(content=NO_NOTEBOOKS[what])
    assert running.states == ["failed"]
    assert "nb.ipynb" in running.error and "Traceback" not in running.error
    assert running.error.startswith(("NotANotebook: ", "InvalidNotebook: "))
    assert "kernel" not in running.attempt.details


# Row 48


@pytest.mark.parametrize(
    "content", [of([]), of([new_markdown_cell("# Nothing")])], ids=["no cells", "markdown"]
)
def test_notebook_without_code_succeeds(faults: Faults, content: bytes) -> None:
    running = faults.run(content=content)
    assert running.states == ["success"]
    assert running.attempt.details["warnings"]


def test_notebook_with_ten_thousand_cells(faults: Faults) -> None:
    running = faults.run(content=code(*["n = globals().get('n', 0) + 1"] * 9_999, "print(n)"))
    assert running.states == ["success"], running.error
    assert running.notebook.cells[-1].outputs[0].text == "9999\n"
    assert any("10000 cells" in each or "10,000" in each for each in running.attempt.details["warnings"])


def test_notebook_with_cells_of_the_same_id(faults: Faults) -> None:
    content = json.loads(code("print(1)", "print(2)"))
    for cell in content["cells"]:
        cell["id"] = "same"
    running = faults.run(content=json.dumps(content).encode())
    assert running.states == ["success"], running.error
    assert [cell.outputs[0].text for cell in running.notebook.cells] == ["1\n", "2\n"]
    assert any("id" in each for each in running.attempt.details["warnings"])


def test_parameters_for_a_notebook_that_declares_none_are_refused_with_what_to_do(faults: Faults) -> None:
    """Stricter than the row, which lets them in with a warning: what nobody declared is a typing mistake."""
    running = faults.run("print(day)", parameters={"day": "2013-01-01"})
    assert running.states == ["failed"]
    assert "tagged `parameters`" in running.error
    assert "kernel" not in running.attempt.details


# Row 49


@pytest.mark.parametrize(
    "asks", ["input('name? ')", "import getpass; getpass.getpass()", "import pdb; pdb.set_trace()"]
)
def test_asking_somebody_who_is_not_there_fails(faults: Faults, asks: str) -> None:
    running = faults.run("x = 1", asks)
    assert running.states == ["failed"]
    assert running.reason == "stdin_not_available"


# Row 50


def test_bash_cell_that_fails_fails_the_task(faults: Faults) -> None:
    running = faults.run("%%bash\necho before\nexit 3")
    assert running.states == ["failed"]
    assert running.reason == "cell_failed"
    assert "exit status 3" in running.error
    assert running.notebook.cells[0].outputs[0].text == "before\n"


def test_command_that_fails_fails_only_a_strict_notebook(faults: Faults) -> None:
    assert faults.run("!false", "print('after')").states == ["success"]
    strict = faults.run("!false", "print('after')", strict=True)
    assert strict.states == ["failed"]
    assert strict.notebook.cells[1].outputs == []


# Row 51

ERRORS = {
    "syntax": ("def f(:\n    pass", "SyntaxError"),
    "a message of a megabyte": ("raise ValueError('x' * 1_000_000)", "ValueError"),
    "colours": ("raise ValueError('\\x1b[31mred\\x1b[0m \\x1b[2J')", "ValueError: red"),
    "no text": (
        "class Mute(Exception):\n    def __str__(self):\n        1 / 0\nraise Mute",
        "ZeroDivisionError",
    ),
    "many lines": ("raise KeyError('\\n' * 50_000)", "KeyError"),
    "deep": ("def f():\n    f()\nf()", "RecursionError"),
    "a group": ("import sys\nraise ValueError('outer') from KeyError('inner')", "ValueError: outer"),
}


@pytest.mark.parametrize("what", ERRORS)
def test_error_of_a_cell_is_told_and_cut(faults: Faults, what: str) -> None:
    source, said = ERRORS[what]
    running = faults.run("x = 1", source, "print('never')")
    assert running.states == ["failed"]
    assert running.error.startswith(said)
    assert len(running.error.encode()) <= MAX_ERROR
    assert "\x1b" not in running.error
    assert running.reason == "cell_failed"
    assert running.attempt.details["failed_cell"] == 1
    assert running.attempt.details["failed_cell_in_source"] == 1
    assert running.notebook.cells[2].outputs == []


def test_half_a_character_is_replaced(faults: Faults) -> None:
    """Names of files may have one; no file and no message can hold it."""
    running = faults.run("print('\\ud800 and \U0001f600')", "1", "raise ValueError('\\udcff')")
    assert running.states == ["failed"]
    assert running.reason == "cell_failed"
    assert running.error.startswith(
        ("ValueError: ?", "UnicodeEncodeError: ")
    )  # the latter in a spawned kernel
    assert running.notebook.cells[1].outputs[0]["data"]["text/plain"] == "1"
