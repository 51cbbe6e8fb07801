"""Schedules in one line and in English words."""

from __future__ import annotations

from studio.core.asset_conditions import condition_text
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
