"""A notebook run from publish to output, cancelled, and seen while it runs: real server, worker, kernel."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest

from studio.api.models import OutputChanged, TaskDetail
from studio.client import Client
from studio.core.spec import DagSpec, TaskSpec
from tests.acceptance.conftest import RealStudio

pytestmark = pytest.mark.acceptance

GENEROUS = 60.0  # seconds until something that must happen is called missing


def one_notebook(client: Client, folder: Path, *cells: str) -> DagSpec:
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells], metadata=metadata
    )
    digest = client.put_source(nbformat.writes(notebook).encode())
    config = {"path": str(folder / "nb.ipynb"), "digest": digest, "cwd": str(folder), "parameters": {}}
    return DagSpec(id="one", tasks=(TaskSpec(id="nb", kind="notebook", config=config),))


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GENEROUS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def latest(client: Client, run_id: str) -> TaskDetail:
    return client.get_task("one", run_id, "nb")


def test_cancel_leaves_no_process_and_keeps_the_partial_notebook(
    real_studio: RealStudio, tmp_path: Path
) -> None:
    start_stubborn = (
        "import subprocess, sys\n"
        "code = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)'\n"
        "child = subprocess.Popen([sys.executable, '-c', code], start_new_session=True)\n"
        "print('child', child.pid, flush=True)"
    )
    with real_studio.start() as client:
        client.publish_dag(one_notebook(client, tmp_path, start_stubborn, "import time\ntime.sleep(1000)"))
        run_id = client.trigger_run("one").run.run_id
        wait_until(lambda: client.get_output("one", run_id, "nb").cells_done == 1)
        said = client.get_output("one", run_id, "nb").cells[0].outputs[0]["text"]
        child = int(said.split()[1])
        assert psutil.pid_exists(child)

        client.cancel_run("one", run_id)
        run = client.wait_for_run("one", run_id, timeout=GENEROUS)

        assert (run.run.state.value, run.tasks[0].state.value) == ("cancelled", "cancelled")
        assert not psutil.pid_exists(child)
        assert real_studio.attempt_processes() == []
        [attempt] = latest(client, run_id).attempts
        assert attempt.state.value == "cancelled"
        kept = nbformat.reads(client.get_notebook("one", run_id, "nb").decode(), as_version=4)
        assert kept.cells[0].outputs[0].text == said


def test_outputs_are_seen_while_the_notebook_runs_also_after_a_crash_of_the_server(
    real_studio: RealStudio, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    look = f"while not os.path.exists({str(gate)!r}):\n    time.sleep(0.05)"
    waiting = f"import os, time\nprint('before', flush=True)\n{look}"
    with real_studio.start() as client:
        client.publish_dag(one_notebook(client, tmp_path, waiting, "print('after')"))
        run_id = client.trigger_run("one").run.run_id
        for message in client.follow(outputs=[f"one/{run_id}/nb/-1"]):
            if isinstance(message, OutputChanged) and any(cell.outputs for cell in message.cells):
                break
        assert latest(client, run_id).task.state.value == "running"
    real_studio.kill_server()

    with real_studio.start() as client:
        wait_until(lambda: bool(client.get_output("one", run_id, "nb").cells[0].outputs))
        assert client.get_output("one", run_id, "nb").cells[0].outputs[0]["text"] == "before\n"
        assert latest(client, run_id).task.state.value == "running"
        gate.touch()
        assert client.wait_for_run("one", run_id, timeout=GENEROUS).run.state.value == "success"
        assert len(latest(client, run_id).attempts) == 1
        cells = client.get_output("one", run_id, "nb").cells
        assert [cell.outputs[0]["text"] for cell in cells] == ["before\n", "after\n"]


def test_failed_notebook_keeps_its_output_and_is_repeated_by_a_clear(
    real_studio: RealStudio, tmp_path: Path
) -> None:
    flag = tmp_path / "fixed"
    with real_studio.start() as client:
        cells = ("print('first cell')", f"import os\nassert os.path.exists({str(flag)!r}), 'not fixed yet'")
        client.publish_dag(one_notebook(client, tmp_path, *cells))
        run_id = client.trigger_run("one").run.run_id
        run = client.wait_for_run("one", run_id, timeout=GENEROUS)
        assert run.run.state.value == "failed"
        [attempt] = latest(client, run_id).attempts
        assert attempt.error is not None and "not fixed yet" in attempt.error
        output = client.get_output("one", run_id, "nb")
        assert [cell.state for cell in output.cells] == ["success", "failed"]
        assert output.cells[1].outputs[-1]["ename"] == "AssertionError"

        flag.touch()
        client.clear_tasks("one", run_id, ["nb"])
        assert client.wait_for_run("one", run_id, timeout=GENEROUS).run.state.value == "success"
        assert [attempt.state.value for attempt in latest(client, run_id).attempts] == ["failed", "success"]
        first = client.get_output("one", run_id, "nb", try_number=1)
        assert first.cells[1].state == "failed"  # history stays
