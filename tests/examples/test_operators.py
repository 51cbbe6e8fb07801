"""Every example of an operator, by the real product: parsed as a DAG file, published, run by workers, looked at.

A new notebook in `notebooks/operators` is run without a word here: then no task of it may fail. What it needs, and what
comes out, stands in `EXAMPLES`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from studio.api.models import RunDetail
from studio.authoring.parse import parse_file
from studio.client import Client
from studio.client.endpoint import ensure_server
from studio.client.transport import Transport
from studio.core.states import RUN_TERMINAL, TaskState
from studio.settings import Settings

from ..operators.web import Web, serving

FOLDER = Path(__file__).parents[2] / "notebooks" / "operators"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
TIME_LIMIT = 300  # seconds until all of them have ended


@dataclass(frozen=True)
class Example:
    """What an example needs and what comes out: in a param `{}` is the server's address, `{folder}` a directory."""

    params: dict[str, Any] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)  # of tasks that do not succeed
    values: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, list[str]] = field(default_factory=dict)  # sources that are shown
    answers: dict[str, list[str]] = field(default_factory=dict)  # what a person says


EXAMPLES = {
    "shell": Example(
        values={"made": "flights of 2013; echo never\nsecond\nthird", "counted": "3"},
        cells={
            "made": ["printf '%s\\n' 'flights of 2013; echo never' second third"],
            "counted": ['echo "$LINES_MADE" | wc -l'],
        },
    ),
    "http": Example(params={"url": "{}"}),
    "http_sensor": Example(params={"url": "{}"}, values={"go_on": "ready"}),
    "file_sensor": Example(params={"folder": "{folder}"}, values={"read": "origin,delay"}),
    "branch": Example(states={"evening": "skipped"}, values={"choose": "morning", "morning": "good morning"}),
    "short_circuit": Example(states={"load": "skipped"}, values={"is_there_something": False}),
    "approval": Example(values={"publish": "published"}, answers={"approval": ["Approve"]}),
    "python": Example(values={"late": {"late": [33, 20], "median": 26.5}, "doubled": 53.0}),
    "python_environment": Example(values={"versions": {"six": True, "is_virtual": True}}),
    "sql": Example(
        params={"url": "sqlite:///{folder}/example.db"},
        values={
            "joined": [{"origin": "EWR", "name": "Newark"}],
            "described": [["EWR", "JFK"], [False, True], 2],
        },
    ),
    "wait": Example(values={"go_on": "go on"}),
    "trigger_dag": Example(
        values={"load": "loaded 2013-01-01", "report": "loaded by example_trigger_dag_load"}
    ),
    "dag_sensor": Example(values={"report": "running"}),
    "asset_sensor": Example(values={"report": "made by make"}),
    "custom": Example(cells={"words": ["the commonest words of word_count.py"]}),
}


