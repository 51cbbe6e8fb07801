"""Tasks that trigger runs of other DAGs: what is written, and what is asked of the store."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.events import CommandGiven, Facts, Finished
from studio.core.model import Command, TaskInstance
from studio.core.questions import CommandAsked, RunsAsked
from studio.core.signals import Signal, TriggerSignal
from studio.core.spec import DagSpec, TaskSpec
from tests.core.driver import Driver, dag, task


def trigger(**options: Any) -> TaskSpec:
    config = {"args": {"dag_id": "other"}, **options.pop("config", {})}
    return TaskSpec(id="go", kind="trigger_dag", config=config, **options)


def parents(**config: Any) -> DagSpec:
    retries = config.pop("retries", 0)
    return dag(trigger(config=config, retries=retries, retry_delay=5.0), task("after", "go"), dag_id="main")


def driven(**config: Any) -> tuple[Driver, str]:
    """Two DAGs, and a run of the first."""
    driver = Driver()
    driver.publish(dag(task("work"), dag_id="other", params={"n": 1}))
    driver.publish(parents(**config))
    return driver, driver.trigger("main", run_id="m")


def asks(driver: Driver, **wanted: Any) -> list[str]:
    """The worker's part of the task, and what the store is asked then."""
    driver.end("go", trigger=TriggerSignal(dag_id=wanted.pop("dag_id", "other"), **wanted))
    return [type(question).__name__ for question in driver.answer()]


def go(driver: Driver) -> TaskInstance:
    [found] = [each for each in driver.kept.tasks.values() if each.task_id == "go"]
    return found


def children(driver: Driver) -> list[tuple[str, str, str]]:
    return [
        (run.run_type, run.state.value, run.triggered_by)
        for run in driver.kept.runs.values()
        if run.dag_id == "other"
    ]


def last(driver: Driver) -> tuple[Any, str | None, dict[str, Any]]:
    attempt = driver.kept.attempts[go(driver).attempt or 0]
    return attempt.value, attempt.error, attempt.details


def test_run_is_made_by_a_durable_command_of_the_attempt() -> None:
    driver, _ = driven()
    driver.end("go", trigger=TriggerSignal(dag_id="other", params={"n": 2}))
    assert (driver.states["go"], children(driver)) == ("deferred", [])
    first = go(driver).attempt
    [question] = driver.answer()
    assert isinstance(question, CommandAsked)
    assert (question.key, question.dag_id, question.kind) == (f"attempt {first}", "other", "trigger_by_task")
    assert question.payload == {
        "dag_id": "other", "params": {"n": 2}, "attempt": first, "origin": "main/m/go", "if_paused": "fail",
        "if_exists": "fail",
    }  # fmt: skip
    [run] = [run for run in driver.kept.runs.values() if run.dag_id == "other"]
    assert (run.run_type, run.triggered_by, run.params) == ("operator", "main/m/go", {"n": 2})
    value = {"dag_id": "other", "run_id": run.run_id}
    assert last(driver) == (value, None, {"triggered": value})
    assert driver.kept.attempts_of("go") == [(1, "success")]
    assert (driver.states["go"], driver.states["after"], driver.machine.running) == ("success", "queued", 2)


def test_attempt_that_is_told_twice_triggers_once() -> None:
    driver, _ = driven()
    asks(driver)
    attempt = driver.launched["go"].attempt_id
    driver.end("go", trigger=TriggerSignal(dag_id="other"))
    assert (driver.answer(), len(children(driver)), attempt in driver.kept.attempts) == ([], 1, False)


def test_waiting_task_takes_no_place_and_ends_with_the_run() -> None:
    driver, _ = driven(wait=True)
    asks(driver)
    assert (driver.states["go"], driver.states["work"], driver.machine.running) == ("deferred", "queued", 1)
    [run] = [run for run in driver.kept.runs.values() if run.dag_id == "other"]
    assert driver.why("main", "m", "go") == [
        f"It waits for the end of the run {run.run_id} of other, which it has triggered. It is running."
    ]
    driver.end("work")
    value = {"dag_id": "other", "run_id": run.run_id}
    assert last(driver) == (value, None, {"triggered": {**value, "state": "success"}})
    assert (driver.states["go"], driver.states["after"]) == ("success", "queued")


