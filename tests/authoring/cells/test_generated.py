"""The notebook that is made of a %%task cell: what others give comes before it, what others read after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from studio.authoring.cells.cell_dag import cell_dag
from studio.core.cells.marks import read_cell

from .conftest import Make


def sources(dag: Any, task_id: str) -> dict[str, str]:
    """Id of each cell of a task's notebook → its source."""
    snapshot = dag.snapshot()
    (config,) = [task.config for task in snapshot.spec.tasks if task.id == task_id]
    notebook = json.loads(snapshot.sources[config["digest"]])
    return {cell["id"]: cell["source"] for cell in notebook["cells"]}


def test_a_task_has_setup_params_inputs_body_and_outputs(made: Make) -> None:
    dag = made(
        "%%setup\nimport math",
        "%%params\nn: int = 3\nname = 'x'",
        "%%task extract\nrows = [n, ds]",
        "%%task report\ntotal = len(rows)\nprint(logical_date)",
        "%%task last\nprint(total)",
    )
    assert sources(dag, "extract") == {
        "setup-1": "# %%setup\nimport math",
        "parameters": "n: int = 3\nds = None",
        "task": "# %%task extract\nrows = [n, ds]",
        "outputs": 'import studio.values.cells as _cells\n_cells.give("extract", globals(), {"rows": ["report"]})',
    }
    assert sources(dag, "report") == {
        "setup-1": "# %%setup\nimport math",
        "parameters": "logical_date = None",
        "inputs": (
            "import studio.values.cells as _cells\n"
            "logical_date = _cells.moment(logical_date)\n"
            "import studio as _studio\n"
            'rows = _studio.load("extract", "rows")'
        ),
        "task": "# %%task report\ntotal = len(rows)\nprint(logical_date)",
        "outputs": 'import studio.values.cells as _cells\n_cells.give("report", globals(), {"total": ["last"]})',
    }


def test_parameters_are_templates_of_what_the_cell_reads(made: Make) -> None:
    dag = made("%%params\nn: int = 3\nunused = 1", "%%task a --kernel python3\nprint(n, ds)")
    (task,) = dag.spec().tasks
    assert task.config["parameters"] == {"n": "{{ params.n }}", "ds": "{{ ds }}"}
    assert (task.kind, task.config["cell"], task.config["kernel_name"]) == ("notebook", "a", "python3")


def test_a_line_of_the_body_keeps_its_number(made: Make) -> None:
    dag = made("\n\n%%task a --retries 2\n\nprint(1)\n  \nprint(2)")
    assert sources(dag, "a")["task"].split("\n") == ["#", "#", "# %%task a", "", "print(1)", "  ", "print(2)"]


def test_nothing_but_blank_lines_stands_before_a_cell_magic(made: Make) -> None:
    assert sources(made("%%task a\n%%time\nx = 1"), "a")["task"] == "\n%%time\nx = 1"


def test_options_and_places_do_not_change_the_notebook(made: Make) -> None:
    one = made("%%task a\nx = 1", "%%task b\nprint(x)")
    other = made("# words", "%%task a --retries 2\nx = 1", "y = 2", "%%task b --pool small\nprint(x)")
    digests = [[task.config["digest"] for task in dag.spec().tasks] for dag in (one, other)]
    assert digests[0] == digests[1]


def test_the_kernel_is_that_of_the_notebook_that_holds_the_cells(tmp_path: Path) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [read_cell("%dag d"), read_cell("%%task a\nx = 1", 1)]
    metadata = {"kernelspec": kernel, "widgets": {"state": {}}}
    snapshot = cell_dag(cells, path=tmp_path / "x.ipynb", metadata=metadata).snapshot()
    (content,) = snapshot.sources.values()
    assert json.loads(content)["metadata"] == {"kernelspec": kernel}
    assert snapshot.spec.tasks[0].config["path"] == str(tmp_path / "x.ipynb")
    assert snapshot.spec.tasks[0].config["cwd"] == str(tmp_path)
