"""The kinds of schedules: which instants a DAG runs at, and what each run is about. Pure functions of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from typing import Protocol

from studio.core.cron import parse_cron
from studio.core.cron_times import CronDays, EveryHour, FixedTimes, WallTimes
from studio.core.wall_clock import EARLIEST, LATEST, WallClock

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Tick:
    """A run that a schedule asks for. Instants are seconds since 1970-01-01 UTC."""

    run_after: float  # when it starts
    logical_date: float
    interval_start: float  # the data it is about: from here
    interval_end: float  # up to here, exclusive


class Schedule(Protocol):
    """What the machine needs of a schedule. Instants are seconds since 1970-01-01 UTC."""

    @property
    def text(self) -> str:
        """In one line, as near as can be to how it was written."""

    def next_after(self, instant: float) -> float | None:
        """The first tick after `instant`; None: never again (or not within sixty years)."""

    def last_before(self, instant: float) -> float | None:
        """The last tick before `instant`; None: there is none (or not within sixty years)."""

    def tick_at(self, instant: float) -> Tick:
        """The run of the tick `instant`."""


class Ticking(Protocol):
    """Ticks without what they are about."""

    def next_after(self, instant: float) -> float | None: ...
    def last_before(self, instant: float) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Periodic:
    """A schedule whose runs are about the time since the tick before: logical date = start of the run = the tick."""

    text: str
    ticks: Ticking

    def next_after(self, instant: float) -> float | None:
        return self.ticks.next_after(instant)

    def last_before(self, instant: float) -> float | None:
        return self.ticks.last_before(instant)

    def tick_at(self, instant: float) -> Tick:
        before = self.ticks.last_before(instant)
        return Tick(instant, instant, instant if before is None else before, instant)


@dataclass(frozen=True, slots=True)
class Intervals:
    """The same ticks, but the logical date is the start of the interval that ends at the tick."""

    text: str
    ticks: Ticking

    def next_after(self, instant: float) -> float | None:
        tick = self.ticks.next_after(instant)
        if tick is None or self.ticks.last_before(tick) is not None:
            return tick
        return self.ticks.next_after(tick)  # the very first tick of all ends nothing

    def last_before(self, instant: float) -> float | None:
        tick = self.ticks.last_before(instant)
        return None if tick is None or self.ticks.last_before(tick) is None else tick

    def tick_at(self, instant: float) -> Tick:
        start = self.ticks.last_before(instant)
        start = instant if start is None else start
        return Tick(instant, start, start, instant)


@dataclass(frozen=True, slots=True)
class Once:
    """A single tick; None: it is not known, because it is when the DAG is first published."""

    at: float | None
    text: str = "@once"

    def next_after(self, instant: float) -> float | None:
        return self.at if self.at is not None and instant < self.at else None

    def last_before(self, instant: float) -> float | None:
        return self.at if self.at is not None and self.at < instant else None

    def tick_at(self, instant: float) -> Tick:
        return Tick(instant, instant, instant, instant)


@dataclass(frozen=True, slots=True)
class Unclocked:
    """A schedule that no clock decides on: it has no ticks."""

    text: str

    def next_after(self, instant: float) -> None:
        return None

    def last_before(self, instant: float) -> None:
        return None

    def tick_at(self, instant: float) -> Tick:
        return Tick(instant, instant, instant, instant)


# --- ticks --------------------------------------------------------------------------------------------------------


def cron_ticks(expression: str, clock: WallClock) -> FixedTimes | EveryHour:
    """The ticks of a cron expression or preset; raises `InvalidSchedule`."""
    cron = parse_cron(expression)
    times = WallTimes(cron, CronDays(cron))
    return EveryHour(times, clock) if cron.every_hour else FixedTimes(times, clock)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The union of several: an instant at which more than one fires is one tick."""

    parts: tuple[Ticking, ...]

    def next_after(self, instant: float) -> float | None:
        found = (part.next_after(instant) for part in self.parts)
        return min((tick for tick in found if tick is not None), default=None)

    def last_before(self, instant: float) -> float | None:
        found = (part.last_before(instant) for part in self.parts)
        return max((tick for tick in found if tick is not None), default=None)


@dataclass(frozen=True, slots=True)
class EverySeconds:
    """Every so many seconds of real time, in both directions from the anchor."""

    seconds: int
    anchor: float

    def next_after(self, instant: float) -> float | None:
        if instant >= LATEST:
            return None
        number = floor((max(instant, EARLIEST) - self.anchor) / self.seconds)
        while (tick := self.anchor + number * self.seconds) <= instant:
            number += 1
        return tick

    def last_before(self, instant: float) -> float | None:
        if instant <= EARLIEST:
            return None
        number = floor((min(instant, LATEST) - self.anchor) / self.seconds) + 1
        while (tick := self.anchor + number * self.seconds) >= instant:
            number -= 1
        return tick


@dataclass(frozen=True, slots=True)
class EveryDays:
    """Every so many days at the anchor's wall-clock time; gaps and overlaps as for a cron's fixed times."""

    days: int
    anchor: datetime  # wall time
    clock: WallClock

    def next_after(self, instant: float) -> float | None:
        if instant >= LATEST:
            return None
        number = self._number(max(instant, EARLIEST)) - 1
        while True:
            tick = self._tick(number)
            if tick is not None and tick > instant:
                return tick
            number += 1

    def last_before(self, instant: float) -> float | None:
        if instant <= EARLIEST:
            return None
        number = self._number(min(instant, LATEST)) + 2
        while True:
            tick = self._tick(number)
            if tick is not None and tick < instant:
                return tick
            number -= 1

    def _number(self, instant: float) -> int:
        return (self.clock.reading(instant) - self.anchor) // timedelta(days=self.days)

    def _tick(self, number: int) -> float | None:
        return self.clock.first_or_after_gap(self.anchor + timedelta(days=self.days * number))


def interval_ticks(seconds: float, anchor: float | None, clock: WallClock) -> EverySeconds | EveryDays:
    """Ticks every `seconds` (whole, at least 1) from `anchor`, or else from local midnight of 1970-01-01."""
    whole = int(seconds)
    wall = datetime(1970, 1, 1) if anchor is None else clock.reading(anchor)
    if whole % _DAY == 0:
        return EveryDays(whole // _DAY, wall, clock)
    if anchor is None:
        anchor = clock.first_or_after_gap(wall) or 0.0
    return EverySeconds(whole, anchor)
