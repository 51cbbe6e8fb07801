"""Cron expressions as text: five fields or a preset, made into sets of numbers.

Refused is what cron implementations read in different ways: `*/61`, `59/15`, reversed and equal ranges. Besides
lists, ranges, steps and names there are `L` (the last day of the month), `fri#2` (the second Friday of the month)
and `Lfri` (its last Friday).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from studio.core.names import nearest, shown
from studio.errors import InvalidSchedule

PRESETS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
#: Presets that are no cron expressions but schedules of their own.
OTHER_PRESETS: Final = ("@once", "@continuous")
MAX_TEXT: Final = 1000  # characters

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class _Field(NamedTuple):
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()  # names of the values from `least` on


_MINUTE, _HOUR = _Field("minute", 0, 59), _Field("hour", 0, 23)
_DAY, _MONTH = _Field("day of month", 1, 31), _Field("month", 1, 12, _MONTHS)
_WEEKDAY = _Field("day of week", 0, 7, _DAYS)  # 0 and 7 are Sunday
_PART = re.compile(r"(?P<low>\*|\w+)(?:-(?P<high>\w+))?(?:/(?P<step>[0-9]+))?", re.ASCII)
_NTH = re.compile(r"(?P<day>\w+)#(?P<nth>[0-9]+)", re.ASCII)
LAST: Final = -1  # as `nth`: the last one of the month


@dataclass(frozen=True, slots=True)
class CronText:
    """A checked expression as sets of numbers, sorted."""

    expression: str  # five fields, one space between them
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    last_day: bool  # also the last day of the month
    months: tuple[int, ...]
    weekdays: tuple[int, ...]  # 0 is Sunday
    nth_weekdays: tuple[tuple[int, int], ...]  # (weekday, nth of the month or LAST)
    starred: bool  # minute or hour is written with `*` and has several values: an interval, no fixed time

    @property
    def every_hour(self) -> bool:
        """Its hour field covers every hour."""
        return len(self.hours) == 24

    @property
    def any_day(self) -> bool:
        """The day of the month restricts nothing."""
        return len(self.days) == 31

    @property
    def any_weekday(self) -> bool:
        """The day of the week restricts nothing."""
        return len(self.weekdays) == 7


@lru_cache(maxsize=4096)
def parse_cron(text: str) -> CronText:
    """Check an expression or preset. Raises `InvalidSchedule` that names the field, the value and the rule.

    Whether it ever fires is asked elsewhere (`studio.core.schedule_validation`).
    """
    if len(text) > MAX_TEXT:
        raise InvalidSchedule(
            f"The schedule {shown(text)} has {len(text)} characters; {MAX_TEXT} are allowed.",
            field="schedule",
        )
    fields = (_preset(text) if text.startswith("@") else text).split()
    if len(fields) != 5:
        raise InvalidSchedule(
            f"The schedule {shown(text)} has {len(fields)} fields; a cron expression has five.",
            hint="minute, hour, day of month, month, day of week; for example `0 6 * * 1-5`. "
            "For less than a minute take an interval.",
            field="schedule",
        )
    minute, hour, day, month, weekday = fields
    minutes, hours = _values(text, minute, _MINUTE), _values(text, hour, _HOUR)
    days = [part for part in day.split(",") if part.lower() != "l"]
    weekdays, nths = _weekdays(text, weekday)
    return CronText(
        expression=" ".join(fields),
        minutes=minutes,
        hours=hours,
        days=_values(text, ",".join(days), _DAY) if days else (),
        last_day=len(days) < len(day.split(",")),
        months=_values(text, month, _MONTH),
        weekdays=weekdays,
        nth_weekdays=nths,
        starred=("*" in minute and len(minutes) > 1) or ("*" in hour and len(hours) > 1),
    )


def _preset(text: str) -> str:
    try:
        return PRESETS[text]
    except KeyError:
        close = nearest(text, PRESETS) if " " not in text else ""
        known = f"There are {', '.join((*PRESETS, *OTHER_PRESETS))}, cron expressions, and intervals for the rest."
        raise InvalidSchedule(
            f"There is no schedule {shown(text)}.",
            hint=f"{close} {known}" if close.startswith("Did you mean") else known,
            field="schedule",
        ) from None


def _weekdays(text: str, value: str) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    plain: list[str] = []
    nths: list[tuple[int, int]] = []
    for part in value.split(","):
        if (match := _NTH.fullmatch(part)) is not None:
            nth = int(match["nth"])
            if not 1 <= nth <= 5:
                raise _refusal(text, part, _WEEKDAY, "asks for a week that no month has", "Take #1 to #5.")
            nths.append((_number(text, part, _WEEKDAY, match["day"]) % 7, nth))
        elif part[:1] in ("L", "l") and len(part) > 1:
            nths.append((_number(text, part, _WEEKDAY, part[1:]) % 7, LAST))
        else:
            plain.append(part)
    values = _values(text, ",".join(plain), _WEEKDAY) if plain else ()
    return tuple(sorted({value % 7 for value in values})), tuple(nths)


def _values(text: str, value: str, field: _Field) -> tuple[int, ...]:
    return tuple(sorted({number for part in value.split(",") for number in _part(text, part, field)}))


def _part(text: str, part: str, field: _Field) -> range:
    match = _PART.fullmatch(part)
    if match is None or (match["low"] == "*" and match["high"] is not None):
        raise _refusal(text, part, field, "is not understood")
    low, high, step = match["low"], match["high"], match["step"]
    first, last = field.least, field.most
    if low == "*":
        last = 6 if field is _WEEKDAY else last
    else:
        first = last = _number(text, part, field, low)
        if high is not None:
            last = 7 if field is _WEEKDAY and high.lower() == "sun" else _number(text, part, field, high)
            _check_range(text, part, field, first, last)
        elif step is not None:
            better = str(first) if first == field.most else f"{first}-{field.most}/{step}"
            raise _refusal(text, part, field, "has a step but no range", f"Write {better}.")
    if step is not None and not 1 <= int(step) <= last - first + 1:
        what = "the field" if low == "*" else "its range"
        hint = f"A step is from 1 to {last - first + 1} here; for a longer distance take an interval."
        raise _refusal(text, part, field, f"has a step that is larger than {what} or 0", hint)
    return range(first, last + 1, int(step or 1))


def _check_range(text: str, part: str, field: _Field, first: int, last: int) -> None:
    if last < first:
        hint = f"Write {first}-{field.most},{field.least}-{last}."
        raise _refusal(text, part, field, "is a range that ends before it begins", hint)
    if last == first:
        raise _refusal(text, part, field, "is a range of one value", f"Write {first}.")


def _number(text: str, part: str, field: _Field, word: str) -> int:
    if word.lower() in field.words:
        return field.words.index(word.lower()) + field.least
    if not word.isdecimal():
        raise _refusal(text, part, field, "is not understood")
    if len(word) > 4 or not field.least <= int(word) <= field.most:
        raise _refusal(text, part, field, "is out of range")
    return int(word)


def _refusal(text: str, part: str, field: _Field, why: str, hint: str = "") -> InvalidSchedule:
    return InvalidSchedule(
        f"The schedule {shown(text)}: {shown(part)} in the field {field.name} {why}.",
        hint=f"{hint} The field {field.name} goes from {field.least} to {field.most}.".lstrip(),
        field="schedule",
    )
