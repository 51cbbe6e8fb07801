"""Tasks that wait: sensors that look again, deferred ones that go on, the kind `wait`."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.spec import SensorSpec, TaskSpec
from tests.core.driver import Driver, dag, task


def sensor(**options: Any) -> TaskSpec:
    more = {name: options.pop(name) for name in ("retries", "retry_delay", "callbacks") if name in options}
    return task("s", interpret="sensor", sensor=SensorSpec(mode="reschedule", **options), **more)


def started(*tasks: TaskSpec, **options: Any) -> Driver:
    driver = Driver()
    driver.publish(dag(*tasks, **options))
    driver.trigger()
    return driver


def look(driver: Driver, after: float = 0.0, **signal: Any) -> None:
    """The sensor has looked once and found nothing."""
    driver.end("s", "rescheduled", after=after, **signal)


def test_sensor_that_finds_what_it_waits_for_succeeds() -> None:
    driver = started(sensor(), task("z", "s"))
    driver.end("s", value=True)
    assert driver.states == {"s": "success", "z": "queued"}


@pytest.mark.parametrize("value", [False, None, 0, [], ""])
def test_sensor_that_finds_nothing_looks_again_and_holds_no_slot(value: Any) -> None:
    driver = started(sensor(poke_interval=30))
    driver.end("s", value=value)
    assert (driver.states["s"], driver.machine.running) == ("up_for_reschedule", 0)
    driver.pass_time(29)
    assert driver.states["s"] == "up_for_reschedule"
    driver.pass_time(1)
    assert driver.states["s"] == "queued"


def test_looks_are_one_try_and_the_last_of_them_is_kept() -> None:
    driver = started(sensor(poke_interval=1))
    for _ in range(3):
        look(driver)
        driver.pass_time(1)
    assert driver.launched["s"].try_number == 1
    assert driver.launched["s"].context["sensor"]["looks"] == 3
    driver.end("s", value=1)
    assert driver.kept.attempts_of("s") == [(1, "success")]


def test_sensor_goes_on_when_it_says() -> None:
    driver = started(sensor(poke_interval=1))
    look(driver, until=driver.now + 500)
    driver.pass_time(499)
    assert driver.states["s"] == "up_for_reschedule"
    driver.pass_time(1)
    assert driver.states["s"] == "queued"


def test_timeout_counts_from_the_first_look_over_all_and_is_not_retried() -> None:
    driver = started(sensor(poke_interval=40, timeout=100, retries=3))
    for _ in range(3):  # at 0, 40, 80
        look(driver)
        driver.pass_time(40 if driver.now < 1_000_080 else 20)
    assert driver.states["s"] == "failed"
    assert driver.now == 1_000_100
    assert driver.kept.attempts_of("s") == [(1, "rescheduled")]


def test_timeout_that_is_over_at_the_end_of_a_look_fails_at_once() -> None:
    driver = started(sensor(timeout=10))
    driver.begin("s")
    started_at = driver.now
    from studio.core.events import Finished

    driver.now += 11
    driver.feed(
        Finished(driver.launched["s"].attempt_id, "w", "success", started_at, driver.now, value=False)
    )
    assert driver.states["s"] == "failed"


def test_soft_fail_skips() -> None:
    driver = started(sensor(poke_interval=10, timeout=10, soft_fail=True), task("z", "s"))
    look(driver)
    driver.pass_time(10)
    assert driver.states == {"s": "skipped", "z": "skipped"}
    assert list(driver.run_states.values()) == ["success"]


def test_backoff_doubles_the_interval_up_to_the_longest() -> None:
    driver = started(sensor(poke_interval=10, backoff=True, max_wait=50))
    waits = []
    for _ in range(5):
        look(driver)
        before = driver.now
        [row] = driver.kept.tasks.values()
        assert row.retry_at is not None
        waits.append(row.retry_at - before)
        driver.pass_time(waits[-1])
    assert waits == [10, 20, 40, 50, 50]


def test_failed_sensor_is_retried_and_waits_anew() -> None:
    driver = started(sensor(poke_interval=1, timeout=60, retries=1, retry_delay=100))
    look(driver)
    driver.pass_time(1)
    driver.end("s", "failed")
    driver.pass_time(100)
    assert driver.launched["s"].try_number == 2
    assert driver.launched["s"].context["sensor"]["looks"] == 0
    look(driver)
    assert driver.states["s"] == "up_for_reschedule"
    assert driver.kept.attempts_of("s") == [(1, "failed"), (2, "rescheduled")]


def test_lost_look_is_another_try_and_stays_in_the_history() -> None:
    driver = started(sensor(poke_interval=1, timeout=60))
    look(driver)
    driver.pass_time(1)
    driver.lose("s")
    assert driver.states["s"] == "queued"
    driver.end("s", value=True)
    assert driver.kept.attempts_of("s") == [(1, "lost"), (2, "success")]


def test_sensor_that_is_being_cancelled_and_finds_nothing_is_cancelled() -> None:
    driver = started(sensor())
    [run_id] = driver.run_states
    driver.about("cancel", run_id)
    driver.end("s", value=False)
    assert (driver.states["s"], driver.run_states[run_id]) == ("cancelled", "cancelled")


def test_sensor_between_looks_is_cancelled_at_once() -> None:
    driver = started(sensor())
    [run_id] = driver.run_states
    look(driver)
    driver.about("cancel", run_id)
    assert (driver.states["s"], driver.run_states[run_id]) == ("cancelled", "cancelled")
    driver.pass_time(1000)
    assert driver.states["s"] == "cancelled"


def test_sensor_that_is_cleared_between_looks_waits_anew() -> None:
    driver = started(sensor(poke_interval=60))
    [run_id] = driver.run_states
    look(driver)
    driver.about("clear", run_id, task_ids=["s"])
    assert (driver.states["s"], driver.launched["s"].try_number) == ("queued", 2)
    assert driver.kept.attempts_of("s") == [(1, "rescheduled"), (2, "queued")]


def test_successor_looks_again_in_time() -> None:
    driver = started(sensor(poke_interval=60))
    look(driver)
    driver.restart()
    driver.pass_time(59)
    assert driver.states["s"] == "up_for_reschedule"
    driver.pass_time(1)
    assert driver.states["s"] == "queued"
    driver.end("s", value=True)
    assert driver.kept.attempts_of("s") == [(1, "success")]


def test_deferred_task_goes_on_with_what_it_wanted_to_be_told() -> None:
    driver = started(task("a"), task("z", "a"))
    driver.end("a", "rescheduled", until=driver.now + 100, resume={"method": "done"})
    assert (driver.states["a"], driver.machine.running) == ("deferred", 0)
    driver.pass_time(100)
    launch = driver.launched["a"]
    assert (launch.try_number, launch.context["resume"]) == (1, {"method": "done"})
    driver.end("a")
    assert driver.states == {"a": "success", "z": "queued"}
    assert driver.kept.attempts_of("a") == [(1, "success")]


def test_deferred_task_that_is_lost_goes_on_where_it_was() -> None:
    driver = started(task("a"))
    driver.end("a", "rescheduled", until=driver.now + 100, resume={"n": 1})
    driver.pass_time(100)
    driver.lose("a")
    assert (driver.launched["a"].try_number, driver.launched["a"].context["resume"]) == (2, {"n": 1})


@pytest.mark.parametrize(
    ("config", "seconds"),
    [
        ({"seconds": 60}, 60),
        ({"at": "1970-01-12T13:48:20+00:00"}, 100),
        ({"reference": "logical_date", "seconds": 70}, 70),
        ({"time": "13:47"}, 20),
    ],
)
def test_wait_goes_on_at_its_time_without_a_worker(config: dict[str, Any], seconds: float) -> None:
    driver = Driver(now=1_000_000.0)  # 1970-01-12T13:46:40Z
    driver.publish(dag(TaskSpec(id="w", kind="wait", config=config), task("z", "w")))
    driver.trigger(logical_date=1_000_000.0)
    assert driver.states == {"w": "deferred", "z": "none"}
    driver.pass_time(seconds - 1)
    assert driver.states["w"] == "deferred"
    driver.pass_time(1)
    assert driver.states == {"w": "success", "z": "queued"}


def test_wait_for_a_time_that_has_passed_is_over_at_once() -> None:
    driver = started(TaskSpec(id="w", kind="wait", config={"at": "1970-01-01T00:00:00+00:00"}))
    assert driver.states == {"w": "success"}
