"""Clear: what runs again, what it leaves alone, and with what."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.map_spec import ExpandSpec, GroupSpec, Items
from studio.core.spec import DagSpec
from tests.core.driver import Driver, dag, task

DAY = 86400.0
LINE = dag(task("a"), task("b", "a"), task("c", "b"), task("x"))


def over(spec: DagSpec = LINE, script: Any = lambda launch: "success", **trigger: Any) -> tuple[Driver, str]:
    """A run that is over."""
    driver = Driver()
    driver.publish(spec)
    run_id = driver.trigger(**trigger)
    driver.run_to_end(script)
    return driver, run_id


def cleared(result: dict[str, Any]) -> list[str]:
    assert result["cleared"] == len(result["tasks"])
    return [each["task_id"] for each in result["tasks"]]


@pytest.mark.parametrize(
    ("options", "tasks"),
    [
        ({}, ["b", "c"]),
        ({"downstream": False}, ["b"]),
        ({"upstream": True}, ["a", "b", "c"]),
        ({"upstream": True, "downstream": False}, ["a", "b"]),
        ({"task_ids": []}, ["a", "x", "b", "c"]),
        ({"task_ids": ["x", "b"], "downstream": False}, ["x", "b"]),
    ],
)
def test_clear_takes_what_it_is_asked_for(options: dict[str, Any], tasks: list[str]) -> None:
    driver, run_id = over()
    assert cleared(driver.about("clear", run_id, **{"task_ids": ["b"], **options})) == tasks
    driver.run_to_end()
    again = [name for name in ("a", "x", "b", "c") if len(driver.kept.attempts_of(name)) == 2]
    assert again == tasks
    assert driver.run_states[run_id] == "success"


def test_only_failed_takes_failed_and_what_failed_with_it() -> None:
    driver, run_id = over(script=lambda launch: "failed" if launch.task_id == "b" else "success")
    assert cleared(driver.about("clear", run_id, task_ids=[], only_failed=True)) == ["b", "c"]


def test_only_running_takes_what_has_not_ended() -> None:
    driver = Driver()
    driver.publish(LINE)
    run_id = driver.trigger()
    driver.end("a")
    assert cleared(driver.about("clear", run_id, task_ids=[], only_running=True)) == ["x", "b"]
    assert driver.states == {"a": "success", "b": "restarting", "c": "none", "x": "restarting"}


def test_dry_run_changes_nothing() -> None:
    driver, run_id = over()
    result = driver.about("clear", run_id, task_ids=["b"], dry_run=True)
    assert result["tasks"] == [
        {"run_id": run_id, "task_id": name, "map_index": -1, "state": "success"} for name in ("b", "c")
    ]
    writes = driver.turns[-1].writes
    assert (writes.runs, writes.tasks, writes.new_tasks) == ([], [], [])


def test_run_that_is_cleared_is_queued_and_starts_anew() -> None:
    driver, run_id = over(dag(task("a"), max_active_runs=1))
    driver.now += 1
    other = driver.trigger()
    driver.about("clear", run_id, task_ids=["a"], note="again")
    run = driver.kept.run(run_id).run
    assert (run.state.value, run.started_at, run.ended_at, run.note) == ("queued", None, None, "again")
    driver.end("a")
    assert driver.run_states == {run_id: "running", other: "success"}


def test_history_stays_and_tries_go_on() -> None:
    driver, run_id = over(dag(task("a", retries=1)))
    driver.about("clear", run_id, task_ids=["a"])
    assert driver.launched["a"].try_number == 2
    assert driver.kept.attempts_of("a") == [(1, "success"), (2, "queued")]
    [row] = driver.kept.tasks.values()
    assert row.max_tries == 3


def test_clear_with_other_params() -> None:
    driver, run_id = over(dag(task("a"), params={"n": 1, "m": 2}))
    driver.about("clear", run_id, task_ids=["a"], params={"n": 5})
    assert driver.launched["a"].context["params"] == {"n": 5, "m": 2}


def test_wrong_param_is_refused_and_nothing_changes() -> None:
    driver, run_id = over(dag(task("a"), params={"n": 1}, param_schemas={"n": {"type": "integer"}}))
    runs = driver.facts(run_id).runs
    for params in ({"m": 1}, {"n": "x"}):
        refused = driver.command("clear", {"run_id": run_id, "params": params}, runs=runs)
        assert refused.state == "refused"
        assert not driver.turns[-1].writes.runs


def three_days() -> tuple[Driver, list[str]]:
    driver = Driver()
    driver.publish(dag(task("a"), task("b", "a")))
    runs = [driver.trigger(logical_date=day * DAY, run_id=f"r{day}") for day in (1, 2, 3)]
    driver.run_to_end()
    return driver, runs


@pytest.mark.parametrize(
    ("options", "again"), [({"past": True}, {"r1", "r2"}), ({"future": True}, {"r2", "r3"}), ({}, {"r2"})]
)
def test_clear_of_runs_before_and_after(options: dict[str, Any], again: set[str]) -> None:
    driver, _ = three_days()
    others = ("r1", "r3")
    result = driver.about("clear", "r2", others=others, task_ids=["b"], **options)
    assert {each["run_id"] for each in result["tasks"]} == again
    assert {run for run, state in driver.run_states.items() if state == "running"} == again


def test_several_runs_at_once() -> None:
    driver, runs = three_days()
    assert driver.about("clear", *runs, task_ids=["a"], downstream=False)["cleared"] == 3


def test_same_index_is_cleared_in_runs_before() -> None:
    driver = Driver()
    driver.publish(dag(task("t", expand=ExpandSpec(over={"x": Items([1, 2])}))))
    for day in (1, 2):
        driver.trigger(logical_date=day * DAY, run_id=f"r{day}")
    driver.run_to_end()
    result = driver.about("clear", "r2", others=("r1",), task_ids=["t"], map_index=1, past=True)
    assert [(each["run_id"], each["map_index"]) for each in result["tasks"]] == [("r2", 1), ("r1", 1)]


def test_too_many_runs_are_refused() -> None:
    driver, _ = over()
    refused = driver.command("clear", {"run_id": "r", "future": True, "version": "latest"}, too_many=True)
    assert refused.result["code"] in ("conflict", "not_found")


def test_run_that_is_being_ended_is_left_alone() -> None:
    driver = Driver()
    driver.publish(LINE)
    run_id = driver.trigger()
    driver.about("cancel", run_id)
    assert driver.command("clear", {"run_id": run_id, "task_ids": []}).result["code"] == "conflict"


def test_clear_of_a_run_before_its_turn_waits_for_it() -> None:
    driver, run_id = over(dag(task("a"), task("b", "a")))
    driver.command("pause")
    driver.about("clear", run_id, task_ids=["a"])
    assert (driver.run_states[run_id], driver.states) == ("queued", {"a": "none", "b": "none"})
    driver.about("mark", run_id, task_ids=["a"], state="success")
    assert driver.states == {"a": "success", "b": "none"}
    driver.command("unpause")
    assert driver.states == {"a": "success", "b": "queued"}


# --- another version ---


def test_newest_version_removes_what_is_gone_and_adds_what_is_new() -> None:
    driver, run_id = over(dag(task("a"), task("b", "a")))
    driver.publish(dag(task("a"), task("n", "a")))
    driver.about("clear", run_id, task_ids=["a"], version="latest")
    rows = {each.task_id: each.state.value for each in driver.kept.tasks.values()}
    assert rows == {"a": "queued", "b": "removed", "n": "none"}
    driver.run_to_end()
    rows = {each.task_id: each.state.value for each in driver.kept.tasks.values()}
    assert (rows, driver.run_states[run_id]) == ({"a": "success", "b": "removed", "n": "success"}, "success")
    assert driver.kept.run(run_id).run.version == driver.kept.dags["d"].version


def test_task_that_is_in_the_dag_again_is_in_the_run_again() -> None:
    driver, run_id = over(dag(task("a"), task("b", "a")))
    driver.publish(dag(task("a")))
    driver.about("clear", run_id, task_ids=["a"], version="latest")
    driver.run_to_end()
    driver.publish(dag(task("a"), task("b", "a"), task("n")))
    driver.about("clear", run_id, task_ids=["n"], version="latest")
    driver.run_to_end()
    rows = {each.task_id: each.state.value for each in driver.kept.tasks.values()}
    assert rows == {"a": "success", "b": "success", "n": "success"}


def test_only_new_runs_what_the_newest_version_added() -> None:
    driver, run_id = over(dag(task("a")))
    driver.publish(dag(task("a"), task("n")))
    result = driver.about("clear", run_id, task_ids=[], version="latest", only_new=True)
    assert cleared(result) == ["n"]
    driver.run_to_end()
    assert [len(driver.kept.attempts_of(name)) for name in "an"] == [1, 1]


def test_wrong_task_of_the_newest_version_is_refused_and_changes_nothing() -> None:
    driver, run_id = over(dag(task("a"), task("b")))
    driver.publish(dag(task("a"), task("n")))
    payload = {"run_id": run_id, "task_ids": ["b"], "version": "latest"}
    refused = driver.command("clear", payload, runs=driver.facts(run_id).runs)
    assert refused.result["code"] == "not_found"
    writes = driver.turns[-1].writes
    assert (writes.runs, writes.tasks, writes.new_tasks) == ([], [], [])


def test_unfinished_run_keeps_its_version() -> None:
    driver = Driver()
    driver.publish(LINE)
    run_id = driver.trigger()
    refused = driver.command("clear", {"run_id": run_id, "version": "latest"})
    assert refused.result["code"] == "conflict"


def test_task_that_was_mapped_otherwise_cannot_have_the_newest_version() -> None:
    twice = ExpandSpec(over={"x": Items([1, 2])})
    driver, run_id = over(dag(task("t", expand=twice)))
    driver.publish(dag(task("t", group="g"), groups=(GroupSpec(id="g", expand=twice),)))
    payload = {"run_id": run_id, "version": "latest"}
    refused = driver.command("clear", payload, runs=driver.facts(run_id).runs)
    assert (refused.result["code"], refused.result["hint"]) == ("conflict", "Trigger a new run instead.")
    assert not driver.turns[-1].writes.tasks


def test_task_may_be_mapped_in_the_newest_version() -> None:
    driver, run_id = over(dag(task("t")))
    driver.publish(dag(task("t", expand=ExpandSpec(over={"x": Items([1, 2])}))))
    driver.about("clear", run_id, task_ids=["t"], version="latest")
    driver.run_to_end()
    rows = {each.map_index: each.state.value for each in driver.kept.tasks.values()}
    assert rows == {0: "success", 1: "success"}


def test_longer_list_of_the_newest_version_makes_more_instances() -> None:
    def spec(*items: int) -> DagSpec:
        return dag(task("t", expand=ExpandSpec(over={"x": Items(list(items))})))

    driver, run_id = over(spec(1, 2))
    driver.publish(spec(1, 2, 3))
    driver.about("clear", run_id, task_ids=["t"], version="latest")
    rows = {each.map_index: each.state.value for each in driver.kept.tasks.values()}
    assert rows == {0: "queued", 1: "queued", 2: "queued"}
