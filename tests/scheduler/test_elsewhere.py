"""Two schedulers on one real database: each triggers and waits for what the other one owns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from studio.core.model import Attempt, Run, TaskInstance
from studio.core.signals import Signal, TriggerSignal
from studio.core.spec import AssetSpec, DagSpec, TaskSpec
from studio.core.turn import Launch
from studio.ports import Store
from studio.scheduler.loop import Scheduler
from studio.store import open_store
from studio.testing import ScriptedExecutor
from studio.testing.executor import Ending
from tests.databases import (  # noqa: F401 -- fixtures
    empty_postgresql,
    postgresql_session,
    postgresql_url,
    sqlite_template,
    sqlite_url,
)

HURRY = 20.0  # seconds of theirs in one of ours
DAY = 86400.0


class HurriedClock:
    """Time goes by faster, so that nobody waits long for beats and polls; the lease is still a second and a half."""

    def now(self) -> float:
        return time.time() * HURRY

    def monotonic(self) -> float:
        return time.monotonic() * HURRY

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / HURRY)


def script(launch: Launch) -> Ending | str | None:
    if launch.kind == "trigger_dag":
        args = launch.config["args"]
        wanted = TriggerSignal(dag_id=args["dag_id"], params=args.get("params", {}))
        return Ending(signal=Signal(trigger=wanted))
    return str(launch.config.get("args", {}).get("end", "success"))


class Two:
    """Servers `one` and `two`, each with a store of its own over the same database."""

    def __init__(self, stack: AsyncExitStack, url: str) -> None:
        self.stack, self.url, self.clock = stack, url, HurriedClock()
        self.gone: set[str] = set()

    async def begin(self, name: str) -> Scheduler:
        store = await self.stack.enter_async_context(open_store(self.url))
        self.store: Store = store
        made = Scheduler(
            store, ScriptedExecutor(script), self.clock, name=name, publish=lambda changes: None,
            gone=self.gone.__contains__, ours=lambda other: other == name,
        )  # fmt: skip
        return await self.stack.enter_async_context(made)

    async def until(self, look: Callable[[], Awaitable[Any]]) -> Any:
        for _ in range(2000):
            if (found := await look()) is not None:
                return found
            await asyncio.sleep(0.01)
        raise AssertionError("It does not come.")

    async def ended(self, dag_id: str, run_id: str) -> tuple[Run, dict[str, TaskInstance]]:
        async def look() -> tuple[Run, dict[str, TaskInstance]] | None:
            found = await self.store.run(dag_id, run_id)
            if found is None or found[0].ended_at is None:
                return None
            return found[0], {task.task_id: task for task in found[1]}

        found: tuple[Run, dict[str, TaskInstance]] = await self.until(look)
        return found

    async def last(self, task: TaskInstance) -> Attempt:
        return (await self.store.attempts(task.id))[-1]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def two(request: pytest.FixtureRequest) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        yield Two(stack, request.getfixturevalue(f"{request.param}_url"))


async def own(scheduler: Scheduler, *tasks: TaskSpec, dag_id: str) -> None:
    """Publish a DAG where this scheduler owns it: nobody else handles the command."""
    spec = DagSpec(id=dag_id, tasks=tasks)
    await scheduler.command(dag_id, "publish", {"spec": msgspec.to_builtins(spec)}, actor="ada")
    assert scheduler._machine.owns(dag_id)


async def trigger(scheduler: Scheduler, dag_id: str, **payload: Any) -> str:
    return str((await scheduler.command(dag_id, "trigger", payload, actor="ada")).result["run_id"])


def work(task_id: str = "work", end: str = "success", **options: Any) -> TaskSpec:
    config = {"function": "m:f", "args": {"end": end}}
    return TaskSpec(id=task_id, kind="function", config=config, **options)


def go(dag_id: str = "other", **config: Any) -> TaskSpec:
    return TaskSpec(
        id="go",
        kind="trigger_dag",
        config={"args": {"dag_id": dag_id}, "wait": True, "poll_interval": 1.0, **config},
    )


@pytest.mark.parametrize(("end", "state"), [("success", "success"), ("failed", "failed")])
async def test_run_of_the_other_scheduler_is_made_once_and_waited_for(two: Two, end: str, state: str) -> None:
    one = await two.begin("one")
    await own(one, go(), dag_id="main")
    second = await two.begin("two")
    await own_by(second, one, work(end=end), dag_id="other")
    run_id = await trigger(one, "main")
    run, tasks = await two.ended("main", run_id)
    attempt = await two.last(tasks["go"])
    [child] = await two.store.runs("other")
    assert (run.state.value, child.run.state.value) == (state, state)
    assert child.run.triggered_by == f"main/{run_id}/go"
    assert attempt.details["triggered"] == {"dag_id": "other", "run_id": child.run.run_id, "state": state}


async def own_by(scheduler: Scheduler, other: Scheduler, *tasks: TaskSpec, dag_id: str) -> None:
    """As `own`, while another scheduler looks for commands, too: whoever is first owns the DAG."""
    for _ in range(50):
        spec = DagSpec(id=dag_id, tasks=tasks)
        await scheduler.command(dag_id, "publish", {"spec": msgspec.to_builtins(spec)}, actor="ada")
        if scheduler._machine.owns(dag_id):
            return
        await other.command(dag_id, "delete_dag", {}, actor="ada")
    raise AssertionError(f"{dag_id} always has the other owner.")


async def test_killed_scheduler_has_triggered_once(two: Two) -> None:
    one = await two.begin("one")
    await own(one, go(), dag_id="main")
    second = await two.begin("two")
    await own_by(second, one, work(), dag_id="other")
    run_id = await trigger(one, "main")
    await two.until(lambda: _child(two))
    for task in one._tasks:  # its loop is dead; its lease is not given back
        task.cancel()
    two.gone.add("one")
    run, _ = await two.ended("main", run_id)
    assert (run.state.value, len(await two.store.runs("other"))) == ("success", 1)


async def _child(two: Two) -> Any:
    return await two.store.runs("other") or None


async def test_sensors_see_what_the_other_scheduler_does(two: Two) -> None:
    one = await two.begin("one")
    config = {"poll_interval": 1.0, "timeout": 3600.0}
    runs = {"dag_id": "other", "states": ["success"], "failed_states": ["failed"], **config}
    await own(
        one,
        TaskSpec(id="run", kind="dag_sensor", config=runs),
        TaskSpec(id="task", kind="dag_sensor", config={**runs, "tasks": ["work"]}),
        TaskSpec(id="data", kind="asset_sensor", config={"asset": "flights", "since": 3600.0, **config}),
        dag_id="main",
    )
    second = await two.begin("two")
    await own_by(second, one, work(outlets=(AssetSpec(name="flights"),)), dag_id="other")
    run_id = await trigger(one, "main", logical_date=DAY)
    await trigger(second, "other", run_id="o", logical_date=DAY)
    run, tasks = await two.ended("main", run_id)
    values = {name: (await two.last(task)).value for name, task in tasks.items()}
    assert run.state.value == "success"
    assert (values["run"]["run_id"], values["task"]["run_id"]) == ("o", "o")
    assert values["data"]["source_run_id"] == "o"


async def test_cancel_goes_to_the_other_scheduler(two: Two) -> None:
    one = await two.begin("one")
    await own(one, go(cancel_with=True), dag_id="main")
    second = await two.begin("two")
    approval = TaskSpec(id="ask", kind="approval", config={"subject": "Go?", "options": ["Approve"]})
    await own_by(second, one, approval, dag_id="other")
    run_id = await trigger(one, "main")

    async def waits() -> TaskInstance | None:
        found = await two.store.run("main", run_id)
        assert found is not None
        [task] = found[1]
        return task if "run_id" in (task.resume or {}) else None

    task = await two.until(waits)
    await one.command("main", "cancel", {"run_id": run_id}, actor="ada")
    child, _ = await two.ended("other", task.resume["run_id"])
    assert child.state.value == "cancelled"
