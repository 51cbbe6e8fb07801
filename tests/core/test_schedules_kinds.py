"""Each kind of schedule: its ticks, what its runs are about, and the mistakes that are refused."""

# ruff: noqa: E501 - tables

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from studio.core.catchup import Window, due, preview, window_of
from studio.core.schedule_spec import (
    AssetAll,
    AssetAny,
    AssetOrTimeSpec,
    AssetRef,
    AssetsSpec,
    CalendarSpec,
    ContinuousSpec,
    CronSpec,
    CronsSpec,
    DataIntervalSpec,
    IntervalSpec,
    OnceSpec,
    ScheduleSpec,
    assets_in,
    holds,
)
from studio.core.schedule_validation import check_schedule
from studio.core.schedules import is_continuous, manual_interval, previous_tick
from studio.core.spec import DagSpec, TaskSpec, decode, encode, version_of
from studio.errors import InvalidSchedule

BERLIN = "Europe/Berlin"


def dag(schedule: ScheduleSpec | None, **options: Any) -> DagSpec:
    return DagSpec(id="d", tasks=(TaskSpec(id="a", kind="function"),), schedule=schedule, **options)


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def shown(instant: float, zone: str = "UTC") -> str:
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).isoformat(timespec="minutes")[:16]


def upcoming(spec: DagSpec, after: str, count: int = 4) -> list[str]:
    """When the next runs start, on the wall clock of the DAG's zone."""
    ticks = preview(spec, at(after, spec.timezone), count)
    return [shown(tick.run_after, spec.timezone) for tick in ticks]


def window(spec: DagSpec) -> Window:
    found = window_of(spec)
    assert found is not None
    return found


ALL_KINDS: list[ScheduleSpec] = [
    CronSpec("0 6 * * *"),
    CronsSpec(("0 6 * * 1", "@daily")),
    IntervalSpec(900),
    DataIntervalSpec(CronsSpec(("@daily",))),
    CalendarSpec("0 6 * * *", "DE-BY", ("2026-12-24",), (("2026-01-01", "2026-01-02"),), "next"),
    OnceSpec(),
    ContinuousSpec(),
    AssetsSpec(AssetAll((AssetRef("a"), AssetAny((AssetRef("b"), AssetRef("c")))))),
    AssetOrTimeSpec(AssetRef("a"), DataIntervalSpec(IntervalSpec(3600))),
]


@pytest.mark.parametrize("schedule", ALL_KINDS)
def test_every_kind_survives_json_and_is_valid(schedule: ScheduleSpec) -> None:
    spec = dag(schedule)
    assert decode(encode(spec)) == spec
    check_schedule(spec)
    assert version_of(spec) != version_of(dag(None))


def test_specs_keep_their_json_form() -> None:
    assert msgspec.to_builtins(CronSpec("@daily")) == {"type": "cron", "expression": "@daily"}
    assert msgspec.json.decode(msgspec.json.encode(AssetsSpec(AssetAny((AssetRef("a"), AssetRef("b")))))) == {
        "type": "assets",
        "condition": {"type": "any", "of": [{"type": "asset", "name": "a"}, {"type": "asset", "name": "b"}]},
    }
    with pytest.raises(msgspec.ValidationError, match="unknown field `minutes`"):
        decode(b'{"id":"d","tasks":[],"schedule":{"type":"interval","seconds":60,"minutes":1}}')


# --- ticks and what they are about ----------------------------------------------------------------


def test_crons_are_united_and_fire_once_at_the_same_instant() -> None:
    spec = dag(CronsSpec(("0 6 * * *", "0 6,18 * * 1")))
    assert upcoming(spec, "2026-02-01T12:00", 3) == [
        "2026-02-02T06:00",
        "2026-02-02T18:00",
        "2026-02-03T06:00",
    ]


def test_interval_counts_from_start_date_in_real_time() -> None:
    spec = dag(IntervalSpec(5 * 3600), start_date="2026-03-28T23:30", timezone=BERLIN)
    assert upcoming(spec, "2026-03-01T00:00") == [
        "2026-03-28T23:30", "2026-03-29T05:30", "2026-03-29T10:30", "2026-03-29T15:30",
    ]  # fmt: skip


def test_interval_without_start_date_counts_from_midnight_of_1970() -> None:
    assert upcoming(dag(IntervalSpec(3600 * 7)), "1970-01-01T01:00", 2) == [
        "1970-01-01T07:00",
        "1970-01-01T14:00",
    ]
    berlin = dag(IntervalSpec(86400), timezone=BERLIN)
    assert upcoming(berlin, "2026-07-01T05:00", 2) == ["2026-07-02T00:00", "2026-07-03T00:00"]


