"""A notebook of marked cells as a .py DAG file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.authoring.converting.to_python import PythonFile, python_of
from studio.authoring.parse import parse_file
from studio.cli import main
from studio.errors import InvalidDag

from ..conftest import notebook_text


def written(*cells: str) -> PythonFile:
    return python_of(json.loads(notebook_text(*cells)), Path("cells.ipynb"))


def test_tasks_are_functions_with_arguments_and_returned_values() -> None:
    made = written(
        "%dag flights --schedule @daily --start 2013-01-01 --retries 1 --tags a,b",
        "%%setup\n%matplotlib inline\nimport json\nN = 2\n\n\ndef twice(x):\n    return 2 * x",
        "%%params\nlate: int = 15  # minutes",
        "%%task extract --retries 2 --timeout 60 --pool db\nrows = [ds, late]\nlines = '''one\n  two'''\nrows",
        "%%task report --after extract --trigger-rule all_done\nprint(twice(N), rows, lines)",
    )
    assert (
        made.source
        == '''"""The DAG flights, written from cells.ipynb."""

import json
from studio import DAG, Param, show, task

N = 2


def twice(x):
    return 2 * x


@task(retries=2, timeout=60.0, pool="db")
def extract(late, ds):
    rows = [ds, late]
    lines = \'\'\'one
  two\'\'\'
    show(rows)
    return {"rows": rows, "lines": lines}


@task(trigger_rule="all_done")
def report(extract_values):
    rows = extract_values["rows"]
    lines = extract_values["lines"]
    print(twice(N), rows, lines)


with DAG(
    "flights",
    schedule="@daily",
    start_date="2013-01-01",
    tags=['a', 'b'],
    default_args={"retries": 1},
    params={"late": Param(15, type='integer', description='minutes')},
) as dag:
    extract_task = extract(late="{{ params.late }}", ds="{{ ds }}")
    report_task = report(extract_values=extract_task.output)
'''
    )


def same_graph(tmp_path: Path, *cells: str) -> str:
    """The .py, which has the tasks, edges and options of the notebook."""
    notebook, file = tmp_path / "cells.ipynb", tmp_path / "cells.py"
    notebook.write_text(notebook_text(*cells))
    assert main(["dags", "to-python", str(notebook)]) == 0
    specs = [parse_file(each).specs[0] for each in (notebook, file)]
    told = [
        (
            (spec.id, spec.schedule, spec.params, spec.tags),
            [
                (task.id, sorted(task.upstream), task.retries, task.pool, task.trigger_rule, task.group)
                for task in spec.tasks
            ],
        )
        for spec in specs
    ]
    assert told[0] == told[1]
    return file.read_text()


def test_mappings_groups_and_names_that_are_taken(tmp_path: Path) -> None:
    text = same_graph(
        tmp_path,
        "%dag demo",
        "%%setup\nORIGINS = ['a', 'b']\nextract = 1",
        "%%task extract --group first\nitems = [1, 2]\nother = {'x': 1}",
        "%%task print --map item=items --map origin=ORIGINS --group first\nmade = item, origin, other\nsecond = item",
        "%%task 2nd.step --after extract\nprint(made, second, list(extract for _ in other))",
        "%%task await\nasync def f():\n    return 1\nvalue = await f()",
        "%%task quiet",
    )
    assert 'save("other", other)' in text
    assert 'other = load("extract", "other")' in text
    assert "expand(item=extract_task.output, origin=ORIGINS)" in text
    assert "async def await_():" in text


def test_shell_commands_and_magics() -> None:
    made = written(
        "%dag demo",
        "%%task a\nfolder = 'x'\nfiles = !ls {folder}\n!echo $folder 'y'\n%time n = len(files)\n%history\n%who\nn?",
    )
    assert (
        """    files = shell_lines(f'ls {folder}')
    print(*shell_lines(f"echo {folder} 'y'"), sep="\\n")
    n = len(files)
"""
        in made.source
    )
    assert made.remarks == (
        "'a': `%history` is left out: a function knows no magics.",
        "'a': `%who` is left out: a function knows no magics.",
    )


def test_names_of_setup_that_a_task_binds_anew_and_global(tmp_path: Path) -> None:
    text = same_graph(
        tmp_path,
        "%dag demo",
        "%%setup\nn = 1",
        "%%task a\nn = n + 1\n\ndef count():\n    global seen\n    seen = n\n\nseen = 0\ncount()",
        "%%task b\nprint(n, seen)",
    )
    assert "def a(n=n):" in text
    assert "nonlocal seen" in text


def test_errors_of_the_notebook_are_told() -> None:
    with pytest.raises(InvalidDag, match="no %dag cell"):
        written("x = 1")
    with pytest.raises(InvalidDag, match="'a' reads 'unknown', which nobody gives"):
        written("%dag demo", "%%task a\nprint(unknown)")


def test_a_file_is_replaced_only_after_a_yes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notebook, file = tmp_path / "cells.ipynb", tmp_path / "cells.py"
    notebook.write_text(notebook_text("%dag demo", "%%task a\nx = 1"))
    file.write_text("mine")
    assert main(["dags", "to-python", str(notebook)]) != 0
    assert (file.read_text(), "Replace it?" in capsys.readouterr().err) == ("mine", True)
    assert main(["dags", "to-python", str(notebook), "--yes"]) == 0
    assert "def a():" in file.read_text()


def test_mapped_tasks_and_dates_of_the_file_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = written(
        "%dag mapped",
        "%%setup\nimport datetime\n\ndef twice(x):\n    return 2 * x",
        "%%params\nn: int = 3",
        "%%task numbers\nfound = list(range(n))\nyear = logical_date.year",
        "%%task double --map each=found\ndoubled = twice(each)",
        "%%task total\nresult = sum(doubled), year, isinstance(logical_date, datetime.datetime)\nresult",
    )
    assert "studio.core" not in made.source  # public names only
    path = tmp_path / "mapped.py"
    path.write_text(made.source)
    arguments = ["dags", "test", str(path), "--date", "2013-01-31", "--param", "n=4", "--json"]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert {task["task"]: task["state"] for task in told["tasks"]} == dict.fromkeys(
        ["numbers", "double[0]", "double[1]", "double[2]", "double[3]", "total"], "success"
    )
