"""What ordinary notebooks come to: tasks, %%setup, params, remarks; and what cannot be split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.authoring.converting.from_notebook import Proposal, proposal_of
from studio.cli import main
from studio.core.cells.generated import marked_cells
from studio.errors import InvalidName, InvalidNotebook


def notebook(*cells: str, **metadata: Any) -> dict[str, Any]:
    """Cells in order; what begins with "#" and a space, or with "##", is Markdown."""
    made: list[dict[str, Any]] = []
    for text in cells:
        if text.startswith("# ") or text.startswith("##"):
            made.append({"cell_type": "markdown", "metadata": {}, "source": text})
        else:
            made.append(
                {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
            )
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}


def split(*cells: str, **metadata: Any) -> Proposal:
    return proposal_of(notebook(*cells, **metadata), Path("ordinary.ipynb"))


def edges(proposal: Proposal) -> dict[str, list[str]]:
    """Task → what it reads, as `task.name`."""
    return {task.id: [f"{each.by}.{each.name}" for each in task.needs] for task in proposal.dag.flow.tasks}


def test_headings_imports_functions_and_constants() -> None:
    found = split(
        "# Sales",
        "import math\nLIMIT = 3\n\ndef half(x):\n    return x / 2",
        "## 1. Load the data",
        "import json  # late\nrows = json.loads('[1]') + [LIMIT]",
        "## 2. Count",
        "total = half(sum(rows))\ntotal",
    )
    assert edges(found) == {"load_the_data": [], "count": ["load_the_data.rows"]}
    assert (found.remarks, found.dag.problems) == ((), [])
    cells = found.document["cells"]
    assert [cell["cell_type"] for cell in cells] == [
        "markdown",
        "code",
        "code",
        "markdown",
        "code",
        "markdown",
        "code",
    ]
    assert "".join(cells[2]["source"]) == (
        "%%setup\nimport math\nimport json  # late\n\nLIMIT = 3\n\n\ndef half(x):\n    return x / 2"
    )
    assert "".join(cells[6]["source"]) == "%%task count\ntotal = half(sum(rows))\ntotal"


def test_a_parameter_cell_becomes_params() -> None:
    found = split("# Parameters\nn: int = 2\nname = 'x'\nsize = (1, 2)", "print(n, name, size)")
    assert found.document["cells"][0]["cell_type"] == "markdown"
    found = split(
        "import os", "# no heading", "## Parameters", "n: int = 2\nname = 'x'", "## Go", "print(n, name)"
    )
    assert dict(found.dag.flow.params) == {"n": 2, "name": "x"}
    assert found.dag.flow.tasks[0].params == ("n", "name")


def test_what_cannot_be_passed_on_stays_in_one_task() -> None:
    found = split("## Open", "f = open('x')", "## Read", "text = f.read()", "## Count", "n = len(text)")
    assert edges(found) == {"open_and_read": [], "count": ["open_and_read.text"]}
    assert found.remarks == (
        "“Open” and “Read” are one task: 'f' is an open file, which cannot be passed on to another task.",
    )


def test_a_function_that_reads_values_is_written_where_it_is_called() -> None:
    found = split(
        "## A", "factor = sum([1, 2])\nrows = []\ndef times(x):\n    return x * factor[0]\nfactor = [factor]",
        "## B", "b = times(2)",
        "## C", "c = times(b)",
    )  # fmt: skip
    assert edges(found) == {"a": [], "b": ["a.factor"], "c": ["a.factor", "b.b"]}
    assert found.dag.problems == []


def test_names_of_one_object_stay_together_when_it_is_changed() -> None:
    found = split("## A", "xs = list('ab')", "## B", "ys = xs", "## C", "ys.append('c')", "## D", "print(xs)")
    assert [task.id for task in found.dag.flow.tasks] == ["a", "b_to_d"]


def test_the_seeded_generator_is_not_taken_apart() -> None:
    found = split(
        "import numpy as np\nnp.random.seed(1)",
        "## A", "a = np.random.normal()", "## B", "b = np.random.normal()", "## C", "c = a + b",
    )  # fmt: skip
    assert edges(found) == {"a_and_b": [], "c": ["a_and_b.a", "a_and_b.b"]}


def test_a_function_that_changes_its_argument_gives_it_on() -> None:
    found = split(
        "def widen(table):\n    table['b'] = 1",
        "## A", "table = dict(zip('a', [1]))", "## B", "widen(table)", "## C", "print(table)",
    )  # fmt: skip
    assert edges(found) == {"a": [], "b": ["a.table"], "c": ["b.table"]}


def test_tasks_that_share_a_file_come_one_after_the_other() -> None:
    found = split(
        "import pathlib",
        "## Write",
        "pathlib.Path('out.txt').write_text('x')",
        "## Read",
        "print(open('out.txt').read())",
    )
    assert [(task.id, task.after) for task in found.dag.flow.tasks] == [("write", ()), ("read", ("write",))]


def test_without_headings_each_cell_that_makes_something_is_a_task() -> None:
    found = split("import json", "\n# load it\nrows = json.loads('[1]')", "rows[:5]", "total = sum(rows)")
    assert list(edges(found)) == ["load_it", "total"]


def test_everything_in_one_cell_is_one_task() -> None:
    found = split("import math\nx = math.sqrt(4)\nfor i in range(3):\n    x += i\nprint(x)")
    assert edges(found) == {"x": []}
    assert "".join(found.document["cells"][-1]["source"]).startswith("%%task x\nx = math.sqrt(4)")


def test_empty_same_and_foreign_headings_get_names() -> None:
    found = split(
        "##", "a = sum([1])", "## Data", "b = sum([2])", "## Data", "c = sum([3])", "## 数据", "d = sum([4])",
        "## Über größe & Co.", "e = sum([5])", "## runs", "f = sum([6])", "## 🚀", "print(1)",
    )  # fmt: skip
    assert list(edges(found)) == ["a", "data", "data_2", "d", "uber_grosse_and_co", "runs_task", "task_7"]
    assert found.remarks == (
        "The task of “数据” is called 'd': ids are made of A-Z, a-z, 0-9.",
        "The task of “🚀” is called 'task_7': ids are made of A-Z, a-z, 0-9.",
    )


def test_cells_that_cannot_be_read_stay_ordinary_cells_and_are_told() -> None:
    found = split(
        "## A", "a = sum([1])", "for (", "%%bash\necho 1", "!pip install x\nb = 1 + a", "## B", "print(a)"
    )
    assert [cell.kind for cell in marked_cells(found.document)] == [
        "dag",
        "task",
        "code",
        "code",
        "code",
        "task",
    ]
    assert [remark.split(":")[0] for remark in found.remarks] == [
        "Code cell 2 stays an ordinary cell, no part of the DAG",
        "Code cell 3 stays an ordinary cell, no part of the DAG",
        "Code cell 4 `!pip install x` stays outside of the DAG",
    ]


def test_merged_cells_still_show_what_they_showed() -> None:
    found = split(
        "import matplotlib.pyplot as plt",
        "## A",
        "xs = list(range(3))\nxs[:2]",
        "plt.plot(xs)",
        "xs;",
        "len(xs)",
        "## B",
        "print(1)",
    )
    assert found.source_of("a") == (
        "%%task a\nxs = list(range(3))\ndisplay(xs[:2])\n\nplt.plot(xs)\nplt.show()\n\nxs;\n\nlen(xs)"
    )


@pytest.mark.parametrize(
    ("cells", "metadata", "words"),
    [
        ((), {}, "has no code"),
        (("# Only text", " \n"), {}, "has no code"),
        (("x <- 1",), {"kernelspec": {"name": "ir", "language": "R"}}, "is a notebook in R"),
        (("x = 1",), {"language_info": {"name": "julia"}}, "is a notebook in julia"),
        (("%dag known", "%%task a\nx = 1"), {}, "is a DAG already: 'known'"),
        (("x = 1", "%%task a\nx = 1"), {}, "has marked cells already: code cell 2"),
        (("from studio import DAG\nwith DAG('x'):\n    pass",), {}, "defines a DAG in Python already"),
    ],
)
def test_what_cannot_be_split_is_refused(
    cells: tuple[str, ...], metadata: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidNotebook, match=words):
        split(*cells, **metadata)


def test_a_bad_name_is_refused() -> None:
    with pytest.raises(InvalidName):
        proposal_of(notebook("x = sum([1])"), Path("x.ipynb"), "no name")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "my notebook.ipynb"
    made.write_text(json.dumps(notebook("## Load", "rows = list('ab')", "## Count", "print(len(rows))")))
    return made


def test_the_command_shows_and_asks_before_it_writes(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = file.read_bytes()
    assert main(["dags", "from-notebook", str(file)]) != 0  # nobody can be asked
    out, err = capsys.readouterr()
    assert "DAG my_notebook: 2 tasks\n  · load  → rows\n  · count  ← load (rows)\n" in out
    assert "--yes" in err
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]
    assert main(["dags", "from-notebook", str(file), "--yes"]) == 0
    made = file.parent / "my notebook_dag.ipynb"
    assert main(["dags", "check", str(made)]) == 0
    assert file.read_bytes() == before


def test_a_file_that_exists_is_named_before_it_is_replaced(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = file.with_name("other.ipynb")
    other.write_text("mine")
    assert main(["dags", "from-notebook", str(file), "-o", str(other)]) != 0
    assert "which exists and is replaced" in capsys.readouterr().out
    assert other.read_text() == "mine"
    assert main(["dags", "from-notebook", str(file), "-o", str(file), "--yes"]) != 0
    assert "is the notebook that is read" in capsys.readouterr().err


def test_json_says_all_and_writes_only_with_yes(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dags", "from-notebook", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["dag_id"], told["written"], told["remarks"], told["problems"]) == (
        "my_notebook",
        False,
        [],
        [],
    )
    assert [(task["id"], task["upstream"], task["source"]) for task in told["tasks"]] == [
        ("load", [], "%%task load\nrows = list('ab')"),
        ("count", ["load"], "%%task count\nprint(len(rows))"),
    ]
    assert len(list(file.parent.iterdir())) == 1


@pytest.mark.parametrize("content", ["", "x = 1", "[]", '{"cells": 1}'])
def test_what_is_no_notebook_is_refused(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(content)
    for command in ("from-notebook", "to-python"):
        assert main(["dags", command, str(path), "--yes"]) != 0
        assert "not a notebook" in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 1
