"""Tasks of cells as they run, in kernels: values pass, and errors point at the user's lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.testing.results import TestRun

from .conftest import Make

pytestmark = pytest.mark.acceptance


def outputs(directory: Path, task_id: str) -> str:
    """The text that a task's own cell has shown."""
    (path,) = directory.rglob(f"{task_id}/try-1-*/output.ipynb")
    cells = {cell["id"]: cell for cell in json.loads(path.read_text())["cells"]}
    return "".join("".join(output.get("text", "")) for output in cells["task"]["outputs"])


def test_values_params_and_dates_reach_the_cells_that_read_them(made: Make, tmp_path: Path) -> None:
    dag = made(
        "%%setup\nimport pandas as pd\nORIGINS = ['EWR', 'JFK']\n\ndef twice(x):\n    return 2 * x",
        "%%params\nn: int = 2",
        "%%task extract\nrows = list(range(n))\ntable = pd.DataFrame({'a': rows}, index=['x', 'y', 'z'])\nday = ds",
        "%%task square --map row=rows --map origin=ORIGINS\nsquared = twice(row), origin\nassert len(table) == 3",
        "%%task total --after extract\nlast = sum(n for n, _ in squared)\nnames = sorted({o for _, o in squared})",
        "%%task report\nprint(last, names, len(squared), list(table.index), day, logical_date.year, params)",
    )
    run = dag.test("2013-01-31", params={"n": 3}, directory=tmp_path / "kept").check()
    assert [task.state for task in run.tasks] == ["success"] * 9
    assert outputs(tmp_path / "kept", "report") == (
        "12 ['EWR', 'JFK'] 6 ['x', 'y', 'z'] 2013-01-31 2013 {'n': 3}\n"
    )


def test_a_mapped_task_reads_all_values_of_another_mapped_task(made: Make) -> None:
    dag = made(
        "%%setup\nNUMBERS = [1, 2, 3]",
        "%%task square --map n=NUMBERS\nsquared = n * n",
        "%%task again --map m=squared --map n=NUMBERS\nassert list(squared) == [1, 4, 9]\nboth = m + n",
        "%%task total\nassert sorted(both) == [2, 3, 4, 5, 6, 7, 10, 11, 12], list(both)",
    )
    dag.test().check()


def test_values_are_versions_so_a_change_does_not_reach_back(made: Make) -> None:
    dag = made(
        "%%task a\nxs = [1]",
        "%%task b\nxs.append(2)",
        "%%task c\nassert xs == [1, 2]",
        "%%task d\nif False:\n    xs = []\nassert xs == [1, 2]",
        "%%task e\nassert xs == [1, 2]",
    )
    dag.test().check()


def test_objects_of_classes_of_setup_are_objects_of_the_same_class_elsewhere(made: Make) -> None:
    dag = made(
        "%%setup\nimport enum\nfrom dataclasses import dataclass\nfrom collections import namedtuple\n\n"
        "class Color(enum.Enum):\n    RED = 1\n\n@dataclass\nclass Row:\n    n: int\n    color: Color\n\n"
        "Pair = namedtuple('Pair', 'a b')",
        "%%task a\nrow = Row(1, Color.RED)\npair = [Pair(1, 2)]",
        "%%task b\nassert isinstance(row, Row)\nassert row == Row(1, Color.RED)\nassert row.color is Color.RED\n"
        "assert isinstance(pair[0], Pair)\nrow.n = 2",
        "%%task c\nassert row == Row(2, Color.RED)",
    )
    dag.test().check()


def failure(run: TestRun, task_id: str) -> str:
    (error,) = [task.error for task in run.tasks if task.task_id == task_id]
    return str(error)


def test_cells_that_nobody_has_written_are_hidden(made: Make) -> None:
    dag = made("%%params\nn: int = 2", "%%task a\nrows = [n]", "%%task b\nprint(rows)")
    run = dag.test().check()
    found = run["a"].output().output
    shown = [cell.source for cell in found.cells if not cell.hidden]
    assert shown[-1] == "# %%task a\nrows = [n]"
    assert not any("_cells" in source or "_studio" in source for source in shown)
    assert (found.cells_done, found.cells_total) == (len(shown), len(shown))


def test_an_error_points_at_the_line_of_the_cell(made: Make) -> None:
    run = made("%%setup\nimport math", "\n%%task a --retries 0\n\nx = 1\nx / 0").test()
    assert failure(run, "a").startswith("ZeroDivisionError: division by zero")
    assert "line 5" in failure(run, "a")


def test_what_cannot_be_passed_on_names_task_name_and_a_way_out(made: Make) -> None:
    run = made(
        "%%task a\nrows = (n for n in [1])",
        "%%task b\nprint(rows)",
    ).test()
    (said,) = set(failure(run, "a").splitlines())  # no frames of what the user did not write
    assert said == (
        "ValueNotKept: The task 'a' gives 'rows' for 'b', but a generator cannot be passed on to another task. Make a "
        "list of it: `rows = list(rows)`."
    )


def test_a_name_that_the_way_taken_does_not_bind_is_told(made: Make) -> None:
    run = made("%%task a\nif ds == 'x':\n    rows = 1", "%%task b\nprint(rows)").test("2013-01-01")
    assert "The task 'a' has ended without 'rows' for 'b'" in failure(run, "a")


def test_await_and_magics_run_as_in_a_notebook(made: Make, tmp_path: Path) -> None:
    dag = made(
        "%%task a\nimport asyncio\nawait asyncio.sleep(0)\nfolder = %pwd\nlines = !echo one",
        "%%task b\n%%time\nassert list(lines) == ['one']\nprint(folder)",
    )
    dag.test(directory=tmp_path / "kept").check()
    assert outputs(tmp_path / "kept", "b").splitlines()[0] == str(tmp_path)
