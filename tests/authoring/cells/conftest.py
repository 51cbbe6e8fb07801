"""Cells to make DAGs of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.authoring.cells.cell_dag import CellDag, cell_dag
from studio.core.cells.marks import read_cell

Make = Callable[..., CellDag]


@pytest.fixture
def made(tmp_path: Path) -> Make:
    """The DAG of these sources, which stand in a notebook `cells.ipynb`; `%dag demo` comes first if none is given."""

    def make(*sources: str) -> CellDag:
        given = sources if any(source.startswith("%dag") for source in sources) else ("%dag demo", *sources)
        cells = [read_cell(source, index) for index, source in enumerate(given)]
        return cell_dag(cells, path=tmp_path / "cells.ipynb")

    return make
