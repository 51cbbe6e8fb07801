"""Durations as people write them: "90 s", "5 min", "1 h 30 min", "2 days"."""

from __future__ import annotations

import re
from typing import Final

from studio.core.names import shown
from studio.errors import InvalidInput

HINT: Final = "text such as '90 s', '5 min', '1 h 30 min', '2 days'"

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIT_NAMES: Final = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
}
_UNIT_OF: Final = {name: unit for unit, names in _UNIT_NAMES.items() for name in names}
_PIECE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)


def seconds_in(text: str) -> float | None:
    """Seconds; None: the text is no duration."""
    total, end = 0.0, 0
    while match := _PIECE.match(text, end):
        unit = _UNIT_OF.get(match[2].lower())
        if unit is None:
            return None
        total, end = total + float(match[1]) * _UNITS[unit], match.end()
    return total if text and end == len(text) else None


def no_duration(value: object, field: str) -> InvalidInput:
    """What is said of a value that is none."""
    return InvalidInput(
        f"{field} is {shown(value)}, which is no duration.",
        hint=f"Give seconds (300), a timedelta, or {HINT}.",
        field=field,
    )
