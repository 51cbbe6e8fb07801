"""Cron expressions in English words: read from the parsed numbers, so that the words cannot say anything else.

Correct before pretty: what has no simple wording is quoted as it was written.
"""

from __future__ import annotations

from calendar import day_name, month_name
from collections.abc import Callable, Sequence
from typing import Final

from studio.core.cron import LAST, CronText, parse_cron

_NTH: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", LAST: "last"}
_MOST_TIMES: Final = 6  # times of day that are listed one by one


def cron_in_words(expression: str) -> str:
    """`at 06:00 on Monday to Friday`; raises `InvalidSchedule` for what is no expression."""
    cron = parse_cron(expression)
    times = _times(cron)
    if times is None:
        return f"at the times of `{cron.expression}`"
    days = _days(cron)
    if not days and times.startswith("at ") and not cron.every_hour and len(cron.months) == 12:
        days = "every day"
    months = "" if len(cron.months) == 12 else f"in {_spans(cron.months, lambda number: month_name[number])}"
    return " ".join(part for part in (times, days, months) if part)


def _times(cron: CronText) -> str | None:
    minutes, hours = cron.minutes, cron.hours
    if len(minutes) * len(hours) <= _MOST_TIMES:
        return "at " + _listed([f"{hour:02}:{minute:02}" for hour in hours for minute in minutes])
    minute_step, hour_step = _step(minutes, 60), _step(hours, 24)
    if minute_step is not None and len(minutes) > 1:
        often = "every minute" if minute_step == 1 else f"every {minute_step} minutes"
        if cron.every_hour:
            return often
        if hours == tuple(range(hours[0], hours[-1] + 1)):
            return f"{often} from {hours[0]:02}:00 to {hours[-1]:02}:{minutes[-1]:02}"
        return None
    if len(minutes) > _MOST_TIMES:
        return None
    past = _listed([str(minute) for minute in minutes])
    if cron.every_hour:
        if minutes == (0,):
            return "every hour"
        return f"at {past} minute{'' if past == '1' else 's'} past every hour"
    if len(minutes) == 1 and hour_step is not None:
        return f"every {hour_step} hours from {hours[0]:02}:{minutes[0]:02} on"
    if len(minutes) == 1 and hours == tuple(range(hours[0], hours[-1] + 1)):
        return f"every hour from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[0]:02}"
    return None


def _days(cron: CronText) -> str:
    month = week = ""
    if not cron.any_day:
        days = [f"day {_spans(cron.days, str)}"] if cron.days else []
        last = ["the last day"] if cron.last_day else []
        month = f"on {' and '.join(days + last)} of the month"
    if not cron.any_weekday:
        named = [_spans(cron.weekdays, _weekday)] if cron.weekdays else []
        nths = [f"the {_NTH[nth]} {_weekday(weekday)} of the month" for weekday, nth in cron.nth_weekdays]
        week = f"on {_listed(named + nths)}"
    return f"{month} or {week}" if month and week else month or week


def _weekday(number: int) -> str:
    return day_name[(number - 1) % 7]  # 0 is Sunday here, Monday there


def _step(values: Sequence[int], size: int) -> int | None:
    """The distance, if the values go round the clock at the same distance from 0 on."""
    step = size // len(values)
    return step if tuple(values) == tuple(range(0, size, step)) and size % len(values) == 0 else None


def _spans(values: Sequence[int], name: Callable[[int], str]) -> str:
    """Numbers with runs of three and more put together: `1, 3 to 5 and 9`."""
    parts: list[str] = []
    run: list[int] = []
    for value in [*values, None]:
        if run and value != run[-1] + 1:
            parts += (
                [f"{name(run[0])} to {name(run[-1])}"] if len(run) > 2 else [name(number) for number in run]
            )
            run = []
        if value is not None:
            run.append(value)
    return _listed(parts)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
