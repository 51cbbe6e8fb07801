"""Notebooks in another language, and in another environment: they run as any other, parameters included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from studio.client import Client
from studio.core.spec import DagSpec, TaskSpec
from tests.acceptance.conftest import RealStudio
from tests.faults.conftest import install_kernelspec

pytestmark = pytest.mark.acceptance

PIP_TIMEOUT = 600  # seconds; a hang of the network


def run(client: Client, folder: Path, kernel: str, language: str, cells: list[str], **parameters: Any) -> Any:
    """Publish and run a notebook whose first cell has the defaults; the attempt, and the executed notebook."""
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": language}}
    made = [nbformat.v4.new_code_cell(source) for source in cells]
    made[0].metadata["tags"] = ["parameters"]
    notebook = nbformat.v4.new_notebook(cells=made, metadata=metadata)
    digest = client.put_source(nbformat.writes(notebook).encode())
    path = str(folder / "nb.ipynb")
    config = {"path": path, "digest": digest, "cwd": str(folder), "parameters": parameters}
    client.publish_dag(DagSpec(id="other", tasks=(TaskSpec(id="nb", kind="notebook", config=config),)))
    run_id = client.trigger_run("other").run.run_id
    client.wait_for_run("other", run_id, timeout=120)
    [attempt] = client.get_task("other", run_id, "nb").attempts
    executed = nbformat.reads(client.get_notebook("other", run_id, "nb").decode(), as_version=4)
    return attempt, executed


@pytest.fixture
def jupyter_path(tmp_path: Path, studio_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the studio, which is not started yet, also looks for kernelspecs."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    return tmp_path / "jupyter"


def test_a_notebook_in_bash_runs_with_its_parameters(
    jupyter_path: Path, real_studio: RealStudio, tmp_path: Path
) -> None:
    argv = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    install_kernelspec(jupyter_path, "bash", argv, language="bash")
    cells = ['greeting="hello"\ntimes=1', 'for i in $(seq $times); do echo "$greeting $i"; done', "pwd"]
    with real_studio.start() as client:
        attempt, executed = run(
            client, tmp_path, "bash", "bash", cells, greeting="good day, $HOME `id`", times=2
        )
        assert attempt.state.value == "success", attempt.error
        assert [cell.metadata.get("tags") for cell in executed.cells[:2]] == [
            ["parameters"],
            ["injected-parameters"],
        ]
        assert executed.cells[2].outputs[0].text == "good day, $HOME `id` 1\ngood day, $HOME `id` 2\n"
        assert executed.cells[3].outputs[0].text.strip() == str(tmp_path)
        assert attempt.details["kernel"] == "spawned"
        assert attempt.details["kernel_name"] == "bash"

        failed, executed = run(client, tmp_path, "bash", "bash", ["x=1", "echo before\nfalse", "echo after"])
        assert failed.state.value == "failed"
        assert failed.error is not None
        assert failed.error.startswith("The cell at index 1 failed: 1")  # all that bash says is the code
        assert executed.cells[1].outputs[0].text == "before\n"
        assert executed.cells[2].outputs == []


def test_a_notebook_in_another_environment_runs_there(
    jupyter_path: Path, real_studio: RealStudio, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", str(other)], check=True)
    python = str(other / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "ipykernel"]
    subprocess.run(install, check=True, timeout=PIP_TIMEOUT)
    install_kernelspec(
        jupyter_path, "other-env", [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    )
    cells = [
        "n: int = 1\nday = 'none'",
        "import sys\nprint(n + 1, day, sys.prefix)",
        "import importlib.util\nprint([m for m in ('papermill', 'studio', 'pandas') if importlib.util.find_spec(m)])",
        "raise ValueError('as any other')",
    ]
    with real_studio.start() as client:
        for _ in range(2):  # a second time, for what was made ready by the first
            attempt, executed = run(client, tmp_path, "other-env", "python", cells, n=41, day="2013-01-01")
            assert attempt.state.value == "failed"
            assert attempt.error.startswith("ValueError: as any other")
            assert attempt.details["reason"] == "cell_failed"
            assert executed.cells[2].outputs[0].text == f"42 2013-01-01 {other}\n"
            assert executed.cells[3].outputs[0].text == "[]\n"
