"""Schedules in one line and in English words."""

from __future__ import annotations

from studio.core.asset_conditions import condition_text
from studio.core.cron_words import cron_in_words
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
)
from studio.core.spec import DagSpec

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def text_of(schedule: ScheduleSpec) -> str:
    """In one line, as near as can be to how it was written: `0 6 * * *`, `every 15 minutes`, `a & b`."""
    match schedule:
        case CronSpec(expression):
            return expression
        case CronsSpec(expressions):
            return "; ".join(expressions)
        case IntervalSpec(seconds):
            return every(seconds)
        case DataIntervalSpec(inner):
            return f"{text_of(inner)} (data intervals)"
        case CalendarSpec(expression, business_days):
            return (
                f"{expression} (business days {business_days})"
                if business_days
                else f"{expression} (calendar)"
            )
        case OnceSpec():
            return "@once"
        case ContinuousSpec():
            return "@continuous"
        case AssetsSpec(condition):
            return condition_text(condition)
        case AssetOrTimeSpec(condition, time):
            return f"{condition_text(condition)}, or {text_of(time)}"


def every(seconds: float) -> str:
    """A distance in words: `every 15 minutes`, `every day`, `every 90 seconds`."""
    for unit, name in _UNITS:
        if seconds % unit == 0 and seconds >= unit:
            number = int(seconds // unit)
            return f"every {name}" if number == 1 else f"every {number} {name}s"
    return f"every {seconds} seconds"


def in_words(spec: DagSpec) -> str:
    """When a DAG runs, in English: `at 06:00 on Monday to Friday, Europe/Vienna`. Raises `InvalidSchedule`."""
    return "by hand only" if spec.schedule is None else _words(spec.schedule, spec)


def _words(schedule: ScheduleSpec, spec: DagSpec) -> str:
    match schedule:
        case CronSpec(expression):
            return f"{cron_in_words(expression)}, {spec.timezone}"
        case CronsSpec(expressions):
            return (
                f"{', and '.join(cron_in_words(expression) for expression in expressions)}, {spec.timezone}"
            )
        case IntervalSpec(seconds):
            return every(seconds) + (f", counted from {spec.start_date}" if spec.start_date else "")
        case DataIntervalSpec(inner):
            return f"{_words(inner, spec)}, for the data interval that ends then"
        case CalendarSpec():
            return _calendar_words(schedule, spec)
        case OnceSpec():
            return f"once, at {spec.start_date}" if spec.start_date else "once, when it is first published"
        case ContinuousSpec():
            return "again as soon as no run is active"
        case AssetsSpec(condition):
            return f"when there are events of {condition_text(condition)}"
        case AssetOrTimeSpec(condition, time):
            return f"when there are events of {condition_text(condition)}, or {_words(time, spec)}"


def _calendar_words(schedule: CalendarSpec, spec: DagSpec) -> str:
    parts = [cron_in_words(schedule.expression)]
    off = [f"the weekends and holidays of {schedule.business_days}"] if schedule.business_days else []
    if schedule.holidays:
        off.append(f"{len(schedule.holidays)} dates off")
    if off:
        instead = {"skip": "", "next": " (but on the next day)", "previous": " (but on the day before)"}
        parts.append(f"not on {' and '.join(off)}{instead[schedule.on_holiday]}")
    if schedule.blackouts:
        parts.append("outside the blackouts")
    return ", ".join([*parts, spec.timezone])
