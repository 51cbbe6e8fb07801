"""Values on their way through a real studio: from a notebook to functions, to a notebook, to people."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from studio import DAG, function, notebook
from studio.api.models import RunDetail
from studio.cli import main
from studio.cli.doctor import doctor
from studio.client import Client, connect
from studio.errors import Forbidden, NotFound
from studio.settings import Settings
from studio.values.stores import open_store

MODULE = """
import numpy as np
import pandas as pd
import studio

def clean(flights):
    assert list(flights.index.names) == ["flight"], flights.index
    model = studio.load("extract", "model")
    assert model.shape == (2, 3)
    studio.save("odd", {1, 2})
    return {"train": flights[flights["delay"] > 1], "count": len(flights)}

def of_origin(origin):
    return pd.DataFrame({"origin": [origin]})

def together(parts):
    assert len(parts) == 3 and not isinstance(parts, list)
    return "".join(part["origin"][0] for part in parts)

def far():
    return studio.load("extract")

def nothing():
    pass

def counted(folder):
    (folder := __import__("pathlib").Path(folder)).joinpath(str(len(list(folder.iterdir())))).touch()
    return pd.DataFrame({"n": [len(list(folder.iterdir()))]})
"""

EXTRACT = [
    "import pandas as pd, numpy as np, studio",
    "flights = pd.DataFrame({'delay': [1.0, 2.5], 'at': pd.date_range('2013-01-01', periods=2, tz='America/New_York')},"
    " index=pd.Index(['UA1', 'UA2'], name='flight'))",
    "studio.save('model', np.ones((2, 3)))",
    "studio.exit(value=flights)",
]
REPORT = [
    "train = None\ncount: int = 0",
    "assert list(train.index) == ['UA2'] and count == 2, (train, count)",
    "import studio\nstudio.load('clean')['count'], studio.load('clean', 'odd')",
]


def write_notebook(path: Path, cells: list[str]) -> None:
    made: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {"tags": ["parameters"] if source.startswith("train = None") else []},
            "outputs": [],
            "execution_count": None,
        }
        for source in cells
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}))


@pytest.fixture
def client(settings: Settings, tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "passing.py").write_text(MODULE)
    write_notebook(tmp_path / "extract.ipynb", EXTRACT)
    write_notebook(tmp_path / "report.ipynb", REPORT)
    with connect() as made:
        yield made


def call(name: str, tmp_path: Path, **options: Any) -> Any:
    """A task of a function of `MODULE`."""
    spec = importlib.util.spec_from_file_location("passing", tmp_path / "passing.py")
    assert spec is not None and spec.loader is not None
    sys.modules["passing"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return function(getattr(module, name), task_id=name, **options)


def run(client: Client, dag: DAG) -> RunDetail:
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    made = client.trigger_run(dag.dag_id)
    return client.wait_for_run(dag.dag_id, made.run.run_id, timeout=120)


def problems(ended: RunDetail) -> dict[str, str]:
    return {task.task_id: task.state.value for task in ended.tasks if task.state.value != "success"}


def test_values_pass_from_task_to_task(client: Client, tmp_path: Path) -> None:
    with DAG("passing") as dag:
        extract = notebook(tmp_path / "extract.ipynb")
        clean = call("clean", tmp_path, args={"flights": extract.output})
        notebook(
            tmp_path / "report.ipynb",
            parameters={"train": clean.output["train"], "count": clean.output["count"]},
        )
    ended = run(client, dag)
    assert problems(ended) == {}
    run_id = ended.run.run_id
    # What people see of it.
    found = client.list_values("passing", run_id, "extract")
    assert [(value.name, value.type, value.format) for value in found.values] == [
        ("return_value", "pandas.DataFrame", "parquet"),
        ("model", "numpy.ndarray", "npy"),
    ]
    loaded = client.load_value("passing", run_id, "extract")
    expected = pd.DataFrame(
        {"delay": [1.0, 2.5], "at": pd.date_range("2013-01-01", periods=2, tz="America/New_York")},
        index=pd.Index(["UA1", "UA2"], name="flight"),
    )
    pd.testing.assert_frame_equal(loaded, expected)
    np.testing.assert_array_equal(client.load_value("passing", run_id, "extract", "model"), np.ones((2, 3)))
    names = [value.name for value in client.list_values("passing", run_id, "clean").values]
    assert names == ["return_value", "return_value.train", "odd"]
    with pytest.raises(Forbidden, match="is a pickle"):
        client.load_value("passing", run_id, "clean", "odd")
    assert client.load_value("passing", run_id, "clean", "odd", allow_pickle=True) == {1, 2}
    whole = client.load_value("passing", run_id, "clean")
    assert (whole["count"], list(whole["train"].index)) == (2, ["UA2"])
    with pytest.raises(NotFound, match=r"no value 'od'.*Did you mean 'odd'"):
        client.load_value("passing", run_id, "clean", "od")
    with pytest.raises(NotFound, match=r"has no value 'modle'.*Did you mean 'model'"):
        client.get_value("passing", run_id, "extract", "modle")
    # The cell says how the value came.
    output = client.get_output("passing", run_id, "report")
    injected = next(cell.source for cell in output.cells if "studio.load" in cell.source)
    assert injected.splitlines()[1:] == [
        "import studio.values",
        "",
        "train = studio.load('clean')['train']",
        "count = 2",
    ]


def test_the_command_lists_values_and_saves_one_as_a_file(
    client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with DAG("listed") as dag:
        call("of_origin", tmp_path, args={"origin": "JFK"})
    assert problems(run(client, dag)) == {}
    assert main(["tasks", "values", "listed", "of_origin"]) == 0
    told = capsys.readouterr().out
    assert "return_value" in told and "1 × 1" in told
    file = tmp_path / "kept.parquet"
    assert main(["tasks", "values", "listed", "of_origin", "--save", "return_value", str(file)]) == 0
    pd.testing.assert_frame_equal(pd.read_parquet(file), pd.DataFrame({"origin": ["JFK"]}))
    assert main(["tasks", "values", "listed", "of_origin", "--save", "model", str(tmp_path / "x")]) == 1
    assert "has no value 'model'" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_mapped_task_is_loaded_one_by_one(client: Client, tmp_path: Path) -> None:
    with DAG("mapped") as dag:
        parts = call("of_origin", tmp_path).expand(origin=["EWR", "JFK", "LGA"])
        call("together", tmp_path, args={"parts": parts.output})
    ended = run(client, dag)
    assert problems(ended) == {}
    assert client.load_value("mapped", ended.run.run_id, "together") == "EWRJFKLGA"


def test_only_tasks_directly_before_are_loaded(client: Client, tmp_path: Path) -> None:
    with DAG("far") as dag:
        extract = notebook(tmp_path / "extract.ipynb")
        extract >> call("nothing", tmp_path) >> call("far", tmp_path)
    ended = run(client, dag)
    assert problems(ended) == {"far": "failed"}
    error = client.get_task("far", ended.run.run_id, "far").attempts[-1].error
    assert error is not None and "There is no value of a task 'extract' for 'far'" in error
    assert "after=['extract']" in error


def test_values_go_with_their_last_run(client: Client, tmp_path: Path, settings: Settings) -> None:
    with DAG("cleaned") as dag:
        notebook(tmp_path / "extract.ipynb")
    first, second = run(client, dag), run(client, dag)
    found = client.list_values("cleaned", first.run.run_id, "extract").values
    digest = next(value.digest for value in found if value.name == "model")
    assert digest is not None
    kept = Path(settings.value_url) / digest[:2] / digest
    directories = [
        settings.artifact_root / client.get_task("cleaned", each.run.run_id, "extract").attempts[-1].directory
        for each in (first, second)
    ]
    assert kept.is_file() and all(directory.is_dir() for directory in directories)
    os.utime(kept, (0, 0))  # as if it had been saved long ago
    client.delete_runs("cleaned", [first.run.run_id])
    wait_until_gone(directories[0])
    assert kept.is_file() and directories[1].is_dir()
    client.delete_runs("cleaned", [second.run.run_id])
    wait_until_gone(directories[1])
    wait_until_gone(kept)


def test_the_doctor_misses_a_value(
    client: Client, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with DAG("missed") as dag:
        notebook(tmp_path / "extract.ipynb")
    run_id = run(client, dag).run.run_id
    assert doctor_says(capsys) == {"is_well": True, "found": "all are there"}
    found = client.list_values("missed", run_id, "extract").values
    digest = next(value.digest for value in found if value.name == "model")
    assert digest is not None
    (Path(settings.value_url) / digest[:2] / digest).unlink()
    said = f"missed {run_id}: the value model of the task extract is gone"
    assert doctor_says(capsys) == {"is_well": False, "found": said}


def doctor_says(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Of values."""
    capsys.readouterr()
    doctor.main(["--json"], standalone_mode=False)
    findings = json.loads(capsys.readouterr().out)["findings"]
    finding = next(each for each in findings if each["what"] == "values")
    return {name: finding[name] for name in ("is_well", "found")}


