"""Dates in templates: `{{ logical_date.strftime('%Y') }}`, `{{ data_interval_start | ds }}`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from typing_extensions import Self

from studio.core.names import shown
from studio.errors import InvalidInput


class Moment(datetime):
    """A datetime with a zone whose text is ISO 8601."""

    @classmethod
    def of(cls, value: object) -> Self:
        """From ISO text (without an offset: UTC), a datetime, or seconds since the epoch. Raises `InvalidInput`."""
        try:
            if isinstance(value, datetime):
                read = value
            elif isinstance(value, str):
                read = datetime.fromisoformat(value.replace("Z", "+00:00"))
            elif isinstance(value, (int, float)):
                read = datetime.fromtimestamp(value, timezone.utc)
            else:
                str(value)  # raises with the name, if it is an undefined one of a template
                raise ValueError("neither text nor a date")
        except (ValueError, OverflowError, OSError) as error:
            raise InvalidInput(f"{shown(value)} is not a date: {error}.") from error
        zone = read.tzinfo or timezone.utc
        return cls(*read.timetuple()[:6], read.microsecond, zone, fold=read.fold)

    def __str__(self) -> str:
        return self.isoformat()

    def add(
        self, *, weeks: float = 0, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> Self:
        """Later by that much."""
        return self + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)

    def subtract(
        self, *, weeks: float = 0, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> Self:
        """Earlier by that much."""
        return self - timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)

    def in_timezone(self, name: str) -> Self:
        """The same instant on the clocks of `name` ("Europe/Berlin")."""
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidInput(f"There is no time zone {shown(name)}.") from error
        return type(self).of(self.astimezone(zone))


def ds(value: object) -> str:
    """`2013-01-31`"""
    return Moment.of(value).strftime("%Y-%m-%d")


def ds_nodash(value: object) -> str:
    """`20130131`"""
    return Moment.of(value).strftime("%Y%m%d")


def ts(value: object) -> str:
    """`2013-01-31T06:00:00+00:00`"""
    return Moment.of(value).isoformat()


def ts_nodash(value: object) -> str:
    """`20130131T060000`"""
    return Moment.of(value).strftime("%Y%m%dT%H%M%S")


def ts_nodash_with_tz(value: object) -> str:
    """`20130131T060000+0000`"""
    return Moment.of(value).isoformat().replace("-", "").replace(":", "")


#: Filters of templates, by name.
FILTERS: Final[dict[str, Callable[[object], str]]] = {
    each.__name__: each for each in (ds, ds_nodash, ts, ts_nodash, ts_nodash_with_tz)
}
