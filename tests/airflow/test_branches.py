"""Airflow's examples of branches and short circuits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.airflow.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_branch_operator(stage: Stage) -> None:
    # Airflow's example_branch_operator: the callable names the task to follow, the other direct followers are
    # skipped, and so is what comes after them; the join has none_failed_min_one_success, so skipped ways do not
    # skip it.
    await stage.load("example_branch_operator")
    ended = await stage.run("example_branch_operator", params={"option": "c"})
    assert ended.state == "success"
    assert ended.states == {
        "run_this_first": "success",
        "branching": "success",
        "join": "success",
        "branch_a": "skipped",
        "follow_a": "skipped",
        "branch_b": "skipped",
        "follow_b": "skipped",
        "branch_c": "success",
        "follow_c": "success",
        "branch_d": "skipped",
        "follow_d": "skipped",
    }
    assert ended.values == {"branching": "branch_c"}


@pytest.mark.parametrize(
    ("errors", "save", "describe"),
    [(0, "success", "skipped"), (3, "success", "success"), (9, "skipped", "success")],
)
async def test_branch_labels(stage: Stage, errors: int, save: str, describe: str) -> None:
    # Airflow's example_branch_labels: edges carry labels for people, which change nothing; a branch may also name a
    # list, and then all of it runs. The report has none_failed_min_one_success.
    await stage.load("example_branch_labels")
    ended = await stage.run("example_branch_labels", params={"errors": errors})
    assert ended.state == "success"
    assert ended.states == {
        "ingest": "success",
        "check": "success",
        "save": save,
        "describe": describe,
        "error": describe,
        "report": "success",
    }


async def test_branch_with_past_dependencies(stage: Stage) -> None:
    # Airflow's example_branch_python_dop_operator_3: each task waits for itself in the run before. A branch that was
    # skipped there counts as good, so both ways can go on whichever was taken.
    await stage.load("example_branch_dop")
    found = []
    for minute in (0, 1, 2):
        ended = await stage.run("example_branch_dop", logical_date=1600000020.0 + 60 * minute)
        found.append((ended.values["condition"], ended.states["even"], ended.states["odd"], ended.state))
    assert found == [
        ("odd", "skipped", "success", "success"),
        ("even", "success", "skipped", "success"),
        ("odd", "skipped", "success", "success"),
    ]


@pytest.mark.parametrize(
    ("params", "ran"),
    [
        ({}, {"true_1"}),
        ({"outer": "false_1"}, {"false_1", "branch_2", "true_2", "join_2", "false_3"}),
        (
            {"outer": "false_1", "inner": "false_2"},
            {"false_1", "branch_2", "false_2", "join_2", "false_3"},
        ),
    ],
)
async def test_nested_branches(stage: Stage, params: dict[str, Any], ran: set[str]) -> None:
    # Airflow's example_nested_branch_dag: joins of inner and outer branches have none_failed_min_one_success. An
    # inner branch that was skipped with all of its ways skips its own join; the outer join runs all the same.
    await stage.load("example_nested_branch_dag")
    ended = await stage.run("example_nested_branch_dag", params=params)
    assert ended.state == "success"
    assert ended.tasks_in("success") == ran | {"branch_1", "join_1"}
    assert ended.tasks_in("skipped") == ended.states.keys() - ended.tasks_in("success")


@pytest.mark.parametrize(
    ("date", "ran"),
    [
        ("2020-10-10T14:30:00+00:00", {"in_range", "weekend"}),
        ("2020-10-12T14:30:00+00:00", {"out_of_range", "workday"}),
    ],
)
async def test_branch_by_dates(stage: Stage, date: str, ran: set[str]) -> None:
    # Airflow's example_branch_datetime_operator and example_branch_day_of_week_operator: one way if the moment lies
    # in the span (or the day is among those named), the other way if not. Here both are functions.
    from datetime import datetime

    await stage.load("example_branch_dates")
    ended = await stage.run("example_branch_dates", logical_date=datetime.fromisoformat(date).timestamp())
    assert ended.state == "success"
    assert ended.tasks_in("success") == ran | {"by_time", "by_day"}
    assert ended.tasks_in("skipped") == {"in_range", "out_of_range", "weekend", "workday"} - ran


async def test_short_circuit_operator(stage: Stage) -> None:
    # Airflow's example_short_circuit_operator: true goes on; false skips all that follows. The run succeeds.
    await stage.load("example_short_circuit_operator")
    ended = await stage.run("example_short_circuit_operator")
    assert ended.state == "success"
    assert ended.tasks_in("success") == {"condition_is_true", "true_1", "true_2", "condition_is_false"}
    assert ended.tasks_in("skipped") == {"false_1", "false_2"}


async def test_short_circuit_decorator(stage: Stage) -> None:
    # Airflow's example_short_circuit_decorator: by default everything downstream is skipped, whatever its trigger
    # rule (false_2 has all_done); told to respect trigger rules it skips only what comes next, so task_7, which has
    # all_done, runs.
    await stage.load("example_short_circuit_decorator")
    ended = await stage.run("example_short_circuit_decorator")
    assert ended.state == "success"
    assert ended.tasks_in("skipped") == {"false_1", "false_2", "task_4", "task_6"}
    assert ended.tasks_in("success") == ended.states.keys() - ended.tasks_in("skipped")
    assert ended.values == {"condition_is_true": True, "condition_is_false": False, "short_circuit": False}
