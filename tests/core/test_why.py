"""Why something does not go on: each reason, in words and as data."""

from __future__ import annotations

from typing import Any

from studio.core.map_spec import ExpandSpec, Output
from studio.core.spec import CronSpec, DagSpec, SensorSpec, TaskSpec
from studio.core.why import Reason
from tests.core.driver import Driver, dag, task

DAY = 86400.0


def started(spec: DagSpec, slots: int = 100, **trigger: Any) -> tuple[Driver, str]:
    driver = Driver(slots)
    driver.publish(spec)
    return driver, driver.trigger(**trigger)


def why(driver: Driver, run_id: str, task_id: str | None = None) -> list[Reason]:
    return driver.machine.why("d", run_id, task_id)


def test_upstream_tasks_that_have_not_ended() -> None:
    driver, run_id = started(dag(task("a"), task("b"), task("c", "a", "b", trigger_rule="all_done")))
    driver.end("a")
    facts = {"rule": "all_done", "tasks": ["b (queued)"], "count": 1}
    assert why(driver, run_id, "c") == [Reason("upstream", "Its rule all_done waits for b (queued).", facts)]


def test_many_upstream_tasks_are_named_in_part() -> None:
    names = [f"t{n}" for n in range(12)]
    driver, run_id = started(dag(*map(task, names), task("z", *names)))
    [reason] = why(driver, run_id, "z")
    assert reason.message.endswith("t9 (queued) and 2 more.")
    assert reason.facts["count"] == 12


def test_mapping_that_is_not_known_yet() -> None:
    driver, run_id = started(dag(task("a"), task("t", "a", expand=ExpandSpec(over={"x": Output("a")}))))
    reasons = why(driver, run_id, "t")
    assert [reason.code for reason in reasons] == ["mapping", "upstream"]
    assert reasons[0].message == "It is expanded when what it is mapped over is known (x)."


def test_setup_that_has_not_ended() -> None:
    driver, run_id = started(
        dag(
            task("s", role="setup"),
            task("a", "s", trigger_rule="always"),
            task("w", "a", trigger_rule="always"),
        )
    )
    [reason] = [reason for reason in why(driver, run_id, "w") if reason.code == "setup"]
    assert reason.message == "1 of the setups it works under have not ended."


def test_past_that_has_not_succeeded() -> None:
    driver, _ = started(dag(task("a", depends_on_past=True)), logical_date=DAY, run_id="r1")
    driver.trigger(logical_date=2 * DAY, run_id="r2")
    message = "It depends on its past: a of the run before, r1, has not succeeded."
    assert why(driver, "r2", "a") == [Reason("past", message)]


def test_retry() -> None:
    driver, run_id = started(dag(task("a", retries=2, retry_delay=60)))
    driver.end("a", "failed")
    at = "1970-01-12T13:47:40+00:00"
    assert why(driver, run_id, "a") == [
        Reason("retry", f"Try 1 of 3 failed; the next one starts at {at}.", {"at": at})
    ]


def test_sensor() -> None:
    driver, run_id = started(dag(task("s", interpret="sensor", sensor=SensorSpec(poke_interval=60))))
    driver.end("s", value=False)
    at = "1970-01-12T13:47:40+00:00"
    message = f"It looked 1 times for what it waits for; it looks again at {at}."
    assert why(driver, run_id, "s") == [Reason("reschedule", message, {"at": at, "looks": 1})]


def test_wait() -> None:
    driver, run_id = started(dag(TaskSpec(id="w", kind="wait", config={"seconds": 60})))
    at = "1970-01-12T13:47:40+00:00"
    message = f"It goes on at {at}, and takes no slot until then."
    assert why(driver, run_id, "w") == [Reason("deferred", message, {"at": at})]


def test_approval() -> None:
    config = {"subject": "?", "options": ["Approve"], "timeout": 60}
    driver, run_id = started(dag(TaskSpec(id="q", kind="approval", config=config)))
    at = "1970-01-12T13:47:40+00:00"
    message = f"It waits for a person to answer. It gives up at {at}."
    assert why(driver, run_id, "q") == [Reason("approval", message, {"options": ["Approve"], "at": at})]


def test_limits_each_by_name() -> None:
    spec = dag(
        task("a"),
        task("b", max_active_per_dag=1, max_active_per_run=1, pool="p"),
        max_active_tasks=1,
        max_active_tasks_per_dag=1,
    )
    driver, run_id = started(spec)
    assert [reason.message for reason in why(driver, run_id, "b")] == [
        "The pool p does not exist.",
        "The DAG d (max_active_tasks_per_dag): 1 of 1 slots are taken.",
        "The run (max_active_tasks): 1 of 1 slots are taken.",
    ]


def test_executor_without_a_place() -> None:
    driver, run_id = started(dag(task("a"), task("b")), slots=1)
    message = "All 1 places of the executor are taken, by what comes first by priority."
    assert why(driver, run_id, "b") == [Reason("executor", message, {"places": 1})]


def test_queued_and_ending() -> None:
    driver, run_id = started(dag(task("a")))
    assert [reason.code for reason in why(driver, run_id, "a")] == ["queued"]
    driver.about("cancel", run_id)
    assert [reason.code for reason in why(driver, run_id, "a")] == ["ending"]


def test_pause() -> None:
    driver, run_id = started(dag(task("a"), task("b", "a")))
    driver.command("pause")
    driver.end("a")
    assert why(driver, run_id, "b") == why(driver, run_id) == [Reason("paused", "The DAG d is paused.")]


def test_run_that_waits_for_its_turn() -> None:
    driver, _ = started(dag(task("a"), max_active_runs=1))
    driver.now += 1
    second = driver.trigger()
    expected = Reason(
        "run_queued",
        "The run is queued: 1 runs are active; max_active_runs is 1.",
        {"running": 1, "limit": 1},
    )
    assert why(driver, second) == why(driver, second, "a") == [expected]


def test_backfill_that_is_paused() -> None:
    driver = Driver(now=100 * DAY + 1)
    driver.publish(dag(task("a"), schedule=CronSpec("@daily")))
    made = driver.command("backfill", {"dates": [DAY * 50, DAY * 51], "max_active_runs": 1})
    driver.command("change_backfill", {"id": made.result["id"], "action": "pause"})
    run_id = made.result["runs"][1]["run_id"]
    assert [reason.code for reason in why(driver, run_id)] == ["backfill_paused"]


def test_run_whose_tasks_run() -> None:
    driver, run_id = started(dag(task("a"), task("b", "a")))
    message = "1 of its tasks run; 2 have not ended."
    assert why(driver, run_id) == [Reason("waiting_for_tasks", message, {"active": 1, "unfinished": 2})]


def test_run_of_which_nothing_runs_says_what_its_tasks_wait_for() -> None:
    driver, run_id = started(dag(TaskSpec(id="w", kind="wait", config={"seconds": 60}), task("z", "w")))
    assert [reason.code for reason in why(driver, run_id)] == ["deferred", "upstream"]


def test_what_runs_or_is_over_has_no_reason() -> None:
    driver, run_id = started(dag(task("a"), task("b")))
    driver.begin("a")
    driver.end("b")
    assert why(driver, run_id, "a") == why(driver, run_id, "b") == []
    driver.end("a")
    assert why(driver, run_id) == why(driver, run_id, "a") == driver.machine.why("d", "none") == []
