"""kill -9 of the server at ten moments of a run of 30 tasks: all succeed, each attempt started once, no orphans."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from studio.client import Client
from studio.core.spec import DagSpec, TaskSpec
from tests.acceptance.conftest import RealStudio

pytestmark = pytest.mark.acceptance

TASK_MODULE = """
import os, time

def work(journal, seconds):
    with open(journal, "a") as file:
        file.write(os.environ["STUDIO_TASK_ID"] + " " + os.environ["STUDIO_ATTEMPT"] + "\\n")
    time.sleep(seconds)
    return os.environ["STUDIO_TASK_ID"]
"""
NOTEBOOK_CELLS = [
    "import os, time",
    "with open({journal!r}, 'a') as file:\n"
    "    file.write(os.environ['STUDIO_TASK_ID'] + ' ' + os.environ['STUDIO_ATTEMPT'] + '\\n')",
    "for i in range(5):\n    print('step', i)\n    time.sleep(0.2)",
]


def thirty_tasks(folder: Path, client: Client) -> DagSpec:
    """Three notebooks and 27 functions in five layers; each task notes its attempt when it begins."""
    folder.mkdir(exist_ok=True)
    journal = str(folder / "journal.txt")
    (folder / "crash_tasks.py").write_text(TASK_MODULE)
    cells = [nbformat.v4.new_code_cell(source.format(journal=journal)) for source in NOTEBOOK_CELLS]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=metadata)).encode()
    digest = client.put_source(content)
    assert digest == hashlib.sha256(content).hexdigest()
    tasks: list[TaskSpec] = []
    for layer in range(5):
        upstream = tuple(task.id for task in tasks if task.id.startswith(f"t{layer - 1}_"))
        for i in range(6):
            config: dict[str, object]
            if i == 0 and layer in (0, 2, 4):
                kind = "notebook"
                config = {
                    "path": str(folder / "nb.ipynb"),
                    "digest": digest,
                    "cwd": str(folder),
                    "parameters": {},
                }
            else:
                kind = "function"
                args = {"journal": journal, "seconds": 0.25}
                config = {"function": "crash_tasks:work", "args": args, "path": [str(folder)]}
            tasks.append(TaskSpec(id=f"t{layer}_{i}", kind=kind, upstream=upstream, config=config))
    return DagSpec(id="crash", tasks=tuple(tasks))


def done(client: Client, run_id: str) -> int:
    return sum(task.ended_at is not None for task in client.get_run("crash", run_id).tasks)


def test_run_survives_kill_9_of_the_server_at_ten_moments(real_studio: RealStudio, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    with real_studio.start() as client:
        client.publish_dag(thirty_tasks(folder, client))
        run_id = client.trigger_run("crash").run.run_id
    killed_at = []
    for moment in range(10):
        with real_studio.start() as client:
            while (finished := done(client, run_id)) < moment * 3:
                pass
        killed_at.append(finished)
        real_studio.kill_server()

    with real_studio.start() as client:
        run = client.wait_for_run("crash", run_id, timeout=120)
        assert run.run.state.value == "success"
        assert {task.state.value for task in run.tasks} == {"success"}
        attempts = {
            task.task_id: client.get_task("crash", run_id, task.task_id).attempts for task in run.tasks
        }
        workers = {attempt.worker for [attempt] in attempts.values()}

    assert killed_at[0] < 30 and len(set(killed_at)) >= 6  # they were different moments, and inside the run
    started = Counter((folder / "journal.txt").read_text().splitlines())
    assert set(started.values()) == {1}
    assert set(started) == {f"{task} {attempt.id}" for task, [attempt] in attempts.items()}
    assert len(workers) == 1  # one worker lived through it all
    assert real_studio.attempt_processes() == []
