"""What a person asks of a backfill: the payload of the command, checked for itself."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from studio.core.context import iso
from studio.core.model import Reprocess
from studio.core.names import shown
from studio.core.wall_clock import EARLIEST, LATEST
from studio.errors import InvalidInput

MAX_BACKFILL_RUNS: Final = 100_000
_MAX_ACTIVE_RUNS: Final = 100_000


class BackfillAsked(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    rename={"from_": "from"},
):
    """Runs for a range of logical dates, or for single dates, or one for each of some params: exactly one of these.

    Instants are seconds since 1970-01-01 UTC; a range includes both its ends.
    """

    from_: float | None = None
    to: float | None = None  # None: up to now
    dates: tuple[float, ...] | None = None
    params_list: tuple[dict[str, Any], ...] | None = None
    reprocess: Reprocess = "missing"  # which dates that have a run are run again: none, failed ones, all
    reverse: bool = False  # the newest first
    max_active_runs: int = 10
    tasks: tuple[str, ...] = ()  # none: all
    upstream: bool = True  # with everything that `tasks` wait for
    params: dict[str, Any] = {}
    version: str = "latest"
    dry_run: bool = False
    note: str = ""
    planned_at: float | None = None  # set by `plan`: what was not over then is for an extension


def asked_of(payload: dict[str, Any]) -> BackfillAsked:
    """The command's payload as a value, or what `studio.core.model.Backfill.asked` keeps. Raises `InvalidInput`."""
    given = {name: value for name, value in payload.items() if value is not None}
    try:
        asked = msgspec.convert(given, BackfillAsked)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"The backfill is not understood: {error}.") from error
    _check_what(asked)
    if asked.from_ is not None:
        _check_instants("from", [asked.from_])
    if asked.to is not None:
        _check_instants("to", [asked.to])
    _check_instants("dates", asked.dates or ())
    for name, items in (("dates", asked.dates), ("params_list", asked.params_list)):
        if items is not None:
            _check_number(name, len(items))
    if not 1 <= asked.max_active_runs <= _MAX_ACTIVE_RUNS:
        raise InvalidInput(
            f"max_active_runs is {asked.max_active_runs}; it must be a whole number from 1 to {_MAX_ACTIVE_RUNS}.",
            field="max_active_runs",
        )
    return asked


def extended(asked: BackfillAsked, *, to: float | None = None, dates: Iterable[float] = ()) -> BackfillAsked:
    """The same up to a later `to`, or with more dates. Raises `InvalidInput` if that is no extension of it."""
    more = tuple(dates)
    if asked.params_list is not None:
        raise InvalidInput(
            "A backfill over a list of params has no dates to extend.",
            hint="Make another backfill of the others.",
        )
    if asked.dates is not None:
        new = tuple(date for date in more if date not in set(asked.dates))
        if to is not None or not new:
            raise InvalidInput(
                "This backfill is of single dates.",
                hint="Extend it by dates that it does not have.",
                field="dates",
            )
        return asked_of({**msgspec.to_builtins(asked), "dates": [*asked.dates, *new]})
    if more or to is None:
        raise InvalidInput("This backfill is of a range.", hint="Extend it by a later `to`.", field="to")
    _check_instants("to", [to])
    if asked.to is not None and to <= asked.to:
        raise InvalidInput(
            f"The backfill goes up to {iso(asked.to)} already; {iso(to)} is not later.", field="to"
        )
    return msgspec.structs.replace(asked, to=to)


def _check_what(asked: BackfillAsked) -> None:
    given = [
        words
        for words, is_given in (
            ("a range (from, to)", asked.from_ is not None or asked.to is not None),
            ("dates", asked.dates is not None),
            ("params_list", asked.params_list is not None),
        )
        if is_given
    ]
    if not given:
        raise InvalidInput(
            "The backfill has neither a range nor dates.",
            hint="Give from and to, or dates, or params_list.",
            field="from",
        )
    if len(given) > 1:
        raise InvalidInput(f"The backfill has {' and '.join(given)}; it can have one of them.")
    if asked.to is not None and asked.from_ is None:
        raise InvalidInput("The backfill has no start.", hint="Give from, too.", field="from")
    if asked.from_ is not None and asked.to is not None and asked.from_ > asked.to:
        _check_instants("from", [asked.from_, asked.to])
        raise InvalidInput(
            f"The backfill starts at {iso(asked.from_)}, after its end at {iso(asked.to)}.",
            hint="Swap them; `reverse` runs the newest first.",
            field="from",
        )


def _check_instants(name: str, instants: Iterable[float]) -> None:
    for instant in instants:
        if not (math.isfinite(instant) and EARLIEST <= instant < LATEST):
            raise InvalidInput(
                f"{name} is {shown(instant)}, which is no date from 1900 to 2199.",
                hint="Give seconds since 1970-01-01 UTC.",
                field=name,
            )


def _check_number(name: str, number: int) -> None:
    if number == 0:
        raise InvalidInput(f"{name} is empty: there is nothing to run.", field=name)
    if number > MAX_BACKFILL_RUNS:
        raise InvalidInput(
            f"{name} has {number} items; a backfill may have {MAX_BACKFILL_RUNS} runs.",
            hint="Make several backfills.",
            field=name,
        )