def test_interval_of_days_keeps_the_wall_clock() -> None:
    spec = dag(IntervalSpec(2 * 86400), start_date="2026-03-25T02:30", timezone=BERLIN)
    assert upcoming(spec, "2026-03-25T12:00", 3) == [
        "2026-03-27T02:30",
        "2026-03-29T03:00",
        "2026-03-31T02:30",
    ]
    overlap = dag(IntervalSpec(86400), start_date="2025-10-24T02:30", timezone=BERLIN)
    assert upcoming(overlap, "2025-10-25T12:00", 2) == ["2025-10-26T02:30", "2025-10-27T02:30"]


def test_cron_run_is_about_the_time_since_the_tick_before() -> None:
    (tick,) = preview(dag(CronSpec("0 6 * * 1-5")), at("2026-02-01T00:00"), 1)
    assert [shown(value) for value in (tick.run_after, tick.logical_date, tick.interval_start, tick.interval_end)] == [
        "2026-02-02T06:00", "2026-02-02T06:00", "2026-01-30T06:00", "2026-02-02T06:00",
    ]  # fmt: skip


def test_data_interval_has_the_start_as_logical_date() -> None:
    spec = dag(DataIntervalSpec(CronSpec("0 6 * * *")), start_date="2026-02-01", end_date="2026-02-03T06:00")
    found = [
        (shown(t.run_after), shown(t.logical_date), shown(t.interval_end)) for t in preview(spec, 0.0, 9)
    ]
    # start_date and end_date are about the logical date, as in Airflow.
    assert found == [
        ("2026-02-02T06:00", "2026-02-01T06:00", "2026-02-02T06:00"),
        ("2026-02-03T06:00", "2026-02-02T06:00", "2026-02-03T06:00"),
        ("2026-02-04T06:00", "2026-02-03T06:00", "2026-02-04T06:00"),
    ]
    assert len(due(window(spec), "all", None, at("2026-03-01T00:00")).ticks) == 3


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (CronSpec("0 6 * * *"), ("2026-02-01T06:00", "2026-02-01T12:00")),
        (DataIntervalSpec(CronSpec("0 6 * * *")), ("2026-01-31T06:00", "2026-02-01T06:00")),
        (DataIntervalSpec(CronSpec("0 12 * * *")), ("2026-01-31T12:00", "2026-02-01T12:00")),
        (OnceSpec(), ("2026-02-01T12:00", "2026-02-01T12:00")),
        (AssetOrTimeSpec(AssetRef("a"), CronSpec("0 6 * * *")), ("2026-02-01T06:00", "2026-02-01T12:00")),
        (AssetsSpec(AssetRef("a")), None),
        (ContinuousSpec(), None),
        (None, None),
    ],
)
def test_interval_of_a_run_by_hand(schedule: ScheduleSpec | None, expected: tuple[str, str] | None) -> None:
    found = manual_interval(dag(schedule), at("2026-02-01T12:00"))
    assert expected == (None if found is None else (shown(found[0]), shown(found[1])))


def test_only_time_schedules_have_a_window() -> None:
    assert [window_of(dag(schedule)) is not None for schedule in ALL_KINDS] == [True] * 6 + [
        False,
        False,
        True,
    ]
    assert [is_continuous(dag(schedule)) for schedule in ALL_KINDS] == [False] * 6 + [True, False, False]


# --- calendars ------------------------------------------------------------------------------------


def test_calendar_leaves_out_weekends_and_holidays() -> None:
    spec = dag(CalendarSpec("0 6 * * *", business_days="US"))
    assert upcoming(spec, "2026-07-01T12:00", 3) == [
        "2026-07-02T06:00",
        "2026-07-06T06:00",
        "2026-07-07T06:00",
    ]


@pytest.mark.parametrize(
    ("on_holiday", "expected"),
    [
        ("skip", ["2026-07-01T06:00", "2026-09-01T06:00", "2026-10-01T06:00"]),  # 2026-08-01 is a Saturday
        ("next", ["2026-07-01T06:00", "2026-08-03T06:00", "2026-09-01T06:00"]),
        ("previous", ["2026-07-01T06:00", "2026-07-31T06:00", "2026-09-01T06:00"]),
    ],
)
def test_calendar_moves_what_falls_on_a_day_off(on_holiday: Any, expected: list[str]) -> None:
    spec = dag(CalendarSpec("0 6 1 * *", business_days="DE-BY", on_holiday=on_holiday))
    assert upcoming(spec, "2026-06-15T00:00", 3) == expected


