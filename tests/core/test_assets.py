"""Assets: events, the DAGs that wait for them, and what their runs are about."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.schedule_spec import (
    AssetAll,
    AssetAny,
    AssetCondition,
    AssetOrTimeSpec,
    AssetRef,
    AssetsSpec,
)
from studio.core.signals import AssetSignal
from studio.core.spec import AssetSpec, CronSpec, DagSpec, TaskSpec
from tests.core.driver import Driver, dag, task

X, Y, Z = (AssetRef(name) for name in "xyz")


def producer(*assets: str, dag_id: str = "p") -> DagSpec:
    return dag(task("make", outlets=tuple(AssetSpec(name=name) for name in assets)), dag_id=dag_id)


def consumer(condition: AssetCondition, dag_id: str = "d") -> DagSpec:
    return dag(task("use"), dag_id=dag_id, schedule=AssetsSpec(condition))


def driven(*specs: DagSpec) -> Driver:
    driver = Driver()
    for spec in specs:
        driver.publish(spec)
    return driver


def by_hand(driver: Driver, *assets: str, **extra: Any) -> list[str]:
    """Events by hand; the DAGs that will run because of the last."""
    for name in assets:
        driver.now += 1
        command = driver.command("asset_event", {"asset": name, "extra": extra}, dag_id="")
        assert command.state == "done", command.result
    return command.result["dags"]


def runs(driver: Driver, dag_id: str = "d") -> list[tuple[str, tuple[int, ...]]]:
    return [(run.run_type, run.events) for run in driver.kept.runs.values() if run.dag_id == dag_id]


def events(driver: Driver) -> list[Any]:
    return [event for turn in driver.turns for event in turn.writes.new_events]


def test_success_emits_an_event_an_outlet_and_starts_its_consumers() -> None:
    driver = driven(producer("x", "y"), consumer(X), consumer(Y, "e"))
    run_id = driver.trigger("p")
    driver.end("make", assets=(AssetSignal("x", {"rows": 5}),))
    assert [(e.asset, e.extra, e.dag_id, e.run_id, e.task_id) for e in events(driver)] == [
        ("x", {"rows": 5}, "p", run_id, "make"),
        ("y", {}, "p", run_id, "make"),
    ]
    first, second = events(driver)
    assert (runs(driver), runs(driver, "e")) == ([("asset", (first.id,))], [("asset", (second.id,))])
    [run] = [run for run in driver.kept.runs.values() if run.dag_id == "d"]
    assert (run.logical_date, run.interval_start, run.triggered_by) == (None, None, "asset")


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_failure_and_skip_emit_nothing(state: str) -> None:
    driver = driven(producer("x"), consumer(X))
    driver.trigger("p")
    driver.end("make", state)
    assert (events(driver), runs(driver)) == ([], [])


def test_asset_that_is_no_outlet_of_the_task_is_passed_over() -> None:
    driver = driven(producer("x"), consumer(Y))
    driver.trigger("p")
    driver.end("make", assets=(AssetSignal("y"),))
    assert [event.asset for event in events(driver)] == ["x"]


@pytest.mark.parametrize(
    ("condition", "said", "count"),
    [
        (AssetAll((X, Y)), "x", 0),
        (AssetAll((X, Y)), "xxx", 0),
        (AssetAll((X, Y)), "xy", 1),
        (AssetAll((X, Y)), "xxyy", 1),
        (AssetAll((X, Y)), "xyyx", 2),
        (AssetAny((X, Y)), "xy", 2),
        (AssetAll((X, AssetAny((Y, Z)))), "yz", 0),
        (AssetAll((X, AssetAny((Y, Z)))), "zx", 1),
    ],
)
def test_conditions_hold_over_a_set_of_assets(condition: AssetCondition, said: str, count: int) -> None:
    driver = driven(consumer(condition))
    by_hand(driver, *said)
    assert len(runs(driver)) == count


def test_run_is_about_all_events_that_were_queued_and_the_queue_is_empty_then() -> None:
    driver = driven(consumer(AssetAll((X, Y))))
    assert by_hand(driver, "x", "x") == []
    assert by_hand(driver, "y") == ["d"]
    numbers = tuple(event.id for event in events(driver))
    assert runs(driver) == [("asset", numbers)]
    assert driver.kept.dags["d"].queued_events == {}
    assert driver.launched["use"].wants is not None
    assert driver.launched["use"].wants.events == numbers


def test_event_by_hand_says_who() -> None:
    driver = driven(consumer(X))
    by_hand(driver, "x", why="test")
    [event] = events(driver)
    assert (event.dag_id, event.actor, event.extra) == ("", "ada", {"why": "test"})


def test_event_of_an_unknown_asset_is_refused() -> None:
    driver = driven(consumer(AssetRef("orders")))
    refused = driver.command("asset_event", {"asset": "oders"}, dag_id="")
    assert (refused.result["code"], refused.result["hint"]) == ("not_found", "Did you mean 'orders'?")


def test_paused_consumer_hears_nothing() -> None:
    driver = driven(consumer(X))
    driver.command("pause")
    assert by_hand(driver, "x") == []
    driver.command("unpause")
    assert runs(driver) == []


def test_queue_survives_a_successor() -> None:
    driver = driven(consumer(AssetAll((X, Y))))
    by_hand(driver, "x")
    driver.restart()
    by_hand(driver, "y")
    assert len(runs(driver)) == 1


def test_events_can_be_forgotten() -> None:
    driver = driven(consumer(AssetAll((X, Y, Z))))
    by_hand(driver, "x", "y")
    driver.command("forget_events", {"asset": "x"})
    by_hand(driver, "z")
    assert runs(driver) == []
    driver.command("forget_events")
    by_hand(driver, "x", "y")
    assert (runs(driver), set(driver.kept.dags["d"].queued_events)) == ([], {"x", "y"})


def test_condition_that_is_changed_may_hold_at_once() -> None:
    driver = driven(consumer(AssetAll((X, Y))))
    by_hand(driver, "x")
    driver.publish(consumer(X))
    assert len(runs(driver)) == 1


def test_queue_of_a_condition_that_is_never_met_does_not_grow_without_end() -> None:
    driver = driven(consumer(AssetAll((X, Y))))
    by_hand(driver, *["x"] * 1100)
    assert len(driver.kept.dags["d"].queued_events["x"]) == 1000


def test_schedule_by_assets_or_time_runs_on_both() -> None:
    day = 86400.0
    driver = Driver(now=100 * day - 10)
    driver.publish(dag(task("use"), schedule=AssetOrTimeSpec(X, CronSpec("@daily"))))
    by_hand(driver, "x")
    driver.pass_time(20)
    assert [run_type for run_type, _ in runs(driver)] == ["asset", "scheduled"]


def test_mapped_task_emits_for_each_instance() -> None:
    from studio.core.map_spec import ExpandSpec, Items

    spec = dag(
        task("make", outlets=(AssetSpec(name="x"),), expand=ExpandSpec(over={"n": Items([1, 2])})), dag_id="p"
    )
    driver = driven(spec)
    driver.trigger("p")
    driver.run_to_end()
    assert [event.map_index for event in events(driver)] == [0, 1]


def test_dag_that_makes_what_it_waits_for_does_not_stop_the_world() -> None:
    made = (AssetSpec(name="x"),)
    driver = driven(dag(TaskSpec(id="a", kind="empty", outlets=made), schedule=AssetsSpec(X)))
    by_hand(driver, "x")
    assert len(runs(driver)) == 1
    driver.restart()
    driver.pass_time(2)
    assert len(runs(driver)) > 1


def test_deleted_consumer_hears_nothing() -> None:
    driver = driven(consumer(X), consumer(X, "e"))
    driver.command("delete_dag", dag_id="e")
    assert by_hand(driver, "x") == ["d"]
