"""Ten ordinary notebooks: run as they are, as tasks of marked cells, and as a .py DAG file: the same results."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from studio.authoring.parse import parse_file
from studio.cli import main
from studio.client import Client
from studio.client.endpoint import ensure_server
from studio.client.transport import Transport
from studio.settings import Settings

from .analyses import FOLDER, RESULTS, as_json_has_it, assert_same, stations_api, with_results

pytestmark = pytest.mark.acceptance
TIME_LIMIT = 300  # seconds


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Of a studio of its own, ended afterwards with all that it has started."""
    home = tmp_path_factory.mktemp("studio")
    with stations_api() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_HOME", str(home))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
        patch.setenv("STATIONS_URL", url)
        settings = Settings(home, f"sqlite:///{home}/studio.db", home / "dags", slots=2)
        with Client(Transport(ensure_server(settings), None)) as made:
            yield made
        mine = []
        for process in psutil.process_iter():
            try:
                if process.pid != os.getpid() and process.environ().get("STUDIO_HOME") == str(home):
                    mine.append(process)
                    process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(mine, timeout=10)


@dataclass
class Analysis:
    """One notebook in a folder of its own, and what came out of it when it was run as it is."""

    name: str
    folder: Path
    expected: dict[str, Any] = field(default_factory=dict)

    @property
    def notebook(self) -> Path:
        return self.folder / f"{self.name}.ipynb"

    def results(self) -> Any:
        """What the last run has left; it is taken away."""
        path = self.folder / "results.pkl"
        found = pickle.loads(path.read_bytes())
        path.unlink()
        return found

    def run(self, client: Client, file: Path) -> Any:
        """The results of a run of the DAG file on a real server."""
        assert main(["dags", "publish", str(file)]) == 0
        (spec,) = parse_file(file).specs
        run = client.trigger_run(spec.id)
        detail = client.wait_for_run(spec.id, run.run.run_id, timeout=TIME_LIMIT)
        states = {task.task_id: task.state.value for task in detail.tasks}
        assert {*states.values()} == {"success"}, states
        return self.results()


@pytest.fixture(scope="module", params=sorted(RESULTS))
def analysis(
    request: pytest.FixtureRequest, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> Analysis:
    made = Analysis(request.param, tmp_path_factory.mktemp(request.param))
    made.notebook.write_text(json.dumps(with_results(made.name, made.folder / "results.pkl")))
    notebook = nbformat.read(made.notebook, as_version=4)
    NotebookClient(notebook, timeout=TIME_LIMIT, resources={"metadata": {"path": str(made.folder)}}).execute()
    made.expected = made.results()
    assert tuple(made.expected) == RESULTS[made.name]
    assert main(["dags", "from-notebook", str(made.notebook), "--name", f"{made.name}_cells", "--yes"]) == 0
    return made


def test_all_analyses_are_compared() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(RESULTS)


def test_as_tasks_a_notebook_gives_the_same_results(analysis: Analysis, client: Client) -> None:
    found = analysis.run(client, analysis.folder / f"{analysis.name}_dag.ipynb")
    assert_same(found, analysis.expected)


def test_as_cells_in_a_kernel_it_gives_the_same_results(analysis: Analysis) -> None:
    notebook = nbformat.read(analysis.folder / f"{analysis.name}_dag.ipynb", as_version=4)
    nbformat.validate(notebook)
    NotebookClient(
        notebook, timeout=TIME_LIMIT, resources={"metadata": {"path": str(analysis.folder)}}
    ).execute()
    assert_same(analysis.results(), analysis.expected)


def test_as_functions_it_gives_the_same_results(analysis: Analysis, client: Client) -> None:
    cells, file = analysis.folder / f"{analysis.name}_dag.ipynb", analysis.folder / f"{analysis.name}.py"
    assert main(["dags", "to-python", str(cells), "-o", str(file)]) == 0
    assert main(["dags", "check", str(file)]) == 0
    assert _graph(file) == _graph(cells)
    assert_same(as_json_has_it(analysis.run(client, file)), as_json_has_it(analysis.expected))


def _graph(file: Path) -> Any:
    (spec,) = parse_file(file).specs
    tasks = [(task.id, sorted(task.upstream), task.retries) for task in spec.tasks]
    return spec.id, tasks, spec.params, spec.schedule
