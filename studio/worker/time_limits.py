"""What a notebook and its cells may take, and what is said when they take longer."""

from __future__ import annotations

import time
from typing import Any

from nbformat import NotebookNode

from studio.core.cell_tags import control_of
from studio.worker.kernel_process import KernelFailed
from studio.worker.notebook_observer import CellTimeout, NotebookTimeout


class TimeLimits:
    """Of one execution, from when it is made. In seconds; None or 0: not limited."""

    def __init__(self, notebook: float | None, cell: float | None) -> None:
        self.notebook = notebook
        self._cell = cell
        self._deadline = time.monotonic() + notebook if notebook else None
        self._is_overtime: bool | None = None  # None: no time has run out

    def left(self, cell: NotebookNode | None) -> float | None:
        """Seconds from now for `cell`, which begins; None for ever."""
        limits = [self._deadline - time.monotonic()] if self._deadline is not None else []
        own = self._of_cell(cell)
        if own is not None:
            limits.append(own)
        return max(0.001, min(limits)) if limits else None

    def has_run_out(self) -> None:
        """What `left` gave is over: of the cell or of the whole?"""
        self._is_overtime = self._deadline is not None and time.monotonic() >= self._deadline - 0.005

    def failure(self, index: int, cell: NotebookNode) -> NotebookTimeout | CellTimeout | KernelFailed:
        """What is to be said after it, of the cell that ran."""
        if self._is_overtime is None:
            return KernelFailed("The kernel ended a cell, but the end of the cell's outputs did not come.")
        if self._is_overtime:
            return NotebookTimeout(f"The notebook took longer than the {self.notebook or 0:g} s it may take.")
        first = cell.source.strip().split("\n", 1)[0][:60]
        return CellTimeout(
            f"The cell at index {index} (`{first}`) took longer than the {self._of_cell(cell) or 0:g} s it may take."
        )

    def _of_cell(self, cell: NotebookNode | None) -> float | None:
        control: Any = control_of(cell, 0) if cell is not None and cell.metadata else None
        limit = (control and control.timeout) or self._cell
        return float(limit) if limit and limit > 0 else None
