"""Which ticks of a schedule become runs, when some were missed. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from studio.core.schedules import Schedule, instant_of, previous_tick, schedule_of, ticks_between, zone_of
from studio.core.spec import Catchup, DagSpec

MISFIRE_GRACE = 60.0  # seconds; a tick handled within it was not missed
MAX_CATCHUP = 100  # runs made up for at once


@dataclass(frozen=True, slots=True)
class Due:
    """The ticks to make runs of, oldest first; the new cursor; when to look again (None: never)."""

    ticks: tuple[float, ...]
    cursor: float
    next_due: float | None


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the schedule that a DAG takes: both ends belong to it."""

    schedule: Schedule
    start: float | None
    end: float | None

    def next_after(self, instant: float) -> float | None:
        """The first tick after `instant` in the window."""
        if self.start is not None and instant < self.start:
            instant = self.start - 1e-3  # start_date itself may be a tick
        tick = self.schedule.next_after(instant)
        return None if self.end is not None and tick > self.end else tick


def window_of(spec: DagSpec) -> Window | None:
    """The schedule of `spec` between its dates; None if it has none. Raises `InvalidSchedule`."""
    schedule = schedule_of(spec)
    if schedule is None:
        return None
    zone = zone_of(spec.timezone)
    start = None if spec.start_date is None else instant_of(spec.start_date, zone, "start_date")
    end = None if spec.end_date is None else instant_of(spec.end_date, zone, "end_date")
    return Window(schedule, start, end)


def due(window: Window, catchup: Catchup, cursor: float | None, now: float) -> Due:
    """The ticks after `cursor` (None: the DAG is new) that are runs by `now`, under the catch-up policy.

    `skip`: only a tick that is not older than `MISFIRE_GRACE`. `latest`: at most the newest one. `all`: each, the
    newest `MAX_CATCHUP` of them. A new DAG without start_date begins now.
    """
    since = cursor
    if since is None:
        since = now if window.start is None or catchup == "skip" else window.start - 1e-3
    ticks = _missed(window, catchup, since, now)
    reached = max(since, now)  # never back, even if the wall clock goes back
    return Due(tuple(ticks), reached, window.next_after(reached))


def _missed(window: Window, catchup: Catchup, since: float, now: float) -> list[float]:
    first = window.next_after(since)
    if first is None or first > now:
        return []
    if catchup == "all":
        until = now if window.end is None else min(now, window.end)
        return list(deque(ticks_between(window.schedule, first - 1e-3, until), maxlen=MAX_CATCHUP))
    newest = previous_tick(window.schedule, now, inclusive=True)
    # A window that closed before its newest tick has nothing that is still due: as in Airflow without catch-up.
    if newest is None or newest < first or (window.end is not None and newest > window.end):
        return []
    if catchup == "skip" and now - newest > MISFIRE_GRACE:
        return []
    return [newest]
