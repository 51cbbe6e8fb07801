"""Airflow's examples of DAGs that trigger each other and wait for each other, and for assets."""

from __future__ import annotations

import pytest

from tests.airflow.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

TARGET = "example_trigger_target_dag"
PARENT, CHILD = "example_external_task_marker_parent", "example_external_task_marker_child"
DATE = 1_704_067_200.0  # 2024-01-01


async def test_controller_triggers_the_target_with_params(stage: Stage) -> None:
    await stage.load("example_trigger_controller_dag")
    ended = await stage.run("example_trigger_controller_dag")
    made = ended.values["test_trigger_dagrun"]
    assert (ended.state, made["dag_id"]) == ("success", TARGET)
    target = await stage.ended(TARGET, made["run_id"])
    assert target.values["run_this"] == "Remotely received value of Hello World for key=message"
    assert (target.run.run_type, target.run.logical_date) == ("operator", None)
    assert target.run.triggered_by == f"example_trigger_controller_dag/{ended.run.run_id}/test_trigger_dagrun"


async def test_controller_that_waits_hands_on_values_and_the_date(stage: Stage) -> None:
    await stage.load("example_trigger_controller_dag")
    ended = await stage.run("example_trigger_that_waits", logical_date=DATE)
    run_id = "operator__2024-01-01T00:00:00+00:00"
    assert (ended.state, ended.values["wait_for_it"]) == ("success", {"dag_id": TARGET, "run_id": run_id})
    assert ended.values["tell"] == run_id
    target = await stage.ended(TARGET, run_id)
    assert (target.state, target.run.logical_date) == ("success", DATE)
    assert target.values["run_this"] == "Remotely received value of February for key=message"


async def test_controller_fails_with_its_target(stage: Stage) -> None:
    await stage.load("example_trigger_controller_dag")
    ended = await stage.run("example_trigger_that_waits", params={"message": "fail"}, logical_date=DATE + 60)
    assert (ended.state, ended.states["may_fail"]) == ("failed", "failed")
    [task] = [task for task in ended.tasks if task.task_id == "may_fail"]
    [attempt] = await stage.store.attempts(task.id)
    run_id = attempt.details["triggered"]["run_id"]
    assert attempt.error == f"The run {run_id} of {TARGET}, which it triggered, has failed (task_failure)."
    assert attempt.details["rendered"]["params"] == {"message": "fail"}


async def test_trigger_is_mapped_over_params(stage: Stage) -> None:
    await stage.load("example_trigger_controller_dag")
    ended = await stage.run("example_trigger_of_many")
    assert ended.states == {"each[0]": "success", "each[1]": "success"}
    told = [(await stage.ended(TARGET, each["run_id"])).values["run_this"] for each in ended.values.values()]
    assert [text.split()[-3] for text in told] == ["a", "b"]


async def test_child_waits_for_the_parent_of_the_same_date(stage: Stage) -> None:
    await stage.load("example_external_task_marker_dag")
    child = await stage.trigger(CHILD, logical_date=DATE)
    await stage.task_is(CHILD, child, "child_task1", "deferred")
    parent = await stage.run(PARENT, logical_date=DATE)
    ended = await stage.ended(CHILD, child)
    assert (parent.state, ended.state) == ("success", "success")
    assert ended.values["whole_run"] == {
        "dag_id": PARENT, "run_id": parent.run.run_id, "state": "success", "logical_date": "2024-01-01T00:00:00+00:00",
    }  # fmt: skip
    assert ended.values["data"]["source_task_id"] == "parent_task"
    again = await stage.run(CHILD, logical_date=DATE)  # what it waits for is in the database now
    assert again.state == "success"


async def test_child_whose_parent_never_comes(stage: Stage) -> None:
    await stage.load("example_external_task_marker_dag")
    ended = await stage.run("example_external_task_that_never_comes", logical_date=DATE)
    assert ended.states == {"yesterday": "failed", "softly": "skipped"}
