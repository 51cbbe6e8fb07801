"""Runs that tasks triggered, from outside: links both ways, and why a task waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from studio.core.signals import Signal, TriggerSignal
from studio.core.spec import DagSpec, TaskSpec
from studio.testing.executor import Ending

from .conftest import Running, function
from .test_actions import error_of, over, until

CONTROLLER = DagSpec(
    id="controller",
    tasks=(TaskSpec(id="go", kind="trigger_dag", config={"args": {"dag_id": "target"}, "wait": True}),),
)
TARGET = DagSpec(id="target", tasks=(function("work"),))


@pytest.fixture
def script() -> Callable[[Any], Ending | None]:
    def said(launch: Any) -> Ending | None:
        if launch.kind == "trigger_dag":
            return Ending(signal=Signal(trigger=TriggerSignal(dag_id=launch.config["args"]["dag_id"])))
        return None

    return said


async def detail(studio: Running) -> dict[str, Any]:
    return dict((await studio.http.get("/api/dags/controller/runs/c/tasks/go")).json())


async def test_links_lead_from_the_task_to_the_run_and_back(studio: Running) -> None:
    await studio.publish(TARGET)
    await studio.publish(CONTROLLER)
    await studio.trigger("controller", run_id="c")
    while True:
        found = await detail(studio)
        if found["triggered_run"] is not None:
            break
        await asyncio.sleep(0.01)
    link = found["triggered_run"]
    assert (found["task"]["state"], link["dag_id"]) == ("deferred", "target")
    told = (
        f"It waits for the end of the run {link['run_id']} of target, which it has triggered. It is running."
    )
    assert found["why"] == [told]
    child = (await studio.http.get(f"/api/dags/target/runs/{link['run_id']}")).json()["run"]
    origin = {"dag_id": "controller", "run_id": "c", "task_id": "go", "map_index": -1}
    assert (child["run_type"], child["triggered_by_task"]) == ("operator", origin)
    studio.executor.end(studio.executor.launched[-1].attempt_id)
    ended = await until(studio, "c", dag_id="controller")
    assert (ended["run"]["state"], ended["run"]["triggered_by_task"]) == ("success", None)
    found = await detail(studio)
    assert found["triggered_run"] == link
    assert found["attempts"][-1]["value"] == link


async def test_missing_dag_is_told_on_the_task(studio: Running) -> None:
    await studio.publish(CONTROLLER)
    assert (await over(studio, "c", "controller"))["run"]["state"] == "failed"
    found = await detail(studio)
    [attempt] = found["attempts"]
    told = "target was not triggered: There is no DAG 'target'. Known: controller."
    assert (attempt["error"], found["triggered_run"]) == (told, None)


async def test_dag_that_triggers_itself_is_refused(studio: Running) -> None:
    go = {"id": "go", "kind": "trigger_dag", "config": {"args": {"dag_id": "target"}}}
    answer = await studio.http.put("/api/dags/target", json={"spec": {"id": "target", "tasks": [go]}})
    assert error_of(answer, 400)["message"] == "The task 'go' would trigger its own DAG, again and again."
