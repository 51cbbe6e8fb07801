"""Branches, short circuits, latest-only: what is passed over, and how long the decision is remembered."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.map_spec import GroupSpec
from studio.core.spec import CronSpec, DagSpec, TaskSpec
from tests.core.driver import Driver, dag, task

DAY = 86400.0


def branch(task_id: str, *upstream: str, **options: Any) -> TaskSpec:
    return task(task_id, *upstream, interpret="branch", **options)


def short_circuit(task_id: str, *upstream: str, **options: Any) -> TaskSpec:
    return task(task_id, *upstream, interpret="short_circuit", **options)


FORK = dag(branch("choose"), task("a", "choose"), task("b", "choose"), task("c", "choose"))


def after(spec: DagSpec, value: Any) -> dict[str, str]:
    """States of the others after the task `choose` has returned `value`."""
    driver = Driver()
    driver.publish(spec)
    driver.trigger()
    driver.end("choose", value=value)
    return {name: state for name, state in driver.states.items() if name != "choose"}


@pytest.mark.parametrize(
    ("value", "followed"),
    [("a", {"a"}), (["a", "c"], {"a", "c"}), (["b"], {"b"}), ([], set()), (None, set())],
)
def test_branch_skips_what_it_does_not_name(value: Any, followed: set[str]) -> None:
    assert after(FORK, value) == {name: "queued" if name in followed else "skipped" for name in "abc"}


def test_branch_to_a_group_follows_its_roots() -> None:
    spec = dag(
        branch("choose"),
        task("g.a", "choose", group="g"),
        task("g.b", "g.a", group="g"),
        task("g.h.c", "choose", group="g.h"),
        task("x", "choose"),
        groups=(GroupSpec(id="g"), GroupSpec(id="g.h", parent="g")),
    )
    assert after(spec, "g") == {"g.a": "queued", "g.b": "none", "g.h.c": "queued", "x": "skipped"}
    assert after(spec, "g.h") == {"g.a": "skipped", "g.b": "skipped", "g.h.c": "queued", "x": "skipped"}


@pytest.mark.parametrize("value", ["d", ["a", "d"], 3, {"a": 1}, True])
def test_branch_to_what_is_no_task_fails_without_retry(value: Any) -> None:
    driver = Driver()
    driver.publish(dag(branch("choose", retries=2), task("a", "choose")))
    run_id = driver.trigger()
    driver.end("choose", value=value)
    assert driver.states == {"choose": "failed", "a": "upstream_failed"}
    assert driver.kept.attempts_of("choose") == [(1, "failed")]
    assert driver.run_states[run_id] == "failed"


def test_branch_past_a_task_to_the_join_keeps_the_join() -> None:
    spec = dag(branch("choose"), task("a", "choose"), task("join", "choose", "a", trigger_rule="none_failed"))
    assert after(spec, "join") == {"a": "skipped", "join": "queued"}
    assert after(spec, "a") == {"a": "queued", "join": "none"}


def test_skipped_branch_propagates_by_trigger_rules_only() -> None:
    spec = dag(
        branch("choose"),
        task("a", "choose"),
        task("b", "choose"),
        task("below", "b"),
        task("some", "a", "b", trigger_rule="none_failed_min_one_success"),
        task("every", "a", "b"),
    )
    driver = Driver()
    driver.publish(spec)
    run_id = driver.trigger()
    driver.end("choose", value="a")
    driver.run_to_end()
    assert driver.states == {
        "choose": "success",
        "a": "success",
        "b": "skipped",
        "below": "skipped",
        "some": "success",
        "every": "skipped",
    }
    assert driver.run_states[run_id] == "success"


def test_short_circuit_skips_all_below_whatever_their_rules() -> None:
    spec = dag(
        short_circuit("choose"), task("a", "choose"), task("z", "a", trigger_rule="all_done"), task("other")
    )
    assert after(spec, False) == {"a": "skipped", "z": "skipped", "other": "queued"}
    assert after(spec, 0) == after(spec, None) == after(spec, "") == after(spec, False)
    assert after(spec, True) == {"a": "queued", "z": "none", "other": "queued"}


def test_short_circuit_of_the_next_only_leaves_the_rest_to_its_rules() -> None:
    spec = dag(
        short_circuit("choose", skip_all=False), task("a", "choose"), task("z", "a", trigger_rule="all_done")
    )
    assert after(spec, False) == {"a": "skipped", "z": "queued"}


@pytest.mark.parametrize(("days_late", "below"), [(0, "queued"), (1, "skipped")])
def test_latest_only_skips_what_is_next_in_all_but_the_newest_run(days_late: int, below: str) -> None:
    driver = Driver(now=DAY * 100 + 1)
    spec = dag(
        TaskSpec(id="latest", kind="latest_only"),
        task("a", "latest"),
        task("z", "a", trigger_rule="all_done"),
        schedule=CronSpec("@daily"),
        catchup="all",
        start_date="1970-04-11",
    )
    driver.now += days_late * DAY
    driver.publish(spec)
    oldest = driver.turns[-1].runs[0]
    states = {each.task_id: each.state.value for each in oldest.tasks}
    assert states == {"latest": "success", "a": below, "z": "none" if below == "queued" else "queued"}


def test_latest_only_never_skips_in_a_run_by_hand() -> None:
    driver = Driver(now=DAY * 100 + 1)
    driver.publish(
        dag(TaskSpec(id="latest", kind="latest_only"), task("a", "latest"), schedule=CronSpec("@daily"))
    )
    driver.trigger(logical_date=DAY)
    assert driver.states == {"latest": "success", "a": "queued"}


def test_latest_only_that_is_cleared_decides_anew() -> None:
    driver = Driver(now=DAY * 102 + 1)
    spec = dag(
        TaskSpec(id="latest", kind="latest_only"),
        task("a", "latest"),
        task("slow"),
        schedule=CronSpec("@daily"),
        catchup="all",
        start_date="1970-04-12",
    )
    driver.publish(spec)
    run_id = driver.turns[-1].runs[0].run.run_id
    assert driver.kept.run(run_id).tasks[1].state.value == "skipped"
    driver.now = DAY * 101 + 1  # the wall clock went back: the run is the newest now
    driver.command("clear", {"run_id": run_id, "task_ids": ["latest"]})
    assert driver.states["a"] == "queued"


def test_cleared_task_below_a_branch_is_passed_over_again() -> None:
    driver = Driver()
    driver.publish(FORK)
    run_id = driver.trigger()
    driver.end("choose", value="a")
    driver.command("clear", {"run_id": run_id, "task_ids": ["b"]})
    assert driver.states["b"] == "skipped"


def test_decision_is_remembered_by_a_run_that_was_over_and_by_a_successor() -> None:
    driver = Driver()
    driver.publish(FORK)
    run_id = driver.trigger()
    driver.end("choose", value="a")
    driver.end("a")
    assert driver.run_states[run_id] == "success"
    driver.restart()
    driver.about("clear", run_id, task_ids=["a", "b"])
    assert driver.states == {"choose": "success", "a": "queued", "b": "skipped", "c": "skipped"}


def test_decision_is_forgotten_when_the_branch_is_cleared() -> None:
    driver = Driver()
    driver.publish(FORK)
    run_id = driver.trigger()
    driver.end("choose", value="a")
    driver.command("clear", {"run_id": run_id, "task_ids": ["choose"]})
    driver.end("a", "cancelled")
    assert driver.states == {"choose": "queued", "a": "none", "b": "none", "c": "none"}
    driver.end("choose", value="b")
    assert driver.states == {"choose": "success", "a": "skipped", "b": "queued", "c": "skipped"}


def test_branch_that_was_marked_has_decided_nothing() -> None:
    driver = Driver()
    driver.publish(FORK)
    run_id = driver.trigger()
    driver.end("choose", "failed")
    driver.about("mark", run_id, task_ids=["choose"], state="success")
    assert driver.states == {"choose": "success", "a": "queued", "b": "queued", "c": "queued"}


def test_mapped_branch_decides_for_its_own_index_in_a_mapped_group() -> None:
    from studio.core.map_spec import ExpandSpec, Items

    driver = Driver()
    driver.publish(
        dag(
            branch("choose", group="g"),
            task("a", "choose", group="g"),
            task("b", "choose", group="g"),
            groups=(GroupSpec(id="g", expand=ExpandSpec(over={"x": Items([1, 2])})),),
        )
    )
    driver.trigger()
    driver.end("choose[0]", value="a")
    driver.end("choose[1]", value="b")
    assert [driver.states[name] for name in ("a[0]", "b[0]", "a[1]", "b[1]")] == [
        "queued",
        "skipped",
        "skipped",
        "queued",
    ]


def test_branch_in_a_run_of_some_tasks_may_name_one_that_does_not_run() -> None:
    driver = Driver()
    driver.publish(FORK)
    driver.trigger(subset=["choose", "a", "b"])
    driver.end("choose", value="c")
    assert driver.states == {"choose": "success", "a": "skipped", "b": "skipped"}
