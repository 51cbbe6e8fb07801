"""Pages of runs: what the query of a request asks for, and where the next page begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, cast, get_args

from studio.core.dates import instant_of, zone_of
from studio.core.model import Run, RunType
from studio.core.names import nearest, shown
from studio.core.states import RunState
from studio.errors import InvalidInput, InvalidSchedule
from studio.ports import RunFilter
from studio.server.request import Request

_CURSOR: Final = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,9})?)_([0-9]{1,16})")
_MAX_SEARCH: Final = 200  # characters


def read_filter(request: Request, timezone: str = "UTC") -> RunFilter:
    """What the query says of the runs that are asked for; days are those of `timezone`. Raises `InvalidInput`."""
    search = request.query.get("search") or None
    if search is not None and len(search) > _MAX_SEARCH:
        raise InvalidInput(f"search has {len(search)} characters; {_MAX_SEARCH} are allowed.", field="search")
    states = words_of(request, "state", [state.value for state in RunState])
    return RunFilter(
        states=None if states is None else tuple(RunState(name) for name in states),
        types=cast("tuple[RunType, ...] | None", words_of(request, "type", get_args(RunType))),
        since=read_moment(request, "since", timezone),
        until=read_moment(request, "until", timezone),
        search=search,
        backfill=request.number_of("backfill"),
    )


def words_of(request: Request, name: str, known: Sequence[str], of: str = "run") -> tuple[str, ...] | None:
    """Words with commas between."""
    text = request.query.get(name)
    if text is None:
        return None
    parts = tuple(text.split(","))
    for part in parts:
        if part not in known:
            raise InvalidInput(
                f"There is no {of} {name} {shown(part)}.", hint=nearest(part, known), field=name
            )
    return parts


def read_moment(request: Request, name: str, timezone: str = "UTC") -> float | None:
    """A date in ISO 8601; without offset it is in `timezone`. Raises `InvalidInput`."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return instant_of(text, zone_of(timezone), name)
    except InvalidSchedule as error:
        raise InvalidInput(str(error), hint=error.hint, field=name) from error


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
