"""Pages of runs: what the query of a request asks for, and where the next page begins."""

from __future__ import annotations

import re
from typing import Final

from studio.core.model import Run
from studio.core.names import nearest, shown
from studio.core.states import RunState
from studio.errors import InvalidInput
from studio.server.request import Request

_CURSOR: Final = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,9})?)_([0-9]{1,16})")


def read_states(request: Request) -> list[RunState] | None:
    """`state`: names with commas between. Raises `InvalidInput`."""
    text = request.query.get("state")
    if text is None:
        return None
    known = [state.value for state in RunState]
    for part in text.split(","):
        if part not in known:
            raise InvalidInput(
                f"There is no run state {shown(part)}.", hint=nearest(part, known), field="state"
            )
    return [RunState(part) for part in text.split(",")]


def read_cursor(request: Request) -> tuple[float, int] | None:
    """`before`: the key (run_after, id) of the last run of the page before. Raises `InvalidInput`."""
    text = request.query.get("before")
    if text is None:
        return None
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise InvalidInput(f"before is {shown(text)}; it must be `next` of the page before.", field="before")
    return float(match[1]), int(match[2])


def cursor_after(run: Run) -> str:
    """What `read_cursor` reads, for the page after this run."""
    return f"{run.run_after!r}_{run.id}"
