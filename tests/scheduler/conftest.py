from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from studio.core.spec import DagSpec
from studio.scheduler.changes import Changes
from studio.scheduler.loop import Scheduler
from studio.testing import FakeClock, MemoryStore, ScriptedExecutor
from studio.testing.clock import settle


class World:
    """A scheduler with a memory store, a scripted executor and a clock that stands still."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.clock = FakeClock()
        self.store = MemoryStore()
        self.changes: list[Changes] = []

    async def scheduler(
        self,
        executor: ScriptedExecutor,
        *,
        name: str = "one",
        gone: Callable[[str], bool] = lambda name: False,
        ours: Callable[[str], bool] = lambda name: True,
    ) -> Scheduler:
        made = Scheduler(
            self.store, executor, self.clock, name=name, publish=self.changes.append, gone=gone, ours=ours
        )
        return await self._stack.enter_async_context(made)

    async def states(self, run_id: str, dag_id: str = "d") -> dict[str, str]:
        await settle()
        found = await self.store.run(dag_id, run_id)
        assert found is not None
        return {"run": found[0].state.value} | {task.task_id: task.state.value for task in found[1]}


async def publish(scheduler: Scheduler, spec: DagSpec) -> None:
    await scheduler.command(spec.id, "publish", {"spec": msgspec.to_builtins(spec)}, actor="ada")


async def trigger(scheduler: Scheduler, dag_id: str = "d", **payload: Any) -> str:
    command = await scheduler.command(dag_id, "trigger", payload, actor="ada")
    return str(command.result["run_id"])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield World(stack)
