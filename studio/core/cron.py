"""Cron expressions as text: presets, and the mistakes that croniter lets pass.

croniter accepts `*/61`, `59/15` and reversed ranges and gives them a meaning of its own; here they are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from croniter import croniter
from croniter.croniter import CroniterBadCronError, CroniterBadDateError

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

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: (name, least, most, names of values starting at `least`)
_FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?P<low>\*|\w+)(?:-(?P<high>\w+))?(?:/(?P<step>\d+))?")


@dataclass(frozen=True, slots=True)
class CronText:
    """A checked expression: five fields."""

    expression: str
    every_hour: bool  # its hour field covers every hour


@lru_cache(maxsize=4096)
def parse_cron(text: str) -> CronText:
    """Check an expression or preset. Raises `InvalidSchedule` that names the field, the value and the rule."""
    expression = _preset(text) if text.startswith("@") else text
    fields = expression.split()
    if len(fields) != 5:
        raise InvalidSchedule(
            f"The schedule {shown(text)} has {len(fields)} fields; a cron expression has five.",
            hint="minute, hour, day of month, month, day of week; for example `0 6 * * 1-5`.",
            field="schedule",
        )
    for value, (name, least, most, words) in zip(fields, _FIELDS, strict=True):
        for part in value.split(","):
            _check_part(text, part, name, least, most, words)
    try:
        croniter(expression, datetime(2000, 1, 1)).get_next(datetime)
    except CroniterBadDateError as error:
        raise InvalidSchedule(f"The schedule {shown(text)} never fires.", field="schedule") from error
    except (CroniterBadCronError, ValueError) as error:
        raise InvalidSchedule(
            f"The schedule {shown(text)} is no cron expression: {error}", field="schedule"
        ) from error
    return CronText(" ".join(fields), every_hour=fields[1] in ("*", "*/1", "0-23"))


def _preset(text: str) -> str:
    try:
        return PRESETS[text]
    except KeyError:
        raise InvalidSchedule(
            f"There is no schedule {shown(text)}.", hint=nearest(text, PRESETS), field="schedule"
        ) from None


def _check_part(text: str, part: str, name: str, least: int, most: int, words: tuple[str, ...]) -> None:
    def refuse(why: str) -> InvalidSchedule:
        return InvalidSchedule(
            f"The schedule {shown(text)}: {shown(part)} in the field {name} {why}.",
            hint=f"The field {name} goes from {least} to {most}.",
            field="schedule",
        )

    def number(word: str) -> int:
        if word.lower() in words:
            return words.index(word.lower()) + least
        if not word.isdecimal():
            raise refuse("is not understood")
        if not least <= int(word) <= most:
            raise refuse("is out of range")
        return int(word)

    match = _PART.fullmatch(part)
    if match is None:
        raise refuse("is not understood")
    low, high, step = match["low"], match["high"], match["step"]
    if low == "*":
        if high is not None:
            raise refuse("is not understood")
    else:
        first = number(low)
        if high is not None and number(high) < first:
            raise refuse("is a range that ends before it begins")
        if step is not None and high is None:
            raise refuse(f"has a step but no range; write {low}-{most}/{step}")
    if step is not None and not 1 <= int(step) <= most - least + 1:
        raise refuse("has a step that is larger than the field")
