"""Callbacks: requested with what happened, called by a worker, once."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.events import Capacity
from studio.core.spec import CallbackSpec, DagSpec, SensorSpec, TaskSpec
from studio.core.turn import Launch
from tests.core.driver import Driver, dag, task

EVENTS: tuple[Any, ...] = ("success", "failure", "retry", "skipped")
ALL = tuple(CallbackSpec(on=on, function=f"m:{on}", args={"k": 1}, path=("/lib",)) for on in EVENTS)
OF_RUNS = ALL[:2]


def started(spec: DagSpec, slots: int = 100) -> tuple[Driver, str]:
    driver = Driver(slots)
    driver.publish(spec)
    return driver, driver.trigger()


def called(driver: Driver) -> list[tuple[str, str]]:
    """(task id, event) of each callback that was launched, in order."""
    return [(launch.task_id, launch.context["event"]) for launch in driver.callbacks]


@pytest.mark.parametrize(
    ("state", "event"), [("success", "success"), ("failed", "failure"), ("skipped", "skipped")]
)
def test_callback_of_a_task_for_how_it_ended(state: str, event: str) -> None:
    driver, _ = started(dag(task("a", callbacks=ALL)))
    driver.end("a", state)
    assert called(driver) == [("a", event)]


def test_retry_and_the_failure_at_the_end() -> None:
    driver, _ = started(dag(task("a", callbacks=ALL, retries=1, retry_delay=1)))
    driver.end("a", "failed")
    assert called(driver) == [("a", "retry")]
    driver.pass_time(1)
    driver.end("a", "failed")
    assert called(driver) == [("a", "retry"), ("a", "failure")]


def test_launch_of_a_callback_has_what_it_needs() -> None:
    driver, run_id = started(dag(task("a", callbacks=ALL)))
    driver.end("a", "failed")
    [launch] = driver.callbacks
    assert (launch.kind, launch.config) == (
        "callback",
        {"function": "m:failure", "args": {"k": 1}, "path": ["/lib"]},
    )
    assert (launch.context["run_id"], launch.context["try_number"]) == (run_id, 1)
    [row] = driver.kept.callbacks.values()
    assert (row.id, row.state.value, row.on) == (launch.attempt_id, "queued", "failure")


def test_a_callback_is_given_what_its_arguments_name() -> None:
    args = {
        "url": "{{ conn.alerts.url }}",
        "to": ["{{ var.value.operator }}", "{{ var.json.get('cc', []) }}"],
    }
    driver, _ = started(dag(task("a", callbacks=(CallbackSpec(on="failure", function="m:f", args=args),))))
    driver.end("a", "failed")
    [launch] = driver.callbacks
    assert (launch.connections, set(launch.variables), launch.optional) == (
        ("alerts",),
        {"operator", "cc"},
        ("cc",),
    )


def test_states_that_follow_from_others_call_nobody() -> None:
    driver, _ = started(
        dag(task("a"), task("b", "a", callbacks=ALL), task("c", callbacks=ALL), task("d", "c", callbacks=ALL))
    )
    driver.end("a", "failed")
    driver.end("c", "skipped")
    assert called(driver) == [("c", "skipped")]


@pytest.mark.parametrize(
    ("state", "event", "reason"), [("success", "success", "success"), ("failed", "failure", "task_failure")]
)
def test_callback_of_a_run(state: str, event: str, reason: str) -> None:
    driver, _ = started(dag(task("a"), callbacks=OF_RUNS))
    driver.end("a", state)
    assert called(driver) == [("", event)]
    [launch] = driver.callbacks
    assert launch.context["reason"] == reason
    if state == "failed":
        assert launch.context["failed_tasks"] == ["a"]


def test_run_that_timed_out_says_so() -> None:
    driver, _ = started(dag(task("a"), callbacks=OF_RUNS, run_timeout=10))
    driver.pass_time(10)
    driver.end("a", "cancelled")
    assert [
        (event, launch.context["reason"])
        for launch, (_, event) in zip(driver.callbacks, called(driver), strict=True)
    ] == [("failure", "timed_out")]


def test_cancelled_run_calls_nobody() -> None:
    driver, run_id = started(dag(task("a", callbacks=ALL), callbacks=OF_RUNS))
    driver.about("cancel", run_id)
    driver.end("a", "cancelled")
    assert called(driver) == []


def test_local_tasks_and_sensors_call_back() -> None:
    sensor = task("s", callbacks=ALL, interpret="sensor", sensor=SensorSpec(timeout=0, soft_fail=True))
    driver, _ = started(dag(TaskSpec(id="e", kind="empty", callbacks=ALL), sensor))
    driver.end("s", value=False)
    assert called(driver) == [("e", "success"), ("s", "skipped")]


def test_callback_is_called_once() -> None:
    driver, _ = started(dag(task("a", callbacks=ALL)))
    driver.end("a")
    driver.begin("a")
    driver.end("a")
    assert driver.launched["a"].kind == "callback"
    [row] = driver.kept.callbacks.values()
    assert row.state.value == "success"
    driver.restart()
    driver.pass_time(1000)
    assert len(driver.callbacks) == 1


def test_failed_callback_is_not_called_again() -> None:
    driver, run_id = started(dag(task("a", callbacks=ALL)))
    driver.end("a")
    driver.end("a", "failed")
    assert (len(driver.callbacks), driver.run_states[run_id]) == (1, "success")


def test_lost_callback_is_called_again_a_few_times() -> None:
    driver, _ = started(dag(task("a", callbacks=ALL)))
    driver.end("a")
    for _ in range(5):
        if len([row for row in driver.kept.callbacks.values() if row.state.value == "queued"]):
            driver.lose("a")
    assert [launch.try_number for launch in driver.callbacks] == [1, 2, 3]
    assert len({launch.directory for launch in driver.callbacks}) == 3
    assert {row.state.value for row in driver.kept.callbacks.values()} == {"lost"}


def test_callback_waits_for_a_place_and_comes_before_tasks() -> None:
    driver, _ = started(dag(task("a", callbacks=ALL, priority_weight=9), task("b")), slots=1)
    driver.end("a")
    last = [effect for effect in driver.turns[-1].effects if isinstance(effect, Launch)]
    assert [effect.kind for effect in last] == ["callback"]
    assert last[0].priority < driver.launched["a"].priority or last[0].priority == (-1.0,)
    driver.end("a")
    assert driver.states["b"] == "queued"


def test_callback_that_waits_for_a_place_is_called_by_a_successor() -> None:
    driver, _ = started(dag(task("a", callbacks=ALL)))
    driver.feed(Capacity(0))
    driver.end("a")
    assert driver.callbacks == []
    [row] = driver.kept.callbacks.values()
    driver.machine = driver.kept.successor(driver.machine)
    driver._take(driver.machine.resume([row.id], driver.now))
    assert called(driver) == [("a", "success")]


def test_callbacks_of_a_deleted_run_are_not_called() -> None:
    driver, run_id = started(dag(task("a", callbacks=ALL)))
    driver.feed(Capacity(0))
    driver.end("a")
    driver.about("delete_run", run_id)
    driver.feed(Capacity(5))
    assert driver.callbacks == []


def test_callbacks_do_not_hold_up_the_end_of_a_run() -> None:
    driver, run_id = started(dag(task("a", callbacks=ALL), task("b", "a")))
    driver.end("a")
    driver.end("b")
    assert (driver.run_states[run_id], driver.machine.running) == ("success", 1)
