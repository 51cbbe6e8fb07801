"""Airflow's examples of setups and teardowns."""

from __future__ import annotations

import pytest

from tests.airflow.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_setup_teardown(stage: Stage) -> None:
    # Airflow's example_setup_teardown: one pair around the DAG, one around a group.
    await stage.load("example_setup_teardown")
    ended = await stage.run("example_setup_teardown")
    assert ended.state == "success"
    assert set(ended.states.values()) == {"success"}


async def test_failure_between_setup_and_teardown(stage: Stage) -> None:
    # Airflow documents: a teardown runs if its setup succeeded, even if what is between failed; teardowns are passed
    # over when the run's state is decided, so the run has failed; what follows a group does not wait for its
    # teardown, only for its work.
    await stage.load("example_setup_teardown")
    ended = await stage.run("example_setup_teardown", params={"inner_fails": True, "outer_fails": True})
    assert ended.state == "failed"
    assert ended.states == {
        "root_setup": "success",
        "root_normal": "success",
        "root_teardown": "success",
        "section_1.taskgroup_setup": "success",
        "section_1.normal": "failed",
        "section_1.taskgroup_teardown": "success",
        "after_section": "upstream_failed",
        "in_scope": "failed",
    }


S, F, U = "success", "failed", "upstream_failed"


@pytest.mark.parametrize(
    ("fails", "states", "run", "strict_run"),
    [
        ("nothing", (S, S, S, S), "success", "success"),
        ("create", (F, U, U, U), "failed", "failed"),
        ("query", (S, F, U, S), "failed", "success"),
        ("delete", (S, S, S, F), "success", "failed"),
    ],
)
async def test_setup_teardown_taskflow(
    stage: Stage, fails: str, states: tuple[str, ...], run: str, strict_run: str
) -> None:
    # Airflow's example_setup_teardown_taskflow: a setup that fails stops the work and its teardown; a teardown runs
    # after work that failed; its own failure fails the run only with on_failure_fail_dagrun (here `fail_run`). Such a
    # teardown is the last task that counts, so if it succeeds the run has succeeded although the work failed; here it
    # is marked `with_failures` then.
    await stage.load("example_setup_teardown_taskflow")
    for dag_id, state in (
        ("example_setup_teardown_taskflow", run),
        ("example_setup_teardown_strict", strict_run),
    ):
        ended = await stage.run(dag_id, params={"fails": fails})
        found = tuple(ended.states[task] for task in ("create", "query", "after_query", "delete"))
        assert (found, ended.state) == (states, state)
        assert ended.run.with_failures is (state == "success" and "failed" in found)


async def test_work_that_is_cleared_gets_its_setup_again(stage: Stage) -> None:
    # Airflow documents: clearing a task clears its setups and teardowns as well.
    await stage.load("example_setup_teardown_taskflow")
    dag_id = "example_setup_teardown_taskflow"
    first = await stage.run(dag_id, params={"fails": "query"})
    answer = await stage.command(
        dag_id,
        "clear",
        run_ids=[first.run.run_id],
        task_ids=["query"],
        downstream=False,
        params={"fails": "nothing"},
    )
    assert {task["task_id"] for task in answer["tasks"]} == {"create", "query", "delete"}
    second = await stage.ended(dag_id, first.run.run_id)
    tries = {task.task_id: task.try_number for task in second.tasks}
    assert tries == {"create": 2, "query": 2, "after_query": 0, "delete": 2}
    assert (second.state, second.states["query"]) == ("failed", "success")
    assert second.states["after_query"] == "upstream_failed"  # it was not asked for
