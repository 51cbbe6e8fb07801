"""Sensors that take no slot: for runs and tasks of other DAGs, and for assets."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.context import iso
from studio.core.events import Finished
from studio.core.map_spec import ExpandSpec, Items
from studio.core.model import TaskInstance
from studio.core.questions import EventAsked, RunsAsked
from studio.core.spec import AssetSpec, DagSpec, TaskSpec
from tests.core.driver import Driver, dag, task

DAY = 86400.0


def waiting(**config: Any) -> DagSpec:
    config = {"dag_id": "other", "states": ["success"], "failed_states": ["failed"], **config}
    zone = config.pop("timezone", "UTC")
    sensor = TaskSpec(id="look", kind="dag_sensor", config=config)
    return dag(sensor, task("after", "look"), dag_id="main", timezone=zone)


def driven(date: float | None = DAY, **config: Any) -> Driver:
    driver = Driver()
    driver.publish(dag(task("a"), task("b", "a"), dag_id="other"))
    driver.publish(waiting(**config))
    driver.trigger("main", run_id="m", logical_date=date)
    return driver


def look(driver: Driver) -> TaskInstance:
    return next(each for each in driver.kept.tasks.values() if each.task_id == "look")


def end(driver: Driver) -> tuple[str, Any, str | None]:
    attempt = driver.kept.attempts[look(driver).attempt or 0]
    assert attempt.worker == "the scheduler"
    return driver.states["look"], attempt.value, attempt.error


def test_run_for_the_same_date_is_waited_for_and_wakes_the_sensor() -> None:
    driver = driven()
    assert driver.answer() == [RunsAsked("other", logical_date=DAY)]
    assert (driver.states["look"], driver.machine.running) == ("deferred", 0)
    driver.trigger("other", run_id="another", logical_date=2 * DAY)
    driver.trigger("other", run_id="o", logical_date=DAY)
    driver.end("a")
    assert driver.states["look"] == "deferred"
    driver.end("b")
    value = {"dag_id": "other", "run_id": "o", "state": "success", "logical_date": iso(DAY)}
    assert end(driver) == ("success", value, None)
    assert (driver.states["after"], driver.kept.attempts_of("look")) == ("queued", [(1, "success")])


def test_run_that_ended_before_is_found_in_the_store() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), dag_id="other"))
    driver.trigger("other", run_id="o", logical_date=DAY)
    driver.end("a")
    driver.publish(waiting())
    driver.trigger("main", run_id="m", logical_date=DAY)
    assert driver.states["look"] == "deferred"
    driver.answer()
    assert driver.states["look"] == "success"


@pytest.mark.parametrize(
    ("config", "state"),
    [({}, "failed"), ({"soft_fail": True}, "skipped"), ({"failed_states": []}, "deferred"),
     ({"states": ["failed"], "failed_states": []}, "success")],
)  # fmt: skip
def test_run_that_failed(config: dict[str, Any], state: str) -> None:
    driver = driven(**config)
    driver.trigger("other", run_id="o", logical_date=DAY)
    driver.end("a", "failed")
    assert driver.states["look"] == state
    if state == "failed":
        assert end(driver)[2] == "The run o of other is failed."


def test_rerun_by_hand_counts_as_well() -> None:
    driver = driven()
    driver.trigger("other", run_id="o", logical_date=DAY)
    driver.trigger("other", run_id="again", logical_date=DAY)
    first = min(driver.kept.attempts)
    driver.feed(Finished(first, "w", "failed", driver.now, driver.now))
    assert driver.states["look"] == "deferred"  # the other one may still succeed
    driver.end("a")
    driver.end("b")
    assert end(driver)[1]["run_id"] == "again"


@pytest.mark.parametrize(
    ("tasks", "ends", "state", "told"),
    [
        (["a"], ["success"], "success", None),
        (["a", "b"], ["success"], "deferred", None),
        (["a", "b"], ["success", "success"], "success", None),
        (["a"], ["failed"], "failed", "The run o of other: a failed."),
        (["c"], [], "failed", "The run o of other has no task 'c'. Known: a, b."),
    ],
)
def test_tasks_of_the_run(tasks: list[str], ends: list[str], state: str, told: str | None) -> None:
    driver = driven(tasks=tasks)
    driver.trigger("other", run_id="o", logical_date=DAY)
    for name, one in zip("ab", ends, strict=False):
        driver.end(name, one)
    assert driver.states["look"] == state
    if told:
        assert end(driver)[2] == told


def test_run_of_other_tasks_does_not_count_while_there_is_one_of_all() -> None:
    driver = driven(tasks=["b"])
    driver.trigger("other", run_id="o", logical_date=DAY)
    driver.trigger("other", run_id="part", logical_date=DAY, subset=["a"])
    assert driver.states["look"] == "deferred"
    for number in sorted(driver.kept.attempts):
        driver.feed(Finished(number, "w", "success", driver.now, driver.now))
    driver.end("b")
    assert end(driver)[1]["run_id"] == "o"


def test_all_instances_of_a_mapped_task_are_waited_for() -> None:
    driver = Driver()
    mapped = task("a", expand=ExpandSpec(over={"x": Items([1, 2])}))
    driver.publish(dag(mapped, dag_id="other"))
    driver.publish(waiting(tasks=["a"]))
    driver.trigger("main", run_id="m", logical_date=DAY)
    driver.trigger("other", run_id="o", logical_date=DAY)
    driver.end("a[0]")
    assert driver.states["look"] == "deferred"
    driver.end("a[1]")
    assert driver.states["look"] == "success"


@pytest.mark.parametrize(
    ("config", "date", "asked"),
    [
        ({"offset": -DAY}, 10 * DAY, 9 * DAY),
        ({"offset": -3600.0}, 10 * DAY, 10 * DAY - 3600),
        ({"logical_date": "1970-01-03"}, 10 * DAY, 2 * DAY),
        ({"reference": "data_interval_end"}, 10 * DAY, 10 * DAY),
        # Clocks went forward on 2013-03-31: the day before was an hour longer ago.
        ({"offset": -DAY, "timezone": "Europe/Vienna"}, 1364792400.0, 1364792400.0 - DAY),
        ({"offset": -DAY, "timezone": "Europe/Vienna"}, 1364706000.0, 1364706000.0 - 82800.0),
    ],
)
def test_date_of_the_run(config: dict[str, Any], date: float, asked: float) -> None:
    assert driven(date, **config).answer() == [RunsAsked("other", logical_date=asked)]


def test_run_without_a_date_waits_for_nothing() -> None:
    driver = driven(None)
    assert end(driver) == (
        "failed",
        None,
        "Its run has no logical date, so nothing says what it waits for. Trigger the DAG with a logical date.",
    )


@pytest.mark.parametrize(("soft_fail", "state"), [(False, "failed"), (True, "skipped")])
def test_timeout(soft_fail: bool, state: str) -> None:
    driver = driven(timeout=100.0, soft_fail=soft_fail)
    driver.answer()
    driver.pass_time(99.0)
    assert driver.states["look"] == "deferred"
    driver.pass_time(1.0)
    told = "other has no run with the logical date 1970-01-02T00:00:00+00:00 yet."
    assert end(driver) == (state, None, f"What it waits for did not come within 100 s. {told}")


def test_store_is_asked_again_and_after_a_restart_at_once() -> None:
    driver = driven(poll_interval=10.0)
    asked = [RunsAsked("other", logical_date=DAY)]
    assert (driver.answer(), driver.answer()) == (asked, [])
    driver.pass_time(10.0)
    assert driver.answer() == []  # what happens to the other DAG happens here
    driver.restart()
    assert driver.answer() == asked
    driver.command("delete_dag", dag_id="other")  # another scheduler may own it from now on
    driver.pass_time(10.0)
    assert (driver.answer(), driver.answer()) == (asked, [])
    driver.pass_time(10.0)
    assert driver.answer() == asked


def test_cleared_sensor_waits_anew() -> None:
    driver = driven(timeout=100.0)
    driver.pass_time(50.0)
    driver.command("clear", {"run_id": "m", "task_ids": ["look"]}, "main")
    driver.pass_time(60.0)
    assert driver.states["look"] == "deferred"
    driver.pass_time(40.0)
    assert driver.states["look"] == "failed"


def test_why_says_which_run_and_how_far_it_is() -> None:
    driver = driven(timeout=100.0, tasks=["a"])
    wish = f"It waits for the task a in the run of other with the logical date {iso(DAY)} to be success."
    until = f"It gives up at {iso(driver.now + 100)}."
    assert driver.why("main", "m", "look") == [f"{wish} {until}"]
    driver.answer()
    none = f"other has no run with the logical date {iso(DAY)} yet."
    assert driver.why("main", "m", "look") == [f"{wish} {none} {until}"]
    driver.trigger("other", run_id="o", logical_date=DAY)
    assert driver.why("main", "m", "look") == [f"{wish} Its run o is running: a is queued. {until}"]


# --- assets -----------------------------------------------------------------------------------------------------------


def assets(since: Any = "run", **config: Any) -> Driver:
    driver = Driver()
    make = task("make", outlets=(AssetSpec(name="flights"),))
    driver.publish(dag(make, dag_id="other"))
    sensor = TaskSpec(id="look", kind="asset_sensor", config={"asset": "flights", "since": since, **config})
    driver.publish(dag(sensor, dag_id="main"))
    return driver


def test_event_of_the_asset_wakes_the_sensor() -> None:
    driver = assets()
    driver.trigger("main", run_id="m", logical_date=DAY)
    assert driver.answer() == [EventAsked("flights")]
    assert driver.why("main", "m", "look")[0].startswith(
        f"It waits for an event of the asset flights since {iso(driver.now)}. There has been none yet."
    )
    driver.trigger("other", run_id="o")
    driver.end("make", assets=())
    value = {
        "asset": "flights", "at": iso(driver.now), "extra": {}, "source_dag_id": "other", "source_run_id": "o",
        "source_task_id": "make", "source_map_index": -1,
    }  # fmt: skip
    assert end(driver) == ("success", value, None)


@pytest.mark.parametrize(
    ("since", "state"),
    [("run", "deferred"), ("logical_date", "success"), (60.0, "success"), (5.0, "deferred")],
)
def test_event_of_before(since: Any, state: str) -> None:
    driver = assets(since)
    driver.command("asset_event", {"asset": "flights"}, "")
    driver.pass_time(10.0)
    driver.restart()
    driver.trigger("main", run_id="m", logical_date=DAY)
    driver.answer()
    assert driver.states["look"] == state
