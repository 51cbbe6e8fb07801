"""A DAG of marked cells, paused between its cells."""

from __future__ import annotations

from pathlib import Path

from studio.authoring.cells.cell_dag import cell_dag
from studio.core.cells.marks import read_cell

CELLS = ["%dag cells", "%%task first\nfound = 20", "%%task second\ntwice = found * 2\nprint('it is', twice)"]


def test_what_a_cell_gives_is_replaced_by_its_name(tmp_path: Path) -> None:
    dag = cell_dag([read_cell(source, index) for index, source in enumerate(CELLS)], directory=tmp_path)
    trial = dag.test(stop_before="second")
    assert (trial.next_tasks, trial.run["first"].saved) == (["second"], {"found": 20})
    run = trial.replace("first", 3, name="found").resume().run.check()
    shown = [output["text"] for cell in run["second"].output().cells for output in cell.outputs]
    assert "".join(shown) == "it is 6\n"
