"""Runs of a backfill that are repeated: their backfill goes on with them."""

from __future__ import annotations

from studio.core.events import CommandGiven, Facts, Finished
from studio.core.model import Backfill, Command, Run
from tests.core.driver import Driver, dag, task

DAY = 86_400.0


def backfilled(state: str = "success") -> tuple[Driver, str]:
    """A backfill of one run that ended in this state, and the run's id."""
    driver = Driver(now=DAY * 100)
    driver.publish(dag(task("a"), task("b", "a")))
    driver.command("backfill", {"dates": [DAY * 50]})
    [run_id] = driver.run_states
    driver.end("a", state)
    if state == "success":
        driver.end("b")
    assert the(driver).state == "done"
    return driver, run_id


def the(driver: Driver) -> Backfill:
    [backfill] = driver.kept.backfills.values()
    return backfill


def run_of(driver: Driver) -> Run:
    [run] = driver.kept.runs.values()
    return run


def test_backfill_goes_on_when_its_run_is_cleared() -> None:
    driver, run_id = backfilled("failed")
    driver.about("clear", run_id, only_failed=True)
    assert (the(driver).state, the(driver).ended_at) == ("running", None)
    assert (run_of(driver).backfill, run_of(driver).state.value) == (the(driver).id, "running")
    driver.end("a", after=5)
    driver.end("b")
    assert (the(driver).state, the(driver).ended_at) == ("done", driver.now)
    assert run_of(driver).state.value == "success"


def test_nothing_to_clear_changes_no_backfill() -> None:
    driver, run_id = backfilled()
    driver.about("clear", run_id, only_failed=True)
    assert the(driver).state == "done"


def test_dry_run_changes_no_backfill() -> None:
    driver, run_id = backfilled()
    driver.about("clear", run_id, dry_run=True)
    assert the(driver).state == "done"


def test_backfill_that_goes_on_again_can_be_paused_and_survives_a_restart() -> None:
    driver, run_id = backfilled()
    driver.command("pause")
    driver.about("clear", run_id)
    change = driver.command("change_backfill", {"id": the(driver).id, "action": "pause"})
    assert change.state == "done"
    driver.command("unpause")
    driver.restart()
    driver.pass_time(1)
    assert (the(driver).state, run_of(driver).state.value) == ("paused", "queued")
    driver.command("change_backfill", {"id": the(driver).id, "action": "unpause"})
    driver.end("a")
    driver.end("b")
    assert (the(driver).state, run_of(driver).state.value) == ("done", "success")


def test_run_of_a_cancelled_backfill_runs_on_its_own() -> None:
    driver = Driver(now=DAY * 100)
    driver.publish(dag(task("a")))
    driver.command("backfill", {"dates": [DAY * 50]})
    [run_id] = driver.run_states
    driver.command("change_backfill", {"id": the(driver).id, "action": "cancel", "stop_running": True})
    driver.end("a", "cancelled")
    driver.about("clear", run_id)
    driver.end("a")
    assert (run_of(driver).backfill, run_of(driver).state.value) == (None, "success")
    assert the(driver).state == "cancelled"


def test_clear_in_the_turn_that_ends_the_backfill() -> None:
    driver = Driver(now=DAY * 100)
    driver.publish(dag(task("a")))
    driver.command("backfill", {"dates": [DAY * 50]})
    [run_id] = driver.run_states
    before = driver.facts(run_id)
    clear = Command(99, "d", "clear", {"run_id": run_id, "task_ids": ["a"]})
    ended = Finished(driver.launched["a"].attempt_id, "w", "failed", driver.now, driver.now)
    driver.feed(ended, CommandGiven(clear, before))
    assert (clear.state, the(driver).state) == ("done", "running")
    driver.end("a")
    assert the(driver).state == "done"


def test_extension_in_the_turn_that_ends_the_backfill() -> None:
    driver = Driver(now=DAY * 100)
    driver.publish(dag(task("a")))
    driver.command("backfill", {"dates": [DAY * 50]})
    [run_id] = driver.run_states
    before = Facts(backfills=driver.facts(run_id).backfills)
    extend = Command(
        99, "d", "change_backfill", {"id": the(driver).id, "action": "extend", "dates": [DAY * 51]}
    )
    ended = Finished(driver.launched["a"].attempt_id, "w", "success", driver.now, driver.now)
    driver.feed(ended, CommandGiven(extend, before))
    assert (extend.state, the(driver).state, the(driver).runs) == ("done", "running", 2)
    driver.end("a")
    assert (the(driver).state, len(driver.kept.runs)) == ("done", 2)
