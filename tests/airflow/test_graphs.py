"""Airflow's examples of trigger rules, groups and large graphs."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import pytest

from tests.airflow.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_latest_only(stage: Stage) -> None:
    # Airflow's example_latest_only: what directly follows is skipped unless the run is the newest of the schedule. A
    # run that was triggered by hand goes on.
    await stage.load("example_latest_only")
    runs = await stage.runs("example_latest_only", 5)
    assert {ended.state for ended in runs} == {"success"}
    *old, newest = [(ended.states["latest_only"], ended.states["task1"]) for ended in runs]
    assert set(old) == {("success", "skipped")}
    assert newest == ("success", "success")
    by_hand = await stage.run("example_latest_only", logical_date=0.0)
    assert by_hand.states == {"latest_only": "success", "task1": "success"}


async def test_latest_only_with_trigger(stage: Stage) -> None:
    # Airflow's example_latest_only_with_trigger: in old runs task1 is skipped, and so is task3, which needs it;
    # task2 does not depend on it and runs; task4 has all_done and runs.
    await stage.load("example_latest_only_with_trigger")
    *old, newest = await stage.runs("example_latest_only_with_trigger", 5)
    for ended in old:
        assert ended.state == "success"
        assert ended.tasks_in("skipped") == {"task1", "task3"}
        assert ended.tasks_in("success") == {"latest_only", "task2", "task4"}
    assert newest.tasks_in("success") == {"latest_only", "task1", "task2", "task3", "task4"}


async def test_skip_dag(stage: Stage) -> None:
    # Airflow's example_skip_dag: after a task that skipped itself a join with all_success is skipped, and what
    # follows it too; one with one_success runs, because the other task before it succeeded.
    await stage.load("example_skip_dag")
    ended = await stage.run("example_skip_dag")
    assert ended.state == "success"
    assert ended.states == {
        "skip_operator_1": "skipped",
        "join_1": "skipped",
        "always_true_1": "success",
        "final_1": "skipped",
        "skip_operator_2": "skipped",
        "join_2": "success",
        "always_true_2": "success",
        "final_2": "success",
    }


KINDS: Final = ("success", "failed", "skipped", "upstream_failed")
COMBINATIONS: Final = [some for size in (1, 2) for some in combinations(KINDS, size)]
R, K, U = "success", "skipped", "upstream_failed"  # it ran, it was skipped, what it needs failed
#: rule → what becomes of a task with it, in the order of COMBINATIONS:
#: after S, F, K, U alone, then S+F, S+K, S+U, F+K, F+U, K+U
RULES: Final = {
    "all_success": (R, U, K, U, U, K, U, U, U, U),
    "all_failed": (K, R, K, R, K, K, K, K, R, K),
    "all_done": (R, R, R, R, R, R, R, R, R, R),
    "all_done_min_one_success": (R, U, K, U, R, K, R, K, U, K),
    "all_done_setup_success": (R, R, R, R, R, R, R, R, R, R),  # without a setup before it: all_done
    "all_skipped": (K, K, R, K, K, K, K, K, K, K),
    "one_success": (R, U, K, U, R, R, R, U, U, U),
    "one_failed": (K, R, K, R, R, K, R, R, R, R),
    "one_done": (R, R, K, K, R, R, R, R, R, K),
    "none_failed": (R, U, R, U, U, R, U, U, U, U),
    "none_failed_min_one_success": (R, U, K, U, U, R, U, U, U, U),
    "none_skipped": (R, R, K, R, R, K, R, K, R, K),
    "always": (R, R, R, R, R, R, R, R, R, R),
}


@pytest.mark.parametrize(
    ("dag_id", "differs"),
    [
        ("example_trigger_rules", {}),
        ("example_trigger_rules_skipped_first", {"all_success": (R, U, K, U, U, K, U, K, U, K)}),
    ],
)
async def test_trigger_rules(stage: Stage, dag_id: str, differs: dict[str, tuple[str, ...]]) -> None:
    # Airflow documents the thirteen rules one by one, with what happens when a rule can no longer hold: where a
    # failure forbids it the task is upstream_failed, where a skip does it is skipped. It is judged as soon as one
    # parent has ended: of a failed and a skipped parent the first one decides about all_success.
    await stage.load("example_trigger_rules")
    ended = await stage.run(dag_id)
    found = {rule: tuple(ended.states[f"{rule}.{'-'.join(some)}"] for some in COMBINATIONS) for rule in RULES}
    assert {how: ended.states[how] for how in KINDS} == {how: how for how in KINDS}
    assert found == RULES | differs
    assert ended.state == "failed"


async def test_task_group(stage: Stage) -> None:
    # Airflow's example_task_group: ids have the group's as a prefix, so task_1 may be in both; `>>` between groups
    # joins the last tasks of the one to the first of the other, inner groups included.
    await stage.load("example_task_group")
    ended = await stage.run("example_task_group")
    assert ended.state == "success"
    assert list(ended.states) == [
        "start",
        "end",
        "section_1.task_1",
        "section_1.task_2",
        "section_1.task_3",
        "section_2.task_1",
        "section_2.inner_section_2.task_2",
        "section_2.inner_section_2.task_4",
        "section_2.inner_section_2.task_3",
    ]
    assert set(ended.states.values()) == {"success"}
    dag = await stage.store.dag("example_task_group")
    assert dag is not None
    upstream = {task.id: set(task.upstream) for task in dag.spec.tasks}
    after_1 = {"section_1.task_2", "section_1.task_3"}
    assert upstream["section_2.task_1"] == after_1
    assert upstream["section_2.inner_section_2.task_2"] == after_1
    assert upstream["section_2.inner_section_2.task_3"] == after_1
    assert upstream["end"] == {"section_2.task_1", "section_2.inner_section_2.task_4"}


async def test_task_group_decorator(stage: Stage) -> None:
    # Airflow's example_task_group_decorator: a function that makes a group, called for each value; the tasks hand
    # their values on.
    await stage.load("example_task_group_decorator")
    ended = await stage.run("example_task_group_decorator")
    assert ended.state == "success"
    assert ended.values == {
        "task_start": "[Task_start]",
        "task_end": "[Task_End]",
        "group_0.task_1": "[ Task1 0 ]",
        "group_0.task_2": "[ Task2 [ Task1 0 ] ]",
        "group_0.task_3": "[ Task3 [ Task2 [ Task1 0 ] ] ]",
        "group_1.task_1": "[ Task1 1 ]",
        "group_1.task_2": "[ Task2 [ Task1 1 ] ]",
        "group_1.task_3": "[ Task3 [ Task2 [ Task1 1 ] ] ]",
    }


async def test_complex(stage: Stage) -> None:
    # Airflow's example_complex: some thirty tasks that do nothing, to look at. All succeed, none takes a worker.
    await stage.load("example_complex")
    ended = await stage.run("example_complex")
    assert ended.state == "success"
    assert len(ended.states) == 31
    assert set(ended.states.values()) == {"success"}
    assert {task.attempt for task in ended.tasks} == {None}