def test_calendar_subdivision_has_holidays_of_its_own() -> None:
    epiphany = "2026-01-05T12:00"  # 2026-01-06 is a holiday in Bavaria, not in Berlin
    assert upcoming(dag(CalendarSpec("0 6 * * *", "DE-BY")), epiphany, 1) == ["2026-01-07T06:00"]
    assert upcoming(dag(CalendarSpec("0 6 * * *", "DE-BE")), epiphany, 1) == ["2026-01-06T06:00"]


def test_calendar_moved_to_a_day_that_has_a_run_is_one_run() -> None:
    spec = dag(CalendarSpec("0 6 * * *", business_days="US", on_holiday="next"))
    assert upcoming(spec, "2026-02-06T07:00", 2) == ["2026-02-09T06:00", "2026-02-10T06:00"]


def test_calendar_blackouts_and_further_dates() -> None:
    spec = dag(
        CalendarSpec(
            "0 */12 * * *",
            holidays=("2026-02-02",),
            blackouts=(("2026-02-03", "2026-02-04"), ("2026-02-05T12:00", "2026-02-06T12:00")),
        ),
        timezone="America/New_York",
    )
    assert upcoming(spec, "2026-02-01T11:00", 4) == [
        "2026-02-01T12:00", "2026-02-05T00:00", "2026-02-06T12:00", "2026-02-07T00:00",
    ]  # fmt: skip
    found = window(spec)
    tick = found.schedule.tick_at(at("2026-02-06T12:00", "America/New_York"))
    assert shown(tick.interval_start, "America/New_York") == "2026-02-05T00:00"


# --- once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("catchup", ["skip", "latest", "all"])
def test_once_without_start_date_runs_when_published(catchup: Any) -> None:
    found = window(dag(OnceSpec()))
    first = due(found, catchup, None, 1000.5)
    assert ([tick.run_after for tick in first.ticks], first.next_due) == ([1000.0], None)
    assert due(found, catchup, first.cursor, 5000.0).ticks == ()


@pytest.mark.parametrize("catchup", ["skip", "latest", "all"])
def test_once_at_start_date_is_never_missed(catchup: Any) -> None:
    start = at("2026-02-01T06:00")
    found = window(dag(OnceSpec(), start_date="2026-02-01T06:00"))
    early = due(found, catchup, None, start - 100)
    assert (early.ticks, early.next_due) == ((), start)
    late = due(found, catchup, early.cursor, start + 86400)
    assert ([tick.run_after for tick in late.ticks], late.next_due) == ([start], None)
    assert due(found, catchup, late.cursor, start + 2 * 86400).ticks == ()
    assert [tick.run_after for tick in due(found, catchup, None, start + 86400).ticks] == [start]


# --- catching up ----------------------------------------------------------------------------------


def test_catchup_all_after_ten_years_of_minutes_looks_at_few_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    from studio.core.cron_times import WallTimes

    looked = 0
    original_after, original_before = WallTimes.after, WallTimes.before

    def after(self: WallTimes, wall: datetime) -> datetime | None:
        nonlocal looked
        looked += 1
        return original_after(self, wall)

    def before(self: WallTimes, wall: datetime) -> datetime | None:
        nonlocal looked
        looked += 1
        return original_before(self, wall)

    monkeypatch.setattr(WallTimes, "after", after)
    monkeypatch.setattr(WallTimes, "before", before)
    now = at("2026-07-01T12:00")
    found = due(window(dag(CronSpec("* * * * *"), timezone=BERLIN)), "all", at("2016-07-01T00:00"), now)
    assert [tick.run_after for tick in found.ticks] == [now - 60.0 * n for n in range(99, -1, -1)]
    assert looked < 1000


def test_catchup_all_ends_with_the_window() -> None:
    spec = dag(CronSpec("@daily"), start_date="2026-01-01", end_date="2026-01-03")
    ticks = due(window(spec), "all", None, at("2026-06-01T00:00")).ticks
    assert [shown(tick.run_after) for tick in ticks] == [
        "2026-01-01T00:00",
        "2026-01-02T00:00",
        "2026-01-03T00:00",
    ]