@dataclass
class Ended:
    """The runs of one example, in the order of its DAGs."""

    client: Client
    runs: list[RunDetail]

    def value(self, task_id: str) -> Any:
        return self._task(task_id).attempts[-1].value

    def sources(self, task_id: str) -> list[str]:
        run = self._run(task_id).run
        return [cell.source for cell in self.client.get_output(run.dag_id, run.run_id, task_id).cells]

    def _run(self, task_id: str) -> RunDetail:
        return next(run for run in self.runs if any(task.task_id == task_id for task in run.tasks))

    def _task(self, task_id: str) -> Any:
        run = self._run(task_id).run
        return self.client.get_task(run.dag_id, run.run_id, task_id)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with serving() as found:
        found.pages["/job"] = (200, "application/json", b'{"state": "running"}')
        yield found


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Of a studio of its own."""
    home = tmp_path_factory.mktemp("studio")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_HOME", str(home))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
        settings = Settings(home, f"sqlite:///{home}/studio.db", home / "dags", slots=2)
        with Client(Transport(ensure_server(settings), None)) as made:
            yield made
        _end_all(home)


@pytest.fixture(scope="module")
def ended(
    client: Client, web: Web, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Ended | Exception]]:
    """All examples, run at the same time."""
    folder = str(tmp_path_factory.mktemp("data"))
    runs: dict[str, list[tuple[str, str]]] = {}
    faults: dict[str, Exception] = {}
    for name in NAMES:
        try:
            runs[name] = _started(client, name, {"{}": web.url, "{folder}": folder})
        except Exception as error:  # the others go on
            faults[name] = error
    details = _wait(client, runs, web)
    yield {**{name: Ended(client, found) for name, found in details.items()}, **faults}


def _started(client: Client, name: str, places: dict[str, str]) -> list[tuple[str, str]]:
    parsed = parse_file(FOLDER / f"{name}.ipynb")
    assert parsed.error is None, parsed.error
    for spec in parsed.specs:
        client.publish_dag(spec, parsed.sources.values())
        client.update_dag(spec.id, paused=False)
    started = []
    for spec in parsed.specs:
        given = EXAMPLES.get(name, Example()).params
        params = {key: _placed(value, places) for key, value in given.items() if key in spec.params}
        made = client.trigger_run(spec.id, params=params)
        started.append((spec.id, made.run.run_id))
    return started


def _placed(value: Any, places: dict[str, str]) -> Any:
    for mark, place in places.items():
        value = value.replace(mark, place) if isinstance(value, str) else value
    return value


def _wait(client: Client, runs: dict[str, list[tuple[str, str]]], web: Web) -> dict[str, list[RunDetail]]:
    deadline = time.monotonic() + TIME_LIMIT
    found: dict[str, list[RunDetail]] = {}
    begin = time.monotonic()
    while time.monotonic() < deadline:
        for waiting in client.list_approvals().approvals:
            answers = EXAMPLES[waiting.dag_id.removeprefix("example_")].answers
            if (answer := answers.get(waiting.task.task_id)) is not None:
                client.respond(waiting.dag_id, waiting.run_id, waiting.task.task_id, answer)
        if time.monotonic() - begin > 3:
            web.pages["/job"] = (200, "application/json", b'{"state": "ready"}')
        found = {name: [client.get_run(*each) for each in made] for name, made in runs.items()}
        if all(detail.run.state in RUN_TERMINAL for details in found.values() for detail in details):
            break
        time.sleep(0.2)
    return found


def _end_all(home: Path) -> None:
    """Server and workers, known by the home in their environment."""
    mine = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("STUDIO_HOME") == str(home):
                mine.append(process)
                process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(mine, timeout=10)


@pytest.mark.acceptance
@pytest.mark.parametrize("name", NAMES)
def test_example_does_what_it_says(ended: dict[str, Ended | Exception], name: str) -> None:
    found = ended[name]
    if isinstance(found, Exception):
        raise found
    example = EXAMPLES.get(name, Example())
    failures = []
    for detail in found.runs:
        for task in detail.tasks:
            expected = example.states.get(task.task_id, "success")
            if task.state != TaskState(expected):
                about = found.client.get_task(detail.run.dag_id, detail.run.run_id, task.task_id)
                said = about.attempts[-1].error if about.attempts else "no attempt"
                failures.append(f"{task.task_id} is {task.state.value}, not {expected}: {said}")
    assert not failures, "\n".join(failures)
    assert {task: found.value(task) for task in example.values} == example.values
    assert {task: found.sources(task) for task in example.cells} == example.cells


@pytest.mark.acceptance
def test_request_of_the_example_is_the_value_of_the_one_before(ended: dict[str, Ended | Exception]) -> None:
    found = ended["http"]
    assert isinstance(found, Ended)
    asked, sent = found.value("asked"), found.value("sent")
    assert asked["path"].endswith("&q=a%26b")
    assert json.loads(sent["body"]) == {"path": asked["path"]}


@pytest.mark.parametrize("name", NAMES)
def test_example_ends_with_the_drawn_dag(name: str) -> None:
    cells = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    assert cells[0]["cell_type"] == "markdown"
    assert "".join(cells[-1]["source"]).strip() == "dag"


@pytest.mark.acceptance
def test_what_an_operator_shows_is_a_notebook_for_whoever_asks(ended: dict[str, Ended | Exception]) -> None:
    found = ended["shell"]
    assert isinstance(found, Ended)
    run = found.runs[0].run
    notebook = nbformat.reads(found.client.get_notebook(run.dag_id, run.run_id, "made"), as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].outputs[0].text == "flights of 2013; echo never\nsecond\nthird\n"
    page = found.client.export_task(run.dag_id, run.run_id, "made", "html")
    assert "flights of 2013; echo never" in page.decode()
    assert found.client.get_log_text(run.dag_id, run.run_id, "made").splitlines()[-1].endswith(b"third")
