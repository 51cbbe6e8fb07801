"""Where in the user's code a DAG or a task is being defined: relative paths start there, errors point there."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_PACKAGE = __name__.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of user code."""

    filename: str  # of the code: a path, or the name that IPython or the parser gives a cell
    line: int
    file: Path | None  # None: a cell or the prompt
    module: str  # the file whose top level was being executed: a file imported by a DAG file is another one

    @property
    def directory(self) -> Path:
        """Where a relative path starts: the directory of the file; for cells that of the kernel."""
        return self.file.parent if self.file is not None else Path.cwd()

    @property
    def words(self) -> str:
        """For people: "flights.py, line 3"."""
        name = "a cell" if self.file is None and "ipykernel" in self.filename else Path(self.filename).name
        return f"{name}, line {self.line}"


def here() -> Place:
    """The innermost line outside of this package that led here."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_own(frame):
        frame = frame.f_back
    if frame is None:  # called from a thread without user code
        return Place("<unknown>", 0, None, "<unknown>")
    name = frame.f_globals.get("__file__")
    file = Path(name).absolute() if isinstance(name, str) else None
    outer: FrameType | None = frame
    while outer is not None and outer.f_code.co_name != "<module>":
        outer = outer.f_back
    module = (outer or frame).f_code.co_filename
    return Place(frame.f_code.co_filename, frame.f_lineno, file, module)


def _is_own(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and (name == _PACKAGE or name.startswith(_PACKAGE + "."))
