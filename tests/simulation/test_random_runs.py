"""The real scheduler in random worlds. A seed is a test id: `pytest tests/simulation -k 'seed-17]'` replays it."""

from __future__ import annotations

import logging

import msgspec
import pytest

from studio.core.states import RUN_TERMINAL
from studio.testing.clock import settle
from tests.simulation.world import DAGS, World

STEPS = 25
SEEDS = range(150)
#: More that found something. They stay as long as the world that they make stays as it is.
FOUND = {
    289: "an alarm spun on a remainder smaller than the clock's resolution",
    623: "the same",
    630: "the same",
    1181: "the loss of an attempt was dropped after errors of the database in a row",
}


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger("studio.scheduler").setLevel(logging.CRITICAL)


@pytest.mark.parametrize("seed", [pytest.param(seed, id=f"seed-{seed}") for seed in sorted({*SEEDS, *FOUND})])
async def test_everything_comes_to_its_end_whatever_happens(seed: int) -> None:
    world = World(seed)
    await world.serve()
    await publish_all(world)
    for _ in range(STEPS):
        await step(world)
    world.is_kind = True
    await publish_all(world)  # without schedules: no new runs
    for dag_id in DAGS:
        await world.store.submit(dag_id, "unpause", {}, actor="ada", at=0.0)
    if world.servers[-1].failure is not None or world.workers.link is None:
        await world.serve()
    for _ in range(150):
        await world.clock.advance(10.0)
        if world.workers.link is not None:
            world.workers.go_on(kindly=True)
            world.workers.link.deliver(kindly=True)
        if await is_quiet(world):
            break
    for server in world.servers:
        world.hang_up(server)
    await settle()
    assert world.broken is None, world.broken
    assert await is_quiet(world)
    assert world.servers[-1].failure is None
    assert world.commits < 1500


async def publish_all(world: World) -> None:
    for dag_id in DAGS:
        spec = msgspec.to_builtins(world.spec(dag_id))
        await world.store.submit(dag_id, "publish", {"spec": spec}, actor="ada", at=0.0)


async def step(world: World) -> None:
    random = world.random
    for _ in range(random.randint(0, 3)):
        await world.command()
    scheduler = world.servers[-1]
    scheduler._look_for_commands = True
    scheduler._wake_up()
    world.workers.go_on(kindly=False)
    if world.workers.link is not None:
        world.workers.link.deliver(kindly=False)
    if random.random() < 0.15:
        await world.end_server()
        await world.serve()
    await world.clock.advance(random.choice((0.0, 0.1, 1.0, 10.0, 70.0)))
    assert world.broken is None, world.broken
    assert world.servers[-1].failure is None, world.servers[-1].failure


async def is_quiet(world: World) -> bool:
    await settle()
    tables = world.store._tables
    return (
        all(run.state in RUN_TERMINAL for run in tables.runs.values())
        and all(command.state != "pending" for command in tables.commands.values())
        and not world.workers.known
    )