def test_a_cached_result_counts_until_it_is_refreshed(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    with DAG("cached") as dag:
        call("counted", tmp_path, args={"folder": str(folder)}, cache=True)
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())

    def ran(**options: Any) -> tuple[int, object]:
        made = client.trigger_run("cached", **options)
        run_id = made.run.run_id
        assert client.wait_for_run("cached", run_id, timeout=120).run.state.value == "success"
        details = client.get_task("cached", run_id, "counted").attempts[-1].details
        source = details.get("cache", {}).get("run_id")
        return int(client.load_value("cached", run_id, "counted")["n"][0]), source

    first = ran(run_id="first")
    assert first == (1, None)
    assert ran() == (1, "first")
    assert ran(run_id="third", refresh_cache=True) == (2, None)
    assert ran() == (2, "third")


def test_values_that_a_kill_has_left_are_removed_by_hand(
    client: Client, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with DAG("kept") as dag:
        notebook(tmp_path / "extract.ipynb")
    run(client, dag)
    store = open_store(settings.value_url)
    left, _ = store.put(lambda path: Path(path).write_bytes(b"left"))
    for file in store.files():
        os.utime(Path(settings.value_url) / file.digest[:2] / file.digest, (0, 0))
    before = {file.digest for file in store.files()}
    assert main(["db", "clean-values", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"unused": 1, "bytes": 4, "removed": 0}
    assert main(["db", "clean-values", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"unused": 1, "bytes": 4, "removed": 1}
    assert {file.digest for file in store.files()} == before - {left}


def wait_until_gone(path: Path) -> None:
    deadline = time.monotonic() + 60
    while path.exists():
        assert time.monotonic() < deadline, f"{path} is still there"
        time.sleep(0.05)
