"""Mark: results that people set by hand, for tasks and for runs."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.map_spec import ExpandSpec, Items, Output
from studio.core.spec import TaskSpec
from tests.core.driver import Driver, dag, task

DAY = 86400.0


def failed_line() -> tuple[Driver, str]:
    """a → b → c, of which b failed."""
    driver = Driver()
    driver.publish(dag(task("a"), task("b", "a"), task("c", "b")))
    run_id = driver.trigger()
    driver.end("a")
    driver.end("b", "failed")
    assert driver.run_states[run_id] == "failed"
    return driver, run_id


def test_marked_success_lets_the_run_go_on() -> None:
    driver, run_id = failed_line()
    result = driver.about("mark", run_id, task_ids=["b"], state="success", note="checked")
    assert result == {
        "marked": 1,
        "tasks": [{"run_id": run_id, "task_id": "b", "map_index": -1, "state": "failed"}],
    }
    assert driver.states == {"a": "success", "b": "success", "c": "queued"}
    assert driver.kept.attempts_of("b") == [(1, "failed")]
    assert {each.task_id: each.note for each in driver.kept.tasks.values()} == {
        "a": "",
        "b": "checked",
        "c": "",
    }
    driver.end("c")
    assert driver.run_states[run_id] == "success"


def test_marked_skipped_lets_the_run_go_on() -> None:
    driver, run_id = failed_line()
    driver.about("mark", run_id, task_ids=["b"], state="skipped")
    assert driver.states == {"a": "success", "b": "skipped", "c": "skipped"}
    assert driver.run_states[run_id] == "success"


def test_leaf_that_is_marked_changes_the_state_of_a_run_that_is_over() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), task("b")))
    run_id = driver.trigger()
    driver.run_to_end()
    driver.about("mark", run_id, task_ids=["a"], state="failed")
    assert driver.run_states[run_id] == "failed"
    driver.about("mark", run_id, task_ids=["a"], state="success")
    run = driver.kept.run(run_id).run
    assert (run.state.value, run.reason) == ("success", "marked")


@pytest.mark.parametrize("state", ["success", "failed", "skipped"])
def test_running_task_is_ended_before_it_has_the_state(state: str) -> None:
    driver = Driver()
    driver.publish(dag(task("a"), task("b", "a", trigger_rule="all_done")))
    run_id = driver.trigger()
    driver.begin("a")
    driver.about("mark", run_id, task_ids=["a"], state=state)
    assert driver.states == {"a": "stopping", "b": "none"}
    driver.end("a", "cancelled")
    assert driver.states == {"a": state, "b": "queued"}


def test_attempt_that_succeeds_all_the_same_does_not_undo_a_mark() -> None:
    driver = Driver()
    driver.publish(dag(task("a")))
    run_id = driver.trigger()
    driver.about("mark", run_id, task_ids=["a"], state="failed")
    driver.end("a", "success")
    assert (driver.states["a"], driver.kept.attempts_of("a")) == ("failed", [(1, "success")])


@pytest.mark.parametrize(
    ("options", "marked"),
    [
        ({}, {"b"}),
        ({"upstream": True}, {"s", "a", "b"}),
        ({"downstream": True}, {"b", "c"}),
        ({"upstream": True, "downstream": True}, {"s", "a", "b", "c"}),
    ],
)
def test_what_is_marked_besides(options: dict[str, Any], marked: set[str]) -> None:
    driver = Driver()
    driver.publish(
        dag(
            task("s", role="setup"),
            task("a", "s"),
            task("b", "a"),
            task("c", "b"),
            task("t", "s", "c", role="teardown", setups=("s",), trigger_rule="all_done_setup_success"),
        )
    )
    run_id = driver.trigger()
    driver.end("s")
    result = driver.about("mark", run_id, task_ids=["b"], state="skipped", **options)
    assert {each["task_id"] for each in result["tasks"]} == marked


@pytest.mark.parametrize(
    ("options", "runs"), [({"past": True}, {"r1", "r2"}), ({"future": True}, {"r2", "r3"})]
)
def test_marks_in_runs_before_and_after(options: dict[str, Any], runs: set[str]) -> None:
    driver = Driver()
    driver.publish(dag(task("a")))
    for day in (1, 2, 3):
        driver.trigger(logical_date=day * DAY, run_id=f"r{day}")
    driver.run_to_end(lambda launch: "failed")
    driver.about("mark", "r2", others=("r1", "r3"), task_ids=["a"], state="success", **options)
    assert {run for run, state in driver.run_states.items() if state == "success"} == runs


def test_dry_run_changes_nothing() -> None:
    driver, run_id = failed_line()
    result = driver.about("mark", run_id, task_ids=["b"], state="success", dry_run=True)
    assert result["marked"] == 1
    assert not (driver.turns[-1].writes.tasks or driver.turns[-1].writes.runs)


def test_one_instance_is_marked_by_its_index() -> None:
    driver = Driver()
    driver.publish(dag(task("t", expand=ExpandSpec(over={"x": Items([1, 2])})), task("z", "t")))
    run_id = driver.trigger()
    driver.end("t[0]", "failed")
    driver.end("t[1]")
    driver.about("mark", run_id, task_ids=["t"], map_index=0, state="success")
    assert driver.states["z"] == "queued"


def test_state_that_cannot_be_set_is_refused() -> None:
    driver, run_id = failed_line()
    payload = {"run_id": run_id, "task_ids": ["b"], "state": "sucess"}
    refused = driver.command("mark", payload, runs=driver.facts(run_id).runs)
    assert (refused.result["code"], refused.result["hint"]) == ("invalid_input", "Did you mean 'success'?")


# --- values ---


def test_value_set_by_hand_is_an_attempt_of_its_own() -> None:
    driver, run_id = failed_line()
    driver.about("mark", run_id, task_ids=["b"], state="success", value={"n": 1})
    [row] = [each for each in driver.kept.attempts.values() if each.worker == "by hand"]
    assert (row.value, row.details, row.state.value) == ({"n": 1}, {"by": "ada"}, "success")
    assert driver.kept.attempts_of("b") == [(1, "failed"), (2, "success")]


def test_value_of_a_success_may_be_set_too() -> None:
    driver, run_id = failed_line()
    driver.about("mark", run_id, task_ids=["a"], state="success", value=7)
    assert driver.kept.attempts_of("a") == [(1, "success"), (2, "success")]
    assert driver.states["a"] == "success"


def test_value_set_by_hand_is_mapped_over() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), task("t", "a", expand=ExpandSpec(over={"x": Output("a")}))))
    run_id = driver.trigger()
    driver.end("a", "failed")
    driver.about("mark", run_id, task_ids=["a"], state="success", value=[1, 2])
    assert driver.states["t[1]"] == "queued"


def test_success_without_a_value_leaves_nothing_to_be_mapped_over() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), task("t", "a", expand=ExpandSpec(over={"x": Output("a")}))))
    run_id = driver.trigger()
    driver.end("a", "failed")
    driver.about("mark", run_id, task_ids=["a"], state="success")
    assert driver.states == {"a": "success", "t": "upstream_failed"}
    assert driver.run_states[run_id] == "failed"


@pytest.mark.parametrize("options", [{"state": "failed"}, {"state": "success", "upstream": True}])
def test_value_is_for_one_success_only(options: dict[str, Any]) -> None:
    driver, run_id = failed_line()
    payload = {"run_id": run_id, "task_ids": ["b"], "value": 1, **options}
    refused = driver.command("mark", payload, runs=driver.facts(run_id).runs)
    assert (refused.state, refused.result["field"]) == ("refused", "value")
    assert not driver.turns[-1].writes.tasks


# --- runs ---


@pytest.mark.parametrize("state", ["success", "failed"])
def test_marked_run_ends_what_is_under_way_and_skips_the_rest(state: str) -> None:
    driver = Driver()
    driver.publish(
        dag(
            task("running"),
            task("deferred"),
            task("retry", retries=1),
            task("done"),
            TaskSpec(id="asks", kind="approval", config={"subject": "?", "options": ["Approve"]}),
            task("later", "running"),
            task("queued"),
        )
    )
    run_id = driver.trigger()
    driver.begin("running")
    driver.end("deferred", "rescheduled", until=driver.now + 9, resume={})
    driver.end("retry", "failed")
    driver.end("done", "failed")
    driver.about("mark_run", run_id, state=state)
    driver.end("running", "cancelled")
    driver.end("queued", "cancelled")
    assert driver.states == {
        "running": state,
        "deferred": state,
        "retry": "skipped",
        "done": "failed",
        "asks": state,
        "later": "skipped",
        "queued": "skipped",
    }
    run = driver.kept.run(run_id).run
    assert (run.state.value, run.reason) == (state, "marked")


def test_marked_run_that_is_over_only_changes_its_state() -> None:
    driver, run_id = failed_line()
    driver.about("mark_run", run_id, state="success", note="fine")
    run = driver.kept.run(run_id).run
    assert (run.state.value, run.reason, run.note) == ("success", "marked", "fine")
    assert driver.kept.run(run_id).tasks[1].state.value == "failed"


def test_marked_run_that_waits_for_its_turn_never_starts() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), task("t", "a", role="teardown"), max_active_runs=1))
    first = driver.trigger()
    driver.now += 1
    second = driver.trigger()
    driver.about("mark_run", second, state="success")
    assert driver.run_states == {first: "running", second: "success"}
    driver.restart()
    driver.end("a")
    assert {each.state.value for each in driver.kept.run(second).tasks} == {"skipped"}


def test_mark_of_a_leaf_next_to_one_that_was_cancelled() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), task("b")))
    run_id = driver.trigger()
    driver.about("cancel", run_id)
    driver.end("a", "cancelled")
    driver.end("b", "cancelled")
    driver.about("clear", run_id, task_ids=["a"])
    driver.end("a", "failed")
    assert driver.run_states[run_id] == "failed"
    driver.about("mark", run_id, task_ids=["a"], state="success")
    assert driver.states == {"a": "success", "b": "cancelled"}
