"""What is wrong with the cells of a DAG, or hardly meant so: with the place, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    code: str  # for programs, such as "unknown_name"
    message: str  # a whole sentence
    hint: str = ""  # what to do
    cell: int | None = None  # its position among the cells, from 0
    line: int | None = None  # of the cell's whole source, from 1
    severity: Literal["error", "warning"] = "error"
