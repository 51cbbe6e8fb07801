"""Values as people write them, made into the values of a spec: durations, dates, schedules, keyword names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from studio.core.durations import no_duration, seconds_in
from studio.core.names import nearest, shown
from studio.errors import InvalidInput, InvalidSchedule

_SIZE = re.compile(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)


class UnknownArgument(InvalidInput, TypeError):
    """A keyword was given that there is not."""

    code = "unknown_argument"


def refuse_unknown(unknown: Iterable[str], call: str, known: Collection[str] | None) -> None:
    """Raise `UnknownArgument` for the first of `unknown`; Python's own TypeError names no nearest match."""
    for name in unknown:
        raise UnknownArgument(
            f"{call} takes no {shown(name)}.", hint=nearest(str(name), known or ()), field=str(name)
        )


def seconds(value: float | timedelta | str, field: str) -> float:
    """A duration in seconds: a number of them, a timedelta, or text such as "90 s", "5 min", "1 h 30 min"."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    found = seconds_in(value) if isinstance(value, str) else None
    if found is None:
        raise no_duration(value, field)
    return found


def shift(value: float | timedelta | str, field: str) -> float:
    """A duration that may point back: "-1 day" is the day before."""
    if isinstance(value, str) and value.lstrip().startswith("-"):
        return -seconds(value.lstrip()[1:], field)
    return seconds(value, field)


def size(value: object, field: str) -> int:
    """Bytes: a whole number of them, or text such as "512MB" (millions), "1GiB" (2 to the power of 30)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidInput(
            f"{field} is {shown(value)}, which is no size.",
            hint="Give bytes (500_000_000), or text such as '512MB', '2GB', '1GiB', '1.5 GiB'.",
            field=field,
        )
    power = " KMGT".index(match[2].upper() or " ")
    return int(Decimal(match[1]) * (1024 if match[3] else 1000) ** power)


def date_text(value: str | date | datetime | None, field: str) -> str | None:
    """A date as the ISO 8601 text of a spec. Whether text is a date is checked with the spec."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    raise InvalidSchedule(
        f"{field} is {shown(value)}, which is no date.",
        hint="Give text such as '2013-01-31', a date or a datetime.",
        field=field,
    )


def text(value: object, field: str) -> str:
    """`value` if it is text."""
    if isinstance(value, str):
        return value
    raise InvalidInput(f"{field} is {shown(value)}; it must be text.", field=field)


def whole(value: object, field: str) -> int:
    """`value` if it is a whole number; its range is checked with the spec."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidInput(f"{field} is {shown(value)}; it must be a whole number.", field=field)


def number(value: object, field: str) -> float:
    """`value` as a float if it is a number; its range is checked with the spec."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise InvalidInput(f"{field} is {shown(value)}; it must be a number.", field=field)


def flag(value: object, field: str) -> bool:
    """`value` if it is True or False: "no" would be true."""
    if isinstance(value, bool):
        return value
    raise InvalidInput(f"{field} is {shown(value)}; it must be True or False.", field=field)


def several(values: object, field: str, one: type | tuple[type, ...] = str) -> list[Any]:
    """`values` as a list; a single value of the class `one` is taken for itself, not for its letters."""
    if isinstance(values, one):
        return [values]
    if isinstance(values, Iterable) and not isinstance(values, (str, bytes)):
        return list(values)
    raise InvalidInput(f"{field} is {shown(values)}; it must be a list.", field=field)


def texts(values: Iterable[str], field: str) -> tuple[str, ...]:
    """`values` as a tuple; a single text is taken for one value, not for its letters."""
    return tuple(text(value, field) for value in several(values, field))


def mapping(value: object, field: str) -> dict[str, Any]:
    """A copy of `value` if it is a dict (or None: empty)."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    raise InvalidInput(f"{field} is {shown(value)}; it must be a dict of names and values.", field=field)
