"""Which ticks of a schedule become runs, when some were missed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from studio.core.schedule_kinds import Once, Schedule, Tick, Unclocked
from studio.core.schedules import instant_of, previous_tick, schedule_of, zone_of
from studio.core.spec import Catchup, DagSpec

MISFIRE_GRACE = 60.0  # seconds; a tick handled within it was not missed
MAX_CATCHUP = 100  # runs made up for at once
_MOMENT = 1e-3  # seconds; an instant less this is before any tick at that instant


@dataclass(frozen=True, slots=True)
class Due:
    """The ticks to make runs of, oldest first; the new cursor; when to look again (None: never)."""

    ticks: tuple[Tick, ...]
    cursor: float
    next_due: float | None


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a schedule that a DAG takes: ticks whose logical date is from `start` to `end`, both included."""

    schedule: Schedule
    start: float | None
    end: float | None

    def next_after(self, instant: float) -> float | None:
        """The first tick after `instant` in the window."""
        if self.start is not None and instant < self.start:
            instant = self.start - _MOMENT  # start_date itself may be a tick
        tick = self.schedule.next_after(instant)
        while tick is not None and self.is_early(tick):
            tick = self.schedule.next_after(tick)
        return tick if tick is not None and self.is_in_time(tick) else None

    def newest(self, instant: float) -> float | None:
        """The last tick at or before `instant` in the window."""
        tick = previous_tick(self.schedule, instant, inclusive=True)
        if tick is not None and self.end is not None and not self.is_in_time(tick):
            tick = previous_tick(self.schedule, self.end, inclusive=True)
            # With data intervals, the one that begins at `end` at the latest is over after it.
            later = self.schedule.next_after(self.end if tick is None else tick)
            if later is not None and later <= instant and self.is_in_time(later):
                tick = later
        return None if tick is None or self.is_early(tick) else tick

    def is_early(self, tick: float) -> bool:
        """Is the logical date of `tick` before `start`?"""
        return self.start is not None and self.schedule.tick_at(tick).logical_date < self.start

    def is_in_time(self, tick: float) -> bool:
        """Is the logical date of `tick` not after `end`?"""
        return self.end is None or self.schedule.tick_at(tick).logical_date <= self.end


def window_of(spec: DagSpec) -> Window | None:
    """The schedule of `spec` between its dates; None if no clock decides on it. Raises `InvalidSchedule`."""
    schedule = schedule_of(spec)
    if schedule is None or isinstance(schedule, Unclocked):
        return None
    return Window(schedule, *dates_of(spec))


def dates_of(spec: DagSpec) -> tuple[float | None, float | None]:
    """start_date and end_date as instants. Raises `InvalidSchedule`."""
    zone = zone_of(spec.timezone)
    return (
        None if spec.start_date is None else instant_of(spec.start_date, zone, "start_date"),
        None if spec.end_date is None else instant_of(spec.end_date, zone, "end_date"),
    )


def due(window: Window, catchup: Catchup, cursor: float | None, now: float) -> Due:
    """The ticks after `cursor` (None: the DAG is new) that are runs by `now`, under the catch-up policy.

    `skip`: only a tick that is not older than `MISFIRE_GRACE`. `latest`: at most the newest one. `all`: each, the
    newest `MAX_CATCHUP` of them. A new DAG without start_date begins now. The cursor never goes back, so that no
    tick comes twice, whatever becomes of the schedule or of the wall clock. The cost depends on the number of ticks
    returned, not on the time that has passed.
    """
    if isinstance(window.schedule, Once):
        return _once(window.schedule, cursor, now)
    since = cursor
    if since is None:
        since = now if window.start is None or catchup == "skip" else window.start - _MOMENT
    ticks = tuple(window.schedule.tick_at(tick) for tick in _missed(window, catchup, since, now))
    reached = max(since, now)  # never back, even if the wall clock goes back
    return Due(ticks, reached, window.next_after(reached))


def preview(spec: DagSpec, after: float, count: int) -> list[Tick]:
    """The next `count` scheduled runs after an instant; fewer if the schedule ends, none without a clock."""
    window = window_of(spec)
    found: list[Tick] = []
    tick = None if window is None else window.next_after(after)
    while window is not None and tick is not None and len(found) < count:
        found.append(window.schedule.tick_at(tick))
        tick = window.next_after(tick)
    return found


def _missed(window: Window, catchup: Catchup, since: float, now: float) -> list[float]:
    newest = window.newest(now)
    if newest is None or newest <= since:
        return []
    if catchup == "all":
        found = [newest]
        while len(found) < MAX_CATCHUP:
            tick = window.schedule.last_before(found[-1])
            if tick is None or tick <= since or window.is_early(tick):
                break
            found.append(tick)
        return found[::-1]
    # A window that closed before its newest tick has nothing that is still due: as in Airflow without catch-up.
    if newest != previous_tick(window.schedule, now, inclusive=True):
        return []
    if catchup == "skip" and now - newest > MISFIRE_GRACE:
        return []
    return [newest]


def _once(schedule: Once, cursor: float | None, now: float) -> Due:
    """The one run is never missed: whatever the policy, it is made up for."""
    at = schedule.at
    if at is None:  # when the DAG is first published
        ticks = (schedule.tick_at(float(floor(now))),) if cursor is None else ()
        return Due(ticks, now if cursor is None else max(cursor, now), None)
    since = at - _MOMENT if cursor is None else cursor
    reached = max(since, now)
    ticks = (schedule.tick_at(at),) if since < at <= now else ()
    return Due(ticks, reached, schedule.next_after(reached))
