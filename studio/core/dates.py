"""Time zones and dates as people write them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from studio.core.names import nearest, shown
from studio.core.wall_clock import FIRST_YEAR, LAST_YEAR
from studio.errors import InvalidSchedule


def zone_of(name: str) -> ZoneInfo:
    """The time zone `name`; raises `InvalidSchedule` with the nearest names."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        close = nearest(name, sorted(available_timezones()))
        hint = close if close.startswith("Did you mean") else "Write it like Europe/Vienna or UTC."
        raise InvalidSchedule(f"There is no time zone {shown(name)}.", hint=hint, field="timezone") from error


def instant_of(text: str, zone: ZoneInfo, field: str) -> float:
    """ISO 8601 text as an instant; without offset it is in `zone`. Raises `InvalidSchedule`."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise InvalidSchedule(
            f"{field} is {shown(text)}, which is no date.",
            hint="Write it like 2013-01-31 or 2013-01-31T06:00.",
            field=field,
        ) from error
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise InvalidSchedule(
            f"{field} is {shown(text)}; dates go from {FIRST_YEAR} to {LAST_YEAR}.", field=field
        )
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def date_of(text: str, field: str) -> date:
    """ISO 8601 text as a date; raises `InvalidSchedule`."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidSchedule(
            f"{field} has {shown(text)}, which is no date.", hint="Write it like 2013-12-24.", field=field
        ) from error


def is_date(text: str) -> bool:
    """Is it a date without a time of day?"""
    return "T" not in text and ":" not in text