@pytest.mark.parametrize(
    ("config", "end", "state", "told"),
    [
        ({}, "failed", "failed", "has failed (task_failure)."),
        ({"fail_with": False}, "failed", "success", None),
        ({}, "cancelled", "failed", "was cancelled."),
        ({"fail_with": False}, "cancelled", "success", None),
    ],
)
def test_end_of_the_run_is_the_end_of_the_task(
    config: dict[str, Any], end: str, state: str, told: str | None
) -> None:
    driver, _ = driven(wait=True, **config)
    asks(driver)
    [run] = [run for run in driver.kept.runs.values() if run.dag_id == "other"]
    if end == "cancelled":
        driver.command("cancel", {"run_id": run.run_id}, "other")
        driver.end("work", "cancelled")
    else:
        driver.end("work", "failed")
    error = None if told is None else f"The run {run.run_id} of other, which it triggered, {told}"
    assert (driver.states["go"], last(driver)[1]) == (state, error)


def test_retry_triggers_a_run_of_its_own() -> None:
    driver, _ = driven(wait=True, retries=1)
    asks(driver)
    driver.end("work", "failed")
    assert (driver.states["go"], driver.kept.attempts_of("go")) == ("up_for_retry", [(1, "failed")])
    driver.pass_time(5.0)
    asks(driver)
    assert [state for _, state, _ in children(driver)] == ["failed", "running"]
    driver.end("work")
    assert (driver.states["go"], driver.kept.attempts_of("go")) == (
        "success",
        [(1, "failed"), (2, "success")],
    )


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"dag_id": "othr"}, "othr was not triggered: There is no DAG 'othr'. Did you mean 'other'?"),
        ({"params": {"m": 1}}, "other was not triggered: The DAG 'other' has no param 'm'. Known: n."),
        (
            {"run_id": "scheduled__x"},
            "other was not triggered: The run id 'scheduled__x' begins like those that are given by the studio.",
        ),
    ],
)
def test_what_is_refused_fails_the_task_for_good(wanted: dict[str, Any], told: str) -> None:
    driver, _ = driven(retries=3)
    asks(driver, **wanted)
    assert (driver.states["go"], last(driver), children(driver)) == ("failed", (None, told, {}), [])


def test_paused_dag_is_refused_or_waited_for() -> None:
    driver, _ = driven()
    driver.command("pause", dag_id="other")
    asks(driver)
    assert last(driver)[1] == (
        "other was not triggered: The DAG 'other' is paused, so the run would not start. "
        "Unpause it, or write if_paused='queue': the run then waits for that."
    )
    driver, _ = driven(if_paused="queue", wait=True)
    driver.command("pause", dag_id="other")
    asks(driver)
    assert (driver.states["go"], children(driver)) == ("deferred", [("operator", "queued", "main/m/go")])
    driver.command("unpause", dag_id="other")
    driver.end("work")
    assert driver.states["go"] == "success"


@pytest.mark.parametrize(
    ("if_exists", "state", "runs"), [("fail", "failed", 1), ("skip", "skipped", 1), ("clear", "deferred", 1)]
)
def test_run_that_exists_already(if_exists: str, state: str, runs: int) -> None:
    driver, _ = driven(if_exists=if_exists, wait=True)
    driver.trigger("other", run_id="r")
    driver.end("work")
    asks(driver, run_id="r", params={"n": 5})
    assert (driver.states["go"], len(children(driver))) == (state, runs)
    [run] = [run for run in driver.kept.runs.values() if run.dag_id == "other"]
    assert run.params == {"n": 5 if if_exists == "clear" else 1}
    if if_exists == "clear":
        assert driver.run_states["r"] == "running"
        driver.end("work")
        assert driver.states["go"] == "success"


