"""200 notebooks over 8 slots: all succeed, nothing of them is left, and what serves them does not grow."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
import pytest

from studio.client import Client
from studio.core.spec import DagSpec, TaskSpec
from tests.acceptance.conftest import RealStudio
from tests.faults.conftest import eventually

pytestmark = pytest.mark.acceptance

COUNT, EARLY = 200, 50
SLOTS = 8
LONG = 900.0  # seconds; a hang
MIB = 1 << 20
#: Megabytes that the processes which serve kernels may hold more after 200 notebooks than after 50, all together.
#: What each notebook left would be there 150 times: 100 kB of each is found.
ALLOWED_GROWTH = 15.0

CELLS = [
    "n = 0",
    "import os\nprint('notebook', n, flush=True)",
    "table = [i ** 2 for i in range(50_000)]\nprint(sum(table))",
    "import threading\nthread = threading.Thread(target=print, args=('from a thread',))\nthread.start()\nthread.join()",
]


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place of its own for temporary files and sockets, with a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as name:
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        tempfile.tempdir = None
        yield Path(name)
    tempfile.tempdir = None


def many(client: Client, folder: Path, dag_id: str, count: int) -> DagSpec:
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=metadata)).encode()
    digest = client.put_source(content)
    shared = {"path": str(folder / "nb.ipynb"), "digest": digest, "cwd": str(folder)}
    tasks = tuple(
        TaskSpec(id=f"n{i}", kind="notebook", config={**shared, "parameters": {"n": i}}) for i in range(count)
    )
    return DagSpec(id=dag_id, tasks=tasks, max_active_tasks=SLOTS)


def run(client: Client, folder: Path, dag_id: str, count: int) -> None:
    client.publish_dag(many(client, folder, dag_id, count))
    run_id = client.trigger_run(dag_id).run.run_id
    run = client.wait_for_run(dag_id, run_id, timeout=LONG)
    failed = [task.task_id for task in run.tasks if task.state.value != "success"]
    assert not failed, (len(failed), client.get_task(dag_id, run_id, failed[0]).attempts[-1].error)
    assert len(run.tasks) == count
    last = client.get_task(dag_id, run_id, f"n{count - 1}")
    assert len(last.attempts) == 1
    assert (
        client.get_output(dag_id, run_id, f"n{count - 1}").cells[2].outputs[0]["text"]
        == f"notebook {count - 1}\n"
    )


def serving(studio: RealStudio) -> dict[int, str]:
    """The processes that outlive a notebook: supervisor, runners, fork servers. Kernels that wait count too."""
    found = {}
    for process in studio.processes():
        try:
            command = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if "studio.server" not in command:
            found[process.pid] = command
    return found


def memory(studio: RealStudio) -> dict[str, float]:
    """Proportional share of memory in megabytes, by kind of process."""
    sums: dict[str, float] = {}
    for pid, command in serving(studio).items():
        for kind in ("studio.worker.runner", "fork_server", "studio.worker"):
            if kind in command:
                try:
                    sums[kind] = sums.get(kind, 0.0) + psutil.Process(pid).memory_full_info().pss / MIB
                except psutil.Error:  # a kernel that waited, and was replaced
                    pass
                break
    return sums


def open_files(studio: RealStudio) -> dict[str, int]:
    """Numbers of open file descriptors, by kind of process."""
    sums: dict[str, int] = {}
    for pid, command in serving(studio).items():
        kind = "fork_server" if "fork_server" in command else "worker"
        try:
            sums[kind] = max(sums.get(kind, 0), psutil.Process(pid).num_fds())
        except psutil.Error:
            continue
    return sums


def files(folder: Path) -> set[str]:
    return {
        os.path.join(path, name) for path, folders, names in os.walk(folder) for name in (*folders, *names)
    }


def test_two_hundred_notebooks_leave_nothing_behind(
    real_studio: RealStudio, temporary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real_studio.settings = replace(real_studio.settings, slots=SLOTS)
    work = tmp_path / "work"
    work.mkdir()
    with real_studio.start() as client:
        run(client, work, "early", EARLY)
        eventually(lambda: not real_studio.attempt_processes())
        before, held, known, opened = (
            memory(real_studio),
            set(serving(real_studio)),
            files(temporary),
            open_files(real_studio),
        )
        run(client, work, "late", COUNT - EARLY)
        eventually(lambda: not real_studio.attempt_processes())
        after = memory(real_studio)
        with capsys.disabled():
            print(f"\nmemory in MB after {EARLY}: {_shown(before)}; after {COUNT}: {_shown(after)}")

        assert len(serving(real_studio)) <= len(held) + SLOTS  # kernels may wait; none of a notebook is left
        assert files(temporary) - known == set()
        assert files(work) == set()
        now = open_files(real_studio)
        assert all(now[kind] <= opened.get(kind, 0) + 10 for kind in now), (opened, now)
        assert sum(after.values()) - sum(before.values()) < ALLOWED_GROWTH, (before, after)


def _shown(memory: dict[str, float]) -> str:
    return ", ".join(f"{kind} {size:.1f}" for kind, size in sorted(memory.items()))
