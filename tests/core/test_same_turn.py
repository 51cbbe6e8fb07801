"""What meets in one turn, and ends that must not be missed: the machine's facts may be older than the turn."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from studio.core.events import CommandGiven, Facts, Finished
from studio.core.model import Command, CommandKind, RunWithTasks
from studio.core.spec import DagSpec
from studio.core.turn import Launch
from tests.core.driver import Driver, dag, task


def stored(driver: Driver, run_id: str, spec: DagSpec) -> RunWithTasks:
    """The run as the database has it before the turn: a copy."""
    active = driver.machine._board.dags["d"].runs[run_id]
    return deepcopy(RunWithTasks(active.run, list(active.all()), spec))


def given(number: int, kind: CommandKind, **payload: Any) -> CommandGiven:
    return CommandGiven(Command(number, "d", kind, payload, actor="ada"))


def over(driver: Driver, spec: DagSpec, run_id: str) -> RunWithTasks:
    """End the run's task `a`, the first of two, with a failure; the run as it is stored then."""
    driver.trigger(run_id=run_id)
    active = driver.machine._board.dags["d"].runs[run_id]
    driver.end("a", "failed")
    return deepcopy(RunWithTasks(active.run, list(active.all()), spec))


def test_clear_in_the_turn_that_ends_its_run_repeats_the_run_as_it_ended() -> None:
    driver, spec = Driver(), dag(task("a"))
    driver.publish(spec)
    run_id = driver.trigger()
    first = driver.launched["a"].attempt_id
    before = stored(driver, run_id, spec)
    clear = Command(99, "d", "clear", {"run_id": run_id, "task_ids": ["a"]})
    turn = driver.feed(Finished(first, "w", "failed", 1.0, 2.0), CommandGiven(clear, Facts(runs=(before,))))
    assert clear.result["cleared"] == 1
    [launch] = [effect for effect in turn.effects if isinstance(effect, Launch)]
    [guard] = turn.writes.tasks
    assert (guard.task.state.value, guard.task.attempt) == ("queued", launch.attempt_id)
    assert launch.attempt_id != first
    driver.end("a")
    assert (driver.states, driver.run_states) == ({"a": "success"}, {run_id: "success"})


def test_cancel_in_the_turn_that_ends_its_run_is_refused() -> None:
    driver, spec = Driver(), dag(task("a"))
    driver.publish(spec)
    run_id = driver.trigger()
    before = stored(driver, run_id, spec)
    cancel = Command(99, "d", "cancel", {"run_id": run_id})
    driver.feed(
        Finished(driver.launched["a"].attempt_id, "w", "success", 1.0, 2.0),
        CommandGiven(cancel, Facts(runs=(before,))),
    )
    assert (cancel.state, cancel.result["code"]) == ("refused", "conflict")
    assert driver.run_states == {run_id: "success"}


def test_run_id_of_a_run_that_began_and_ended_in_this_turn_is_taken() -> None:
    driver = Driver()
    driver.publish(dag(task("a")))
    driver.command("pause")
    trigger, cancel = given(90, "trigger", run_id="x"), given(91, "cancel", run_id="x")
    again, clear = given(92, "trigger", run_id="x"), given(93, "clear", run_id="x", task_ids=["a"])
    turn = driver.feed(trigger, cancel, again, clear)
    assert [e.command.state for e in (trigger, cancel, again, clear)] == ["done", "done", "refused", "done"]
    assert [run.run_id for run in turn.writes.new_runs] == ["x"]


def test_run_that_ends_as_it_is_admitted_lets_the_others_in_once() -> None:
    driver, spec = Driver(), dag(task("a"), task("b", "a"), max_active_runs=2)
    driver.publish(spec)
    old = over(driver, spec, "old")
    driver.command("pause")
    for run_id in ("r1", "r2", "r3"):
        driver.trigger(run_id=run_id)
    driver.command("clear", {"run_id": "old", "task_ids": ["b"]}, runs=(old,))
    assert driver.command("unpause").state == "done"
    assert driver.run_states == {"old": "failed", "r1": "running", "r2": "running", "r3": "queued"}


def test_clearing_only_an_upstream_task_takes_back_what_waits_below_it() -> None:
    driver = Driver(slots=1)
    driver.publish(dag(task("c"), task("a"), task("b", "a")))
    run_id = driver.trigger()
    driver.end("a")  # c has the slot, b is scheduled
    driver.command("clear", {"run_id": run_id, "task_ids": ["a"], "downstream": False})
    assert (driver.states["a"], driver.states["b"]) == ("scheduled", "none")
    driver.end("c")
    driver.end("a")
    driver.end("b")
    assert driver.run_states == {run_id: "success"}


def test_retry_waits_for_an_upstream_task_that_was_cleared_meanwhile() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), task("b", "a", retries=1, retry_delay=10.0)))
    run_id = driver.trigger()
    driver.end("a")
    driver.command("clear", {"run_id": run_id, "task_ids": ["a"], "downstream": False})
    driver.end("b", "failed")
    driver.feed(after=11.0)
    assert (driver.states["a"], driver.states["b"]) == ("queued", "none")
    driver.end("a", "failed")
    assert driver.states == {"a": "failed", "b": "upstream_failed"}
    assert driver.run_states == {run_id: "failed"}


def test_clear_that_ends_a_run_ends_it() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), task("b", "a", retries=1, retry_delay=1000.0)))
    run_id = driver.trigger()
    driver.end("a")
    driver.command("clear", {"run_id": run_id, "task_ids": ["a"], "downstream": False})
    driver.end("a", "failed")
    driver.end("b", "failed")
    assert driver.states == {"a": "failed", "b": "up_for_retry"}
    driver.command("clear", {"run_id": run_id, "task_ids": ["b"]})
    assert driver.states == {"a": "failed", "b": "upstream_failed"}
    assert driver.run_states == {run_id: "failed"}
