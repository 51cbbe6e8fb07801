"""A notebook with a %dag cell as a DAG file: it is read, and nothing of it is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.authoring.cells.cell_dag import CellDag, cell_dag
from studio.core.cells.generated import marked_cells
from studio.core.cells.problems import Problem


def dag_of_notebook(document: Mapping[str, Any], path: Path) -> CellDag | None:
    """The DAG of the marked cells of `document`, the notebook at `path`; None if it has no %dag cell."""
    cells = marked_cells(document)
    if not any(cell.kind == "dag" for cell in cells):
        return None
    return cell_dag(cells, path=path, metadata=document["metadata"], words=_words)


def _words(problem: Problem) -> str:
    if problem.cell is None:
        return problem.message
    line = f", line {problem.line}" if problem.line else ""
    return f"cell {problem.cell + 1}{line}: {problem.message}"
