"""What a notebook, its cells and its config say about how it is run, with real kernels."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from studio.worker.error_names import TIMED_OUT

DEAF = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"


def cell(source: str, *tags: str, **studio: Any) -> Any:
    """A code cell with tags and with metadata of ours."""
    return new_code_cell(
        source, metadata={"tags": list(tags), "studio": studio} if studio else {"tags": list(tags)}
    )


@pytest.fixture
def run(attempt: Any, tmp_path: Path) -> Any:
    """Run a notebook of the given cells."""

    def run(*cells: Any, context: Any = None, **config: Any) -> Any:
        path = tmp_path / "source.ipynb"
        made = [each if isinstance(each, dict) else new_code_cell(each) for each in cells]
        nbformat.write(new_notebook(cells=made), path)
        config = {"content": str(path), "path": str(path), "cwd": str(tmp_path), **config}
        attempt.run("notebook", config, context=context)
        return attempt

    return run


# Time.


def test_a_cell_that_takes_too_long_fails_the_attempt_with_its_name_and_limit(run: Any) -> None:
    ran = run("1", "import time\nwhile True:\n    time.sleep(0.01)", "2", cell_timeout=1)
    assert ran.result.state == "failed"
    head = "CellTimeout: The cell at index 1 (`import time`) took longer than the 1 s it may take."
    assert ran.result.error.split("\n")[0] == head
    assert ran.result.signal.errors == TIMED_OUT
    assert (ran.result.failed_cell, ran.result.details["reason"]) == (1, "cell_timeout")
    assert [each.ename for each in ran.output.cells[1].outputs] == ["KeyboardInterrupt", "CellTimeout"]
    assert [ran.changes(index)[-1].state for index in range(3)] == ["success", "failed", "skipped"]
    assert head in ran.log


@pytest.mark.parametrize(
    "slow",
    [cell("import time; time.sleep(1)", "timeout=60"), cell("import time; time.sleep(1)", timeout=60.5)],
)
def test_a_cell_says_itself_what_it_may_take(run: Any, slow: Any) -> None:
    ran = run(slow, cell("import time; time.sleep(60)", "timeout=0.5"), cell_timeout=0.3)
    assert ran.result.failed_cell == 1
    assert "took longer than the 0.5 s" in ran.result.error


@pytest.mark.parametrize(
    "stubborn",
    [
        DEAF + "end = time.time() + 60\nwhile time.time() < end:\n    pass",
        "import threading\nlock = threading.Lock()\nlock.acquire()\n"
        + DEAF
        + "lock.acquire(timeout=60)",  # blocks in C
        "import time\nend = time.time() + 60\nwhile time.time() < end:\n    try:\n        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n        print('no', flush=True)",
    ],
)
def test_a_cell_that_does_not_care_for_an_interrupt_is_killed(run: Any, stubborn: str) -> None:
    begin = time.monotonic()
    ran = run("print('kept')", stubborn, cell_timeout=1)
    assert ran.result.details["reason"] == "cell_timeout"
    assert ran.output.cells[0].outputs[0].text == "kept\n"
    assert ran.output.cells[1].outputs[-1].ename == "CellTimeout"
    assert time.monotonic() - begin < 40


def test_a_timeout_that_is_none_is_refused_before_a_kernel_starts(run: Any) -> None:
    ran = run("1", cell("2", "timeout=soon"))
    assert ran.result.error.startswith("InvalidInput: The cell at index 1 has the timeout 'soon'")
    assert not (ran.directory / "output.ipynb").exists()


# Which cells run.


def test_a_cell_tagged_skip_is_never_run(run: Any) -> None:
    ran = run(cell("1 / 0", "skip"), "2")
    assert ran.result.state == "success"
    assert [change.state for change in ran.changes(0)] == ["skipped"]
    assert ran.output.cells[0].metadata.studio == {"skipped": "it has the tag `skip`"}
    assert "The cell at index 0 is skipped: it has the tag `skip`." in ran.log


def test_conditions_are_evaluated_just_before_their_cells(run: Any) -> None:
    ran = run(
        "day = '2013-01-02'\nweekend = []\nbool = list = None",
        cell("day = 'x'", only_if="day != '2013-01-01'  # a holiday"),
        cell("1 / 0", only_if="day.startswith('2013')"),
        cell("1 / 0", "only-if=weekend"),
        cell("day", "only-if=!weekend"),
        cell("1 / 0", "only-if=!day"),
    )
    assert ran.result.state == "success", ran.result.error
    states = [ran.changes(index)[-1].state for index in range(6)]
    assert states == ["success", "success", "skipped", "skipped", "success", "skipped"]
    assert ran.output.cells[4].outputs[0]["data"]["text/plain"] == "'x'"
    assert ran.output.cells[4].execution_count == 3  # conditions are not counted
    assert ran.output.cells[3].metadata.studio.skipped == "`weekend` is not true"
    assert ran.output.cells[5].metadata.studio.skipped == "`day` is true"


def test_a_condition_that_fails_fails_its_cell(run: Any) -> None:
    ran = run("1", cell("2", only_if="nothing > 0"), "3")
    assert ran.result.error == (
        "ConditionFailed: Whether the cell at index 1 is to be run cannot be found out: 'nothing > 0' raised "
        "NameError: name 'nothing' is not defined"
    )
    assert (ran.result.failed_cell, ran.result.details["reason"]) == (1, "condition_failed")
    assert ran.output.cells[1].outputs[0].ename == "ConditionFailed"
    assert [ran.changes(index)[-1].state for index in range(3)] == ["success", "failed", "skipped"]


def test_a_condition_that_never_ends_takes_too_long(run: Any) -> None:
    ran = run("import time", cell("2", only_if="time.sleep(60)"), cell_timeout=1)
    assert ran.result.details["reason"] == "cell_timeout"


def test_a_condition_that_kills_the_kernel(run: Any) -> None:
    ran = run("import os", cell("2", only_if="os._exit(4)"))
    assert ran.result.details["reason"] == "kernel_exited" and "code 4" in ran.result.error


@pytest.mark.parametrize("wrong", [cell("1", "only-if=a > 1"), cell("1", only_if=3)])
def test_a_condition_that_is_none_is_refused_before_a_kernel_starts(run: Any, wrong: Any) -> None:
    ran = run(wrong)
    assert ran.result.error.startswith("InvalidInput: The cell at index 0 has ")
    assert not (ran.directory / "output.ipynb").exists()


# How it ends itself.


def test_an_exit_gives_the_notebook_a_value_and_skips_the_rest(run: Any) -> None:
    ran = run("import studio", "rows = [{'n': 'x' * 99}] * 2000\nstudio.exit(value={'rows': rows})", "1 / 0")
    assert (ran.result.state, ran.result.error, ran.result.failed_cell) == ("success", None, None)
    assert ran.result.value == {"rows": [{"n": "x" * 99}] * 2000}
    assert [ran.changes(index)[-1].state for index in range(3)] == ["success", "success", "skipped"]
    assert len(json.dumps(ran.output.cells[1])) < 2000


def test_a_notebook_that_exits_as_failed_is_not_tried_again(run: Any) -> None:
    ran = run("import studio\nstudio.exit('failed', value=3)", "1")
    assert (ran.result.state, ran.result.value, ran.result.signal.retry) == ("failed", 3, False)
    assert (ran.result.failed_cell, ran.changes(0)[-1].state) == (0, "failed")
    skipped = run("import studio\nstudio.exit('skipped')", "1")
    assert (skipped.result.state, skipped.result.failed_cell) == ("skipped", None)


def test_what_an_exit_refuses_is_an_error_of_the_cell(run: Any) -> None:
    assert (
        "ValueError: An attempt cannot end as 'done'"
        in run("import studio\nstudio.exit('done')").result.error
    )


@pytest.mark.parametrize("leave", ["exit()", "quit()", "exit", "import sys; sys.exit(0)"])
def test_leaving_in_the_usual_ways_is_no_error(run: Any, leave: str) -> None:
    ran = run("1", leave, "import time\ntime.sleep(1)\n1 / 0")
    assert ran.result.state == "success", ran.result.error
    assert ran.changes(2)[-1].state == "skipped"


@pytest.mark.parametrize(
    ("how", "reason", "said"),
    [
        ("import os; os._exit(3)", "kernel_exited", "exited with code 3"),
        ("import sys; sys.exit(3)", "system_exit", "sys.exit(3)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "kernel_crashed", "SIGSEGV"),
        ("import os; os.abort()", "kernel_crashed", "SIGABRT"),
        ("import os; os.kill(os.getpid(), 9)", "kernel_killed", "SIGKILL"),
        ("input('name? ')", "stdin_not_available", "Make it a parameter"),
        ("1 / 0", "cell_failed", "ZeroDivisionError"),
    ],
)
def test_ways_to_fail_have_reasons_of_their_own(run: Any, how: str, reason: str, said: str) -> None:
    ran = run("1", how, "2")
    assert (ran.result.state, ran.result.failed_cell) == ("failed", 1)
    assert ran.result.details["reason"] == reason
    assert said in ran.result.error


# Commands.


def test_commands_that_fail_fail_their_cells_only_if_strict(run: Any) -> None:
    assert run("!false").result.state == "success"
    ran = run(
        "word = 'fine'\n!echo {word} $word $$HOME",
        "def f(name):\n    !echo {name}\nf('inside')",
        "!false",
        "1",
        strict=True,
    )
    assert ran.result.failed_cell == 2, ran.result.error
    assert ran.result.error.startswith("CalledProcessError: Command 'false' returned non-zero exit status 1.")
    assert ran.output.cells[0].outputs[0].text.split()[:2] == ["fine", "fine"]
    assert ran.output.cells[1].outputs[0].text.strip() == "inside"
    assert ran.output.cells[0].execution_count == 1


def test_a_script_cell_that_fails_fails_anyway(run: Any) -> None:
    ran = run("%%bash\necho before\nexit 3")
    assert ran.result.failed_cell == 0 and "CalledProcessError" in ran.result.error


def test_the_output_of_a_command_that_fails_counts_too(run: Any) -> None:
    ran = run("found = !echo here\nprint(found[0])", "found = !exit 7", strict=True)
    assert ran.output.cells[0].outputs[0].text == "here\n"
    assert ran.result.failed_cell == 1 and "7" in ran.result.error


# Files that have to be there.


def test_declared_outputs_are_recorded(run: Any, tmp_path: Path) -> None:
    ran = run(
        "open('flights_2013-01-01.csv', 'w').write('a,b')\nopen('b.csv', 'w')",
        outputs=["flights_{{ ds }}.csv", "*.csv", str(tmp_path / "b.csv")],
    )
    assert ran.result.state == "success", ran.result.error
    digest = "57e6c6a9a4dbcb8d5c2d9ac5ab0dabbc71ffb5cd8ee6d4b1b7a4a4fa7a7d7d5b"
    outputs = ran.result.details["outputs"]
    assert [(each["path"], each["size"]) for each in outputs] == [("flights_2013-01-01.csv", 3), ("b.csv", 0)]
    assert all(len(each["digest"]) == len(digest) for each in outputs)


def test_an_output_that_is_missing_fails_the_attempt(run: Any) -> None:
    ran = run("open('flight.csv', 'w')", outputs=["flights.csv"])
    assert (ran.result.state, ran.result.details["reason"]) == ("failed", "output_missing")
    assert "There is no 'flights.csv', which the task declares as its output." in ran.result.error
    assert "Did you mean 'flight.csv'?" in ran.result.error
    assert "No file matches '*.parquet'" in run("1", outputs=["*.parquet"]).result.error


# Bad input that is none, or that is told well.


def test_notebooks_of_nothing_succeed(run: Any) -> None:
    assert run().result.state == "success"
    ran = run(new_markdown_cell("# Title"), new_code_cell("  \n"))
    assert (ran.result.state, ran.result.details["executed"]) == ("success", 0)


def test_parameters_without_a_cell_for_them_are_refused_in_words(run: Any) -> None:
    ran = run("n + 1", parameters={"n": 1})
    assert ran.result.state == "failed"
    assert "takes no parameters, but 'n' is given" in ran.result.error


def test_cells_of_one_id_all_run(attempt: Any, tmp_path: Path) -> None:
    path = tmp_path / "source.ipynb"
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": "same",
            "metadata": {},
            "source": str(n),
            "outputs": [],
            "execution_count": None,
        }
        for n in range(3)
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    attempt.run("notebook", {"content": str(path), "path": str(path), "cwd": str(tmp_path)})
    assert attempt.result.state == "success", attempt.result.error
    assert attempt.result.details["executed"] == 3


@pytest.mark.parametrize(
    ("source", "head"),
    [
        ("def (", "SyntaxError: "),
        ("raise ValueError('x' * 1_000_000)", "ValueError: xxx"),
        ("raise ValueError('\\x1b[31mred\\x1b[0m')", "ValueError: red"),
        (
            "class E(Exception):\n    def __str__(self): raise RuntimeError('no')\nraise E()",
            "RuntimeError: no",
        ),
        ("raise BaseException('base')", "BaseException: base"),
        ("raise type('\u00c9' * 5000, (Exception,), {})('x')", "\u00c9"),
        (
            "raise ValueError('\\ud800')",
            ("UnicodeEncodeError: ", "ValueError: ?"),
        ),  # ipykernel cannot send it
    ],
)
def test_errors_are_told_in_little_space(run: Any, source: str, head: str | tuple[str, ...]) -> None:
    ran = run("1", source, "2")
    assert (ran.result.state, ran.result.failed_cell) == ("failed", 1)
    assert ran.result.error.startswith(head)
    assert len(ran.result.error.encode()) <= 4000 and "\x1b" not in ran.result.error


def test_an_executed_notebook_is_executed_anew(run: Any) -> None:
    stale = {"skipped": "then", "cpu": 9.0, "peak_memory": 1, "mine": "kept"}
    ran = run(
        cell("1", **stale),
        new_code_cell("2", metadata={"studio": "odd"}),
        cell("3", "skip", **stale),
    )
    assert ran.result.state == "success", ran.result.error
    first, second, third = (each.metadata.studio for each in ran.output.cells)
    assert first["mine"] == "kept" and first["cpu"] < 9 and "skipped" not in first
    assert second["peak_memory"] > 1
    assert third == {"mine": "kept", "skipped": "it has the tag `skip`"}
