"""Schedules: which instants a DAG runs at. One class a kind of schedule; pure functions of time.

Cron rules (semantics.md, point 2): an expression is evaluated on the wall clock of the DAG's zone. A time in a gap
fires once, at the first instant after the gap; a time in an overlap fires once, at its first occurrence; an
expression that covers every hour fires in every real hour. A local date that never existed has no run.
croniter does the calendar arithmetic, on naive wall time only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from croniter import croniter
from croniter.croniter import CroniterBadDateError

from studio.core.cron import parse_cron
from studio.core.names import nearest, shown
from studio.core.spec import CronSpec, DagSpec
from studio.errors import InvalidSchedule

_DAY = 86400.0
_SEARCH_LIMIT = 60 * 366 * _DAY  # a schedule that does not fire within 60 years does not fire


class Schedule(Protocol):
    """What the machine needs of a schedule. Instants are seconds since the epoch, UTC."""

    @property
    def text(self) -> str:
        """As it was written."""

    def next_after(self, instant: float) -> float:
        """The first tick after `instant`."""


def schedule_of(spec: DagSpec) -> Schedule | None:
    """The schedule of a DAG; None: it runs by hand only. Raises `InvalidSchedule`."""
    match spec.schedule:
        case None:
            return None
        case CronSpec(expression):
            return Cron(expression, zone_of(spec.timezone))


def zone_of(name: str) -> ZoneInfo:
    """The time zone `name`; raises `InvalidSchedule` with the nearest names."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        close = nearest(name, available_timezones())
        hint = close if close.startswith("Did you mean") else "Write it like Europe/Vienna or UTC."
        raise InvalidSchedule(f"There is no time zone {shown(name)}.", hint=hint, field="timezone") from error


def instant_of(text: str, zone: ZoneInfo, field: str) -> float:
    """ISO 8601 text as an instant; without offset it is in `zone`. Raises `InvalidSchedule`."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidSchedule(
            f"{field} is {shown(text)}, which is no date.",
            hint="Write it like 2013-01-31 or 2013-01-31T06:00.",
            field=field,
        ) from error


def previous_tick(schedule: Schedule, instant: float, *, inclusive: bool = False) -> float | None:
    """The last tick before (or at) `instant`, or None if there is none within 60 years."""
    reach = 120.0
    while reach < _SEARCH_LIMIT:
        last = None
        for tick in ticks_between(schedule, instant - reach, instant):
            if tick < instant or inclusive:
                last = tick
        if last is not None:
            return last
        reach *= 8
    return None


def ticks_between(schedule: Schedule, after: float, until: float) -> Iterator[float]:
    """Ticks in (after, until]."""
    tick = schedule.next_after(after)
    while tick <= until:
        yield tick
        tick = schedule.next_after(tick)


@dataclass(frozen=True, slots=True)
class Cron:
    """A five-field cron expression or a preset such as `@daily`, on the wall clock of `zone`."""

    text: str
    zone: ZoneInfo

    def next_after(self, instant: float) -> float:
        """The first tick after `instant`; raises `InvalidSchedule` if the expression never fires."""
        cron = parse_cron(self.text)
        try:
            if cron.every_hour:
                return self._next_real_hour(cron.expression, instant)
            return self._next_wall_time(cron.expression, instant)
        except CroniterBadDateError as error:
            raise InvalidSchedule(
                f"The schedule {shown(self.text)} never fires.", field="schedule"
            ) from error

    def _next_wall_time(self, expression: str, instant: float) -> float:
        # An hour earlier than needed, because wall time may stand an hour back in an overlap.
        wall = datetime.fromtimestamp(instant, self.zone).replace(tzinfo=None) - timedelta(hours=1)
        walk = croniter(expression, wall)
        while True:
            naive: datetime = walk.get_next(datetime)
            tick = self._instant_at(naive)
            if tick is not None and tick > instant:
                return tick

    def _instant_at(self, naive: datetime) -> float | None:
        """The first occurrence of a wall time; in a gap the first instant after it, or None if its date is missing."""
        first = naive.replace(tzinfo=self.zone, fold=0).timestamp()
        if datetime.fromtimestamp(first, self.zone).replace(tzinfo=None) == naive:
            return first
        before = naive.replace(
            tzinfo=self.zone, fold=1
        ).timestamp()  # in a gap, fold=1 lies before the change
        change = self._change_between(before, first)
        return change if datetime.fromtimestamp(change, self.zone).date() == naive.date() else None

    def _next_real_hour(self, expression: str, instant: float) -> float:
        # Within a stretch of constant offset wall time is regular; at a change of offset start anew from there.
        start = instant
        while True:
            offset = self._offset(start)
            wall = datetime.fromtimestamp(start + offset, timezone.utc).replace(tzinfo=None)
            naive: datetime = croniter(expression, wall).get_next(datetime)
            tick = naive.replace(tzinfo=timezone.utc).timestamp() - offset
            if self._offset(tick) == offset:
                return tick
            change = self._change_between(start, tick)
            if self._matches(expression, change):
                return change
            start = change

    def _matches(self, expression: str, instant: float) -> bool:
        return bool(
            croniter.match(expression, datetime.fromtimestamp(instant, self.zone).replace(tzinfo=None))
        )

    def _offset(self, instant: float) -> float:
        offset = datetime.fromtimestamp(instant, self.zone).utcoffset()
        return offset.total_seconds() if offset is not None else 0.0

    def _change_between(self, low: float, high: float) -> float:
        """The first whole second in (low, high] with another UTC offset than `low`."""
        start, offset = int(low), self._offset(low)
        end = int(high)
        while end - start > 1:
            middle = (start + end) // 2
            if self._offset(middle) == offset:
                start = middle
            else:
                end = middle
        return float(end)
