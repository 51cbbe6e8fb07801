"""Airflow's examples of sensors, waits, and people that are waited for."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import InvalidInput, InvalidParameter
from tests.airflow.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_sensors(stage: Stage, tmp_path: Path) -> None:
    # Airflow's example_sensors: those for a time, a duration, a file and a function succeed once what they look for
    # is there; one that times out with soft_fail is skipped; the last task has all_done and runs.
    await stage.load("example_sensors")
    ended = await stage.run("example_sensors", params={"folder": str(tmp_path)})
    assert ended.state == "success"
    assert ended.tasks_in("skipped") == {"soft_poke", "soft_reschedule", "after_soft"}
    assert ended.tasks_in("success") == ended.states.keys() - ended.tasks_in("skipped")
    assert ended.values["wait_for_file"] is True
    assert ended.values["reschedule"] == "found at look 3"
    tries = {task.task_id: task.try_number for task in ended.tasks if task.try_number}
    assert set(tries.values()) == {1}  # further looks are no tries


async def test_sensor_that_times_out_is_not_tried_again(stage: Stage) -> None:
    # Airflow documents: a sensor that timed out has failed for good, whatever `retries` says.
    await stage.load("example_sensors")
    ended = await stage.run("example_sensors_that_fail")
    assert ended.state == "failed"
    assert ended.states == {"poke": "failed", "next": "upstream_failed", "look": "failed"}
    assert {task.try_number for task in ended.tasks if task.task_id != "next"} == {1}


async def test_sensor_decorator(stage: Stage) -> None:
    # Airflow's example_sensor_decorator: a function that says whether it is done, and hands a value on.
    await stage.load("example_sensor_decorator")
    ended = await stage.run("example_sensor_decorator")
    assert ended.state == "success"
    assert ended.values == {"wait_for_upstream": {"xcom_value": "found"}, "use": "used found"}


async def test_time_delta_sensor(stage: Stage) -> None:
    # Airflow's example_time_delta_sensor_async: waiting for a time takes no worker slot. A deferred task goes on in
    # the same try.
    await stage.load("example_time_delta_sensor")
    ended = await stage.run("example_time_delta_sensor", logical_date=0.0)
    assert ended.state == "success"
    assert set(ended.states.values()) == {"success"}
    assert ended.values == {"deferred": "after 2 times"}
    by_id = {task.task_id: task for task in ended.tasks}
    assert by_id["deferred"].try_number == 1
    waited = by_id["wait"]
    assert waited.attempt is None
    assert (waited.ended_at or 0.0) - (ended.run.started_at or 0.0) >= 0.2


async def test_human_in_the_loop(stage: Stage) -> None:
    # Airflow's example_human_in_the_loop: tasks wait for a form, for an option, for several, for an approval, and
    # for the branch to take; the default counts if nobody answers in time; what was chosen is the task's value.
    await stage.load("example_human_in_the_loop")
    dag_id = "example_human_in_the_loop"
    run_id = await stage.trigger(dag_id)

    async def respond(task_id: str, *options: str, **params: str) -> None:
        await stage.task_is(dag_id, run_id, task_id, "awaiting_input")
        await stage.command(
            dag_id, "respond", run_id=run_id, task_id=task_id, options=list(options), params=params
        )

    with pytest.raises(InvalidParameter):
        await respond("wait_for_input", "OK", information=7)  # type: ignore[arg-type]
    await respond("wait_for_input", "OK", information="it is so")
    with pytest.raises(InvalidInput, match="takes one of its options"):
        await respond("wait_for_option", "option 1", "option 2")
    await respond("wait_for_option", "option 3")
    await respond("wait_for_multiple_options", "option 4", "option 6")
    await respond("valid_input_and_options", "Approve")
    await respond("choose_a_branch_to_run", "task_1", "task_3")
    ended = await stage.ended(dag_id, run_id)
    assert ended.state == "success"
    assert ended.tasks_in("skipped") == {"task_2"}
    assert ended.tasks_in("success") == ended.states.keys() - {"task_2"}
    assert ended.values["use"] == "{'information': 'it is so'}: option 4, option 6 (ada)"
    assert ended.values["wait_for_default_option"] == {
        "chosen_options": ["option 7"],
        "params_input": {},
        "responded_by": "timeout",
    }


async def test_rejection_skips_what_follows(stage: Stage) -> None:
    # Airflow documents of the approval: it succeeds when it is rejected, and what follows is skipped.
    await stage.load("example_human_in_the_loop")
    dag_id = "example_human_in_the_loop"
    run_id = await stage.trigger(dag_id)
    answers = {"wait_for_input": "OK", "wait_for_option": "option 1", "wait_for_multiple_options": "option 4"}
    for task_id, option in {**answers, "valid_input_and_options": "Reject"}.items():
        await stage.task_is(dag_id, run_id, task_id, "awaiting_input")
        await stage.command(dag_id, "respond", run_id=run_id, task_id=task_id, options=[option], params={})
    ended = await stage.ended(dag_id, run_id)
    assert ended.state == "success"
    assert ended.states["valid_input_and_options"] == "success"
    assert ended.tasks_in("skipped") == {"choose_a_branch_to_run", "task_1", "task_2", "task_3"}


async def test_approval_without_default_fails_when_nobody_answers(stage: Stage) -> None:
    # Airflow documents: without defaults the timeout fails the task.
    await stage.load("example_human_in_the_loop")
    ended = await stage.run("example_approval_without_default")
    assert (ended.state, ended.states) == ("failed", {"too_late": "failed", "after": "upstream_failed"})
