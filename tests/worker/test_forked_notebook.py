"""Notebook tasks in kernels that are forks: what a task gets, and when it is spawned instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from studio.worker.fork_servers import FORK_SERVERS
from tests.kernels.pipe_kernels import Servers
from tests.worker.conftest import RunNotebook


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """With a server that has not imported matplotlib."""
    servers = Servers()
    servers.want("numpy")
    yield servers
    servers.close()


@pytest.fixture
def run(run_notebook: RunNotebook, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> RunNotebook:
    monkeypatch.setenv(FORK_SERVERS, servers.directory)
    return run_notebook


def kernel_of(ran: Any) -> str:
    assert ran.result.state == "success", ran.result.error
    return str(ran.result.details["kernel"])


def test_a_task_gets_a_fork_with_its_parameters_and_outputs(run: RunNotebook) -> None:
    ran = run(("n = 1", "parameters"), "print(n)", "n + 1", parameters={"n": 20})
    assert kernel_of(ran) == "forked"
    assert [cell.outputs[0].get("text") for cell in ran.output.cells[2:3]] == ["20\n"]
    assert ran.output.cells[3].outputs[0].data["text/plain"] == "21"
    assert [cell.execution_count for cell in ran.output.cells] == [1, 2, 3, 4]
    assert ran.result.details["environment"]["packages"]["imported"]


def test_its_log_records_go_to_the_tasks_log(run: RunNotebook) -> None:
    ran = run(
        "import logging\nlogging.getLogger('mine').warning('look out')\nlogging.info('by the way')",
        env={"STUDIO_ATTEMPT": "1"},
    )
    assert kernel_of(ran) == "forked"
    told = {(r["level"], r["source"], r["text"]) for r in ran.records}
    assert {("WARNING", "mine", "look out"), ("INFO", "root", "by the way")} <= told
    assert ran.output.cells[0].outputs == []


def test_plots_are_shown_when_matplotlib_was_not_loaded_before(run: RunNotebook) -> None:
    ran = run("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert kernel_of(ran) == "forked"
    assert "image/png" in ran.output.cells[0].outputs[0].data


@pytest.mark.parametrize(
    ("env", "cell", "text"),
    [
        ({"MPLBACKEND": "agg"}, "import matplotlib\nprint(matplotlib.get_backend().lower())", "agg\n"),
        ({"OMP_NUM_THREADS": "4"}, "import os\nprint(os.environ['OMP_NUM_THREADS'])", "4\n"),
        ({"OPENBLAS_NUM_THREADS": "1"}, "import os\nprint(os.environ['OPENBLAS_NUM_THREADS'])", "1\n"),
        ({"LC_ALL": "C"}, "import os\nprint(os.environ['LC_ALL'])", "C\n"),
    ],
)
def test_what_libraries_read_when_loaded_is_spawned(
    run: RunNotebook, env: dict[str, str], cell: str, text: str
) -> None:
    ran = run(cell, env=env)
    assert kernel_of(ran) == "spawned"
    assert ran.output.cells[0].outputs[0].text == text


def test_one_that_is_attachable_is_spawned(run: RunNotebook) -> None:
    assert kernel_of(run("1", attachable=True)) == "spawned"


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        ("import os; os._exit(3)", "kernel_exited", "code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "kernel_crashed", "SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "kernel_killed", "SIGKILL"),
        ("import sys; sys.exit(3)", "system_exit", "sys.exit(3)"),
        ("input('name?')", "stdin_not_available", "asks for input"),
    ],
)
def test_how_it_ended_is_told(run: RunNotebook, code: str, reason: str, said: str) -> None:
    ran = run("1", code)
    assert ran.result.state == "failed"
    assert (ran.result.details["kernel"], ran.result.details["reason"]) == ("forked", reason)
    assert said in str(ran.result.error)
    assert ran.result.failed_cell == 1


@pytest.mark.parametrize("code", ["exit()", "import sys\nsys.exit(0)"])
def test_an_early_end_is_a_success(run: RunNotebook, code: str) -> None:
    ran = run(code, "1 / 0")
    assert kernel_of(ran) == "forked"


@pytest.mark.parametrize(
    "waiting", ["import time\ntime.sleep(1000)", "import asyncio\nawait asyncio.sleep(1000)"]
)
def test_a_cell_that_takes_too_long_is_interrupted(run: RunNotebook, waiting: str) -> None:
    ran = run(waiting, cell_timeout=0.5)
    assert (ran.result.state, ran.result.details["reason"]) == ("failed", "cell_timeout")
    assert ran.result.details["kernel"] == "forked"
    assert ran.output.cells[0].outputs[0].ename in ("KeyboardInterrupt", "CancelledError")
