"""One real studio for the faults of a module: each must leave it able to run the next notebook."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from studio.api.models import AttemptInfo, TaskDetail
from studio.client import Client
from studio.core.spec import DagSpec, TaskSpec
from tests.acceptance.conftest import RealStudio

GENEROUS = 90.0  # seconds until something that must happen is called missing

#: A cell that tells the test its process, once per attempt, and leaves the first attempt only if the test lets it.
TELL = "import json, os, time\nopen('pids', 'a').write(f'{os.getpid()}\\n')\nprint('told', flush=True)"
HANG_AT_FIRST = "if open('pids').read().count('\\n') == 1:\n    time.sleep(1000)"


class Faults:
    """Runs notebooks of one task in a real studio."""

    def __init__(self, studio: RealStudio, client: Client, folder: Path) -> None:
        self.studio = studio
        self.client = client
        self._folder = folder
        self._numbers = itertools.count()

    def begin(
        self,
        *cells: str,
        kernel: str = "python3",
        content: bytes | None = None,
        task: Any = None,
        **config: Any,
    ) -> Running:
        """Publish and trigger a notebook of these cells, or with this `content`.

        `task`: options of the task, `config`: of the notebook.
        """
        dag_id = f"fault{next(self._numbers)}"
        folder = self._folder / dag_id
        folder.mkdir()
        metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
        made = [nbformat.v4.new_code_cell(source) for source in cells]
        notebook = nbformat.v4.new_notebook(cells=made, metadata=metadata)
        digest = self.client.put_source(nbformat.writes(notebook).encode() if content is None else content)
        config = {
            "path": str(folder / "nb.ipynb"),
            "digest": digest,
            "cwd": str(folder),
            "parameters": {},
            **config,
        }
        spec = TaskSpec(id="nb", kind="notebook", config=config, **(task or {}))
        self.client.publish_dag(DagSpec(id=dag_id, tasks=(spec,)))
        return Running(self, dag_id, self.client.trigger_run(dag_id).run.run_id, folder)

    def run(self, *cells: str, **more: Any) -> Running:
        """The same, and wait for its end; none of its processes may be left."""
        running = self.begin(*cells, **more)
        running.finish()
        eventually(lambda: not self.studio.attempt_processes())
        return running

    def processes(self, module: str) -> list[psutil.Process]:
        """Of this studio that were started as `python -m module`."""
        found = []
        for process in self.studio.processes():
            try:
                if module in process.cmdline():
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def fork_servers(self) -> list[psutil.Process]:
        """Of this studio; their kernels are children of theirs and are not among them."""
        found = [p for p in self.studio.processes() if any("fork_server" in part for part in _command(p))]
        pids = {process.pid for process in found}
        return [process for process in found if process.ppid() not in pids]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


class Running:
    """A run of one notebook."""

    def __init__(self, faults: Faults, dag_id: str, run_id: str, folder: Path) -> None:
        self._client = faults.client
        self.dag_id = dag_id
        self.run_id = run_id
        self.folder = folder

    def detail(self) -> TaskDetail:
        return self._client.get_task(self.dag_id, self.run_id, "nb")

    def finish(self) -> str:
        """The state of the run, once it has ended."""
        return self._client.wait_for_run(self.dag_id, self.run_id, timeout=GENEROUS).run.state.value

    def kernel_pid(self) -> int:
        """What the cell `TELL` has told, of the latest attempt."""
        path = self.folder / "pids"
        eventually(lambda: path.exists() and path.read_text().endswith("\n"))
        return int(path.read_text().split()[-1])

    def seen(self, cell: int) -> list[dict[str, Any]]:
        """The outputs of a cell, as far as it has come; waits for the first."""

        def outputs() -> list[dict[str, Any]]:
            cells = self._client.get_output(self.dag_id, self.run_id, "nb").cells
            return cells[cell].outputs if len(cells) > cell else []

        eventually(outputs)
        return outputs()

    @property
    def attempts(self) -> list[AttemptInfo]:
        return self.detail().attempts

    @property
    def states(self) -> list[str]:
        return [attempt.state.value for attempt in self.attempts]

    @property
    def attempt(self) -> AttemptInfo:
        """The only one."""
        [attempt] = self.attempts
        return attempt

    @property
    def error(self) -> str:
        return self.attempt.error or ""

    @property
    def reason(self) -> str | None:
        reason = self.attempt.details.get("reason")
        return None if reason is None else str(reason)

    @property
    def notebook(self) -> Any:
        """The executed notebook, whole or in part."""
        content = self._client.get_notebook(self.dag_id, self.run_id, "nb").decode()
        return nbformat.reads(content, as_version=4)


def eventually(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + GENEROUS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def install_kernelspec(folder: Path, name: str, argv: list[str], language: str = "python") -> None:
    """A kernelspec in `folder`, which is in JUPYTER_PATH."""
    directory = folder / "kernels" / name
    directory.mkdir(parents=True)
    spec = {"argv": argv, "display_name": name, "language": language}
    (directory / "kernel.json").write_text(json.dumps(spec))


@pytest.fixture(scope="module")
def jupyter_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which kernelspecs are found, besides those that are installed."""
    return tmp_path_factory.mktemp("jupyter")


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory, jupyter_path: Path) -> Iterator[Faults]:
    place = tmp_path_factory.mktemp("studio")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_HOME", str(place / "home"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(place / "runtime"))
        patch.setenv("JUPYTER_PATH", str(jupyter_path))
        patch.setenv("IPYTHONDIR", str(place / "ipython"))
        studio = RealStudio(place / "home")
        (place / "work").mkdir()
        try:
            with studio.start() as client:
                yield Faults(studio, client, place / "work")
        finally:
            eventually(lambda: not _killed(studio))


def _killed(studio: RealStudio) -> list[psutil.Process]:
    left = studio.processes()
    for process in left:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(left, timeout=5)
    return left


def gone(pid: int) -> bool:
    """Whether no such process runs."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def oom_score_adj(pid: int) -> int:
    """How readily the system kills `pid` when memory is short: -1000 … 1000."""
    with open(f"/proc/{pid}/oom_score_adj") as file:
        return int(file.read())
