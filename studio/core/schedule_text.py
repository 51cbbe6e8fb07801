"""A schedule written as one text: "0 6 * * 1-5", "@daily", "every 15 min", "@once", "@continuous"."""

from __future__ import annotations

import re
from typing import Final

from studio.core.durations import no_duration, seconds_in
from studio.core.schedule_spec import ContinuousSpec, CronSpec, IntervalSpec, OnceSpec, ScheduleSpec

_EVERY: Final = re.compile(r"every\s+(?P<duration>.+)", re.IGNORECASE)


def schedule_of_text(text: str) -> ScheduleSpec:
    """What is neither a preset nor an interval is a cron expression; `check_schedule` says whether it is a good one.

    Raises `InvalidInput` if what follows "every" is no duration.
    """
    match text:
        case "@once":
            return OnceSpec()
        case "@continuous":
            return ContinuousSpec()
        case _:
            return ticks_of_text(text)


def ticks_of_text(text: str) -> CronSpec | IntervalSpec:
    """As `schedule_of_text`, of a schedule that has ticks."""
    every = _EVERY.fullmatch(text.strip())
    if every is None:
        return CronSpec(text)
    interval = seconds_in(every["duration"])
    if interval is None:
        raise no_duration(every["duration"], "schedule")
    return IntervalSpec(interval)
