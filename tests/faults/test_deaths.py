"""A process of the studio or of a notebook is killed at the worst moment (rows 4, 5, 51 of the fault table)."""

from __future__ import annotations

import os
import signal

import pytest

from tests.faults.conftest import HANG_AT_FIRST, TELL, Faults, eventually, gone, oom_score_adj

pytestmark = pytest.mark.acceptance


def test_killed_supervisor_takes_its_kernels_along_and_the_attempt_is_repeated(faults: Faults) -> None:
    running = faults.begin(TELL, HANG_AT_FIRST, task={"retries": 0})
    kernel = running.kernel_pid()
    [supervisor] = faults.processes("studio.worker")
    os.kill(supervisor.pid, signal.SIGKILL)
    assert running.finish() == "success"
    assert running.states == ["lost", "success"]
    assert gone(kernel)
    lost, _ = running.attempts
    assert lost.error is not None and "ended unexpectedly" in lost.error


def test_killed_runner_fails_its_attempt_with_the_signal(faults: Faults) -> None:
    running = faults.begin(TELL, HANG_AT_FIRST, task={"retries": 1, "retry_delay": 0.1})
    kernel = running.kernel_pid()
    for runner in faults.processes("studio.worker.runner"):  # one runs the attempt, the others are idle
        os.kill(runner.pid, signal.SIGKILL)
    assert running.finish() == "success"
    assert running.states == ["failed", "success"]
    assert gone(kernel)
    failed, _ = running.attempts
    assert failed.error is not None and "SIGKILL" in failed.error


def test_killed_kernel_fails_the_attempt_at_once_and_leaves_what_it_did(faults: Faults) -> None:
    running = faults.begin(TELL, "print('half', flush=True)\ntime.sleep(1000)", "print('never')")
    running.seen(cell=1)
    os.kill(running.kernel_pid(), signal.SIGKILL)
    assert running.finish() == "failed"
    assert running.states == ["failed"]
    assert running.reason == "kernel_killed"
    assert "SIGKILL" in running.error
    cells = running.notebook.cells
    assert [output.get("text") for output in cells[0].outputs] == ["told\n"]
    assert cells[1].outputs[-1].ename == "KernelDied"
    assert cells[2].outputs == []


def test_memory_pressure_ends_kernels_before_what_looks_after_them(faults: Faults) -> None:
    running = faults.begin(TELL, "while not os.path.exists('go'):\n    time.sleep(0.02)")
    kernel = running.kernel_pid()
    [supervisor] = faults.processes("studio.worker")
    assert faults.studio.endpoint is not None
    assert oom_score_adj(faults.studio.endpoint.pid) <= 0
    assert oom_score_adj(supervisor.pid) <= 0
    assert oom_score_adj(kernel) >= 500
    (running.folder / "go").touch()
    assert running.finish() == "success"


def test_supervisor_killed_between_two_attempts_is_replaced(faults: Faults) -> None:
    [supervisor] = faults.processes("studio.worker")
    os.kill(supervisor.pid, signal.SIGKILL)
    eventually(lambda: gone(supervisor.pid))
    assert faults.run("print('goes on')").states == ["success"]


def test_killed_fork_server_is_replaced_and_what_it_ran_is_accounted_for(faults: Faults) -> None:
    assert faults.run("1").states == ["success"]  # there is one by now
    eventually(lambda: faults.run("1").attempt.details.get("kernel") == "forked")
    running = faults.begin(TELL, HANG_AT_FIRST, task={"retries": 1, "retry_delay": 0.1})
    kernel = running.kernel_pid()
    for server in faults.fork_servers():
        os.kill(server.pid, signal.SIGKILL)
    assert running.finish() == "success"
    assert running.states in (["failed", "success"], ["lost", "success"])
    assert "kernel" in (running.attempts[0].error or "")
    assert gone(kernel)
    eventually(lambda: faults.run("1").attempt.details.get("kernel") == "forked")
