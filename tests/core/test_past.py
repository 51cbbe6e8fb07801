"""Tasks that look at the run before theirs."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.events import CommandGiven, Facts
from studio.core.model import Command
from studio.core.spec import CronSpec, DagSpec, TaskSpec
from tests.core.driver import Driver, dag, task

DAY = 86400.0


def run_of(driver: Driver, day: int, before: str | None = None, **payload: Any) -> str:
    """A run by hand for a day; `before` is the stored run before it."""
    past = () if before is None else (driver.kept.run(before),)
    command = driver.command(
        "trigger", {"logical_date": day * DAY, "run_id": f"r{day}", **payload}, before=past
    )
    assert command.state == "done", command.result
    return f"r{day}"


def state(driver: Driver, day: int, task_id: str = "a") -> str:
    tasks = {task.task_id: task.state.value for task in driver.kept.run(f"r{day}").tasks}
    return tasks[task_id]


def published(spec: DagSpec) -> Driver:
    driver = Driver()
    driver.publish(spec)
    return driver


def end(driver: Driver, day: int, task_id: str, how: str) -> None:
    """End the attempt of a task in the run of a day."""
    from studio.core.events import Finished

    tasks = {task.task_id: task.attempt for task in driver.kept.run(f"r{day}").tasks}
    attempt = tasks[task_id]
    assert attempt is not None
    driver.feed(Finished(attempt, "w", how, driver.now, driver.now))


CHAINED = dag(task("a", depends_on_past=True), task("b", "a"))


@pytest.mark.parametrize(("how", "goes"), [("success", "queued"), ("skipped", "queued"), ("failed", "none")])
def test_task_waits_for_itself_in_the_run_before(how: str, goes: str) -> None:
    driver = published(CHAINED)
    run_of(driver, 1)
    run_of(driver, 2)
    assert (state(driver, 1), state(driver, 2)) == ("queued", "none")
    end(driver, 1, "a", how)
    assert state(driver, 2) == goes


def test_only_the_run_before_counts_not_earlier_ones() -> None:
    driver = published(CHAINED)
    for day in (1, 2, 3):
        run_of(driver, day)
    end(driver, 1, "a", "failed")
    driver.about("mark", "r2", task_ids=["a"], state="success")
    assert (state(driver, 2), state(driver, 3)) == ("success", "queued")


@pytest.mark.parametrize(("how", "goes"), [("success", "queued"), ("failed", "none")])
def test_run_before_that_is_over_counts(how: str, goes: str) -> None:
    driver = published(CHAINED)
    run_of(driver, 1)
    driver.run_to_end(lambda launch: how)
    run_of(driver, 2, before="r1")
    assert state(driver, 2) == goes
    driver.restart()
    assert state(driver, 2) == goes


def test_first_run_goes() -> None:
    driver = published(CHAINED)
    run_of(driver, 5)
    assert state(driver, 5) == "queued"


def test_run_without_a_date_is_held_by_nothing() -> None:
    driver = published(CHAINED)
    run_of(driver, 1)
    driver.trigger()
    assert driver.machine.running == 2


def test_run_before_without_the_task_holds_it() -> None:
    driver = published(CHAINED)
    run_of(driver, 1, subset=["b"])
    driver.run_to_end()
    run_of(driver, 2, before="r1")
    assert state(driver, 2) == "none"
    assert driver.why("d", "r2", "a") == ["It depends on its past: the run before, r1, has no task a."]


def test_marking_the_run_before_lets_the_next_go() -> None:
    driver = published(CHAINED)
    run_of(driver, 1)
    end(driver, 1, "a", "failed")
    run_of(driver, 2, before="r1")
    assert state(driver, 2) == "none"
    driver.about("mark", "r1", task_ids=["a"], state="success")
    assert state(driver, 2) == "queued"


def test_clearing_the_run_before_lets_the_next_go_when_it_succeeds() -> None:
    driver = published(CHAINED)
    run_of(driver, 1)
    end(driver, 1, "a", "failed")
    run_of(driver, 2, before="r1")
    driver.about("clear", "r1", task_ids=["a"])
    assert state(driver, 2) == "none"
    end(driver, 1, "a", "success")
    assert state(driver, 2) == "queued"


def test_deleted_run_holds_nobody() -> None:
    driver = published(CHAINED)
    run_of(driver, 1)
    end(driver, 1, "a", "failed")
    run_of(driver, 2, before="r1")
    driver.about("delete_run", "r1")
    assert state(driver, 2) == "queued"
    # Whoever shows the runs of the DAG is told that it has changed.
    assert [dag.dag_id for dag in driver.turns[-1].dags] == ["d"]


DOWNSTREAM = dag(task("a", wait_for_downstream=True), task("b", "a"), task("c", "b"))


def test_wait_for_downstream_waits_for_what_is_next_and_no_further() -> None:
    driver = published(DOWNSTREAM)
    run_of(driver, 1)
    run_of(driver, 2)
    end(driver, 1, "a", "success")
    assert state(driver, 2) == "none"
    end(driver, 1, "b", "success")
    assert (state(driver, 1, "c"), state(driver, 2)) == ("queued", "queued")


@pytest.mark.parametrize(("waits", "became"), [(False, "skipped"), (True, "none")])
def test_skip_may_wait_for_the_past_too(waits: bool, became: str) -> None:
    driver = published(
        dag(task("x"), task("a", "x", depends_on_past=True, wait_for_past_before_skipping=waits))
    )
    for day in (1, 2):
        run_of(driver, day)
    end(driver, 2, "x", "skipped")
    assert state(driver, 2) == became
    end(driver, 1, "x", "success")
    end(driver, 1, "a", "success")
    assert state(driver, 2) == "skipped"


def test_local_task_waits_for_its_past() -> None:
    driver = published(dag(TaskSpec(id="a", kind="empty", upstream=("x",), depends_on_past=True), task("x")))
    for day in (1, 2):
        run_of(driver, day)
    end(driver, 2, "x", "success")
    assert state(driver, 2) == "none"
    end(driver, 1, "x", "success")
    assert (state(driver, 1), state(driver, 2)) == ("success", "success")


def test_scheduled_run_looks_at_the_newest_run_before_its_date() -> None:
    driver = Driver(now=100 * DAY - 10)
    driver.publish(dag(task("a", depends_on_past=True), schedule=CronSpec("@daily")))
    driver.pass_time(10)
    driver.end("a", "failed")
    run_of(driver, 500)  # a run for a date far ahead, which is over by then
    driver.about("mark", "r500", task_ids=["a"], state="success")
    assert driver.run_states["r500"] == "success"
    driver.pass_time(DAY)
    assert driver.states["a"] == "none"


def test_past_is_kept_for_the_runs_to_come_only() -> None:
    driver = published(CHAINED)
    for day in range(1, 50):
        run_of(driver, day, before=f"r{day - 1}" if day > 1 else None)
        driver.run_to_end()
    assert len(driver.machine._board.dags["d"].past) <= 2


def test_backfill_begins_without_its_past() -> None:
    driver = Driver(now=100 * DAY + 1)
    driver.publish(dag(task("a", depends_on_past=True), schedule=CronSpec("@daily")))
    run_of(driver, 89)
    end(driver, 89, "a", "failed")
    backfill = Command(99, "d", "backfill", {"dates": [90 * DAY, 91 * DAY], "reprocess": "failed"})
    driver.feed(CommandGiven(backfill, Facts(before=(driver.kept.run("r89"),))))
    assert backfill.state == "done", backfill.result
    found = {
        run.logical_date: [task.state.value for task in driver.kept.run(run.run_id).tasks]
        for run in driver.kept.runs.values()
    }
    assert (found[90 * DAY], found[91 * DAY]) == (["queued"], ["none"])


def test_run_of_an_older_version_hears_of_the_run_before_it() -> None:
    driver = published(dag(task("a")))
    run_of(driver, 1)
    driver.publish(CHAINED)
    run_of(driver, 2)
    driver.publish(dag(task("a"), task("c", "a")))
    assert state(driver, 2) == "none"
    end(driver, 1, "a", "success")
    assert state(driver, 2) == "queued"


def test_run_of_an_older_version_is_held_by_one_that_failed_meanwhile() -> None:
    driver = published(CHAINED)
    run_of(driver, 1)
    run_of(driver, 2)
    driver.publish(dag(task("a")))
    end(driver, 1, "a", "failed")
    assert driver.why("d", "r2", "a") == [
        "It depends on its past: a of the run before, r1, has not succeeded."
    ]


def test_a_skip_that_waits_for_the_past_is_explained() -> None:
    options = {"depends_on_past": True, "wait_for_past_before_skipping": True}
    driver = published(dag(task("s"), task("a", "s", **options)))
    run_of(driver, 1)
    run_of(driver, 2)
    driver.end("s", "skipped")
    assert state(driver, 2) == "none"
    assert driver.why("d", "r2", "a") == [
        "It depends on its past: a of the run before, r1, has not succeeded."
    ]
