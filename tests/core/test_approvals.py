"""Tasks that wait for a person."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from studio.core.spec import TaskSpec
from tests.core.driver import Driver, dag, task


def approval(**config: Any) -> TaskSpec:
    interpret = config.pop("interpret", "value")
    config = {"subject": "Go?", "options": ["Approve", "Reject"], **config}
    return TaskSpec(id="ask", kind="approval", config=config, interpret=interpret)


def asked(spec: TaskSpec, *more: TaskSpec) -> tuple[Driver, str]:
    driver = Driver()
    driver.publish(dag(spec, task("z", "ask"), *more))
    return driver, driver.trigger()


def respond(driver: Driver, run_id: str, *options: str, **params: Any) -> dict[str, Any]:
    payload = {"run_id": run_id, "task_id": "ask", "options": list(options), "params": params}
    return driver.command("respond", payload).result


def value(driver: Driver) -> Any:
    [attempt] = [each for each in driver.kept.attempts.values() if each.worker == "by hand"]
    return attempt.value


def test_question_waits_without_a_worker_until_it_is_answered() -> None:
    driver, run_id = asked(approval())
    assert (driver.states, driver.machine.running) == ({"ask": "awaiting_input", "z": "none"}, 0)
    driver.pass_time(10**6)
    assert respond(driver, run_id, "Approve") == {"state": "success"}
    assert driver.states == {"ask": "success", "z": "queued"}
    assert value(driver) == {"chosen_options": ["Approve"], "params_input": {}, "responded_by": "ada"}


@pytest.mark.parametrize(
    ("on_reject", "states", "run"),
    [
        ({}, {"ask": "success", "z": "skipped"}, "success"),
        ({"on_reject": "skip"}, {"ask": "success", "z": "skipped"}, "success"),
        ({"on_reject": "fail"}, {"ask": "failed", "z": "upstream_failed"}, "failed"),
    ],
)
def test_rejection(on_reject: dict[str, str], states: dict[str, str], run: str) -> None:
    driver, run_id = asked(approval(**on_reject))
    respond(driver, run_id, "Reject")
    assert (driver.states, driver.run_states[run_id]) == (states, run)
    assert value(driver)["chosen_options"] == ["Reject"]


def test_question_that_is_cleared_is_asked_again_and_the_rejection_forgotten() -> None:
    driver, run_id = asked(approval())
    respond(driver, run_id, "Reject")
    driver.about("clear", run_id, task_ids=["ask"])
    assert driver.states == {"ask": "awaiting_input", "z": "none"}
    respond(driver, run_id, "Approve")
    assert driver.states == {"ask": "success", "z": "queued"}
    assert driver.kept.attempts_of("ask") == [(1, "success"), (2, "success")]


def test_answer_with_params() -> None:
    schemas = {"limit": {"type": "integer"}}
    driver, run_id = asked(approval(params={"limit": 3, "why": ""}, param_schemas=schemas))
    assert respond(driver, run_id, "Approve", limit="x")["code"] == "invalid_parameter"
    assert respond(driver, run_id, "Approve", limt=1)["hint"] == "Did you mean 'limit'?"
    assert driver.states["ask"] == "awaiting_input"
    respond(driver, run_id, "Approve", limit=5)
    assert value(driver)["params_input"] == {"limit": 5, "why": ""}


@pytest.mark.parametrize("options", [(), ("Aprove",), ("Approve", "Reject")])
def test_answer_that_is_none_is_refused(options: tuple[str, ...]) -> None:
    driver, run_id = asked(approval())
    refused = respond(driver, run_id, *options)
    assert (refused["code"], refused["field"]) == ("invalid_input", "options")
    assert driver.states["ask"] == "awaiting_input"


def test_several_options_where_they_may_be() -> None:
    driver, run_id = asked(approval(options=["a", "b", "c"], multiple=True))
    respond(driver, run_id, "a", "c")
    assert value(driver)["chosen_options"] == ["a", "c"]


def test_answer_as_a_branch() -> None:
    driver, run_id = asked(approval(options=["y", "z"], interpret="branch"), task("y", "ask"))
    respond(driver, run_id, "y")
    assert driver.states == {"ask": "success", "z": "skipped", "y": "queued"}


def test_branch_to_an_option_that_is_no_task_is_not_published() -> None:
    spec = dag(approval(options=["y", "z"], interpret="branch"), task("z", "ask"))
    refused = Driver().command("publish", {"spec": msgspec.to_builtins(spec)})
    assert refused.result["message"] == (
        "The task 'ask' chooses a branch, but 'y' is no task or group right after it."
    )


def test_nobody_answers_in_time() -> None:
    driver, run_id = asked(approval(timeout=60))
    driver.pass_time(60)
    assert (driver.states, driver.run_states[run_id]) == ({"ask": "failed", "z": "upstream_failed"}, "failed")


def test_default_counts_if_nobody_answers() -> None:
    driver, _ = asked(approval(timeout=60, default=["Approve"], params={"n": 1}))
    driver.pass_time(60)
    assert driver.states == {"ask": "success", "z": "queued"}
    assert value(driver) == {
        "chosen_options": ["Approve"],
        "params_input": {"n": 1},
        "responded_by": "timeout",
    }


def test_second_answer_is_refused() -> None:
    driver, run_id = asked(approval())
    respond(driver, run_id, "Approve")
    assert respond(driver, run_id, "Reject")["code"] == "conflict"


def test_task_that_asks_nothing_takes_no_answer() -> None:
    driver, run_id = asked(approval())
    refused = driver.command("respond", {"run_id": run_id, "task_id": "z", "options": ["Approve"]})
    assert refused.result["code"] == "conflict"


@pytest.mark.parametrize("state", ["success", "failed", "skipped"])
def test_question_that_is_marked_is_over(state: str) -> None:
    driver, run_id = asked(approval(timeout=60))
    driver.about("mark", run_id, task_ids=["ask"], state=state)
    driver.pass_time(100)
    assert driver.states["ask"] == state


def test_cancel_takes_the_question_back() -> None:
    driver, run_id = asked(approval())
    driver.about("cancel", run_id)
    assert driver.run_states[run_id] == "cancelled"
    assert respond(driver, run_id, "Approve")["code"] in ("conflict", "not_found")


def test_question_that_runs_out_while_a_successor_takes_over() -> None:
    driver, _ = asked(approval(timeout=60))
    driver.now += 100
    driver.restart()
    driver.feed()
    assert driver.states["ask"] == "failed"
