"""Marked cells run as ordinary ones: their magic line becomes a comment.

So a body runs as every cell does: `await`, the value of its last line, `Out[3]`, and errors with the lines of the cell.
A cell magic would run it inside of another cell, and could do none of these.
"""

from __future__ import annotations

import re
from typing import Final

from studio.core.cells.generated import as_code
from studio.core.cells.marks import read_cell
from studio.magics.session import RUN_HERE, CellSession

_HELP: Final = re.compile(r"%%(?P<kind>setup|params|task)\s+(--help|-h)")


class AsNative:
    """A transformer of IPython. One that cannot be run is left to its magic, which says why."""

    #: Asked whether an input is complete, IPython leaves it out: a terminal waits for the body then.
    has_side_effects = True

    def __init__(self, session: CellSession) -> None:
        self.session = session

    def __call__(self, lines: list[str]) -> list[str]:
        source = "".join(lines)
        if "%%" not in source:
            return lines
        cell = read_cell(source)
        asked = _HELP.fullmatch(source.strip())
        if asked is not None:  # IPython refuses cell magics without a body
            return [f"get_ipython().run_cell_magic({asked['kind']!r}, '--help', ' ')\n"]
        if cell.kind not in RUN_HERE or self.session.refusal(cell):
            return lines
        code = as_code(cell)
        if code.lstrip().startswith("%%"):  # %%time and the like are magics in the first line only
            code = code.lstrip()
        return code.splitlines(keepends=True)
