"""Schedules: when a DAG runs. Here a spec's schedule meets what else it depends on: time zone and start date.

`studio.core.schedule_kinds` has the kinds of schedules, `studio.core.cron_times` the rules about clock changes, and
`studio.core.catchup` decides which ticks become runs.
"""

from __future__ import annotations

from functools import lru_cache

from studio.core.calendars import calendar_ticks
from studio.core.dates import instant_of as instant_of
from studio.core.dates import zone_of as zone_of
from studio.core.schedule_kinds import (
    AnyOf,
    Intervals,
    Once,
    Periodic,
    Schedule,
    Ticking,
    Unclocked,
    cron_ticks,
    interval_ticks,
)
from studio.core.schedule_kinds import Tick as Tick
from studio.core.schedule_spec import (
    AssetOrTimeSpec,
    AssetsSpec,
    CalendarSpec,
    ContinuousSpec,
    CronSpec,
    CronsSpec,
    DataIntervalSpec,
    IntervalSpec,
    OnceSpec,
    ScheduleSpec,
    TimeSpec,
)
from studio.core.schedule_words import in_words as in_words
from studio.core.schedule_words import text_of
from studio.core.spec import DagSpec
from studio.core.wall_clock import WallClock


def schedule_of(spec: DagSpec) -> Schedule | None:
    """The schedule of a DAG; None: it runs by hand only. Raises `InvalidSchedule`."""
    if spec.schedule is None:
        return None
    return _schedule(spec.schedule, spec.timezone, spec.start_date)


def is_continuous(spec: DagSpec) -> bool:
    """Is a new run to start as soon as none is active?"""
    return isinstance(spec.schedule, ContinuousSpec)


def previous_tick(schedule: Schedule, instant: float, *, inclusive: bool = False) -> float | None:
    """The last tick before (or at) `instant`, or None if there is none within sixty years."""
    if not inclusive:
        return schedule.last_before(instant)
    tick = schedule.last_before(instant + 1e-3)
    return schedule.last_before(tick) if tick is not None and tick > instant else tick


def manual_interval(spec: DagSpec, instant: float) -> tuple[float, float] | None:
    """The data interval of a run by hand with the logical date `instant`; None without a schedule in time.

    With data intervals it is the last one that was complete by then, else the time since the tick before.
    """
    schedule = schedule_of(spec)
    if schedule is None or isinstance(schedule, Unclocked):
        return None
    if isinstance(schedule, Intervals):
        end = previous_tick(schedule, instant, inclusive=True)
        if end is not None:
            tick = schedule.tick_at(end)
            return tick.interval_start, tick.interval_end
        return instant, instant
    tick = schedule.tick_at(instant)
    return tick.interval_start, tick.interval_end


@lru_cache(maxsize=4096)
def _schedule(schedule: ScheduleSpec, timezone: str, start_date: str | None) -> Schedule:
    text = text_of(schedule)
    zone = zone_of(timezone)
    start = None if start_date is None else instant_of(start_date, zone, "start_date")
    match schedule:
        case ContinuousSpec() | AssetsSpec():
            return Unclocked(text)
        case AssetOrTimeSpec(time=time):
            return _timed(time, text, WallClock(zone), start)
        case _:
            return _timed(schedule, text, WallClock(zone), start)


def _timed(spec: TimeSpec, text: str, clock: WallClock, start: float | None) -> Schedule:
    match spec:
        case CronSpec() | CronsSpec() | IntervalSpec():
            return Periodic(text, _ticks(spec, clock, start))
        case DataIntervalSpec(every):
            return Intervals(text, _ticks(every, clock, start))
        case CalendarSpec():
            return Periodic(text, calendar_ticks(spec, clock))
        case OnceSpec():
            return Once(start, text)


def _ticks(spec: CronSpec | CronsSpec | IntervalSpec, clock: WallClock, start: float | None) -> Ticking:
    match spec:
        case CronSpec(expression):
            return cron_ticks(expression, clock)
        case CronsSpec(expressions):
            return AnyOf(tuple(cron_ticks(expression, clock) for expression in expressions))
        case IntervalSpec(seconds):
            return interval_ticks(seconds, start, clock)