def test_a_change_of_schedule_runs_nothing_again() -> None:
    cursor = at("2026-02-01T06:30")
    found = due(window(dag(CronSpec("*/15 * * * *"))), "all", cursor, at("2026-02-01T06:50"))
    assert [shown(tick.run_after) for tick in found.ticks] == ["2026-02-01T06:45"]


# --- asset conditions -----------------------------------------------------------------------------


def test_asset_conditions_hold() -> None:
    condition = AssetAll((AssetRef("a"), AssetAny((AssetRef("b"), AssetRef("c"), AssetRef("a")))))
    assert assets_in(condition) == ("a", "b", "c")
    assert [holds(condition, queued) for queued in ({"a"}, {"b"}, {"b", "c"}, set())] == [
        True,
        False,
        False,
        False,
    ]
    assert holds(condition, {"a": [1], "c": [2]})
    assert not holds(AssetAll((AssetRef("a"), AssetRef("b"))), ["a"])


# --- refusals -------------------------------------------------------------------------------------


def nested(depth: int) -> AssetAll | AssetRef:
    return AssetRef("a") if depth == 0 else AssetAll((nested(depth - 1),))


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("61 * * * *", "'61' in the field minute is out of range", "from 0 to 59"),
        ("0 24 * * *", "'24' in the field hour is out of range", "from 0 to 23"),
        ("0 0 0 * *", "'0' in the field day of month is out of range", "from 1 to 31"),
        ("0 0 * 13 *", "'13' in the field month is out of range", "from 1 to 12"),
        ("0 0 * * 8", "'8' in the field day of week is out of range", "from 0 to 7"),
        ("* * * *", "has 4 fields", "minute, hour, day of month"),
        ("* * * * * *", "has 6 fields", "For less than a minute take an interval"),
        ("* * * * * * * *", "has 8 fields", "minute, hour"),
        ("", "has 0 fields", "minute, hour"),
        ("*/61 * * * *", "a step that is larger than the field", "A step is from 1 to 60"),
        ("*/0 * * * *", "or 0", "A step is from 1 to 60"),
        ("59/15 * * * *", "has a step but no range", "Write 59."),
        ("5/15 * * * *", "has a step but no range", "Write 5-59/15."),
        ("10-20/30 * * * *", "larger than its range", "A step is from 1 to 11"),
        ("0 5-1 * * *", "ends before it begins", "Write 5-23,0-1."),
        ("0 5-5 * * *", "a range of one value", "Write 5."),
        ("@every 5m", "no schedule '@every 5m'", "@hourly, @daily, @weekly, @monthly, @quarterly, @yearly, @once"),
        ("@reboot", "no schedule '@reboot'", "@once, @continuous"),
        ("@dayly", "no schedule '@dayly'", "Did you mean '@daily'?"),
        ("0 0 * * fri#6", "a week that no month has", "#1 to #5"),
        ("0 0 * * x#1", "is not understood", "from 0 to 7"),
        ("1,,2 * * * *", "'' in the field minute is not understood", "from 0 to 59"),
        ("-5 * * * *", "is not understood", "from 0 to 59"),
        ("*-5 * * * *", "is not understood", "from 0 to 59"),
        ("٣ * * * *", "is not understood", "from 0 to 59"),
        ("0 " * 600, "has 1200 characters", None),
        ("0 0 31 2 *", "never fires", None),
        ("0 0 30-31 2 *", "never fires", None),
    ],
)  # fmt: skip
def test_cron_refusals_name_field_and_hint(expression: str, message: str, hint: str | None) -> None:
    for schedule in (CronSpec(expression), CronsSpec((expression,)), CalendarSpec(expression)):
        with pytest.raises(InvalidSchedule) as caught:
            check_schedule(dag(schedule))
        assert message in caught.value.message
        assert caught.value.field == "schedule"
        assert hint is None or hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("options", "field", "message", "hint"),
    [
        ({"timezone": "Mars/Base"}, "timezone", "no time zone 'Mars/Base'", ""),
        ({"timezone": "EST5EDT4"}, "timezone", "no time zone 'EST5EDT4'", "Did you mean 'EST5EDT'?"),
        ({"timezone": "Europe/Wien"}, "timezone", "'Europe/Wien'", "Did you mean 'Europe/"),
        ({"timezone": ""}, "timezone", "no time zone ''", "Write it like Europe/Vienna"),
        ({"timezone": "Europe"}, "timezone", "no time zone 'Europe'", ""),
        ({"timezone": "../UTC"}, "timezone", "no time zone", ""),
        ({"start_date": "0001-01-01"}, "start_date", "dates go from 1900 to 2199", ""),
        ({"end_date": "9999-12-31"}, "end_date", "dates go from 1900 to 2199", ""),
        ({"start_date": "2013-02-30"}, "start_date", "which is no date", "2013-01-31"),
        ({"start_date": "soon"}, "start_date", "which is no date", "2013-01-31"),
        ({"start_date": "2013-02-03", "end_date": "2013-02-01"}, "end_date", "before start_date", ""),
        ({"schedule": CronSpec("0 0 1 1 *"), "start_date": "2026-01-02", "end_date": "2026-12-31"},
         "end_date", "has no run between", "Change the dates"),
        ({"schedule": DataIntervalSpec(CronSpec("@daily")), "start_date": "2026-01-02T01:00", "end_date": "2026-01-02"},
         "end_date", "before start_date", ""),
        ({"schedule": IntervalSpec(9)}, "schedule", "from 10 seconds", "@continuous"),
        ({"schedule": IntervalSpec(0)}, "schedule", "from 10 seconds", ""),
        ({"schedule": IntervalSpec(-60)}, "schedule", "from 10 seconds", ""),
        ({"schedule": IntervalSpec(10.5)}, "schedule", "a whole number", ""),
        ({"schedule": IntervalSpec(float("nan"))}, "schedule", "a whole number", ""),
        ({"schedule": IntervalSpec(float("inf"))}, "schedule", "a whole number", ""),
        ({"schedule": IntervalSpec(1e12)}, "schedule", "to ten years", ""),
        ({"schedule": DataIntervalSpec(IntervalSpec(1))}, "schedule", "from 10 seconds", ""),
        ({"schedule": AssetOrTimeSpec(AssetRef("a"), IntervalSpec(1))}, "schedule", "from 10 seconds", ""),
        ({"schedule": CronsSpec(())}, "schedule", "has 0 cron expressions", ""),
        ({"schedule": CalendarSpec("@daily", "ZZ")}, "business_days", "no holidays of 'ZZ'", "DE-BY"),
        ({"schedule": CalendarSpec("@daily", "DE-ZZ")}, "business_days", "has no subdivision 'ZZ'", "BY"),
        ({"schedule": CalendarSpec("@daily", holidays=("2026-02-30",))}, "holidays", "which is no date", "2013-12-24"),
        ({"schedule": CalendarSpec("@daily", blackouts=(("2026-02-30", "2026-03-01"),))}, "blackouts", "no date", ""),
        ({"schedule": CalendarSpec("@daily", blackouts=(("2026-03-02", "2026-03-01"),))}, "blackouts", "ends before", ""),
        ({"schedule": CalendarSpec("@daily", blackouts=(("2020-01-01", "2199-12-31"),))}, "schedule", "never fires again", ""),
        ({"schedule": CalendarSpec("0 0 25 12 *", "US")}, "schedule", "never fires", ""),
        ({"schedule": CalendarSpec("0 0 * * 6", "AT")}, "schedule", "never fires", ""),
        ({"schedule": AssetsSpec(AssetAny(()))}, "schedule", "a part without assets", ""),
        ({"schedule": AssetsSpec(AssetRef(" "))}, "schedule", "has no name", ""),
        ({"schedule": AssetsSpec(nested(25))}, "schedule", "nested 26 deep", ""),
    ],
)  # fmt: skip
def test_refusals_name_field_and_hint(options: dict[str, Any], field: str, message: str, hint: str) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        check_schedule(dag(**{"schedule": None, **options}))
    assert message in caught.value.message
    assert (caught.value.field, hint in (caught.value.hint or "")) == (field, True)


def test_dates_without_offset_are_in_the_zone() -> None:
    spec = dag(
        CronSpec("@daily"), start_date="2026-02-01", end_date="2026-02-02T00:00+01:00", timezone=BERLIN
    )
    found = window(spec)
    assert (found.start, found.end) == (at("2026-01-31T23:00"), at("2026-02-01T23:00"))
    assert upcoming(spec, "2026-01-01T00:00", 5) == ["2026-02-01T00:00", "2026-02-02T00:00"]


def test_previous_tick_of_what_never_was() -> None:
    found = window(dag(OnceSpec(), start_date="2026-02-01")).schedule
    assert previous_tick(found, at("2026-01-01T00:00")) is None
    assert previous_tick(found, at("2026-02-01T00:00"), inclusive=True) == at("2026-02-01T00:00")
