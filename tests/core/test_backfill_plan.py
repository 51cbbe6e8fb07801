"""What a backfill would do. Whole plans are compared; instants are written as dates in UTC."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest

from studio.core.backfill import (
    BackfillAsked,
    BackfillPlan,
    PlannedRun,
    asked_of,
    estimate,
    plan,
    plan_extension,
)
from studio.core.backfill_asked import MAX_BACKFILL_RUNS
from studio.core.backfill_ticks import FUTURE_LISTED, walk
from studio.core.model import Run, RunType
from studio.core.schedule_kinds import Intervals, Periodic
from studio.core.schedule_spec import (
    AssetRef,
    AssetsSpec,
    CalendarSpec,
    ContinuousSpec,
    CronsSpec,
    DataIntervalSpec,
    IntervalSpec,
    OnceSpec,
    ScheduleSpec,
)
from studio.core.schedules import Tick, schedule_of
from studio.core.spec import CronSpec, DagSpec, TaskSpec
from studio.core.states import RunState
from studio.errors import InvalidInput

_R = RunState
DAY = 86400.0
DAILY = CronSpec("0 6 * * *")


def at(text: str) -> float:
    return datetime.fromisoformat(text if "+" in text else f"{text}+00:00").timestamp()


NOW = at("2013-02-01T00:00")


def task(task_id: str, *upstream: str, **options: Any) -> TaskSpec:
    return TaskSpec(id=task_id, kind="function", upstream=upstream, **options)


def dag(*tasks: TaskSpec, schedule: ScheduleSpec | None = DAILY, **options: Any) -> DagSpec:
    return DagSpec(id="d", tasks=tasks or (task("a"),), schedule=schedule, **options)


def asked(**payload: Any) -> BackfillAsked:
    """As a client sends it: dates as text here, seconds there."""
    for name in ("from_", "to"):
        if name in payload:
            payload[name.rstrip("_")] = at(payload.pop(name))
    if "dates" in payload:
        payload["dates"] = [at(date) for date in payload["dates"]]
    return asked_of(payload)


def a_run(
    number: int, date: str | None, state: RunState, run_type: RunType = "scheduled", **options: Any
) -> Run:
    when = 0.0 if date is None else at(date)
    run_id = options.pop("run_id", f"{run_type}__{number}")
    return Run(
        number, "d", run_id, run_type, "v", when, None if date is None else when, when, when, state, **options
    )


def brief(found: BackfillPlan) -> list[tuple[str | None, str, str]]:
    """(date, decision, reason) of each."""
    return [
        (
            None
            if each.tick is None
            else datetime.fromtimestamp(each.tick.logical_date, timezone.utc).isoformat()[:16],
            each.decision,
            each.reason,
        )
        for each in found.runs
    ]


# --- what is in it ------------------------------------------------------------------------------------------------


def test_range_with_both_ends_makes_a_run_for_each_tick() -> None:
    found = plan(dag(), asked(from_="2013-01-01T06:00", to="2013-01-02T06:00", params={"x": 1}), [], NOW)
    first, second = at("2013-01-01T06:00"), at("2013-01-02T06:00")
    assert found.runs == (
        PlannedRun(
            Tick(first, first, first - DAY, first),
            "create",
            "is new",
            "backfill__2013-01-01T06:00:00+00:00",
            params={"x": 1},
        ),
        PlannedRun(
            Tick(second, second, first, second),
            "create",
            "is new",
            "backfill__2013-01-02T06:00:00+00:00",
            params={"x": 1},
        ),
    )
    assert found.subset == ()
    assert found.asked.planned_at == NOW
    assert found.runs[0].told() == {
        "run_id": "backfill__2013-01-01T06:00:00+00:00",
        "logical_date": first,
        "interval": [first - DAY, first],
        "decision": "create",
        "reason": "is new",
    }


def test_range_is_of_logical_dates_also_with_data_intervals() -> None:
    spec = dag(schedule=DataIntervalSpec(CronSpec("@daily")))
    found = plan(spec, asked(from_="2013-01-01", to="2013-01-02T12:00"), [], NOW)
    assert [each.tick for each in found.runs] == [
        Tick(at("2013-01-02"), at("2013-01-01"), at("2013-01-01"), at("2013-01-02")),
        Tick(at("2013-01-03"), at("2013-01-02"), at("2013-01-02"), at("2013-01-03")),
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    "every",
    [
        DAILY,
        CronSpec("30 2 * * *"),
        CronSpec("*/20 * * * *"),
        CronsSpec(("0 1 * * *", "0 13 * * 1-5")),
        IntervalSpec(5400.0),
        IntervalSpec(3 * DAY),
    ],
)
@pytest.mark.parametrize("is_interval", [False, True])
def test_walk_gives_the_ticks_of_the_schedule(
    zone: str, every: CronSpec | CronsSpec | IntervalSpec, is_interval: bool
) -> None:
    schedule = schedule_of(dag(schedule=DataIntervalSpec(every) if is_interval else every, timezone=zone))
    assert isinstance(schedule, (Periodic, Intervals))
    start, end = at("2013-03-25T01:00"), at("2013-04-09")
    expected = []
    instant = schedule.next_after(start - DAY * 4)
    while instant is not None and instant < end + DAY * 4:
        tick = schedule.tick_at(instant)
        if start <= tick.logical_date <= end:
            expected.append(tick)
        instant = schedule.next_after(instant)
    assert list(walk(schedule, start, end)) == expected
    assert len(expected) > 3


def test_calendar_is_a_schedule_like_others() -> None:
    spec = dag(schedule=CalendarSpec("0 6 * * *", business_days="US"))
    found = plan(spec, asked(from_="2013-01-01", to="2013-01-07T23:00"), [], NOW)
    assert [date for date, *_ in brief(found)] == [
        f"2013-01-0{day}T06:00" for day in (2, 3, 4, 7)
    ]  # new year, a weekend


def test_dates_are_ticks_where_they_can_be_and_sorted() -> None:
    found = plan(dag(), asked(dates=["2013-01-05T06:00", "2013-01-03T12:00", "2013-01-05T06:00"]), [], NOW)
    odd, tick = at("2013-01-03T12:00"), at("2013-01-05T06:00")
    assert [each.tick for each in found.runs] == [
        Tick(odd, odd, at("2013-01-03T06:00"), odd),
        Tick(tick, tick, tick - DAY, tick),
    ]


def test_dates_with_data_intervals_are_the_starts_of_them() -> None:
    spec = dag(schedule=DataIntervalSpec(CronSpec("@daily")))
    found = plan(spec, asked(dates=["2013-01-05", "2013-01-07T12:00"]), [], NOW)
    odd = at("2013-01-07T12:00")
    assert [each.tick for each in found.runs] == [
        Tick(at("2013-01-06"), at("2013-01-05"), at("2013-01-05"), at("2013-01-06")),
        Tick(odd, odd, at("2013-01-06"), at("2013-01-07")),
    ]


@pytest.mark.parametrize("schedule", [None, ContinuousSpec(), AssetsSpec(AssetRef("x")), OnceSpec()])
def test_dates_and_params_need_no_clock(schedule: ScheduleSpec | None) -> None:
    date = at("2013-01-03")
    found = plan(dag(schedule=schedule), asked(dates=["2013-01-03"]), [], NOW)
    assert [each.tick for each in found.runs] == [Tick(date, date, date, date)]
    assert len(plan(dag(schedule=schedule), asked(params_list=[{}]), [], NOW).runs) == 1


def test_list_of_params_makes_runs_without_a_logical_date() -> None:
    found = plan(dag(), asked(params_list=[{"x": 1}, {"x": 2}, {}], params={"x": 0, "y": 9}), [], NOW)
    assert found.runs == (
        PlannedRun(None, "create", "is new", "backfill__2013-02-01T00:00:00+00:00", params={"x": 1, "y": 9}),
        PlannedRun(
            None, "create", "is new", "backfill__2013-02-01T00:00:00+00:00~2", params={"x": 2, "y": 9}
        ),
        PlannedRun(
            None, "create", "is new", "backfill__2013-02-01T00:00:00+00:00~3", params={"x": 0, "y": 9}
        ),
    )
    told = found.runs[0].told()
    assert (told["logical_date"], told["interval"]) == (None, None)


def test_reverse_runs_the_newest_first() -> None:
    found = plan(dag(), asked(from_="2013-01-01", to="2013-01-04", reverse=True), [], NOW)
    assert [date for date, *_ in brief(found)] == ["2013-01-03T06:00", "2013-01-02T06:00", "2013-01-01T06:00"]


def test_without_an_end_it_goes_up_to_now_and_keeps_that() -> None:
    found = plan(dag(), asked(from_="2013-01-30"), [], NOW)
    assert [date for date, *_ in brief(found)] == ["2013-01-30T06:00", "2013-01-31T06:00"]
    assert found.asked.to == NOW


def test_what_is_not_over_is_shown_and_skipped() -> None:
    found = plan(dag(), asked(from_="2013-01-31", to="2013-02-02"), [], at("2013-02-01T06:00"))
    assert brief(found) == [
        ("2013-01-31T06:00", "create", "is new"),
        ("2013-02-01T06:00", "skip", "its interval is not over yet"),
    ]
    intervals = dag(schedule=DataIntervalSpec(CronSpec("@daily")))
    assert brief(plan(intervals, asked(from_="2013-01-31", to="2013-02-02"), [], at("2013-02-01T06:00"))) == [
        ("2013-01-31T00:00", "create", "is new"),
        ("2013-02-01T00:00", "skip", "its interval is not over yet"),
        ("2013-02-02T00:00", "skip", "its interval is not over yet"),
    ]


def test_only_the_next_few_of_a_far_future_are_shown() -> None:
    found = plan(
        dag(schedule=CronSpec("* * * * *")), asked(from_="2013-01-31T23:50", to="2199-01-01"), [], NOW
    )
    assert len(found.to_run) == 10
    assert len(found.runs) == 10 + FUTURE_LISTED


# --- runs that exist ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reprocess", "decision", "reason"),
    [
        (_R.QUEUED, "missing", "skip", "is queued"),
        (_R.QUEUED, "all", "skip", "is queued"),
        (_R.RUNNING, "failed", "skip", "is running"),
        (_R.RUNNING, "all", "skip", "is running"),
        (_R.SUCCESS, "missing", "skip", "exists already"),
        (_R.SUCCESS, "failed", "skip", "succeeded already"),
        (_R.SUCCESS, "all", "clear", "succeeded, and all are run again"),
        (_R.FAILED, "missing", "skip", "exists already"),
        (_R.FAILED, "failed", "clear", "failed"),
        (_R.FAILED, "all", "clear", "failed"),
        (_R.CANCELLED, "missing", "skip", "exists already"),
        (_R.CANCELLED, "failed", "clear", "was cancelled"),
        (_R.CANCELLED, "all", "clear", "was cancelled"),
    ],
)
def test_run_that_exists(state: RunState, reprocess: str, decision: str, reason: str) -> None:
    run = a_run(7, "2013-01-02T06:00", state)
    found = plan(dag(), asked(from_="2013-01-01", to="2013-01-03", reprocess=reprocess), [run], NOW)
    assert brief(found) == [
        ("2013-01-01T06:00", "create", "is new"),
        ("2013-01-02T06:00", decision, reason),
    ]
    assert (found.runs[1].run_id, found.runs[1].existing) == ("scheduled__7", 7)


def test_newest_of_several_runs_counts_unless_one_is_unfinished() -> None:
    old, new = a_run(7, "2013-01-02T06:00", _R.FAILED), a_run(9, "2013-01-02T06:00", _R.SUCCESS, "manual")
    wanted = asked(dates=["2013-01-02T06:00"], reprocess="failed")
    assert plan(dag(), wanted, [new, old], NOW).runs[0].reason == "succeeded already"
    old.state = _R.RUNNING
    assert plan(dag(), wanted, [new, old], NOW).runs[0].reason == "is running"


def test_run_of_other_tasks_is_no_run_of_these() -> None:
    spec = dag(task("a"), task("b", "a"), task("c"))
    other = a_run(7, "2013-01-02T06:00", _R.SUCCESS, "backfill", subset=("a", "c"))
    wanted = asked(dates=["2013-01-02T06:00"], tasks=["b"])
    found = plan(spec, wanted, [other], NOW)
    assert found.subset == ("a", "b")
    assert brief(found) == [("2013-01-02T06:00", "create", "is new")]
    assert plan(spec, asked(dates=["2013-01-02T06:00"]), [other], NOW).runs[0].decision == "create"
    other.subset = ("a", "b", "c")
    assert plan(spec, wanted, [other], NOW).runs[0].reason == "exists already"


def test_run_ids_are_free_ones() -> None:
    base = "backfill__2013-01-02T06:00:00+00:00"
    elsewhere = a_run(7, "2012-01-01", _R.SUCCESS, "backfill", run_id=base)
    wanted = asked(dates=["2013-01-02T06:00"])
    assert plan(dag(), wanted, [elsewhere], NOW).runs[0].run_id == f"{base}~2"
    assert plan(dag(), wanted, [], NOW, taken={base, f"{base}~2"}).runs[0].run_id == f"{base}~3"


def test_all_tasks_are_no_subset() -> None:
    spec = dag(task("a"), task("b", "a"))
    assert plan(spec, asked(dates=["2013-01-02"], tasks=["b"]), [], NOW).subset == ()
    assert plan(spec, asked(dates=["2013-01-02"], tasks=["b"], upstream=False), [], NOW).subset == ("b",)


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({}, "neither a range nor dates"),
        ({"to": NOW}, "has no start"),
        ({"from": NOW, "dates": [NOW]}, "a range .* and dates; it can have one"),
        ({"from": 2.0, "to": 1.0}, "starts at 1970-01-01T00:00:02.00:00, after its end"),
        ({"from": float("nan")}, "from is nan, which is no date"),
        ({"from": 0.0, "to": 1e18}, "to is 1e.18, which is no date"),
        ({"dates": [NOW, -1e11]}, "dates is -1.*, which is no date"),
        ({"dates": []}, "dates is empty"),
        ({"params_list": []}, "params_list is empty"),
        ({"params_list": [{}] * (MAX_BACKFILL_RUNS + 1)}, "params_list has 100001 items"),
        ({"from": "yesterday"}, r"not understood: Expected `float.*\$\.from"),
        ({"from": 0.0, "form": 1.0}, "unknown field `form`"),
        ({"from": 0.0, "reprocess": "some"}, r"Invalid enum value 'some'"),
        ({"from": 0.0, "max_active_runs": 0}, "max_active_runs is 0"),
    ],
)
def test_payload_that_makes_no_sense_is_refused(payload: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        asked_of(payload)


def test_payload_may_say_nothing_with_null() -> None:
    assert asked_of({"from": 1.0, "to": None, "tasks": None, "params": None}) == BackfillAsked(from_=1.0)
    kept = plan(dag(), asked(from_="2013-01-01", tasks=["a"]), [], NOW).asked
    assert asked_of(msgspec.to_builtins(kept)) == kept


@pytest.mark.parametrize(
    ("spec", "wanted", "message"),
    [
        (dag(schedule=None), asked(from_="2013-01-01"), "has no schedule, so a range .* Give dates"),
        (
            dag(schedule=ContinuousSpec()),
            asked(from_="2013-01-01"),
            "has the schedule '@continuous', so a range",
        ),
        (dag(schedule=AssetsSpec(AssetRef("x"))), asked(from_="2013-01-01"), "so a range"),
        (dag(schedule=OnceSpec()), asked(from_="2013-01-01"), "has the schedule '@once', so a range"),
        (dag(), asked(from_="2013-02-02", to="2013-02-05"), "lies in the future: it starts at 2013-02-02"),
        (dag(), asked(dates=["2013-02-05", "2013-02-02"]), "in the future, the first at 2013-02-02"),
        (
            dag(),
            asked(from_="2013-01-01T07:00", to="2013-01-02"),
            "no runs of 'd' from 2013-01-01T07:00:00.* The next one starts at 2013-01-02T06:00",
        ),
        (dag(task("extract")), asked(from_="2013-01-01", tasks=["extrct"]), "no task 'extrct'.* 'extract'"),
        (
            dag(task("a"), task("b", depends_on_past=True)),
            asked(from_="2013-01-01", reverse=True, reprocess="all"),
            "The task 'b' depends on its past, so the newest run cannot be the first",
        ),
        (
            dag(task("b", depends_on_past=True)),
            asked(from_="2013-01-01"),
            "'b' depends on its past; a failed",
        ),
        (
            dag(task("b", wait_for_downstream=True)),
            asked(from_="2013-01-01"),
            "'b' depends on its past; a failed",
        ),
    ],
)
def test_backfill_that_cannot_be_is_refused(spec: DagSpec, wanted: BackfillAsked, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        plan(spec, wanted, [], NOW)


def test_past_matters_only_to_tasks_that_run_and_runs_that_have_one() -> None:
    spec = dag(task("a"), task("b", depends_on_past=True))
    assert plan(spec, asked(from_="2013-01-01", tasks=["a"], reverse=True), [], NOW).runs
    assert plan(spec, asked(params_list=[{}]), [], NOW).runs
    assert plan(spec, asked(from_="2013-01-01", reprocess="failed"), [], NOW).runs


def test_ten_years_of_days_and_a_year_of_minutes() -> None:
    daily = plan(dag(), asked(from_="2003-01-02", to="2013-01-01"), [], NOW)
    assert len(daily.to_run) == 3652
    minutely = dag(schedule=CronSpec("* * * * *"), timezone="Europe/Berlin")
    with pytest.raises(InvalidInput, match=r"more than 100000 runs from 2012-01-01T00:00:00.* shorter range"):
        plan(minutely, asked(from_="2012-01-01", to="2013-01-01"), [], NOW)


def test_as_many_runs_as_there_may_be_and_not_one_more() -> None:
    spec = dag(schedule=IntervalSpec(60.0))
    last = at("2013-01-01")
    first = last - 60 * (MAX_BACKFILL_RUNS - 1)
    most = plan(spec, asked_of({"from": first, "to": last}), [], NOW)
    assert len(most.to_run) == MAX_BACKFILL_RUNS
    with pytest.raises(InvalidInput, match="more than 100000 runs"):
        plan(spec, asked_of({"from": first - 60, "to": last}), [], NOW)


def test_ticks_close_together_on_one_day_a_year_are_counted_and_not_guessed() -> None:
    spec = dag(schedule=CronSpec("* * 1 1 *"))
    assert len(plan(spec, asked(from_="1993-01-01", to="2013-01-01"), [], NOW).to_run) == 20 * 1440 + 1


# --- more of it ---------------------------------------------------------------------------------------------------


def test_extension_is_what_lies_beyond_the_old_end() -> None:
    first = plan(dag(), asked(from_="2013-01-01", to="2013-01-03"), [], NOW)
    more = plan_extension(dag(), first.asked, [], NOW, to=at("2013-01-05"))
    assert [date for date, *_ in brief(more)] == ["2013-01-03T06:00", "2013-01-04T06:00"]
    assert (more.asked.from_, more.asked.to) == (at("2013-01-01"), at("2013-01-05"))


def test_extension_has_what_was_not_over_before_but_nothing_twice() -> None:
    spec = dag()
    first = plan(spec, asked(from_="2013-01-31", to="2013-02-02", reprocess="all"), [], NOW)
    assert brief(first)[1:] == [("2013-02-01T06:00", "skip", "its interval is not over yet")]
    done = a_run(1, "2013-01-31T06:00", _R.SUCCESS)
    later = at("2013-02-02T12:00")
    second = plan_extension(spec, first.asked, [done], later, to=at("2013-02-03"))
    assert brief(second) == [
        ("2013-02-01T06:00", "create", "is new"),
        ("2013-02-02T06:00", "create", "is new"),
    ]
    third = plan_extension(spec, second.asked, [done], at("2013-02-09"), to=at("2013-02-04"))
    assert brief(third) == [("2013-02-03T06:00", "create", "is new")]


def test_extension_by_dates() -> None:
    first = plan(dag(), asked(dates=["2013-01-01T06:00"], reprocess="all"), [], NOW)
    done = a_run(1, "2013-01-01T06:00", _R.SUCCESS)
    dates = [at("2013-01-01T06:00"), at("2013-01-04T06:00")]
    more = plan_extension(dag(), first.asked, [done], NOW, dates=dates)
    assert brief(more) == [("2013-01-04T06:00", "create", "is new")]
    assert more.asked.dates == tuple(dates)


@pytest.mark.parametrize(
    ("first", "options", "message"),
    [
        (asked(from_="2013-01-01", to="2013-01-03"), {"to": at("2013-01-02")}, "is not later"),
        (asked(from_="2013-01-01", to="2013-01-03"), {"dates": [NOW]}, "Extend it by a later `to`"),
        (asked(from_="2013-01-01", to="2013-01-03"), {}, "Extend it by a later `to`"),
        (asked(from_="2013-01-01", to="2013-01-03"), {"to": at("2013-01-03T05:00")}, "no further runs"),
        (asked(from_="2013-01-01", to="2013-01-03"), {"to": float("inf")}, "is no date"),
        (asked(dates=["2013-01-01"]), {"to": NOW}, "Extend it by dates"),
        (asked(dates=["2013-01-01"]), {"dates": [at("2013-01-01")]}, "dates that it does not have"),
        (asked(params_list=[{}]), {"to": NOW}, "no dates to extend"),
    ],
)
def test_extension_that_is_none_is_refused(
    first: BackfillAsked, options: dict[str, Any], message: str
) -> None:
    kept = plan(dag(), first, [], NOW).asked
    with pytest.raises(InvalidInput, match=message):
        plan_extension(dag(), kept, [], NOW, **options)


def test_estimate_is_rounds_of_the_mean() -> None:
    done = a_run(1, "2013-01-02T06:00", _R.SUCCESS)
    found = plan(dag(), asked(from_="2013-01-01", to="2013-01-08", max_active_runs=4), [done], NOW)
    assert len(found.to_run) == 6
    assert estimate(found, [10.0, 30.0]) == 40.0
    assert estimate(found, [10.0, 30.0], max_active_runs=6) == 20.0
    assert estimate(found, []) is None
    nothing = plan(dag(), asked(dates=["2013-01-02T06:00"]), [done], NOW)
    assert estimate(nothing, []) == 0.0
