"""Schedules as people write them, and params with rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from studio import DAG, Asset, AssetOrTime, Calendar, DataInterval, Param
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
)
from studio.errors import StudioError

from .steps import plain

A, B, C = Asset("a"), Asset("b"), Asset("c")
REF_A, REF_B, REF_C = AssetRef("a"), AssetRef("b"), AssetRef("c")


def spec(**options: Any) -> Any:
    """Of a DAG with one task."""
    with DAG("d", **options) as dag:
        plain("t")
    return dag.spec()


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [
        (None, None),
        ("0 6 * * 1-5", CronSpec("0 6 * * 1-5")),
        ("@daily", CronSpec("@daily")),
        (["0 6 * * *", "0 18 * * *"], CronsSpec(("0 6 * * *", "0 18 * * *"))),
        (["@daily"], CronSpec("@daily")),
        ("every 15 min", IntervalSpec(900.0)),
        ("Every 1 h 30 min", IntervalSpec(5400.0)),
        (timedelta(hours=6), IntervalSpec(21600.0)),
        ("@once", OnceSpec()),
        ("@continuous", ContinuousSpec()),
        (DataInterval("@hourly"), DataIntervalSpec(CronSpec("@hourly"))),
        (DataInterval(timedelta(hours=1)), DataIntervalSpec(IntervalSpec(3600.0))),
        (DataInterval("every 15 min"), DataIntervalSpec(IntervalSpec(900.0))),
        (DataInterval(["0 6 * * *", "0 18 * * *"]), DataIntervalSpec(CronsSpec(("0 6 * * *", "0 18 * * *")))),
        (Calendar("0 9 * * *"), CalendarSpec("0 9 * * *")),
        (
            Calendar(
                "0 9 * * *",
                business_days="DE-BY",
                holidays=["2027-02-01", date(2027, 2, 2)],
                blackouts=[("2026-12-24", date(2026, 12, 31))],
                on_holiday="next",
            ),
            CalendarSpec(
                "0 9 * * *",
                business_days="DE-BY",
                holidays=("2027-02-01", "2027-02-02"),
                blackouts=(("2026-12-24", "2026-12-31"),),
                on_holiday="next",
            ),
        ),
        (
            Calendar("0 9 * * *", holidays="2027-02-01"),
            CalendarSpec("0 9 * * *", holidays=("2027-02-01",)),
        ),
        (A, AssetsSpec(REF_A)),
        ([A], AssetsSpec(REF_A)),
        ([A, B], AssetsSpec(AssetAll((REF_A, REF_B)))),
        ([A, B | C], AssetsSpec(AssetAll((REF_A, AssetAny((REF_B, REF_C)))))),
        (A & B & C, AssetsSpec(AssetAll((REF_A, REF_B, REF_C)))),
        (A | B | C, AssetsSpec(AssetAny((REF_A, REF_B, REF_C)))),
        (A & (B | C), AssetsSpec(AssetAll((REF_A, AssetAny((REF_B, REF_C)))))),
        (A | B & C, AssetsSpec(AssetAny((REF_A, AssetAll((REF_B, REF_C)))))),
        ((A & B) | (B & C), AssetsSpec(AssetAny((AssetAll((REF_A, REF_B)), AssetAll((REF_B, REF_C)))))),
        (AssetOrTime(A & B, "@daily"), AssetOrTimeSpec(AssetAll((REF_A, REF_B)), CronSpec("@daily"))),
        (AssetOrTime(A, timedelta(hours=1)), AssetOrTimeSpec(REF_A, IntervalSpec(3600.0))),
        (
            AssetOrTime(A, DataInterval("@daily")),
            AssetOrTimeSpec(REF_A, DataIntervalSpec(CronSpec("@daily"))),
        ),
    ],
    ids=repr,
)
def test_schedules(schedule: Any, wanted: Any) -> None:
    assert spec(schedule=schedule).schedule == wanted


def test_dates_and_policies() -> None:
    made = spec(
        schedule="@daily",
        start_date=date(2013, 1, 1),
        end_date=datetime(2030, 1, 1, 6, tzinfo=timezone.utc),
        timezone="America/New_York",
        catchup="all",
        collision="replace",
    )
    assert (made.start_date, made.end_date) == ("2013-01-01", "2030-01-01T06:00:00+00:00")
    assert (made.timezone, made.catchup, made.collision) == ("America/New_York", "all", "replace")
    assert [spec(catchup=catchup).catchup for catchup in (True, False)] == ["all", "latest"]


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"schedule": 5},
     "The schedule is 5, which is none. Give a cron expression ('0 6 * * 1-5'), several in a list, a preset ('@daily'),"
     " 'every 15 min', a timedelta, DataInterval(...), Calendar(...), assets (a & b), or None for runs by hand."),
    ({"schedule": []},
     "The schedule is [], which is none. Give a cron expression ('0 6 * * 1-5'), several in a list, a preset"
     " ('@daily'), 'every 15 min', a timedelta, DataInterval(...), Calendar(...), assets (a & b), or None for runs by"
     " hand."),
    ({"schedule": [A, "@daily"]},
     "The schedule lists assets and '@daily'; it must be assets only. "
     "For a time as well write AssetOrTime(a & b, '@daily')."),
    ({"schedule": ["@daily", 5]}, "schedule is 5; it must be text."),
    ({"schedule": "every now and then"},
     "schedule is 'now and then', which is no duration. "
     "Give seconds (300), a timedelta, or text such as '90 s', '5 min', '1 h 30 min', '2 days'."),
    ({"schedule": "every 5 s"},
     "The interval is 5 seconds; it must be from 10 seconds to ten years. For work without pause take @continuous."),
    ({"schedule": AssetOrTime("a", "@daily")},  # type: ignore[arg-type]
     "'a' is no asset. Write Asset('name')."),
    ({"schedule": AssetOrTime(A, B)},  # type: ignore[arg-type]
     "The schedule is Asset(name='b', uri='', group='', extra={}), which is none. Give a cron expression "
     "('0 6 * * 1-5'), several in a list, a preset ('@daily'), 'every 15 min', a timedelta, DataInterval(...), "
     "Calendar(...), assets (a & b), or None for runs by hand."),
    ({"schedule": Asset(5)}, "Asset.name is 5; it must be text."),  # type: ignore[arg-type]
    ({"schedule": Asset(" ")}, "An asset in the schedule has no name."),
    ({"schedule": Calendar(5)}, "schedule is 5; it must be text."),  # type: ignore[arg-type]
    ({"schedule": Calendar("@daily", holidays=5)}, "holidays is 5; it must be a list."),  # type: ignore[arg-type]
    ({"schedule": Calendar("@daily", holidays=[5])},  # type: ignore[list-item]
     "holidays is 5, which is no date. Give text such as '2013-01-31', a date or a datetime."),
    ({"schedule": Calendar("@daily", blackouts=["2026-12-24"])},  # type: ignore[list-item]
     "blackouts holds '2026-12-24'; each is a pair of dates. For example [('2026-12-24', '2026-12-31')]."),
    ({"schedule": Calendar("@daily", blackouts=("2026-12-24", "2026-12-31"))},  # type: ignore[arg-type]
     "blackouts holds '2026-12-24'; each is a pair of dates. For example [('2026-12-24', '2026-12-31')]."),
    ({"catchup": "lates"}, "catchup is 'lates'. Did you mean 'latest'?"),
    ({"collision": "replce"}, "collision is 'replce'. Did you mean 'replace'?"),
    ({"start_date": 5}, "start_date is 5, which is no date. "
     "Give text such as '2013-01-31', a date or a datetime."),
]  # fmt: skip


@pytest.mark.parametrize(("options", "told"), MISTAKES)
def test_mistakes_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(StudioError) as caught:
        spec(**options)
    assert str(caught.value) == told


def test_an_unknown_way_with_holidays_is_told() -> None:
    with pytest.raises(StudioError) as caught:
        spec(schedule=Calendar("@daily", business_days="US", on_holiday="nxt"))  # type: ignore[arg-type]
    assert str(caught.value) == "on_holiday is 'nxt'. Did you mean 'next'?"


def test_assets_are_joined_with_assets_only() -> None:
    with pytest.raises(StudioError) as caught:
        A & "b"  # type: ignore[operator]
    assert str(caught.value) == "`&` and `|` stand between assets; 'b' is str."


# --- params ---------------------------------------------------------------------------------------------------------


def test_params_become_values_and_schemas() -> None:
    made = spec(
        params={
            "plain": [1],
            "count": Param(5, minimum=1, exclusive_maximum=10, description="How many"),
            "day": Param(type="string", format="date"),
            "none": Param(None, type=["null", "string"]),
        }
    )
    assert made.params == {"plain": [1], "count": 5, "none": None}
    assert made.param_schemas == {
        "count": {"minimum": 1, "exclusiveMaximum": 10, "description": "How many"},
        "day": {"type": "string", "format": "date"},
        "none": {"type": ["null", "string"]},
    }


WRONG_PARAMS: list[tuple[Callable[[], dict[str, Any]], str]] = [
    (lambda: {"params": {"n": Param(5, minimun=1)}}, "Param(...) takes no 'minimun'. Did you mean 'minimum'?"),
    (lambda: {"params": {"n": Param(0, minimum=1)}},
     "The default of param 'n' is 0, but it must be at least 1."),
    (lambda: {"params": {"a b": 1}},
     "'a b' cannot be a parameter of a DAG: a parameter's name is an identifier. "
     "Use letters, digits and `_`, not starting with a digit, and no Python keyword."),
    (lambda: {"params": {"x": {1}}},
     "params['x'] is {1} of type builtins.set, not a JSON value. Use text, numbers, True, False, None, lists and "
     "dicts: `str(day)`, `int(n)`, `frame.to_dict('list')`."),
    (lambda: {"params": [1]}, "params is [1]; it must be a dict of names and values."),
    (lambda: {"params": {"day": Param(type="string")}, "schedule": "@daily"},
     "The DAG 'd' has the param 'day' without a default, but runs of a schedule have nobody to give it. "
     "Give it a default, or leave the schedule out."),
]  # fmt: skip


@pytest.mark.parametrize(("options", "told"), WRONG_PARAMS)
def test_mistakes_in_params_are_told(options: Callable[[], dict[str, Any]], told: str) -> None:
    with pytest.raises(StudioError) as caught:
        spec(**options())
    assert str(caught.value) == told