def test_logical_date_names_the_run() -> None:
    driver, _ = driven(if_exists="skip")
    asks(driver, logical_date=86400.0)
    [run] = [run for run in driver.kept.runs.values() if run.dag_id == "other"]
    assert (run.run_id, run.logical_date) == ("operator__1970-01-02T00:00:00+00:00", 86400.0)
    driver.command("clear", {"run_id": "m", "task_ids": ["go"]}, "main")
    asks(driver, logical_date=86400.0)
    assert (driver.states["go"], len(children(driver))) == ("skipped", 1)


@pytest.mark.parametrize(("cancel_with", "work"), [(False, "queued"), (True, "stopping")])
def test_cancel_of_the_waiting_task(cancel_with: bool, work: str) -> None:
    driver, _ = driven(wait=True, cancel_with=cancel_with)
    asks(driver)
    driver.command("cancel", {"run_id": "m"}, "main")
    assert (driver.states["go"], driver.states["work"], driver.run_states["m"]) == (
        "cancelled",
        work,
        "cancelled",
    )


def test_cancel_of_the_run_of_another_scheduler_is_told() -> None:
    driver = Driver()
    driver.publish(parents(wait=True, cancel_with=True))
    driver.trigger("main", run_id="m")
    driver.end("go", trigger=TriggerSignal(dag_id="other"))
    [question] = driver.answer(owns=False)
    assert isinstance(question, CommandAsked)
    driver.handled(question.key, run_id="o")
    driver.pass_time(2.0)
    driver.answer(owns=False)
    turn = driver.command("cancel", {"run_id": "m"}, "main")
    assert turn.state == "done"
    [tell] = [effect for effect in driver.turns[-1].effects if type(effect).__name__ == "Tell"]
    assert (tell.dag_id, tell.kind, tell.payload) == ("other", "cancel", {"run_id": "o"})  # type: ignore[union-attr]


def test_attempt_that_was_to_be_stopped_triggers_nothing() -> None:
    driver, _ = driven()
    driver.begin("go")
    driver.command("cancel", {"run_id": "m"}, "main")
    driver.end("go", trigger=TriggerSignal(dag_id="other"))
    assert (driver.states["go"], driver.answer(), children(driver)) == ("cancelled", [], [])


def test_clear_in_the_same_turn_triggers_nothing() -> None:
    driver, _ = driven()
    attempt, signal = driver.launched["go"].attempt_id, Signal(trigger=TriggerSignal(dag_id="other"))
    clear = Command(99, "main", "clear", {"run_id": "m", "task_ids": ["go"]})
    driver.feed(
        Finished(attempt, "w", "success", driver.now, driver.now, signal=signal), CommandGiven(clear, Facts())
    )
    assert (driver.answer(), driver.states["go"], go(driver).resume) == ([], "queued", None)


def test_restart_asks_again_and_the_run_is_made_once() -> None:
    driver, _ = driven(wait=True)
    driver.end("go", trigger=TriggerSignal(dag_id="other"))
    driver.restart()
    assert [type(question).__name__ for question in driver.answer()] == ["CommandAsked"]
    driver.restart()
    assert (driver.answer(), len(children(driver))) == ([], 1)
    driver.end("work")
    assert driver.states["go"] == "success"


def test_run_of_another_scheduler_is_looked_at_again_and_again() -> None:
    driver = Driver()
    driver.publish(parents(wait=True))
    driver.trigger("main", run_id="m")
    driver.end("go", trigger=TriggerSignal(dag_id="other"))
    [question] = driver.answer(owns=False)
    assert isinstance(question, CommandAsked)
    assert driver.why("main", "m", "go") == ["It waits until the scheduler that owns other has made the run."]
    driver.pass_time(2.0)
    assert driver.answer(owns=False) == [question]
    driver.handled(question.key, run_id="o")
    driver.pass_time(2.0)
    driver.answer(owns=False)
    asked = RunsAsked("other", run_id="o")
    driver.pass_time(2.0)
    assert driver.answer() == [asked]
    assert driver.states["go"] == "failed"  # there is no such DAG any more
    assert last(driver)[1] == "The run o of other, which it triggered, was deleted."
