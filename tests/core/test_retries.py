"""Attempts that fail, are lost, or are never begun."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.events import Finished
from studio.core.spec import RetryRule
from tests.core.driver import Driver, dag, task


def started(**options: Any) -> Driver:
    driver = Driver()
    driver.publish(dag(task("a", **options), task("z", "a")))
    driver.trigger()
    return driver


def test_attempts_are_one_more_than_retries() -> None:
    driver = started(retries=2, retry_delay=10)
    for _ in range(2):
        driver.end("a", "failed")
        driver.pass_time(10)
    driver.end("a", "failed")
    assert driver.states == {"a": "failed", "z": "upstream_failed"}
    assert driver.kept.attempts_of("a") == [(1, "failed"), (2, "failed"), (3, "failed")]


def test_delay_counts_from_the_end_of_the_attempt() -> None:
    driver = started(retries=1, retry_delay=100)
    attempt = driver.launched["a"].attempt_id
    driver.feed(Finished(attempt, "w", "failed", driver.now, driver.now - 40), after=0)
    driver.pass_time(59)
    assert driver.states["a"] == "up_for_retry"
    driver.pass_time(1)
    assert driver.states["a"] == "queued"


def test_backoff_grows_with_failures_and_lies_in_its_range() -> None:
    driver = started(retries=3, retry_delay=10, retry_backoff=2.0)
    waits = []
    for _ in range(3):
        driver.end("a", "failed")
        [row] = [each for each in driver.kept.tasks.values() if each.task_id == "a"]
        assert row.retry_at is not None
        waits.append(row.retry_at - driver.now)
        driver.pass_time(waits[-1])
    assert [low <= wait < 2 * low for low, wait in zip((10, 20, 40), waits, strict=True)] == [True] * 3


RULES = (RetryRule(exception="ValueError", action="fail"), RetryRule(exception="app.Busy", delay=7.0))


@pytest.mark.parametrize(
    ("errors", "wait"),
    [
        (("builtins.ValueError", "builtins.Exception"), None),
        (("app.Busy", "builtins.Exception"), 7.0),
        (("app.BusyToo", "app.Busy", "builtins.Exception"), 7.0),
        (("builtins.KeyError",), 300.0),
        ((), 300.0),
    ],
)
def test_rules_by_exception(errors: tuple[str, ...], wait: float | None) -> None:
    driver = started(retries=1, retry_rules=RULES)
    driver.end("a", "failed", errors=errors)
    if wait is None:
        assert driver.states["a"] == "failed"
    else:
        assert driver.states["a"] == "up_for_retry"
        driver.pass_time(wait - 1)
        assert driver.states["a"] == "up_for_retry"
        driver.pass_time(1)
        assert driver.states["a"] == "queued"


def test_rule_gives_no_retry_that_there_is_not() -> None:
    driver = started(retries=0, retry_rules=RULES)
    driver.end("a", "failed", errors=("app.Busy",))
    assert driver.states["a"] == "failed"


def test_attempt_may_say_that_no_retry_helps() -> None:
    driver = started(retries=5)
    driver.end("a", "failed", retry=False)
    assert driver.states["a"] == "failed"


def test_skip_is_never_retried() -> None:
    driver = started(retries=5)
    driver.end("a", "skipped")
    assert driver.states == {"a": "skipped", "z": "skipped"}


def test_lost_attempts_and_failures_are_counted_apart() -> None:
    driver = started(retries=1, retry_delay=1, lost_retries=2)
    driver.lose("a")
    driver.end("a", "failed")
    driver.pass_time(1)
    driver.lose("a")
    assert driver.states["a"] == "queued"
    driver.end("a", "failed")
    assert driver.states["a"] == "failed"
    assert driver.kept.attempts_of("a") == [(1, "lost"), (2, "failed"), (3, "lost"), (4, "failed")]


def test_task_that_loses_every_worker_stops() -> None:
    driver = started(retries=9, lost_retries=1)
    driver.lose("a")
    driver.lose("a")
    assert driver.states["a"] == "failed"


def test_clear_gives_all_retries_again() -> None:
    driver = started(retries=1, retry_delay=1, lost_retries=0)
    [run_id] = driver.run_states
    driver.lose("a")
    assert driver.run_states[run_id] == "failed"
    driver.about("clear", run_id, task_ids=["a"])
    driver.end("a", "failed")
    driver.pass_time(1)
    assert (driver.states["a"], driver.launched["a"].try_number) == ("queued", 3)
    driver.end("a", "failed")
    assert driver.states["a"] == "failed"


def test_attempt_that_nobody_begins_is_taken_back_and_given_out_again() -> None:
    driver = started(queue_timeout=60, lost_retries=1)
    for _ in range(2):
        driver.pass_time(60)
        assert driver.states["a"] == "stopping"
        driver.end("a", "cancelled")
    assert driver.states == {"a": "failed", "z": "upstream_failed"}
    assert driver.kept.attempts_of("a") == [(1, "cancelled"), (2, "cancelled")]


def test_attempt_that_was_begun_in_time_is_left_alone() -> None:
    driver = started(queue_timeout=60)
    driver.begin("a")
    driver.pass_time(1000)
    assert driver.states["a"] == "running"


def test_attempt_that_succeeded_while_it_was_taken_back_counts() -> None:
    driver = started(queue_timeout=60)
    driver.pass_time(60)
    driver.end("a")
    assert driver.states == {"a": "success", "z": "queued"}


def test_without_a_queue_timeout_a_day_is_the_end_of_waiting() -> None:
    driver = started()
    driver.pass_time(86400.0 - 1)
    assert driver.states["a"] == "queued"
    driver.restart()
    driver.pass_time(1)
    assert driver.states["a"] == "stopping"


def test_retry_of_a_paused_dag_waits() -> None:
    driver = started(retries=1, retry_delay=1)
    driver.command("pause")
    driver.end("a", "failed")
    driver.pass_time(10)
    assert driver.states["a"] == "scheduled"
    driver.command("unpause")
    assert driver.states["a"] == "queued"


def test_retry_whose_upstream_is_cleared_waits_for_it() -> None:
    driver = Driver()
    driver.publish(dag(task("a"), task("b", "a", retries=1, retry_delay=60)))
    run_id = driver.trigger()
    driver.end("a")
    driver.end("b", "failed")
    driver.about("clear", run_id, task_ids=["a"], downstream=False)
    driver.pass_time(100)
    assert driver.states == {"a": "queued", "b": "none"}
    driver.end("a")
    assert driver.states["b"] == "queued"
