"""Which ticks a backfill is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from studio.core.backfill_asked import MAX_BACKFILL_RUNS, BackfillAsked
from studio.core.context import iso
from studio.core.names import shown
from studio.core.schedule_kinds import Intervals, Periodic, Schedule
from studio.core.schedules import Tick, manual_interval, schedule_of
from studio.core.spec import DagSpec
from studio.errors import InvalidInput

FUTURE_LISTED: Final = 100  # ticks that are not over, to show in a plan; a range may reach far
_MOMENT: Final = 1e-3  # seconds; an instant less this is before any tick at that instant
_WALKED: Final = 5_000  # ticks after which it is worth to look whether there are far too many
_LOOKS: Final = 1_000


def ready_at(tick: Tick) -> float:
    """When there is everything that the run of `tick` is about."""
    return max(tick.run_after, tick.interval_end)


def ticks_of(spec: DagSpec, asked: BackfillAsked, now: float) -> list[Tick]:
    """The ticks of a range or of dates, oldest first, with the next few that are not over. Raises `InvalidInput`."""
    if asked.dates is not None:
        dates = sorted(set(asked.dates))
        if dates[0] > now:
            raise InvalidInput(
                f"All dates of the backfill lie in the future, the first at {iso(dates[0])}.", field="dates"
            )
        schedule = schedule_of(spec)
        return [_tick_of(spec, schedule, date) for date in dates]
    assert asked.from_ is not None  # one of them is given: `asked_of`
    return _ticks_of_range(spec, asked.from_, now if asked.to is None else asked.to, now)


def walk(schedule: Periodic | Intervals, start: float, end: float) -> Iterator[Tick]:
    """Ticks whose logical date is in [start, end], in one pass."""
    tick: Tick | None = None
    instant = schedule.next_after(start - _MOMENT)
    while instant is not None:
        # Going back for the tick before would double the cost of the walk, and it is at hand but for the first.
        if tick is None:
            tick = schedule.tick_at(instant)
        elif isinstance(schedule, Intervals):
            tick = Tick(instant, tick.interval_end, tick.interval_end, instant)
        else:
            tick = Tick(instant, instant, tick.interval_end, instant)
        if tick.logical_date > end:
            return
        if tick.logical_date >= start:
            yield tick
        instant = schedule.next_after(instant)


def _ticks_of_range(spec: DagSpec, start: float, end: float, now: float) -> list[Tick]:
    schedule = schedule_of(spec)
    if not isinstance(schedule, (Periodic, Intervals)):
        has = "no schedule" if schedule is None else f"the schedule {shown(schedule.text)}"
        raise InvalidInput(
            f"The DAG {shown(spec.id)} has {has}, so a range of time does not say which runs there are.",
            hint="Give dates or params_list instead.",
            field="from",
        )
    if start > now:
        raise InvalidInput(f"The backfill lies in the future: it starts at {iso(start)}.", field="from")
    found: list[Tick] = []
    ahead = 0
    for tick in walk(schedule, start, end):
        found.append(tick)
        if ready_at(tick) >= now:
            ahead += 1
            if ahead == FUTURE_LISTED:
                break
        elif len(found) > MAX_BACKFILL_RUNS or (
            len(found) == _WALKED and _are_far_too_many(schedule, start, min(end, now))
        ):
            raise InvalidInput(
                f"There are more than {MAX_BACKFILL_RUNS} runs from {iso(start)} to {iso(end)}.",
                hint="Take a shorter range.",
                field="to",
            )
    if not found:
        following = schedule.next_after(end)
        hint = None if following is None else f"The next one starts at {iso(following)}."
        raise InvalidInput(
            f"There are no runs of {shown(spec.id)} from {iso(start)} to {iso(end)}.", hint=hint, field="from"
        )
    return found


def _are_far_too_many(schedule: Periodic | Intervals, start: float, end: float) -> bool:
    """Are there surely too many, without a walk over all? By how close ticks are at many places of the range.

    The mean of 1 / gap over places spread evenly is the number of ticks per second. It is an estimate: only twice too
    many are "far too many", what is less is counted.
    """
    step = (end - start) / _LOOKS
    rate = 0.0
    for n in range(_LOOKS):
        after = schedule.next_after(start + (n + 0.5) * step)
        before = None if after is None else schedule.last_before(after)
        if after is not None and before is not None:
            rate += 1 / (after - before) / _LOOKS
    return rate * (end - start) > 2 * MAX_BACKFILL_RUNS


def _tick_of(spec: DagSpec, schedule: Schedule | None, date: float) -> Tick:
    """The schedule's tick with this logical date; between two, or without a schedule, it is as of a run by hand."""
    if isinstance(schedule, (Periodic, Intervals)):
        for since in (date - _MOMENT, date):
            instant = schedule.next_after(since)
            if instant is not None and (tick := schedule.tick_at(instant)).logical_date == date:
                return tick
    start, end = manual_interval(spec, date) or (date, date)
    return Tick(date, date, start, end)
