"""A slow second opinion about cron expressions. It shares no code with the package.

It lives through time minute by minute, looks at the clock on the wall and applies the rules as they are said in words:

1. A day fits if the month fits and the day fits. If both day of the month and day of the week say something, one of
   them is enough; a field that lists all its values says nothing.
2. If every hour is listed: fire whenever the clock shows a time that fits, also if it has shown it before.
3. Otherwise: fire when the clock shows a time that fits for the first time.
4. When the clock jumps ahead, then (not under rule 2) fire at once if one of the times that it jumped over fits,
   unless that time belongs to a date that the clock never showed.
5. Rule 4 does not apply if minute or hour is written with a star and stands for more than one value.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
WARM_UP = timedelta(days=2)  # to know what the clock has shown already
NAMES = {
    name: str(number)
    for start, names in (
        (1, "jan feb mar apr may jun jul aug sep oct nov dec"),
        (0, "sun mon tue wed thu fri sat"),
    )
    for number, name in enumerate(names.split(), start)
}
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 1,4,7,10 *",
    "@yearly": "0 0 1 1 *",
}


def values(field: str, least: int, most: int) -> set[int]:
    """The numbers that a field without `L` and `#` stands for."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            low, high = least, most
        else:
            first, _, last = span.partition("-")
            low = int(NAMES.get(first.lower(), first))
            high = int(NAMES.get(last.lower(), last)) if last else low
        found.update(number for number in range(low, high + 1) if (number - low) % int(step or "1") == 0)
    return found


class Oracle:
    """One expression in one zone."""

    def __init__(self, expression: str, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        fields = PRESETS.get(expression, expression).split()
        self.minute_text, self.hour_text, self.day_text, month, self.weekday_text = fields
        self.minutes = values(self.minute_text, 0, 59)
        self.hours = values(self.hour_text, 0, 23)
        self.months = values(month, 1, 12)
        self.every_hour = self.hours == set(range(24))
        self.is_interval = any(
            "*" in text and len(numbers) > 1
            for text, numbers in ((self.minute_text, self.minutes), (self.hour_text, self.hours))
        )
        self.known_days: dict[date, bool] = {}

    def day_fits(self, day: date) -> bool:
        if day not in self.known_days:
            self.known_days[day] = self._day_fits(day)
        return self.known_days[day]

    def _day_fits(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        month_says = self._says_something(self.day_text, range(1, 32))
        week_says = self._says_something(self.weekday_text, range(7))
        in_month = any(self._day_of_month_fits(part, day) for part in self.day_text.split(","))
        in_week = any(self._day_of_week_fits(part, day) for part in self.weekday_text.split(","))
        if month_says and week_says:
            return in_month or in_week
        return in_month and in_week

    def _says_something(self, text: str, everything: range) -> bool:
        if "L" in text or "#" in text:
            return True
        numbers = {
            number % 7 if len(everything) == 7 else number
            for number in values(text, everything[0], everything[-1])
        }
        return numbers != set(everything)

    def _day_of_month_fits(self, part: str, day: date) -> bool:
        if part == "L":
            return (day + timedelta(days=1)).month != day.month
        return day.day in values(part, 1, 31)

    def _day_of_week_fits(self, part: str, day: date) -> bool:
        weekday = (day.weekday() + 1) % 7  # 0 is Sunday
        if part.startswith("L"):
            named = int(NAMES.get(part[1:], part[1:])) % 7
            return weekday == named and (day + timedelta(days=7)).month != day.month
        name, _, nth = part.partition("#")
        if weekday not in {number % 7 for number in values(name, 0, 6)}:
            return False
        if not nth:
            return True
        same_before = sum(1 for weeks in range(1, 5) if (day - timedelta(days=7 * weeks)).month == day.month)
        return same_before + 1 == int(nth)

    def fits(self, wall: datetime) -> bool:
        return wall.minute in self.minutes and wall.hour in self.hours and self.day_fits(wall.date())

    def fires(self, after: datetime) -> Iterator[datetime]:
        """Every firing after an aware instant, for ever. Offsets are taken to be whole minutes."""
        now = after.astimezone(timezone.utc).replace(second=0, microsecond=0) - WARM_UP
        previous = now.astimezone(self.zone).replace(tzinfo=None)
        furthest = previous  # the latest time that the clock has shown
        while True:
            now += MINUTE
            wall = now.astimezone(self.zone).replace(tzinfo=None)
            fire = self.fits(wall) and (self.every_hour or wall > furthest)
            if wall > previous + MINUTE and not self.every_hour and not self.is_interval:
                skipped, shown_dates = previous + MINUTE, {previous.date(), wall.date()}
                while skipped < wall:
                    fire = fire or (self.fits(skipped) and skipped.date() in shown_dates)
                    skipped += MINUTE
            previous, furthest = wall, max(wall, furthest)
            if fire and now > after:
                yield now.astimezone(self.zone)
