"""Defining DAGs in Python: what becomes of it, and how mistakes are told. Cells are run as a kernel runs them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from studio import DAG, function, notebook
from studio.core.spec import CronSpec, DagSpec, TaskSpec
from studio.errors import InvalidDag, InvalidInput, InvalidName, InvalidParameter, InvalidSchedule


def cell(source: str) -> dict[str, Any]:
    """Run `source` as a cell: its names have no `__file__`."""
    names: dict[str, Any] = {"__name__": "__main__", "DAG": DAG, "notebook": notebook, "function": function}
    exec(compile(source, "<cell>", "exec"), names)
    return names


def upstream(dag: DAG) -> dict[str, tuple[str, ...]]:
    return {task.task_id: task.upstream for task in dag.tasks}


def test_spec_is_the_whole_dag(work: Path) -> None:
    dag = cell(
        """
with DAG("flights", schedule="@daily", start_date="2013-01-01", end_date="2013-12-31", tags=["ny"],
         params={"n": 1}, max_active_runs=2, catchup="all", description="Delays") as dag:
    extract = notebook("extract.ipynb", parameters={"day": "{{ ds }}"}, retries=1, retry_delay="5 min")
    report = notebook("report.ipynb", after=extract, kernel_name="python3", timeout=60)
"""
    )["dag"]
    digest = hashlib.sha256((work / "extract.ipynb").read_bytes()).hexdigest()
    common = {"digest": digest, "cwd": str(work)}
    assert dag.spec() == DagSpec(
        id="flights",
        description="Delays",
        schedule=CronSpec("@daily"),
        start_date="2013-01-01",
        end_date="2013-12-31",
        tags=("ny",),
        params={"n": 1},
        max_active_runs=2,
        catchup="all",
        tasks=(
            TaskSpec(
                id="extract",
                kind="notebook",
                retries=1,
                config={"path": str(work / "extract.ipynb"), "parameters": {"day": "{{ ds }}"}, **common},
            ),
            TaskSpec(
                id="report",
                kind="notebook",
                upstream=("extract",),
                timeout=60.0,
                config={
                    "path": str(work / "report.ipynb"),
                    "parameters": {},
                    "kernel_name": "python3",
                    **common,
                },
            ),
        ),
    )


def test_snapshot_holds_the_notebooks_of_now(work: Path) -> None:
    dag = cell("with DAG('d') as dag: notebook('plain.ipynb')")["dag"]
    (work / "plain.ipynb").write_text((work / "plain.ipynb").read_text().replace("print(1)", "print(2)"))
    content = (work / "plain.ipynb").read_bytes()
    assert dag.snapshot().sources == {hashlib.sha256(content).hexdigest(): content}


def test_arrows_and_lists(work: Path) -> None:
    dag = cell(
        """
with DAG("d") as dag:
    a, b, c, d, e = (notebook("plain.ipynb", task_id=name) for name in "abcde")
a >> [b, c] >> d
e << d
[b, c] << e.dag["a"]
"""
    )["dag"]
    assert upstream(dag) == {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "e": ("d",)}


def test_after_takes_tasks_ids_and_lists(work: Path) -> None:
    dag = cell(
        """
with DAG("d") as dag:
    a = notebook("plain.ipynb", task_id="a")
    b = notebook("plain.ipynb", task_id="b", after="a")
    notebook("plain.ipynb", task_id="c", after=[a, "b"])
"""
    )["dag"]
    assert upstream(dag) == {"a": (), "b": ("a",), "c": ("a", "b")}


def test_default_args_give_way(work: Path) -> None:
    dag = cell(
        """
with DAG("d", default_args={"retries": 3, "retry_delay": 10}) as dag:
    notebook("plain.ipynb", task_id="a")
    notebook("plain.ipynb", task_id="b", retries=0)
"""
    )["dag"]
    assert [(task.retries, task.retry_delay) for task in dag.spec().tasks] == [(3, 10.0), (0, 10.0)]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (90, 90.0),
        ("90 s", 90.0),
        ("5 min", 300.0),
        ("1 h 30 min", 5400.0),
        ("2days", 172800.0),
        (timedelta(hours=1), 3600.0),
    ],
)
def test_durations(work: Path, given: Any, wanted: float) -> None:
    with DAG("d", start_date=date(2013, 1, 1)) as dag:
        notebook(work / "plain.ipynb", retry_delay=given)
    assert dag.spec().tasks[0].retry_delay == wanted


def test_a_file_finds_its_neighbours(work: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (work / "my_dag.py").write_text(
        "from studio import DAG, notebook\nwith DAG('d') as dag:\n    notebook('plain.ipynb')\n"
        "print(dag.spec().tasks[0].config['path'], dag.spec().origin)\n"
    )
    shown = subprocess.run(
        [sys.executable, str(work / "my_dag.py")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.split() == [str(work / "plain.ipynb"), str(work / "my_dag.py")]


def test_functions_by_name_and_by_object(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (work / "steps_of_test.py").write_text("def load(day): return day\n")
    monkeypatch.syspath_prepend(str(work))
    dag = cell(
        """
import steps_of_test
with DAG("d") as dag:
    a = function("steps_of_test:load", args={"day": "{{ ds }}"})
    b = function(steps_of_test.load, task_id="b", after=a)
