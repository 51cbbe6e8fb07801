"""What bounds how much runs at once, and who goes first."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.events import Capacity
from studio.core.map_spec import ExpandSpec, Items
from studio.core.spec import CronSpec
from studio.core.turn import Launch
from tests.core.driver import Driver, dag, name_of, task


def order(driver: Driver) -> list[str]:
    """Names of all that was launched so far, in order."""
    return [
        name_of(effect.task_id, effect.map_index)
        for turn in driver.turns
        for effect in turn.effects
        if isinstance(effect, Launch)
    ]


def running(driver: Driver) -> set[str]:
    return {name for name, state in driver.states.items() if state in ("queued", "running")}


def pool(driver: Driver, name: str = "gpu", slots: int = 1, **options: Any) -> None:
    assert driver.command("set_pool", {"name": name, "slots": slots, **options}, dag_id="").state == "done"


# --- pools ---------------------------------------------------------------------------------------------------------


def test_pool_is_shared_by_dags_and_its_slots_are_counted() -> None:
    driver = Driver()
    pool(driver, slots=3)
    for dag_id in ("d", "e"):
        driver.publish(
            dag(task(f"{dag_id}1", pool="gpu", pool_slots=2), task(f"{dag_id}2", pool="gpu"), dag_id=dag_id)
        )
        driver.trigger(dag_id)
    assert running(driver) == {"d1", "d2"}
    assert driver.kept.pools["gpu"].used == 3
    driver.end("d1")
    assert running(driver) == {"d2", "e1"}
    driver.end("d2")
    driver.end("e1")
    assert running(driver) == {"e2"}
    driver.end("e2")
    assert driver.kept.pools["gpu"].used == 0


def test_big_task_does_not_block_small_ones() -> None:
    driver = Driver()
    pool(driver, slots=2)
    driver.publish(
        dag(
            task("one", pool="gpu", priority_weight=9),
            task("big", pool="gpu", pool_slots=2, priority_weight=5),
            task("small", pool="gpu"),
            task("tiny", pool="gpu"),
        )
    )
    driver.trigger()
    assert order(driver) == ["one", "small"]
    driver.end("small")
    assert order(driver) == ["one", "small", "tiny"]
    driver.end("tiny")
    driver.end("one")
    assert order(driver) == ["one", "small", "tiny", "big"]


def test_task_that_takes_more_slots_than_there_are_waits_and_says_so() -> None:
    driver = Driver()
    pool(driver, slots=2)
    driver.publish(dag(task("a", pool="gpu", pool_slots=3), task("b", pool="gpu")))
    run_id = driver.trigger()
    assert running(driver) == {"b"}
    assert driver.why("d", run_id, "a") == [
        "The pool gpu: 1 of 2 slots are taken; it takes 3. It can never have that many."
    ]
    pool(driver, slots=4)
    assert running(driver) == {"a", "b"}


def test_task_of_a_pool_that_is_not_there_waits_for_it() -> None:
    driver = Driver()
    driver.publish(dag(task("a", pool="gpu"), task("b")))
    run_id = driver.trigger()
    assert running(driver) == {"b"}
    assert driver.why("d", run_id, "a") == ["The pool gpu does not exist."]
    pool(driver)
    assert running(driver) == {"a", "b"}
    assert driver.kept.pools["gpu"].used == 1


def test_pool_that_is_in_use_cannot_be_deleted_and_the_default_one_never() -> None:
    driver = Driver()
    pool(driver)
    driver.publish(dag(task("a", pool="gpu")))
    driver.trigger()
    assert driver.command("delete_pool", {"name": "gpu"}, dag_id="").result["code"] == "conflict"
    assert driver.command("delete_pool", {"name": "default"}, dag_id="").result["code"] == "conflict"
    driver.end("a")
    assert driver.command("delete_pool", {"name": "gpu"}, dag_id="").state == "done"
    assert driver.kept.pools.keys() == set()


def test_fewer_slots_than_are_taken_end_nothing_and_start_nothing() -> None:
    driver = Driver()
    pool(driver, slots=2)
    driver.publish(dag(*(task(name, pool="gpu") for name in "abc")))
    driver.trigger()
    pool(driver, slots=1)
    driver.end("a")
    assert running(driver) == {"b"}
    driver.end("b")
    assert running(driver) == {"c"}


def test_pool_with_no_slots_holds_everything() -> None:
    driver = Driver()
    pool(driver, slots=0)
    driver.publish(dag(task("a", pool="gpu")))
    driver.trigger()
    assert running(driver) == set()


def test_limit_of_a_pool_that_had_none_counts_what_runs() -> None:
    driver = Driver()
    driver.publish(dag(*(task(name) for name in "abcd")))
    driver.trigger()
    pool(driver, "default", slots=2)
    assert driver.kept.pools["default"].used == 4
    driver.trigger()
    for name in "ab":
        driver.end(name)
    assert driver.machine.running == 2


@pytest.mark.parametrize(("include", "second"), [(False, "queued"), (True, "scheduled")])
def test_deferred_task_holds_its_slots_only_if_the_pool_says_so(include: bool, second: str) -> None:
    driver = Driver()
    pool(driver, slots=1, include_deferred=include)
    driver.publish(dag(task("a", pool="gpu", priority_weight=9), task("b", pool="gpu")))
    driver.trigger()
    driver.end("a", "rescheduled", until=driver.now + 60, resume={})
    assert driver.states == {"a": "deferred", "b": second}
    driver.restart()
    driver.end("b") if second == "queued" else None
    driver.pass_time(60)
    assert driver.states["a"] == "queued"


def test_pool_that_begins_to_count_what_is_deferred_may_be_over_its_slots() -> None:
    driver = Driver()
    pool(driver, slots=1)
    driver.publish(dag(task("a", pool="gpu", priority_weight=9), task("b", pool="gpu")))
    driver.trigger()
    driver.end("a", "rescheduled", until=driver.now + 60, resume={})
    pool(driver, slots=1, include_deferred=True)
    assert driver.kept.pools["gpu"].used == 2


def test_task_that_waits_in_the_scheduler_takes_no_slot() -> None:
    from studio.core.spec import TaskSpec

    driver = Driver()
    pool(driver, slots=1, include_deferred=True)
    waits = [TaskSpec(id=f"w{i}", kind="wait", pool="gpu", config={"seconds": 60}) for i in range(3)]
    driver.publish(dag(*waits, task("a", pool="gpu")))
    driver.trigger()
    assert driver.states == {"w0": "deferred", "w1": "deferred", "w2": "deferred", "a": "queued"}


# --- limits of DAG, run and task -----------------------------------------------------------------------------------


def test_max_active_tasks_is_per_run() -> None:
    driver = Driver()
    driver.publish(dag(*(task(f"t{i}") for i in range(3)), max_active_tasks=2))
    for _ in range(2):
        driver.trigger()
        driver.now += 1
    assert driver.machine.running == 4


def test_max_active_tasks_per_dag_is_over_all_runs() -> None:
    driver = Driver()
    driver.publish(dag(*(task(f"t{i}") for i in range(3)), max_active_tasks_per_dag=4))
    for _ in range(3):
        driver.trigger()
        driver.now += 1
    assert driver.machine.running == 4
    driver.end("t0")
    assert driver.machine.running == 4
    driver.publish(dag(*(task(f"t{i}") for i in range(3)), max_active_tasks_per_dag=5))
    assert driver.machine.running == 5


def test_limits_of_one_task_over_all_runs_and_within_one() -> None:
    driver = Driver()
    over = ExpandSpec(over={"x": Items([1, 2, 3])})
    driver.publish(
        dag(
            task("everywhere", max_active_per_dag=1),
            task("mapped", expand=over, max_active_per_run=2),
            max_active_tasks=100,
        )
    )
    for _ in range(2):
        driver.trigger()
        driver.now += 1
    assert sorted(order(driver)) == sorted(["everywhere", *["mapped[0]", "mapped[1]"] * 2])
    driver.end("everywhere")
    assert order(driver)[-1] == "everywhere"


def test_task_at_its_limit_does_not_block_others_of_the_run() -> None:
    driver = Driver()
    driver.publish(dag(task("a", max_active_per_dag=1, priority_weight=50), task("b")))
    driver.trigger()
    driver.now += 1
    driver.trigger()
    assert order(driver) == ["a", "b", "b"]


def test_capacity_of_the_executor_bounds_everything_and_may_change() -> None:
    driver = Driver(slots=1)
    driver.publish(dag(*(task(name) for name in "abc")))
    driver.trigger()
    assert order(driver) == ["a"]
    driver.feed(Capacity(0))
    driver.end("a")
    assert order(driver) == ["a"]
    driver.feed(Capacity(5))
    assert order(driver) == ["a", "b", "c"]


def test_attempt_that_is_being_ended_holds_its_slot() -> None:
    driver = Driver()
    pool(driver, slots=1)
    driver.publish(dag(task("a", pool="gpu")))
    first = driver.trigger()
    driver.now += 1
    driver.trigger()
    driver.command("cancel", {"run_id": first})
    assert driver.machine.running == 1
    driver.end("a", "cancelled")
    assert order(driver) == ["a", "a"]


def test_successor_counts_what_runs() -> None:
    driver = Driver()
    pool(driver, slots=2)
    driver.publish(
        dag(
            task("a", pool="gpu"), task("b", pool="gpu"), task("c", pool="gpu"), task("e"), max_active_tasks=3
        )
    )
    driver.trigger()
    assert running(driver) == {"a", "b", "e"}
    driver.restart()
    assert driver.machine.running == 3
    driver.end("a")
    assert running(driver) == {"b", "c", "e"}


# --- order ---------------------------------------------------------------------------------------------------------


CHAIN = {
    # a → b → c → d, and x alone; own weights 1, x 3
    "downstream": ["a", "x", "b", "c", "d"],
    "upstream": ["x", "a", "b", "c", "d"],
    "absolute": ["x", "a", "b", "c", "d"],
}


@pytest.mark.parametrize("rule", list(CHAIN))
def test_weight_rules_order_what_is_ready(rule: str) -> None:
    driver = Driver(slots=1)
    driver.publish(
        dag(
            *(
                task(name, *above, weight_rule=rule)
                for name, above in (("a", []), ("b", ["a"]), ("c", ["b"]), ("d", ["c"]))
            ),
            task("x", weight_rule=rule, priority_weight=3),
        )
    )
    driver.trigger()
    driver.run_to_end()
    assert order(driver) == CHAIN[rule]


def test_upstream_rule_finishes_what_was_begun() -> None:
    driver = Driver(slots=1)
    tasks = [
        task(f"{name}{n}", *above, weight_rule="upstream")
        for n in (1, 2)
        for name, above in (("a", ()), ("b", (f"a{n}",)))
    ]
    driver.publish(dag(*tasks))
    driver.trigger()
    driver.run_to_end()
    assert order(driver) == ["a1", "b1", "a2", "b2"]


def test_older_logical_date_comes_first_then_the_map_index() -> None:
    driver = Driver(slots=0)
    driver.publish(dag(task("t", expand=ExpandSpec(over={"x": Items([1, 2])}))))
    for date in (5e5, 3e5):
        driver.trigger(logical_date=date)
    driver.feed(Capacity(10))
    effects = [effect for effect in driver.turns[-1].effects if isinstance(effect, Launch)]
    assert [(each.context["ds"], each.map_index) for each in effects] == [
        ("1970-01-04", 0),
        ("1970-01-04", 1),
        ("1970-01-06", 0),
        ("1970-01-06", 1),
    ]


def test_order_holds_after_a_limit_was_freed() -> None:
    driver = Driver()
    pool(driver, slots=1)
    driver.publish(dag(*(task(f"t{weight}", pool="gpu", priority_weight=weight) for weight in (1, 5, 3))))
    driver.trigger()
    driver.publish(dag(task("urgent", pool="gpu", priority_weight=9), dag_id="e"))
    driver.trigger("e")
    driver.run_to_end()
    assert order(driver) == ["t5", "urgent", "t3", "t1"]


def test_backfill_comes_after_live_runs_whatever_its_weight() -> None:
    driver = Driver(slots=1, now=86400.0 * 100 + 1)
    driver.publish(dag(task("old", priority_weight=99), schedule=CronSpec("@daily")))
    driver.command("backfill", {"dates": [86400.0 * 90, 86400.0 * 91]})
    driver.publish(dag(task("live"), dag_id="e"))
    driver.trigger("e")
    driver.run_to_end()
    assert order(driver) == ["old", "live", "old"]


def test_what_was_marked_while_it_stood_in_line_does_not_hold_up_the_others() -> None:
    driver = Driver()
    first = task("b", priority_weight=10, max_active_per_dag=5)  # in a line of its own, before the others
    driver.publish(dag(task("a", priority_weight=99), first, task("c"), max_active_tasks=1))
    run_id = driver.trigger()
    driver.command("mark", {"run_id": run_id, "task_ids": ["b"], "state": "skipped"})
    driver.end("a")
    assert running(driver) == {"c"}
