"""What reading a DAG file gives. The file's code runs in a process of its own; only this comes back."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.core.spec import DagSpec


@dataclass(frozen=True, slots=True)
class ParseFault:
    """Why a DAG file could not be used.

    `message` is for people. `line` is 1-based and of a `.py` file; it is None for a notebook, whose message begins
    with the place instead ("cell 3, line 2: …"), and where no line is to blame (a time limit, a crash).
    """

    message: str
    line: int | None = None
    file: str = ""  # the DAG file's path


@dataclass(frozen=True, slots=True)
class ParseResult:
    """All DAGs of a file, or the fault; no specs and no fault: the file defines no DAG."""

    specs: tuple[DagSpec, ...] = ()
    sources: dict[str, bytes] = field(default_factory=dict)  # notebooks that the specs name, by SHA-256
    error: ParseFault | None = None
    warnings: tuple[str, ...] = ()  # what is hardly meant so, with its place; of marked cells
