"""What holds for every schedule in every zone, at whatever time one asks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import get_args
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.catchup import due, window_of
from studio.core.cron import parse_cron
from studio.core.schedule_kinds import Schedule
from studio.core.schedule_spec import (
    CalendarSpec,
    CronSpec,
    CronsSpec,
    DataIntervalSpec,
    IntervalSpec,
    OnceSpec,
    TimeSpec,
)
from studio.core.schedules import previous_tick, schedule_of
from studio.core.spec import Catchup, DagSpec

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Beirut",
    "America/Sao_Paulo", "Africa/Casablanca", "Asia/Tehran", "America/Havana", "Antarctica/Troll", "Pacific/Chatham",
    "Africa/Cairo", "America/Scoresbysund", "Asia/Pyongyang",
]  # fmt: skip
#: Instants some hours before a change of clocks in one of these zones, besides any instant at all.
CHANGES = [
    datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()
    for text in (
        "2011-12-30T10:00", "2015-08-14T15:00", "2018-02-18T02:00", "2018-05-04T15:00", "2018-11-04T03:00",
        "2022-09-21T19:30", "2024-03-10T05:00", "2024-03-10T02:00", "2024-03-30T22:00", "2024-03-31T01:00",
        "2024-10-05T15:30", "2024-10-26T21:00", "2024-10-27T01:00", "2024-10-31T21:00", "2025-03-30T01:00",
        "2025-04-05T14:00", "2025-04-05T15:00", "2025-11-02T05:00",
    )
]  # fmt: skip

instants = st.one_of(
    st.builds(
        lambda base, minutes: base + 60.0 * minutes, st.sampled_from(CHANGES), st.integers(-1500, 1500)
    ),
    st.floats(0.0, 2.0e9),
)
zones = st.sampled_from(ZONES)


def numbers(least: int, most: int) -> st.SearchStrategy[str]:
    """A field with a few numbers."""
    some = st.lists(st.integers(least, most), min_size=1, max_size=3, unique=True)
    return some.map(lambda found: ",".join(map(str, sorted(found))))


expressions = st.builds(
    lambda *fields: " ".join(fields),
    st.one_of(numbers(0, 59), st.sampled_from(["*", "*/15", "*/20", "0", "30"])),
    st.one_of(numbers(0, 23), st.sampled_from(["*", "*/2", "0-4", "23", "0"])),
    st.one_of(st.just("*"), numbers(1, 28), st.just("L")),
    st.one_of(st.just("*"), numbers(1, 12)),
    st.one_of(st.just("*"), numbers(0, 6), st.sampled_from(["1-5", "fri#2", "Lsun"])),
)
time_specs: st.SearchStrategy[TimeSpec] = st.one_of(
    st.builds(CronSpec, expressions),
    st.builds(CronsSpec, st.lists(expressions, min_size=1, max_size=3).map(tuple)),
    st.builds(IntervalSpec, st.sampled_from([600.0, 5400.0, 86400.0, 7 * 86400.0, 100000.0])),
    st.builds(DataIntervalSpec, st.builds(CronSpec, expressions)),
    st.builds(
        CalendarSpec,
        expressions,
        business_days=st.sampled_from(["", "US", "DE-BY"]),
        holidays=st.sampled_from([(), ("2024-10-28",)]),
        blackouts=st.sampled_from([(), (("2024-10-27", "2024-10-29"),)]),
        on_holiday=st.sampled_from(["skip", "next", "previous"]),
    ),
    st.just(OnceSpec()),
)


def made(spec: TimeSpec, zone: str, start_date: str | None = None) -> Schedule:
    found = schedule_of(DagSpec(id="d", tasks=(), schedule=spec, timezone=zone, start_date=start_date))
    assert found is not None
    return found


def ticks(schedule: Schedule, after: float, count: int) -> list[float]:
    found: list[float] = []
    tick = schedule.next_after(after)
    while tick is not None and len(found) < count:
        found.append(tick)
        tick = schedule.next_after(tick)
    return found


@settings(max_examples=150, deadline=None)
@given(time_specs, zones, instants)
def test_ticks_increase_and_go_back_the_same_way(spec: TimeSpec, zone: str, after: float) -> None:
    schedule = made(spec, zone, "2024-10-27T02:30:00+00:00")
    found = ticks(schedule, after, 6)
    assert all(after < tick for tick in found[:1])
    assert all(earlier < later for earlier, later in pairwise(found))
    for earlier, later in pairwise(found):
        assert previous_tick(schedule, later) == earlier
        assert previous_tick(schedule, (earlier + later) / 2) == earlier
        assert previous_tick(schedule, earlier, inclusive=True) == earlier
        assert schedule.next_after((earlier + later) / 2) == later
    if found:
        before = previous_tick(schedule, after, inclusive=True)
        assert before is None or (before <= after and schedule.next_after(before) == found[0])


@settings(max_examples=150, deadline=None)
@given(expressions, zones, instants)
def test_cron_ticks_show_a_time_that_fits_or_end_a_gap(expression: str, zone: str, after: float) -> None:
    cron = parse_cron(expression)
    for tick in ticks(made(CronSpec(expression), zone), after, 6):
        wall = datetime.fromtimestamp(tick, ZoneInfo(zone)).replace(tzinfo=None)
        before = datetime.fromtimestamp(tick - 60, ZoneInfo(zone)).replace(tzinfo=None)
        fits = wall.minute in cron.minutes and wall.hour in cron.hours and wall.month in cron.months
        assert fits or wall - before > timedelta(minutes=1)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 23), st.integers(0, 59), zones, instants)
def test_daily_cron_fires_once_for_each_date_that_exists(
    hour: int, minute: int, zone: str, after: float
) -> None:
    schedule, place = made(CronSpec(f"{minute} {hour} * * *"), zone), ZoneInfo(zone)
    start, days = datetime.fromtimestamp(after, place).date(), 4
    midnight = datetime(start.year, start.month, start.day, tzinfo=place).timestamp()
    until = midnight + (days + 1) * 86400.0
    shown = {
        datetime.fromtimestamp(midnight + 900.0 * n, place).date() for n in range(1, 96 * (days + 1))
    } - {datetime.fromtimestamp(midnight - 1, place).date()}
    fired = [tick for tick in ticks(schedule, midnight - 3600 * 3, 10) if midnight - 3600 * 3 < tick <= until]
    # A time in a gap that ends at midnight fires as the next date begins: count it for the date that it belongs to.
    dates = [
        datetime.fromtimestamp(tick, place).date()
        if datetime.fromtimestamp(tick, place).replace(tzinfo=None).time()
        >= datetime(1, 1, 1, hour, minute).time()
        else (datetime.fromtimestamp(tick - 1, place)).date()
        for tick in fired
    ]
    assert len(dates) == len(set(dates))
    whole = sorted(shown)[1:-2]
    assert set(whole) <= set(dates)


@settings(max_examples=150, deadline=None)
@given(
    time_specs,
    zones,
    st.sampled_from(get_args(Catchup)),
    instants,
    st.lists(st.floats(-200_000.0, 400_000.0), min_size=1, max_size=12),
    st.sampled_from([None, "2011-12-01", "2024-03-09T00:00:00"]),
    st.sampled_from([None, "2030-01-01"]),
    st.lists(time_specs, min_size=1, max_size=2),
)
def test_due_never_returns_a_tick_twice(
    spec: TimeSpec,
    zone: str,
    catchup: Catchup,
    now: float,
    jumps: list[float],
    start: str | None,
    end: str | None,
    others: list[TimeSpec],
) -> None:
    """Over any sequence of calls, with a clock that jumps and a schedule that changes."""
    cursor: float | None = None
    seen: list[float] = []
    for number, jump in enumerate(jumps):
        now += jump
        current = spec if number % 4 else others[number % len(others)]
        window = window_of(
            DagSpec(id="d", tasks=(), schedule=current, timezone=zone, start_date=start, end_date=end)
        )
        assert window is not None
        found = due(window, catchup, cursor, now)
        assert cursor is None or found.cursor >= cursor
        assert len(found.ticks) <= (100 if catchup == "all" else 1)
        for tick in found.ticks:
            assert tick.run_after <= now and (cursor is None or tick.run_after > cursor)
            assert tick.interval_start <= tick.interval_end <= tick.run_after
            assert tick.logical_date in (tick.interval_start, tick.interval_end)
            assert window.start is None or window.start <= tick.logical_date
            assert window.end is None or tick.logical_date <= window.end
            seen.append(tick.run_after)
        cursor = found.cursor
        assert found.next_due is None or found.next_due > cursor
    assert all(earlier < later for earlier, later in pairwise(seen))
