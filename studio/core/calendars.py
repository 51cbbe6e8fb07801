"""Cron expressions that know business days, holidays and blackouts.

Weekends and public holidays are those of the `holidays` package: its release decides what a holiday is, and a new
release may know better about future years.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Protocol, cast
from zoneinfo import ZoneInfo

from studio.core.cron import parse_cron
from studio.core.cron_times import CronDays, Days, EveryHour, FixedTimes, WallTimes
from studio.core.dates import date_of, instant_of, is_date
from studio.core.names import nearest, shown
from studio.core.schedule_spec import CalendarSpec, OnHoliday
from studio.core.wall_clock import WallClock
from studio.errors import InvalidSchedule

_DAY: Final = timedelta(days=1)
_LONGEST: Final = 366  # days off in a row; beyond that there is no next business day
_MOMENT: Final = 1e-3  # seconds; ticks are whole seconds


class _Country(Protocol):
    """What is used of `holidays.HolidayBase`."""

    def is_working_day(self, key: date) -> bool: ...


@dataclass(frozen=True, slots=True)
class DaysOff:
    """The dates on which nothing is to run."""

    country: _Country | None
    extra: frozenset[date]

    def __contains__(self, day: date) -> bool:
        return day in self.extra or (self.country is not None and not self.country.is_working_day(day))


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """The dates of a cron expression; those that are off are left out or moved, as `on_holiday` says.

    Moving keeps the order of dates, so that the first one from a day on is found by walking along the cron's own.
    """

    cron: Days
    off: DaysOff
    on_holiday: OnHoliday

    def on_or_after(self, day: date) -> date | None:
        """The first of them that is not before `day`."""
        start = day
        if self.on_holiday == "next":  # those moved to `day` come from the days off before it
            while start - _DAY in self.off and (day - start).days < _LONGEST:
                start -= _DAY
        wanted = self.cron.on_or_after(start)
        while wanted is not None and (wanted - day).days < 366 * 60:
            moved = self._moved(wanted)
            if moved is not None and moved >= day:
                return moved
            wanted = self.cron.on_or_after(wanted + _DAY)
        return None

    def on_or_before(self, day: date) -> date | None:
        """The last of them that is not after `day`."""
        start = day
        if self.on_holiday == "previous":
            while start + _DAY in self.off and (start - day).days < _LONGEST:
                start += _DAY
        wanted = self.cron.on_or_before(start)
        while wanted is not None and (day - wanted).days < 366 * 60:
            moved = self._moved(wanted)
            if moved is not None and moved <= day:
                return moved
            wanted = self.cron.on_or_before(wanted - _DAY)
        return None

    def _moved(self, day: date) -> date | None:
        if day not in self.off:
            return day
        if self.on_holiday == "skip":
            return None
        step = _DAY if self.on_holiday == "next" else -_DAY
        for _ in range(_LONGEST):
            day += step
            if day not in self.off:
                return day
        return None


@dataclass(frozen=True, slots=True)
class OutsideOf:
    """Ticks that lie in none of the blackouts."""

    ticks: FixedTimes | EveryHour
    blackouts: tuple[tuple[float, float], ...]  # [from, to)

    def next_after(self, instant: float) -> float | None:
        """The first tick after `instant`."""
        tick = self.ticks.next_after(instant)
        while tick is not None and (blackout := self._around(tick)) is not None:
            tick = self.ticks.next_after(blackout[1] - _MOMENT)
        return tick

    def last_before(self, instant: float) -> float | None:
        """The last tick before `instant`."""
        tick = self.ticks.last_before(instant)
        while tick is not None and (blackout := self._around(tick)) is not None:
            tick = self.ticks.last_before(blackout[0])
        return tick

    def _around(self, tick: float) -> tuple[float, float] | None:
        return next((pair for pair in self.blackouts if pair[0] <= tick < pair[1]), None)


def calendar_ticks(spec: CalendarSpec, clock: WallClock) -> OutsideOf:
    """The ticks of a calendar; raises `InvalidSchedule` for an unknown country, a date or a blackout."""
    cron = parse_cron(spec.expression)
    off = DaysOff(
        country_of(spec.business_days) if spec.business_days else None,
        frozenset(date_of(text, "holidays") for text in spec.holidays),
    )
    times = WallTimes(cron, BusinessDays(CronDays(cron), off, spec.on_holiday))
    blackouts = tuple(blackout_of(pair, clock.zone) for pair in spec.blackouts)
    return OutsideOf(EveryHour(times, clock) if cron.every_hour else FixedTimes(times, clock), blackouts)


def blackout_of(pair: tuple[str, str], zone: ZoneInfo) -> tuple[float, float]:
    """A blackout as instants [from, to); raises `InvalidSchedule`."""
    first, last = pair
    start = instant_of(first, zone, "blackouts")
    end = instant_of(last, zone, "blackouts")
    if is_date(last):  # the whole day
        end = datetime.combine(date_of(last, "blackouts") + _DAY, time(), zone).timestamp()
    if end <= start:
        raise InvalidSchedule(
            f"The blackout from {first} to {last} ends before it begins.",
            hint="It holds from the first up to, without, the second; a date means the whole day.",
            field="blackouts",
        )
    return start, end


@lru_cache(maxsize=256)
def country_of(code: str) -> _Country:
    """The business days of a country or subdivision ("US", "DE-BY"); raises `InvalidSchedule`."""
    import holidays  # noqa: PLC0415 - heavy, and few schedules need it

    country, _, subdivision = code.partition("-")
    known: Mapping[str, list[str]] = holidays.list_supported_countries()
    if country not in known:
        raise InvalidSchedule(
            f"There are no holidays of {shown(code)}.",
            hint=_hint(country, known, "Write the ISO 3166 code of a country or subdivision: US, AT, DE-BY."),
            field="business_days",
        )
    if subdivision and subdivision not in known[country]:
        raise InvalidSchedule(
            f"There are no holidays of {shown(code)}: {country} has no subdivision {shown(subdivision)}.",
            hint=nearest(subdivision, known[country]) or f"Write {country} alone.",
            field="business_days",
        )
    return cast(_Country, holidays.country_holidays(country, subdiv=subdivision or None))


def _hint(name: str, known: Mapping[str, list[str]], otherwise: str) -> str:
    close = nearest(name.upper(), known)
    return f"{close} {otherwise}" if close.startswith("Did you mean") else otherwise
