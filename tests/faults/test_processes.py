"""What notebooks do to processes and memory (rows 46 to 50)."""

from __future__ import annotations

import pytest

from studio.worker.cage import Cage
from tests.conftest import Require
from tests.faults.conftest import TELL, Faults, gone

pytestmark = pytest.mark.acceptance

#: Bounded, so that this machine survives it if the limit fails; `tests/worker/test_cage.py` has the real one, caged.
FORK_BOMB = "for _ in range(300):\n    if os.fork() == 0:\n        time.sleep(1000)"
GRANDCHILD = """
import subprocess, sys
stubborn = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; time.sleep(1000)"
start = "import subprocess, sys; command = [sys.executable, '-c', sys.argv[1]]\\n"
start += "print(subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL).pid)"
print(subprocess.check_output([sys.executable, "-c", start, stubborn], text=True))
"""
FORKED_CHILD = """
pid = os.fork()
if pid == 0:
    time.sleep(1000)
    os._exit(0)
print(pid)
"""


@pytest.fixture
def cages(require: Require) -> None:
    require(Cage.available(), f"what cages need ({Cage.obstacle()})")


@pytest.mark.usefixtures("cages")
def test_fork_bomb_hits_the_limit_of_processes_and_nothing_else(faults: Faults) -> None:
    running = faults.run(TELL, FORK_BOMB, max_processes=100, timeout=30)
    assert running.states == ["failed"]
    assert running.reason == "too_many_processes"
    assert faults.run("print('goes on')").states == ["success"]


@pytest.mark.usefixtures("cages")
def test_more_memory_than_allowed_ends_in_oom_killed(faults: Faults) -> None:
    running = faults.run(TELL, "bytearray(1 << 30)", memory_limit=256 << 20)
    assert running.states == ["failed"]
    assert running.reason == "oom_killed"
    assert "memory" in running.error
    assert running.notebook.cells[0].outputs[0].text == "told\n"


@pytest.mark.usefixtures("cages")
def test_memory_of_a_child_counts_too_and_the_notebook_may_survive_that(faults: Faults) -> None:
    child = "import subprocess, sys\nprint(subprocess.call([sys.executable, '-c', 'bytearray(1 << 30)']))"
    running = faults.run(TELL, child, memory_limit=256 << 20)
    # The system chooses whom it kills: the child is the larger one.
    assert running.states == ["success"], running.error
    assert running.notebook.cells[1].outputs[0].text == "-9\n"


def test_grandchild_in_a_session_of_its_own_ends_with_the_notebook(faults: Faults) -> None:
    running = faults.run(TELL, GRANDCHILD)
    assert running.states == ["success"]
    assert gone(int(running.notebook.cells[1].outputs[0].text))


def test_forked_child_that_keeps_everything_open_delays_nothing(faults: Faults) -> None:
    running = faults.run(TELL, FORKED_CHILD, "print('after')")
    assert running.states == ["success"]
    assert running.notebook.cells[2].outputs[0].text == "after\n"
    assert gone(int(running.notebook.cells[1].outputs[0].text))
    [attempt] = running.attempts
    assert attempt.details["duration"] < 60


def test_forked_child_that_returns_to_the_kernel_garbles_nothing(faults: Faults) -> None:
    running = faults.run(TELL, "pid = os.fork()", "print('after', flush=True)", timeout=60)
    assert running.attempt.state.value in ("success", "failed")
    assert faults.run("print('goes on')").states == ["success"]


ENDS = {  # how: (code, reason, said)
    "os._exit(3)": ("os._exit(3)", "kernel_exited", "code 3"),
    "os._exit(0)": ("os._exit(0)", "kernel_exited", "code 0"),
    "SIGKILL": ("os.kill(os.getpid(), 9)", "kernel_killed", "SIGKILL"),
    "SIGTERM": ("os.kill(os.getpid(), 15); time.sleep(60)", None, ""),
    "SIGSEGV": ("import ctypes; ctypes.string_at(0)", "kernel_crashed", "SIGSEGV"),
    "SIGABRT": ("os.abort()", "kernel_crashed", "SIGABRT"),
    "sys.exit(3)": ("import sys; sys.exit(3)", "system_exit", "3"),
    "sys.exit('text')": ("import sys; sys.exit('no data today')", "system_exit", "no data today"),
}


@pytest.mark.parametrize("how", ENDS)
def test_an_end_by(faults: Faults, how: str) -> None:
    code, reason, said = ENDS[how]
    running = faults.run(TELL, f"print('last words', flush=True)\ntime.sleep(0.2)\n{code}", "print('never')")
    assert running.states == ["failed"]
    assert said in running.error
    if reason is not None:
        assert running.reason == reason
    cells = running.notebook.cells
    assert cells[1].outputs[0].text == "last words\n"
    assert cells[2].outputs == []


def test_sys_exit_0_ends_the_notebook_early_as_a_success(faults: Faults) -> None:
    """As papermill has it."""
    running = faults.run(TELL, "import sys; sys.exit(0)", "print('never')")
    assert running.states == ["success"]
    assert running.notebook.cells[2].outputs == []
