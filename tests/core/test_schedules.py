"""Rows checked by hand; the rule each one shows is named. Times are written as wall time with offset."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from studio.core.catchup import due, window_of
from studio.core.schedule_kinds import Schedule
from studio.core.schedule_validation import check_schedule
from studio.core.schedules import previous_tick, schedule_of
from studio.core.spec import CronSpec, DagSpec, TaskSpec
from studio.errors import InvalidSchedule

GOLDEN = [
    # expression, zone, after (wall time), the next ticks
    ("@daily", "UTC", "2024-02-28T00:00", ["2024-02-29T00:00+00:00", "2024-03-01T00:00+00:00"]),
    ("0 9 * * mon-fri", "UTC", "2026-01-02T10:00", ["2026-01-05T09:00+00:00"]),
    (
        "0 0 13 * 5",
        "UTC",
        "2026-02-01T00:00",
        ["2026-02-06T00:00+00:00", "2026-02-13T00:00+00:00"],
    ),  # or, Vixie
    # a time in a gap fires once, at the first instant after it
    ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]),
    (
        "*/15 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00",
        ["2026-03-30T02:00+02:00", "2026-03-30T02:15+02:00"],
    ),  # but not what is written as an interval
    (
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00",
        ["2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"],
    ),
    ("0 0 * * *", "Asia/Beirut", "2023-03-25T12:00", ["2023-03-26T01:00+03:00", "2023-03-27T00:00+03:00"]),
    # a time in an overlap fires once, at its first occurrence
    ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
    (
        "30 1 * * *",
        "America/New_York",
        "2026-11-01T00:00",
        ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"],
    ),
    # what covers every hour fires in every real hour
    (
        "30 * * * *",
        "Europe/Berlin",
        "2026-10-25T01:45",
        ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T03:30+01:00"],
    ),
    ("0 * * * *", "Europe/Berlin", "2026-03-29T00:30", ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"]),
    # a local date that never existed has no run
    ("0 12 * * *", "Pacific/Apia", "2011-12-29T11:00", ["2011-12-29T12:00-10:00", "2011-12-31T12:00+14:00"]),
]


def cron_schedule(expression: str, zone: str = "UTC") -> Schedule:
    spec = DagSpec(id="d", tasks=(), schedule=CronSpec(expression), timezone=zone)
    found = schedule_of(spec)
    assert found is not None
    return found


@pytest.mark.parametrize(("expression", "zone", "after", "expected"), GOLDEN)
def test_cron_next_ticks(expression: str, zone: str, after: str, expected: list[str]) -> None:
    cron = cron_schedule(expression, zone)
    tick: float | None = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone)).timestamp()
    found = []
    for _ in expected:
        assert tick is not None
        tick = cron.next_after(tick)
        assert tick is not None
        found.append(datetime.fromtimestamp(tick, ZoneInfo(zone)).isoformat(timespec="minutes"))
    assert found == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("0 0 31 2 *", "never fires"),
        ("*/61 * * * *", "step that is larger"),
        ("59/15 * * * *", "step but no range"),
        ("0 5-1 * * *", "ends before it begins"),
        ("61 * * * *", "'61' in the field minute is out of range"),
        ("* * * *", "has 4 fields"),
        ("* * * * * *", "has 6 fields"),
        ("@dayly", "Did you mean '@daily'"),
        ("a * * * *", "is not understood"),
    ],
)
def test_cron_refuses_what_makes_no_sense(expression: str, message: str) -> None:
    with pytest.raises(InvalidSchedule, match=message):
        check_schedule(DagSpec(id="d", tasks=(), schedule=CronSpec(expression)))


def test_previous_tick_is_the_last_one_before() -> None:
    monthly = cron_schedule("@monthly")
    march = datetime(2026, 3, 1, tzinfo=ZoneInfo("UTC")).timestamp()
    assert previous_tick(monthly, march, inclusive=True) == march
    assert previous_tick(monthly, march) == datetime(2026, 2, 1, tzinfo=ZoneInfo("UTC")).timestamp()


DAY = 86400.0
NOW = 10_000 * DAY + 3600  # one in the morning


def daily(**options: Any) -> DagSpec:
    return DagSpec(id="d", tasks=(TaskSpec(id="a", kind="function"),), schedule=CronSpec("@daily"), **options)


@pytest.mark.parametrize(
    ("catchup", "cursor", "now", "ticks"),
    [
        ("latest", 9_990 * DAY, NOW, [10_000 * DAY]),  # only the newest missed one
        ("skip", 9_990 * DAY, NOW, []),
        ("skip", 9_999 * DAY, 10_000 * DAY + 5, [10_000 * DAY]),  # on time is not missed
        ("all", 9_997 * DAY, NOW, [9_998 * DAY, 9_999 * DAY, 10_000 * DAY]),
        ("latest", None, NOW, []),  # a new DAG without start_date begins now
        ("latest", 10_000 * DAY, NOW, []),
        ("all", NOW + 5 * DAY, NOW, []),  # the wall clock went back
    ],
)
def test_catchup_policies(catchup: str, cursor: float | None, now: float, ticks: list[float]) -> None:
    window = window_of(daily(catchup=catchup))
    assert window is not None
    found = due(window, catchup, cursor, now)  # type: ignore[arg-type]
    assert [tick.run_after for tick in found.ticks] == ticks
    assert found.next_due is not None and found.next_due > max(now, cursor or 0)
    assert found.cursor == max(now, cursor or 0)


def test_catchup_all_is_bounded_and_keeps_the_newest() -> None:
    window = window_of(daily(catchup="all", start_date="1970-01-01"))
    assert window is not None
    ticks = due(window, "all", None, NOW).ticks
    assert (len(ticks), ticks[-1].run_after) == (100, 10_000 * DAY)


def test_window_that_is_over_has_nothing_due_any_more() -> None:
    window = window_of(daily(start_date="1980-01-01", end_date="1980-12-31"))
    assert window is not None
    assert due(window, "latest", None, NOW) == due(window, "skip", None, NOW)
    assert due(window, "latest", None, NOW).next_due is None


def test_start_date_itself_is_a_tick() -> None:
    window = window_of(daily(start_date="1997-05-20"))  # later than NOW
    assert window is not None
    assert (
        due(window, "latest", None, NOW).next_due == datetime(1997, 5, 20, tzinfo=ZoneInfo("UTC")).timestamp()
    )
