"""Wall time and instants: what a time zone does to times of day when its clocks change.

Instants are seconds since 1970-01-01 UTC, wall times are naive datetimes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

#: Schedules are computed between these years only; `datetime` itself overflows further out.
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
EARLIEST: Final = -2208988800.0  # 1900-01-01T00:00Z
LATEST: Final = 7258118400.0  # 2200-01-01T00:00Z

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WallClock:
    """The clock on the wall in a time zone."""

    zone: ZoneInfo

    def reading(self, instant: float) -> datetime:
        """What the clock shows at `instant`."""
        return datetime.fromtimestamp(instant, self.zone).replace(tzinfo=None)

    def offset(self, instant: float) -> timedelta:
        """Wall time minus UTC at `instant`."""
        return datetime.fromtimestamp(instant, self.zone).utcoffset() or timedelta(0)

    def first(self, wall: datetime) -> float | None:
        """When the clock shows `wall` for the first time; None: never, the time is in a gap."""
        return self._shown(wall, 0)

    def last(self, wall: datetime) -> float | None:
        """When the clock shows `wall` for the last time; None: never, the time is in a gap."""
        return self._shown(wall, 1)

    def _shown(self, wall: datetime, fold: int) -> float | None:
        instant = wall.replace(tzinfo=self.zone, fold=fold).timestamp()
        return instant if self.reading(instant) == wall else None

    def first_or_after_gap(self, wall: datetime) -> float | None:
        """Like `first`; for a time in a gap the first instant after it, or None if its whole date is missing."""
        found = self.first(wall)
        if found is not None:
            return found
        # In a gap, the offset from after the change (fold=1) gives an instant before it, and the other way round.
        before = wall.replace(tzinfo=self.zone, fold=1).timestamp()
        change = self._change(before, wall.replace(tzinfo=self.zone, fold=0).timestamp())
        midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
        gap_starts, gap_ends = self.reading(change - 1) + timedelta(seconds=1), self.reading(change)
        return None if gap_starts <= midnight and midnight + _DAY <= gap_ends else change

    def _change(self, low: float, high: float) -> float:
        """The first whole second in (low, high] with another offset than `low`."""
        start, end, offset = int(low), int(high), self.offset(low)
        while end - start > 1:
            middle = (start + end) // 2
            if self.offset(middle) == offset:
                start = middle
            else:
                end = middle
        return float(end)
