"""Setups and teardowns: what is set up is taken down, whatever became of the work between."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.spec import DagSpec, TaskSpec
from tests.core.driver import Driver, dag, task


def setup(task_id: str, *upstream: str, **options: Any) -> TaskSpec:
    return task(task_id, *upstream, role="setup", **options)


def teardown(task_id: str, *upstream: str, of: str = "s", **options: Any) -> TaskSpec:
    return task(
        task_id,
        of,
        *upstream,
        role="teardown",
        setups=(of,),
        trigger_rule="all_done_setup_success",
        **options,
    )


CLUSTER = dag(setup("s"), task("w", "s"), teardown("t", "w"), task("after", "w"))


def started(spec: DagSpec) -> tuple[Driver, str]:
    driver = Driver()
    driver.publish(spec)
    return driver, driver.trigger()


@pytest.mark.parametrize(
    ("work", "run"), [("success", "success"), ("failed", "failed"), ("skipped", "success")]
)
def test_teardown_runs_whatever_became_of_the_work(work: str, run: str) -> None:
    driver, run_id = started(dag(setup("s"), task("w", "s"), teardown("t", "w")))
    driver.end("s")
    assert driver.states == {"s": "success", "w": "queued", "t": "none"}
    driver.end("w", work)
    assert driver.states["t"] == "queued"
    driver.end("t")
    assert driver.run_states[run_id] == run


@pytest.mark.parametrize(
    ("end", "work", "down"),
    [("failed", "upstream_failed", "upstream_failed"), ("skipped", "skipped", "skipped")],
)
def test_without_setup_nothing_is_taken_down(end: str, work: str, down: str) -> None:
    driver, _ = started(CLUSTER)
    driver.end("s", end)
    assert driver.states == {"s": end, "w": work, "t": down, "after": work}


def test_one_setup_of_two_is_reason_enough_to_take_down() -> None:
    spec = dag(setup("s"), setup("r"), task("w", "s", "r"), teardown("t", "r", "w"))
    driver, _ = started(spec)
    driver.end("s")
    driver.end("r", "failed")
    assert driver.states == {"s": "success", "r": "failed", "w": "upstream_failed", "t": "queued"}


def test_failed_teardown_does_not_fail_the_run() -> None:
    driver, run_id = started(CLUSTER)
    driver.run_to_end(lambda launch: "failed" if launch.task_id == "t" else "success")
    assert (driver.states["t"], driver.run_states[run_id]) == ("failed", "success")
    assert driver.kept.run(run_id).run.with_failures


def test_failed_teardown_fails_the_run_if_it_says_so() -> None:
    driver, run_id = started(dag(setup("s"), task("w", "s"), teardown("t", "w", fail_run=True)))
    driver.run_to_end(lambda launch: "failed" if launch.task_id == "t" else "success")
    assert driver.run_states[run_id] == "failed"


def test_failed_work_above_a_teardown_fails_the_run() -> None:
    driver, run_id = started(CLUSTER)
    driver.run_to_end(lambda launch: "failed" if launch.task_id == "w" else "success")
    assert (driver.states["t"], driver.run_states[run_id]) == ("success", "failed")


def test_run_of_teardowns_only_counts_them() -> None:
    lonely = task("t", role="teardown", trigger_rule="all_done_setup_success")
    driver, run_id = started(dag(lonely))
    driver.end("t", "failed")
    assert driver.run_states[run_id] == "failed"


def test_work_far_below_waits_for_its_setup_besides_its_own_rule() -> None:
    spec = dag(setup("s"), task("a", "s"), task("w", "a", trigger_rule="all_done"), teardown("t", "w"))
    driver, _ = started(spec)
    driver.end("s", "failed")
    assert driver.states == {
        "s": "failed",
        "a": "upstream_failed",
        "w": "upstream_failed",
        "t": "upstream_failed",
    }
    driver, _ = started(spec)
    driver.end("s", "skipped")
    assert driver.states == {"s": "skipped", "a": "skipped", "w": "skipped", "t": "skipped"}


def test_work_below_the_teardown_is_not_under_its_setup() -> None:
    spec = dag(setup("s"), task("w", "s"), teardown("t", "w"), task("z", "t", trigger_rule="all_done"))
    driver, _ = started(spec)
    driver.end("s", "failed")
    assert driver.states["z"] == "queued"


def test_clear_of_work_repeats_setup_and_teardown() -> None:
    driver, run_id = started(CLUSTER)
    driver.run_to_end()
    result = driver.about("clear", run_id, task_ids=["w"], downstream=False)
    assert [each["task_id"] for each in result["tasks"]] == ["s", "w", "t"]
    driver.run_to_end()
    assert [len(driver.kept.attempts_of(name)) for name in ("s", "w", "t", "after")] == [2, 2, 2, 1]


@pytest.mark.parametrize("state", ["success", "failed"])
def test_run_that_is_marked_waits_for_its_teardowns(state: str) -> None:
    driver, run_id = started(CLUSTER)
    driver.end("s")
    driver.begin("w")
    driver.about("mark_run", run_id, state=state)
    assert driver.states == {"s": "success", "w": "stopping", "t": "none", "after": "skipped"}
    driver.end("w", "cancelled")
    assert (driver.states["w"], driver.states["t"], driver.run_states[run_id]) == (state, "queued", "running")
    driver.end("t")
    assert driver.run_states[run_id] == state


def test_fail_fast_leaves_teardowns_their_retries() -> None:
    spec = dag(
        setup("s"),
        task("w", "s"),
        task("x", "s"),
        teardown("t", "w", "x", retries=1, retry_delay=1),
        fail_fast=True,
    )
    driver, run_id = started(spec)
    driver.end("s")
    driver.begin("x")
    driver.end("w", "failed")
    assert driver.states == {"s": "success", "w": "failed", "x": "stopping", "t": "none"}
    driver.end("x", "cancelled")
    driver.end("t", "failed")
    assert driver.states == {"s": "success", "w": "failed", "x": "failed", "t": "up_for_retry"}
    driver.pass_time(1)
    driver.end("t")
    assert (driver.states["t"], driver.run_states[run_id]) == ("success", "failed")


def test_cancel_ends_teardowns_too() -> None:
    driver, run_id = started(CLUSTER)
    driver.end("s")
    driver.about("cancel", run_id)
    driver.end("w", "cancelled")
    assert driver.states == {"s": "success", "w": "cancelled", "t": "cancelled", "after": "cancelled"}
    assert driver.run_states[run_id] == "cancelled"


def test_successor_takes_down_what_was_set_up_in_a_run_that_was_marked() -> None:
    driver, run_id = started(CLUSTER)
    driver.end("s")
    driver.about("mark_run", run_id, state="failed")
    driver.restart()
    driver.end("w", "cancelled")
    driver.end("t")
    assert driver.run_states[run_id] == "failed"


def test_what_stands_in_line_waits_for_a_setup_that_was_cleared() -> None:
    driver = Driver()
    down = {"role": "teardown", "setups": ("s",), "trigger_rule": "all_done_setup_success"}
    inside = task("b", "a", trigger_rule="all_done", pool="nowhere")  # it names no setup, and stays in line
    driver.publish(dag(task("s", role="setup"), task("a", "s"), inside, task("d", "s", "b", **down)))
    run_id = driver.trigger()
    driver.end("s")
    driver.end("a")
    assert driver.states["b"] == "scheduled"
    driver.about("clear", run_id, task_ids=["s"], downstream=False)
    assert driver.states["b"] == "none"
