"""Cells that never end (row 45): interrupted, then terminated, then killed; a timeout says so."""

from __future__ import annotations

import pytest

from tests.faults.conftest import TELL, Faults, gone

pytestmark = pytest.mark.acceptance

SLEEPS = "time.sleep(1000)"
SPINS = "while True:\n    pass"
DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    time.sleep(1)"
CATCHES = "while True:\n    try:\n        time.sleep(1000)\n    except BaseException:\n        pass"
BLOCKS = "import itertools\nsum(itertools.repeat(0))"  # native code that holds the interpreter and looks at no signal
WAITS = "import subprocess\nsubprocess.run(['sleep', '1000'])"
STUBBORN = DEAF.replace("SIG_IGN)", "SIG_IGN)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)")

ENDLESS = {
    "sleeps": SLEEPS,
    "spins": SPINS,
    "ignores SIGINT": DEAF,
    "catches everything": CATCHES,
    "blocks in native code": BLOCKS,
    "waits for a program": WAITS,
    "ignores SIGTERM too": STUBBORN,
}


@pytest.mark.parametrize("cell", ENDLESS.values(), ids=list(ENDLESS))
def test_timeout_of_the_notebook_ends_a_cell_that(faults: Faults, cell: str) -> None:
    running = faults.run(TELL, f"print('begun', flush=True)\n{cell}", timeout=3)
    assert running.states == ["failed"]
    assert running.reason == "timeout"
    assert "took longer than the 3 s" in running.error
    assert gone(running.kernel_pid())
    assert running.notebook.cells[0].outputs[0].text == "told\n"
    assert running.notebook.cells[1].outputs[0].text == "begun\n"


@pytest.mark.parametrize("cell", [SLEEPS, BLOCKS], ids=["sleeps", "blocks in native code"])
def test_timeout_of_the_task_ends_a_cell_that(faults: Faults, cell: str) -> None:
    running = faults.run(TELL, cell, task={"timeout": 3.0})
    assert running.states == ["failed"]
    assert "timed out after 3 s" in running.error
    assert gone(running.kernel_pid())
    assert running.notebook.cells[0].outputs[0].text == "told\n"


@pytest.mark.parametrize("cell", [SLEEPS, STUBBORN], ids=["sleeps", "ignores signals"])
def test_timeout_of_a_cell_ends_a_cell_that(faults: Faults, cell: str) -> None:
    running = faults.run(TELL, cell, cell_timeout=2)
    assert running.states == ["failed"]
    assert running.reason == "cell_timeout"
    assert gone(running.kernel_pid())


@pytest.mark.parametrize(
    "cell", [SLEEPS, BLOCKS, STUBBORN], ids=["sleeps", "blocks in native code", "ignores signals"]
)
def test_cancel_ends_a_cell_that(faults: Faults, cell: str) -> None:
    running = faults.begin(TELL, cell)
    kernel = running.kernel_pid()
    faults.client.cancel_run(running.dag_id, running.run_id)
    assert running.finish() == "cancelled"
    assert running.states == ["cancelled"]
    assert gone(kernel)
    assert faults.studio.attempt_processes() == []
    assert running.notebook.cells[0].outputs[0].text == "told\n"
