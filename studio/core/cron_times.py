"""Cron expressions in time. The rules about clock changes are here and nowhere else.

* An expression is a set of wall times. When both day of the month and day of the week are restricted, a day needs
  to fit one of them only (as in Vixie's cron).
* An expression that covers every hour fires whenever the clock on the wall shows one of its times: nothing in a
  gap, and in an overlap both times round.
* Any other fires once for each of its wall times: in an overlap at the first occurrence, and for a time in a gap at
  the first instant after the gap (once, if several fall into it). A date that never existed at all has no tick.
* But what is written as an interval within the day (a `*` in minute or hour that stands for several values, such
  as `*/15 2 * * *` or `0 */2 * * *`) makes nothing up for times in a gap: the next time of the interval follows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from studio.core.cron import LAST, CronText
from studio.core.wall_clock import EARLIEST, FIRST_YEAR, LAST_YEAR, LATEST, WallClock

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_HORIZON = 60  # years; what does not fire within them does not fire
_NEAR = 86400.0  # seconds; no overlap since 1900 was longer


class Days(Protocol):
    """A set of dates."""

    def on_or_after(self, day: date) -> date | None:
        """The first of them that is not before `day`; None if there is none within sixty years."""

    def on_or_before(self, day: date) -> date | None:
        """The last of them that is not after `day`."""


@dataclass(frozen=True, slots=True)
class CronDays:
    """The dates of an expression."""

    cron: CronText

    def __contains__(self, day: date) -> bool:
        cron = self.cron
        if day.month not in cron.months:
            return False
        if cron.any_weekday:
            return cron.any_day or self._fits_day(day)
        return self._fits_weekday(day) or (not cron.any_day and self._fits_day(day))

    def _fits_day(self, day: date) -> bool:
        return day.day in self.cron.days or (self.cron.last_day and (day + _DAY).day == 1)

    def _fits_weekday(self, day: date) -> bool:
        weekday = day.isoweekday() % 7
        if weekday in self.cron.weekdays:
            return True
        if not self.cron.nth_weekdays:
            return False
        nth, last = (day.day + 6) // 7, day.day + 7 > monthrange(day.year, day.month)[1]
        wanted = self.cron.nth_weekdays
        return (weekday, nth) in wanted or (last and (weekday, LAST) in wanted)

    def on_or_after(self, day: date) -> date | None:
        end = min(day.year + _HORIZON, LAST_YEAR)
        while day.year <= end:
            if day in self:
                return day
            if day.month in self.cron.months:
                day += _DAY
            else:
                day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return None

    def on_or_before(self, day: date) -> date | None:
        end = max(day.year - _HORIZON, FIRST_YEAR)
        while day.year >= end:
            if day in self:
                return day
            day = day - _DAY if day.month in self.cron.months else day.replace(day=1) - _DAY
        return None


@dataclass(frozen=True, slots=True)
class WallTimes:
    """The wall times of an expression: each of the dates, at each of the hours and minutes."""

    cron: CronText
    days: Days

    def after(self, wall: datetime) -> datetime | None:
        """The first of them after `wall`."""
        day = self.days.on_or_after(wall.date())
        if day == wall.date():
            if (later := self._time_after(wall.hour, wall.minute)) is not None:
                return datetime.combine(wall.date(), later)
            day = self.days.on_or_after(wall.date() + _DAY)
        return None if day is None else datetime.combine(day, time(self.cron.hours[0], self.cron.minutes[0]))

    def before(self, wall: datetime) -> datetime | None:
        """The last of them before `wall`."""
        if wall.second or wall.microsecond:
            wall = wall.replace(second=0, microsecond=0) + _MINUTE
        day = self.days.on_or_before(wall.date())
        if day == wall.date():
            if (earlier := self._time_before(wall.hour, wall.minute)) is not None:
                return datetime.combine(wall.date(), earlier)
            day = self.days.on_or_before(wall.date() - _DAY)
        return (
            None if day is None else datetime.combine(day, time(self.cron.hours[-1], self.cron.minutes[-1]))
        )

    def __contains__(self, wall: datetime) -> bool:
        day = wall.date()
        fits = wall.hour in self.cron.hours and wall.minute in self.cron.minutes
        return fits and self.days.on_or_after(day) == day

    def _time_after(self, hour: int, minute: int) -> time | None:
        hours, minutes = self.cron.hours, self.cron.minutes
        at = bisect_left(hours, hour)
        if at < len(hours) and hours[at] == hour:
            following = bisect_right(minutes, minute)
            if following < len(minutes):
                return time(hour, minutes[following])
            at += 1
        return time(hours[at], minutes[0]) if at < len(hours) else None

    def _time_before(self, hour: int, minute: int) -> time | None:
        hours, minutes = self.cron.hours, self.cron.minutes
        at = bisect_left(hours, hour)
        if at < len(hours) and hours[at] == hour:
            preceding = bisect_left(minutes, minute) - 1
            if preceding >= 0:
                return time(hour, minutes[preceding])
        return time(hours[at - 1], minutes[-1]) if at > 0 else None


@dataclass(frozen=True, slots=True)
class FixedTimes:
    """Ticks of an expression that does not cover every hour: one for each wall time."""

    times: WallTimes
    clock: WallClock

    def next_after(self, instant: float) -> float | None:
        """The first tick after `instant`."""
        if instant >= LATEST:
            return None
        wall: datetime | None = self.clock.reading(max(instant, EARLIEST))
        while wall is not None and (wall := self.times.after(wall)) is not None:
            tick = self._tick(wall)
            if tick is not None and tick > instant:  # in an overlap, earlier ones come first
                return tick
        return None

    def last_before(self, instant: float) -> float | None:
        """The last tick before `instant`."""
        if instant <= EARLIEST:
            return None
        moment = min(instant, LATEST)
        wall: datetime | None = self.clock.reading(moment)
        if wall is not None and (first := self.clock.first(wall)) is not None and first < moment:
            wall += timedelta(
                seconds=moment - first
            )  # second time round: what follows has been shown already
        while wall is not None and (wall := self.times.before(wall)) is not None:
            tick = self._tick(wall)
            if tick is not None and tick < instant:
                return tick
        return None

    def _tick(self, wall: datetime) -> float | None:
        if self.times.cron.starred:
            return self.clock.first(wall)
        return self.clock.first_or_after_gap(wall)


@dataclass(frozen=True, slots=True)
class EveryHour:
    """Ticks of an expression that covers every hour: whenever the clock shows one of its times."""

    times: WallTimes
    clock: WallClock

    def next_after(self, instant: float) -> float | None:
        """The first tick after `instant`."""
        instant = max(instant, EARLIEST)
        while instant < LATEST:
            if not self._clocks_change_near(instant):
                return self._first_shown_after(instant)
            # Near a change the same wall time may come again: look at each minute.
            minute = instant - self._seconds(instant) + 60
            while minute <= instant + _NEAR:
                if self.clock.reading(minute) in self.times:
                    return minute
                minute += 60
            instant += _NEAR
        return None

    def last_before(self, instant: float) -> float | None:
        """The last tick before `instant`."""
        instant = min(instant, LATEST)
        while instant > EARLIEST:
            if not self._clocks_change_near(instant):
                return self._last_shown_before(instant)
            minute = instant - (self._seconds(instant) or 60)
            while minute >= instant - _NEAR:
                if self.clock.reading(minute) in self.times:
                    return minute
                minute -= 60
            instant -= _NEAR - 60  # the minute at the end may not have been looked at
        return None

    def _first_shown_after(self, instant: float) -> float | None:
        wall: datetime | None = self.clock.reading(instant)
        while wall is not None and (wall := self.times.after(wall)) is not None:
            if (tick := self.clock.first(wall)) is not None:
                return tick
        return None

    def _last_shown_before(self, instant: float) -> float | None:
        wall: datetime | None = self.clock.reading(instant)
        while wall is not None and (wall := self.times.before(wall)) is not None:
            if (tick := self.clock.last(wall)) is not None:
                return tick
        return None

    def _seconds(self, instant: float) -> float:
        wall = self.clock.reading(instant)
        return wall.second + wall.microsecond / 1e6

    def _clocks_change_near(self, instant: float) -> bool:
        return self.clock.offset(instant - _NEAR) != self.clock.offset(instant + _NEAR)
