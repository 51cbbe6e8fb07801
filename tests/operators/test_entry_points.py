"""An operator in a package of its own, really installed: twenty lines, found by its entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "loud"
version = "1"

[project.entry-points."studio.operators"]
shout = "loud:Shout"
broken = "loud:Missing"
shell = "loud:Shout"
"""

PACKAGE = '''
from typing import Annotated

from msgspec import Meta

from studio import Operator


class Shout(Operator):
    """Says something loudly."""

    text: Annotated[str, Meta(description="what is said")]
    times: int = 1

    def run(self, attempt):
        with attempt.cell(self.text) as cell:
            cell.write(self.text.upper())
        return self.text.upper() * self.times
'''

USE = """
import json, sys, tempfile
import loud, studio
from studio import DAG
from studio.errors import StudioError
from studio.worker.kinds import TaskRequest, run_task

with DAG("d") as dag:
    studio.operator("shout")("{{ ds }}", times=2)
    studio.operator(loud.Shout)(text="x")
    studio.operator("shell")("ls")
specs = dag.spec().tasks
request = TaskRequest(
    attempt_id=1, dag_id="d", run_id="r", task_id="t", try_number=1, kind="operator", config=specs[0].config,
    context={"ds": "today"}, directory=tempfile.mkdtemp(),
)
said = {"ids": [s.id for s in specs], "names": [s.config["operator"] for s in specs]}
said["value"] = run_task(request, lambda event: None).value
for name in ("broken", "shoot"):
    try:
        studio.operator(name)
    except StudioError as error:
        said[name] = str(error)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a program says that uses the package."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "loud.py").write_text(PACKAGE)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True)
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(target), root])}
    (target / "use.py").write_text(USE)
    done = subprocess.run([sys.executable, target / "use.py"], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_installed_operator_is_found_by_its_name(said: dict[str, Any]) -> None:
    assert (said["ids"], said["names"], said["value"]) == (
        ["shout", "shout__1", "shell"],
        ["shout", "shout", "shell"],
        "TODAYTODAY",
    )


def test_operator_that_is_not_there_names_the_nearest(said: dict[str, Any]) -> None:
    assert said["shoot"].startswith("There is no operator 'shoot'. Did you mean 'shout'?")
    assert said["broken"].startswith(
        "The operator 'broken' cannot be imported from loud:Missing: AttributeError"
    )