"""
    )["dag"]
    config = {"function": "steps_of_test:load", "path": [str(work)]}
    assert [task.config for task in dag.spec().tasks] == [
        {**config, "args": {"day": "{{ ds }}"}},
        {**config, "args": {}},
    ]


# --- mistakes ------------------------------------------------------------------------------------------------

MISTAKES: list[tuple[str, type[Exception], str]] = [
    ("DAG('d', shedule='@daily')", TypeError, "takes no 'shedule'. Did you mean 'schedule'?"),
    ("DAG('d', catchup='lates')", InvalidInput, "Did you mean 'latest'?"),
    (
        "DAG('d', default_args={'retrys': 1})",
        InvalidInput,
        "default_args takes no 'retrys'. Did you mean 'retries'?",
    ),
    ("DAG('a/b')", InvalidName, "'/'"),
    ("DAG('d', schedule=5)", InvalidSchedule, "which is none"),
    ("DAG('d', params={'x': {1}})", InvalidParameter, "not a JSON value"),
    ("notebook('plain.ipynb')", InvalidInput, "none is open. Write it into a `with DAG('name') as dag:`"),
    ("with DAG('d'): notebook('extrct.ipynb')", InvalidInput, "Did you mean 'extract.ipynb'?"),
    (
        "with DAG('d'): notebook('extract')",
        InvalidInput,
        "does not end with .ipynb. Did you mean 'extract.ipynb'?",
    ),
    ("with DAG('d'): notebook('no/where.ipynb')", InvalidInput, "There is no directory"),
    ("with DAG('d'): notebook('plain.ipynb', retrys=1)", TypeError, "Did you mean 'retries'?"),
    ("with DAG('d'): notebook('plain.ipynb', retry_delay='soon')", InvalidInput, "no duration"),
    ("with DAG('d'): notebook('plain.ipynb', retries='two')", InvalidInput, "whole number"),
    (
        "with DAG('d'): notebook('plain.ipynb', parameters={'day': 1})",
        InvalidParameter,
        "takes no parameters",
    ),
    (
        "with DAG('d'): notebook('extract.ipynb', parameters={'dy': 1})",
        InvalidParameter,
        "Did you mean 'day'?",
    ),
    (
        "with DAG('d'): notebook('extract.ipynb', parameters={'day': {1}})",
        InvalidParameter,
        "not a JSON value",
    ),
    ("with DAG('d'): notebook('extract.ipynb', parameters='day')", InvalidInput, "must be a dict"),
    ("with DAG('d'): [notebook('plain.ipynb') for _ in 'ab']", InvalidDag, "task_id='plain_2'"),
    ("with DAG('d'): notebook('plain.ipynb', after=5)", InvalidInput, "not for 5"),
    ("with DAG('d'): notebook('plain.ipynb') >> 5", InvalidInput, "stand between tasks"),
    ("with DAG('d') as dag: notebook('plain.ipynb')\ndag['plan']", KeyError, "Did you mean 'plain'?"),
    ("with DAG('d'): function('os.path')", InvalidInput, "package.module:function"),
    ("DAG('d').spec()", InvalidDag, "has no tasks"),
    (
        "with DAG('d', schedule='61 * * * *') as d: notebook('plain.ipynb')\nd.spec()",
        InvalidSchedule,
        "minute",
    ),
    (
        "with DAG('d', timezone='Berlin') as d: notebook('plain.ipynb')\nd.spec()",
        InvalidSchedule,
        "Europe/Berlin",
    ),
    (
        "with DAG('d') as d: notebook('plain.ipynb', after='plan')\nd.spec()",
        InvalidDag,
        "Did you mean 'plain'?",
    ),
    (
        "with DAG('d') as d: a, b, c = (notebook('plain.ipynb', task_id=i) for i in 'abc')\n"
        "a >> b >> c >> a\nd.spec()",
        InvalidDag,
        "a → b → c → a",
    ),
    (
        "with DAG('d'): a = notebook('plain.ipynb')\nwith DAG('e'): notebook('plain.ipynb', after=a)",
        InvalidDag,
        "belongs to the DAG 'd'",
    ),
    ("list(DAG('d'))", TypeError, "`.tasks`"),
]


@pytest.mark.parametrize(("source", "kind", "told"), MISTAKES)
def test_mistakes_say_what_to_do(work: Path, source: str, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind) as caught:
        cell(source)
    assert told in str(caught.value)


def test_half_a_notebook_is_told(work: Path) -> None:
    (work / "half.ipynb").write_text('{"cells": [')
    with pytest.raises(InvalidInput, match="Is it still being written"):
        cell("with DAG('d'): notebook('half.ipynb')")


def test_a_failed_cell_leaves_no_dag_open(work: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        cell("with DAG('d'): 1 / 0")
    with pytest.raises(InvalidInput, match="none is open"):
        cell("notebook('plain.ipynb')")


def test_nested_dags_keep_their_tasks(work: Path) -> None:
    names = cell(
        """
with DAG("outer") as outer:
    notebook("plain.ipynb")
    with DAG("inner") as inner:
        notebook("extract.ipynb")
    notebook("report.ipynb")
"""
    )
    assert [task.task_id for task in names["outer"].tasks] == ["plain", "report"]
    assert [task.task_id for task in names["inner"].tasks] == ["extract"]


def test_reading_a_file_publishes_nothing(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_PARSING", "1")
    monkeypatch.setenv("STUDIO_HOME", str(work / "no-server-may-be-started-here"))
    dag = cell("with DAG('d') as dag: notebook('plain.ipynb')")["dag"]
    assert "not published" in repr(dag.publish())
    assert "not triggered" in repr(dag.trigger())
    assert not (work / "no-server-may-be-started-here").exists()


def test_defining_loads_nothing_heavy() -> None:
    heavy = [
        "croniter",
        "httpx",
        "jupyter_server",
        "nbformat",
        "papermill",
        "sqlalchemy",
        "tornado",
        "websockets",
    ]
    source = f"import sys; from studio import DAG, notebook; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run(
        [sys.executable, "-c", source],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.strip() == "[]"
