"""A notebook with a %dag cell as a DAG file: nothing of it is run, and what is wrong is told with cell and line."""

from __future__ import annotations

from pathlib import Path

from studio.authoring.parse import parse_file

from ..conftest import notebook_text


def test_cells_are_read_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "flights.ipynb"
    path.write_text(
        notebook_text(
            "%load_ext studio\n%dag flights --schedule @daily",
            "raise SystemExit('an ordinary cell')",
            "%%setup\nopen('ran', 'w').close()\nLIMIT = 3",
            "%%params\ndays: int = 7",
            f"%%task extract\nopen({str(tmp_path / 'ran')!r}, 'w').close()\nflights = [LIMIT]",
            "%%task report\nprint(flights)",
            "%dag",
            "dag.publish()",
        )
    )
    result = parse_file(path)
    assert result.error is None
    (spec,) = result.specs
    assert [(task.id, task.upstream) for task in spec.tasks] == [("extract", ()), ("report", ("extract",))]
    assert (spec.id, spec.origin, spec.params, len(result.sources)) == ("flights", str(path), {"days": 7}, 2)
    assert [entry.name for entry in tmp_path.iterdir()] == ["flights.ipynb"]


def test_every_problem_is_told_with_cell_and_line(tmp_path: Path) -> None:
    path = tmp_path / "flights.ipynb"
    path.write_text(
        notebook_text(
            "%dag flights",
            "print('an ordinary cell')",
            "%%params\nn = print()",
            "%%task extract\n\nflights = colour(1)",
            "%%task report --retry 2\nprint(flights)\nfor",
        )
    )
    error = parse_file(path).error
    assert error is not None
    assert (error.file, error.line) == (str(path), None)
    assert [line[: line.index(": ")] for line in error.message.splitlines()] == [
        "cell 3, line 2",
        "cell 4, line 3",
        "cell 5, line 1",
        "cell 5, line 3",
    ]
    assert "'extract' reads 'colour', which nobody gives." in error.message


def test_a_notebook_without_a_dag_cell_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "flights.ipynb"
    path.write_text(
        notebook_text("%dag --help", "from studio import DAG, wait\nwith DAG('plain'):\n    wait('5 min')")
    )
    assert [spec.id for spec in parse_file(path).specs] == ["plain"]
    path.write_text(notebook_text("%%task lonely\nx = 1"))
    assert parse_file(path) == type(parse_file(path))()


def test_what_is_hardly_meant_so_is_a_warning_and_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "flights.ipynb"
    path.write_text(
        notebook_text(
            "%dag flights",
            "%%task a\nx = 1",
            "%%task b\nx = 2",
            "%%task c\nprint(x)",
            "%%setup helpers\nimport os",
        )
    )
    result = parse_file(path)
    assert result.error is None
    assert result.warnings == (
        "cell 4, line 2: 'a' and 'b' both give 'x'; 'c' gets that of 'b', the last one above it. "
        "If that is not meant, use two names.",
        "cell 5, line 1: %%setup takes no name: 'helpers'.",
    )
