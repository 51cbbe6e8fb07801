"""The notebook that a kernel belongs to, as far as its front end tells: for the order of the cells, and their paths."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.core.cells.generated import marked_cells
from studio.core.cells.marks import MarkedCell
from studio.core.notebook_format import parse_notebook
from studio.errors import StudioError


@dataclass(frozen=True, slots=True)
class FileCell:
    """A code cell as it was saved."""

    id: str
    cell: MarkedCell


@dataclass(frozen=True, slots=True)
class NotebookFile:
    """A notebook as it was saved."""

    path: Path
    saved_at: float  # seconds since the epoch
    cells: tuple[FileCell, ...]
    metadata: Mapping[str, Any]


def notebook_path(names: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Path | None:
    """Jupyter Server says it in JPY_SESSION_NAME, VS Code in a variable of the kernel; other front ends do not."""
    for told in (names.get("__vsc_ipynb_file__"), environment.get("JPY_SESSION_NAME")):
        if isinstance(told, str) and told.endswith(".ipynb") and Path(told).is_file():
            return Path(told).resolve()
    return None


def read_notebook(path: Path, before: NotebookFile | None = None) -> NotebookFile | None:
    """The file as it is now; None if it cannot be read, or is being written.

    `before`: as it was read last, which is taken if nobody has written since: a notebook may be large by its outputs.
    """
    try:
        saved_at = path.stat().st_mtime
        if before is not None and (before.path, before.saved_at) == (path, saved_at):
            return before
        document = parse_notebook(path.read_bytes(), path.name)
    except (OSError, StudioError):
        return None
    return NotebookFile(path, saved_at, file_cells(document), document["metadata"])


def file_cells(document: Mapping[str, Any]) -> tuple[FileCell, ...]:
    """The code cells of a notebook, in order; `cell.index` counts them from 0."""
    ids = [str(cell.get("id") or "") for cell in document["cells"] if cell.get("cell_type") == "code"]
    return tuple(FileCell(*each) for each in zip(ids, marked_cells(document), strict=True))
