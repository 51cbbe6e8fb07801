"""Is this a schedule that makes sense, and will there ever be a run? Every refusal is an `InvalidSchedule`."""

from __future__ import annotations

import math
from typing import Final

from studio.core.asset_conditions import MAX_ASSETS, MAX_DEPTH, assets_in, depth
from studio.core.catchup import dates_of, window_of
from studio.core.names import shown
from studio.core.schedule_kinds import Once
from studio.core.schedule_spec import (
    AssetAll,
    AssetAny,
    AssetCondition,
    AssetOrTimeSpec,
    AssetRef,
    AssetsSpec,
    CalendarSpec,
    CronsSpec,
    DataIntervalSpec,
    IntervalSpec,
    ScheduleSpec,
)
from studio.core.schedules import schedule_of
from studio.core.spec import DagSpec
from studio.core.wall_clock import EARLIEST
from studio.errors import InvalidSchedule

MIN_INTERVAL: Final = 10  # seconds; more runs than that no scheduler should have to make
MAX_INTERVAL: Final = 3660 * 86400  # seconds
MAX_EXPRESSIONS: Final = 100
MAX_BLACKOUTS: Final = 1000
#: A schedule that has no tick later than this has none that a server could still meet (2026-01-01T00:00Z).
_BEFORE_ALL_SERVERS: Final = 1767225600.0


def check_schedule(spec: DagSpec) -> None:
    """Raise `InvalidSchedule` unless time zone, dates and schedule make sense and there is a tick between the dates."""
    start, end = dates_of(spec)
    if start is not None and end is not None and end < start:
        raise InvalidSchedule(
            f"end_date {spec.end_date} is before start_date {spec.start_date}.", field="end_date"
        )
    if spec.schedule is None:
        return
    _check(spec.schedule)
    schedule_of(spec)  # what is wrong with an expression, a date, a country
    window = window_of(spec)
    if window is None or (isinstance(window.schedule, Once) and window.schedule.at is None):
        return
    text = window.schedule.text
    if window.schedule.next_after(EARLIEST if start is None else start - 1) is None:
        raise InvalidSchedule(f"The schedule {shown(text)} never fires.", field="schedule")
    if window.next_after(_first_look(start, end)) is None:
        if start is None and end is None:
            raise InvalidSchedule(f"The schedule {shown(text)} never fires again.", field="schedule")
        raise InvalidSchedule(
            f"The schedule {shown(text)} has no run between start_date {spec.start_date} and end_date {spec.end_date}.",
            hint="Change the dates, or leave one of them out.",
            field="end_date" if end is not None else "start_date",
        )


def _first_look(start: float | None, end: float | None) -> float:
    if start is not None:
        return start - 1
    return EARLIEST if end is not None and end < _BEFORE_ALL_SERVERS else _BEFORE_ALL_SERVERS


def _check(schedule: ScheduleSpec) -> None:
    match schedule:
        case CronsSpec(expressions):
            _check_count(len(expressions), "cron expressions", 1, MAX_EXPRESSIONS)
        case IntervalSpec(seconds):
            _check_interval(seconds)
        case DataIntervalSpec(every):
            _check(every)
        case CalendarSpec():
            _check_count(len(schedule.blackouts), "blackouts", 0, MAX_BLACKOUTS)
        case AssetsSpec(condition):
            _check_condition(condition)
        case AssetOrTimeSpec(condition, time):
            _check_condition(condition)
            _check(time)
        case _:
            pass


def _check_interval(seconds: float) -> None:
    if not (math.isfinite(seconds) and seconds == int(seconds)):
        raise InvalidSchedule(
            f"The interval is {seconds} seconds; it must be a whole number of them.", field="schedule"
        )
    if not MIN_INTERVAL <= seconds <= MAX_INTERVAL:
        raise InvalidSchedule(
            f"The interval is {int(seconds)} seconds; it must be from {MIN_INTERVAL} seconds to ten years.",
            hint="For work without pause take @continuous." if seconds < MIN_INTERVAL else None,
            field="schedule",
        )


def _check_condition(condition: AssetCondition) -> None:
    if depth(condition) > MAX_DEPTH:
        raise InvalidSchedule(
            f"The condition over assets is nested {depth(condition)} deep; {MAX_DEPTH} are allowed.",
            field="schedule",
        )
    _check_parts(condition)
    _check_count(len(assets_in(condition)), "assets", 1, MAX_ASSETS)


def _check_parts(condition: AssetCondition) -> None:
    match condition:
        case AssetRef(name):
            if not name.strip():
                raise InvalidSchedule("An asset in the schedule has no name.", field="schedule")
        case AssetAll(of) | AssetAny(of):
            if not of:
                raise InvalidSchedule(
                    "The condition over assets has a part without assets.",
                    hint="Leave that part out.",
                    field="schedule",
                )
            for part in of:
                _check_parts(part)


def _check_count(number: int, what: str, least: int, most: int) -> None:
    if not least <= number <= most:
        raise InvalidSchedule(
            f"The schedule has {number} {what}; it must be from {least} to {most}.", field="schedule"
        )
