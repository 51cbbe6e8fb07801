"""How runs are let in, end, fail early, collide, and what they count for."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.schedule_spec import ContinuousSpec, OnceSpec
from studio.core.spec import (
    CallbackSpec,
    CronSpec,
    DagSpec,
    DeadlineSpec,
    TaskSpec,
)
from tests.core.driver import Driver, dag, task

DAY = 86400.0
LATE = CallbackSpec(on="deadline", function="m:late")


def started(spec: DagSpec, **trigger: Any) -> tuple[Driver, str]:
    driver = Driver()
    driver.publish(spec)
    return driver, driver.trigger(**trigger)


def reason(driver: Driver, run_id: str) -> str:
    return driver.kept.run(run_id).run.reason


# --- how a run ends ---


def test_run_fails_if_a_leaf_failed() -> None:
    driver, run_id = started(dag(task("a"), task("b")))
    driver.end("a", "failed")
    driver.end("b")
    assert (driver.run_states[run_id], reason(driver, run_id)) == ("failed", "task_failure")


def test_run_succeeds_with_failures_if_what_failed_was_no_leaf() -> None:
    driver, run_id = started(dag(task("a"), task("b", "a", trigger_rule="all_done")))
    driver.end("a", "failed")
    driver.end("b")
    run = driver.kept.run(run_id).run
    assert (run.state.value, run.with_failures, run.reason) == ("success", True, "")


def test_run_of_skipped_leaves_succeeds() -> None:
    driver, run_id = started(dag(task("a")))
    driver.end("a", "skipped")
    assert driver.run_states[run_id] == "success"
    assert not driver.kept.run(run_id).run.with_failures


def test_run_of_nothing_to_do_is_over_at_once() -> None:
    driver, run_id = started(
        dag(TaskSpec(id="a", kind="empty"), TaskSpec(id="b", kind="empty", upstream=("a",)))
    )
    assert driver.run_states[run_id] == "success"
    assert driver.kept.attempts == {}


def test_run_timeout_skips_what_has_not_ended_and_fails_the_run() -> None:
    driver, run_id = started(dag(task("a"), task("b", "a"), task("c", "a", role="teardown"), run_timeout=60))
    driver.begin("a")
    driver.pass_time(60)
    assert driver.states == {"a": "stopping", "b": "skipped", "c": "skipped"}
    driver.end("a", "cancelled")
    assert driver.states["a"] == "skipped"
    assert (driver.run_states[run_id], reason(driver, run_id)) == ("failed", "timed_out")


def test_run_timeout_counts_from_the_start_and_anew_after_a_clear() -> None:
    driver, run_id = started(dag(task("a"), run_timeout=60))
    driver.pass_time(40)
    driver.end("a", "failed")
    driver.about("clear", run_id, task_ids=["a"])
    driver.pass_time(40)
    assert driver.states["a"] == "queued"
    driver.pass_time(20)
    assert driver.states["a"] == "stopping"


def test_queued_run_does_not_time_out() -> None:
    driver, _ = started(dag(task("a"), run_timeout=60, max_active_runs=1))
    driver.now += 1
    second = driver.trigger()
    driver.pass_time(59)
    driver.end("a", "cancelled")
    assert driver.run_states[second] == "running"


def test_fail_fast_ends_what_runs_as_failed_and_skips_the_rest() -> None:
    spec = dag(
        task("a"),
        task("b"),
        task("held"),
        task("c", "b"),
        TaskSpec(id="w", kind="wait", config={"seconds": 10}),
        task("done"),
        fail_fast=True,
        max_active_tasks=4,
    )
    driver, run_id = started(spec)
    driver.begin("b")
    driver.end("done")
    driver.end("a", "failed")
    assert driver.states == {
        "a": "failed",
        "b": "stopping",
        "held": "stopping",
        "c": "skipped",
        "w": "skipped",
        "done": "success",
    }
    driver.end("b", "cancelled")
    driver.end("held", "cancelled")
    assert (driver.states["b"], driver.states["held"]) == ("failed", "skipped")
    assert (driver.run_states[run_id], reason(driver, run_id)) == ("failed", "fail_fast")


def test_fail_fast_waits_for_the_last_retry() -> None:
    driver, _ = started(dag(task("a", retries=1), task("b"), fail_fast=True))
    driver.end("a", "failed")
    assert driver.states == {"a": "up_for_retry", "b": "queued"}


def test_run_that_failed_fast_and_was_cleared_has_its_retries_and_no_reason() -> None:
    driver, run_id = started(dag(task("a", retries=1), task("b"), fail_fast=True))
    driver.end("a", "failed", retry=False)
    driver.about("clear", run_id, task_ids=["a"])
    driver.end("b", "cancelled")
    driver.end("a", "failed")
    assert driver.states["a"] == "up_for_retry"
    driver.about("clear", run_id, task_ids=["b"])
    driver.pass_time(300)
    driver.end("a")
    driver.end("b")
    assert (driver.run_states[run_id], reason(driver, run_id)) == ("success", "")


# --- how many at once, collisions ---


def test_max_active_runs_lets_the_oldest_in_first() -> None:
    driver, first = started(dag(task("a"), max_active_runs=2))
    runs = [first]
    for _ in range(3):
        driver.now += 1
        runs.append(driver.trigger())
    assert [driver.run_states[run] for run in runs] == ["running", "running", "queued", "queued"]
    driver.publish(dag(task("a"), max_active_runs=3))
    assert [driver.run_states[run] for run in runs] == ["running", "running", "running", "queued"]


def test_run_of_a_paused_dag_waits() -> None:
    driver, run_id = started(dag(task("a")))
    driver.command("pause")
    driver.now += 1
    second = driver.trigger()
    assert driver.run_states[second] == "queued"
    driver.command("unpause")
    assert driver.run_states == {run_id: "running", second: "running"}


def test_queued_run_that_was_cancelled_and_cleared_stands_in_line_again() -> None:
    driver, first = started(dag(task("a"), max_active_runs=1))
    driver.now += 1
    second = driver.trigger()
    driver.about("cancel", second)
    assert driver.run_states[second] == "cancelled"
    driver.about("clear", second, task_ids=[])
    assert driver.run_states == {first: "running", second: "queued"}
    driver.end("a")
    assert driver.run_states[second] == "running"
    driver.end("a")
    assert driver.run_states == {first: "success", second: "success"}


def colliding(collision: str, **options: Any) -> Driver:
    """A run of yesterday that still runs, and the tick of today."""
    driver = Driver(now=DAY * 100 - 10)
    driver.publish(dag(task("a"), schedule=CronSpec("@daily"), collision=collision, **options))
    driver.pass_time(10)
    driver.pass_time(DAY)
    return driver


def test_colliding_run_is_queued_like_any_other() -> None:
    driver = colliding("queue", max_active_runs=1)
    assert list(driver.run_states.values()) == ["running", "queued"]


def test_colliding_run_is_not_made() -> None:
    driver = colliding("skip")
    assert list(driver.run_states.values()) == ["running"]
    driver.end("a")
    driver.pass_time(DAY)
    assert list(driver.run_states.values()) == ["success", "running"]


def test_colliding_run_replaces_the_older_one() -> None:
    driver = colliding("replace", max_active_runs=1)
    first, second = driver.run_states
    assert (driver.run_states[first], driver.run_states[second]) == ("running", "queued")
    driver.end("a", "cancelled")
    assert (driver.run_states[first], driver.run_states[second]) == ("cancelled", "running")
    assert reason(driver, first) == "replaced"


def test_run_of_a_backfill_collides_with_nothing() -> None:
    driver = Driver(now=DAY * 100 - 10)
    driver.publish(dag(task("a"), schedule=CronSpec("@daily"), collision="skip"))
    driver.command("backfill", {"dates": [DAY * 50]})
    driver.pass_time(10)
    assert list(driver.run_states.values()) == ["running", "running"]


# --- failures in a row ---


def failures(driver: Driver) -> tuple[bool, int]:
    row = driver.kept.dags["d"]
    return row.paused, row.failures


def test_dag_is_paused_after_failed_runs_in_a_row() -> None:
    driver, _ = started(dag(task("a"), pause_after_failures=2))
    for state in ("failed", "success", "failed"):
        driver.end("a", state)
        driver.now += 1
        driver.trigger()
    assert failures(driver) == (False, 1)
    driver.end("a", "failed")
    assert failures(driver) == (True, 2)
    driver.command("unpause")
    assert failures(driver) == (False, 0)


# --- deadlines ---


def late(driver: Driver) -> list[str]:
    return [str(each.context["deadline"]) for each in driver.kept.callbacks.values()]


def test_deadline_is_missed_once_and_stops_nothing() -> None:
    deadline = DeadlineSpec(reference="queued_at", after=60, name="soon", callback=LATE)
    driver, run_id = started(dag(task("a"), deadlines=(deadline,)))
    driver.pass_time(59)
    assert late(driver) == []
    driver.pass_time(1)
    assert (late(driver), driver.run_states[run_id]) == (["soon"], "running")
    driver.restart()
    driver.pass_time(1000)
    driver.end("a", "failed")
    assert late(driver) == ["soon"]


@pytest.mark.parametrize(
    ("deadline", "seconds"),
    [
        (DeadlineSpec(reference="logical_date", after=30, callback=LATE), 20),
        (DeadlineSpec(reference="fixed", at="1970-01-12T13:48:20+00:00", callback=LATE), 100),
        (DeadlineSpec(reference="fixed", at="1970-01-12T13:48:20+00:00", after=-50, callback=LATE), 50),
    ],
)
def test_references_of_deadlines(deadline: DeadlineSpec, seconds: float) -> None:
    driver, _ = started(dag(task("a"), deadlines=(deadline,)), logical_date=1_000_000.0 - 10)
    driver.pass_time(seconds - 1)
    assert late(driver) == []
    driver.pass_time(1)
    assert late(driver) == [deadline.reference]


def test_run_that_succeeded_in_time_is_never_late_also_if_it_is_repeated() -> None:
    deadline = DeadlineSpec(reference="logical_date", after=60, callback=LATE)
    driver, run_id = started(dag(task("a"), deadlines=(deadline,)), logical_date=1_000_000.0)
    driver.end("a")
    driver.pass_time(1000)
    driver.about("clear", run_id, task_ids=["a"])
    driver.pass_time(1000)
    assert late(driver) == []


def test_deadline_from_the_queue_counts_anew_when_a_cancelled_run_is_cleared() -> None:
    deadline = DeadlineSpec(reference="queued_at", after=60, callback=LATE)
    driver, run_id = started(dag(task("a"), deadlines=(deadline,)))
    driver.about("cancel", run_id)
    driver.end("a", "cancelled")
    driver.pass_time(100)
    assert late(driver) == []
    driver.about("clear", run_id, task_ids=["a"])
    driver.pass_time(59)
    assert late(driver) == []
    driver.pass_time(1)
    assert late(driver) == ["queued_at"]


def test_average_runtime_is_learned_from_successful_runs() -> None:
    deadline = DeadlineSpec(reference="average_runtime", after=5, runs=2, callback=LATE)
    driver, _ = started(dag(task("a"), deadlines=(deadline,)))
    for seconds in (10, 30):
        driver.end("a", after=seconds)
        driver.trigger()
    driver.pass_time(24)
    assert late(driver) == []
    driver.pass_time(1)
    assert late(driver) == ["average_runtime"]


# --- once and continuous ---


def test_once_is_one_run() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), schedule=OnceSpec()))
    assert list(driver.run_states.values()) == ["running"]
    driver.end("a")
    driver.publish(dag(task("a", retries=1), schedule=OnceSpec()))
    driver.pass_time(DAY)
    assert list(driver.run_states.values()) == ["success"]


def test_continuous_is_always_one_run() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), schedule=ContinuousSpec()))
    for n in range(3):
        assert list(driver.run_states.values()) == ["success"] * n + ["running"]
        driver.end("a", after=1)
    driver.command("pause")
    driver.end("a", "failed", after=1)
    assert list(driver.run_states.values()) == ["success"] * 3 + ["failed"]
    driver.command("unpause")
    assert list(driver.run_states.values())[-1] == "running"


def test_continuous_run_has_a_date_of_its_own_when_the_clock_goes_back() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), schedule=ContinuousSpec()))
    driver.end("a", after=-1)
    driver.end("a", after=1)
    dates = [run.logical_date for run in driver.kept.runs.values()]
    assert len(set(dates)) == len(dates) == 3


def test_continuous_run_of_nothing_to_do_does_not_stop_the_world() -> None:
    driver = Driver()
    driver.publish(dag(TaskSpec(id="a", kind="empty"), schedule=ContinuousSpec()))
    assert len(driver.run_states) == 1
    driver.pass_time(3)
    assert set(driver.run_states.values()) == {"success"}
    assert len(driver.run_states) == 4


def test_paused_dag_makes_no_scheduled_run_when_it_is_published() -> None:
    driver = Driver(now=DAY * 100 - 10)
    driver.publish(dag(task("a"), schedule=CronSpec("@daily")))
    driver.command("pause")
    driver.pass_time(DAY)
    driver.publish(dag(task("a", retries=1), schedule=CronSpec("@daily")))
    assert driver.run_states == {}
    driver.command("unpause")
    assert list(driver.run_states) == ["scheduled__1970-04-11T00:00:00+00:00"]


# --- what stays in memory ---


def test_runs_that_are_over_are_not_kept() -> None:
    import gc
    import weakref

    deadline = DeadlineSpec(reference="queued_at", after=DAY, callback=LATE)
    driver, first = started(dag(task("a", retries=1, pool="x"), run_timeout=DAY, deadlines=(deadline,)))
    driver.command("set_pool", {"name": "x", "slots": 5}, dag_id="")
    board = driver.machine._board
    run = weakref.ref(board.dags["d"].runs[first])
    driver.end("a")
    for _ in range(600):
        driver.now += 1
        driver.trigger()
        driver.end("a")
    driver.turns.clear()
    gc.collect()
    assert run() is None
    assert len(board.timers._heap) < 1500
    assert (board.dags["d"].runs, board.dags["d"].past, board.in_flight, board.touched) == ({}, {}, {}, {})
    assert (board.dispatcher._lanes, len(board.dispatcher._limits)) == ({}, 3)


def test_a_run_that_failed_fast_has_failed_whatever_its_leaves_say() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), task("b", "a"), task("c"), fail_fast=True))
    run_id = driver.trigger()
    driver.end("c", "success")
    driver.end("a", "failed")
    assert (driver.states["b"], driver.run_states[run_id]) == ("skipped", "failed")
