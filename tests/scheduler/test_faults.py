"""The scheduler when something goes wrong under it: stale commits, poison, lost leases, failing starts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from studio.core.model import Dag
from studio.core.spec import CronSpec
from studio.core.states import AttemptState
from studio.core.turn import Writes
from studio.errors import Conflict, ServerUnavailable, StaleWrite, StoreError, StoreUnavailable, StudioError
from studio.ports import Lease, Report, SchedulerRow
from studio.scheduler.loop import Scheduler
from studio.scheduler.reading import stored_of
from studio.testing import ScriptedExecutor
from studio.testing.clock import settle
from tests.core.driver import dag, task
from tests.scheduler.conftest import World, publish, trigger

Hook = Callable[[Lease, Writes], None]


def raising(*errors: Exception) -> Hook:
    """The first commits fail so, one after the other."""
    left = list(errors)

    def fail(lease: Lease, writes: Writes) -> None:
        if left:
            raise left.pop(0)

    return fail


async def running(world: World) -> tuple[Scheduler, ScriptedExecutor, str]:
    """A scheduler and a run whose task `a` is at the executor."""
    scheduler = await world.scheduler(executor := ScriptedExecutor(lambda launch: None), name="first")
    await publish(scheduler, dag(task("a")))
    return scheduler, executor, await trigger(scheduler)


async def test_database_that_differs_again_while_it_is_read_again_ends_nothing(world: World) -> None:
    world.clock.set_wall_clock(86400.0 * 100 - 10)
    scheduler = await world.scheduler(ScriptedExecutor())
    await publish(scheduler, dag(task("a"), schedule=CronSpec("@daily")))
    world.store.before_commit = raising(StaleWrite(), StaleWrite(), StaleWrite())
    await world.clock.advance(20)
    assert scheduler.failure is None
    [overview] = await world.store.runs("d")
    assert overview.run.state.value == "success"


async def test_start_whose_first_commit_is_kept_although_it_failed(world: World) -> None:
    world.clock.set_wall_clock(86400.0 * 100 - 10)
    first = await world.scheduler(ScriptedExecutor(), name="first")
    await publish(first, dag(task("a"), schedule=CronSpec("@daily")))
    for hanging in first._tasks:
        hanging.cancel()
    world.clock.set_wall_clock(86400.0 * 100 + 10)
    world.store.after_commit = raising(StoreUnavailable())
    starting = asyncio.create_task(
        world.scheduler(executor := ScriptedExecutor(), name="second", gone=lambda name: name == "first")
    )
    await settle()
    await world.clock.advance(5)
    assert (await starting).failure is None
    [overview] = await world.store.runs("d")
    assert overview.run.state.value == "success"
    assert len(executor.launched) == 1


async def test_command_that_cannot_be_handled_is_refused_and_holds_up_nobody(world: World) -> None:
    scheduler = await world.scheduler(ScriptedExecutor())
    await publish(scheduler, dag(task("a")))
    poison = await world.store.submit("d", "publish", {}, actor="ada", at=0.0)
    run_id = await trigger(scheduler)
    assert await world.states(run_id) == {"run": "success", "a": "success"}
    stored = await world.store.command(poison.id)
    assert stored is not None
    assert (stored.state, stored.result["code"]) == ("refused", "error")
    with pytest.raises(StudioError, match="KeyError"):
        await scheduler.command("d", "publish", {}, actor="ada")


async def test_command_that_the_database_always_refuses_is_refused(world: World) -> None:
    scheduler = await world.scheduler(ScriptedExecutor())
    await publish(scheduler, dag(task("a")))
    commits = 0

    def refuse(lease: Lease, writes: Writes) -> None:
        nonlocal commits
        commits += 1
        if any(run.run_id == "cursed" for run in writes.new_runs):
            raise StaleWrite("dag_run.run_id exists already")

    world.store.before_commit = refuse
    waiting = asyncio.create_task(trigger(scheduler, run_id="cursed"))
    await settle()
    await world.clock.advance(1)
    with pytest.raises(StudioError, match="exists already"):
        await waiting
    assert commits < 10
    assert await world.states(await trigger(scheduler)) == {"run": "success", "a": "success"}


async def test_command_that_cannot_even_be_refused_now_is_refused_later(world: World) -> None:
    scheduler = await world.scheduler(ScriptedExecutor())
    await publish(scheduler, dag(task("a")))
    poison = await world.store.submit("d", "publish", {}, actor="ada", at=0.0)
    world.store.before_commit = raising(StoreError())
    await world.clock.advance(6)
    await world.clock.advance(6)
    stored = await world.store.command(poison.id)
    assert stored is not None
    assert (stored.state, scheduler.failure) == ("refused", None)


async def test_last_commit_of_the_dead_that_the_database_still_keeps_does_not_hinder_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, old, run_id = await running(world)
    look, looks = world.store.schedulers, 0

    async def busy() -> list[SchedulerRow]:
        nonlocal looks
        found = await look()
        looks += 1
        if looks == 1:
            await world.store.beat(first._leases.lease)
        return found

    monkeypatch.setattr(world.store, "schedulers", busy)
    new = ScriptedExecutor()
    new.unknown = set()
    await world.scheduler(new, name="second", gone=lambda name: name == "first")
    new.end(old.attempt_of("a"))
    assert await world.states(run_id) == {"run": "success", "a": "success"}


async def test_outcome_that_cannot_be_kept_ends_its_attempt_as_failed(world: World) -> None:
    _, executor, run_id = await running(world)

    def refuse(lease: Lease, writes: Writes) -> None:
        if any(guard.attempt.state is AttemptState.SUCCESS for guard in writes.attempts):
            raise StoreError("The value is too large for the database.")

    world.store.before_commit = refuse
    executor.end(executor.attempt_of("a"))
    assert await world.states(run_id) == {"run": "failed", "a": "failed"}
    found = await world.store.run("d", run_id)
    assert found is not None
    [attempt] = await world.store.attempts(found[1][0].id)
    assert attempt.error is not None and "too large" in attempt.error
    assert executor.acknowledged == [attempt.id]


async def test_report_survives_a_stale_commit_after_an_unforeseen_error(world: World) -> None:
    _, executor, run_id = await running(world)
    world.store.before_commit = raising(StoreError(), StaleWrite(), StaleWrite())
    executor.end(executor.attempt_of("a"))
    await world.clock.advance(1)
    assert await world.states(run_id) == {"run": "success", "a": "success"}
    assert executor.acknowledged == [executor.attempt_of("a")]


@pytest.mark.parametrize("begun", [False, True])
async def test_attempt_of_a_scheduler_taken_over_elsewhere_is_lost_and_not_started_twice(
    world: World, begun: bool
) -> None:
    first, old, run_id = await running(world)
    if begun:
        old.begin(old.attempt_of("a"))
        await world.clock.advance(1)
    await world.scheduler(new := ScriptedExecutor(), name="second")
    for hanging in first._tasks:
        hanging.cancel()
    await world.clock.advance(50)
    assert await world.states(run_id) == {"run": "success", "a": "success"}
    assert [launch.attempt_id == old.attempt_of("a") for launch in new.launched] == [False]
    found = await world.store.run("d", run_id)
    assert found is not None
    attempts = await world.store.attempts(found[1][0].id)
    assert [attempt.state.value for attempt in attempts] == ["lost", "success"]


async def test_dags_of_a_scheduler_that_ended_in_order_go_to_the_one_that_lives(world: World) -> None:
    executor = ScriptedExecutor()
    first = Scheduler(
        world.store, ScriptedExecutor(), world.clock, name="first", publish=world.changes.append
    )
    async with first:
        await publish(first, dag(task("a")))
        second = await world.scheduler(executor, name="second")
        await world.clock.advance(6)
    await world.clock.advance(6)
    run_id = await asyncio.wait_for(trigger(second), 5)
    assert await world.states(run_id) == {"run": "success", "a": "success"}


async def test_lease_is_kept_through_an_unforeseen_error_of_the_database(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler, _, _ = await running(world)

    async def broken() -> list[object]:
        raise StoreError()

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "schedulers", broken)
        await world.clock.advance(6)
    before = (await world.store.schedulers())[0].beat
    await world.clock.advance(6)
    assert (await world.store.schedulers())[0].beat > before
    assert scheduler.active


class Refusing(ScriptedExecutor):
    is_stopped = False

    async def start(self, report: Callable[[list[Report]], None], unfinished: object) -> set[int]:
        raise Conflict()

    async def stop(self) -> None:
        self.is_stopped = True


async def test_start_that_fails_leaves_nothing_behind(world: World) -> None:
    with pytest.raises(Conflict):
        await world.scheduler(executor := Refusing())
    assert executor.is_stopped
    assert await world.store.schedulers() == []


async def test_scheduler_that_stopped_refuses_commands_and_lets_its_lease_run_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler, _, _ = await running(world)

    async def broken(lease: Lease) -> None:
        raise StoreError("The table is gone.")

    monkeypatch.setattr(world.store, "pending_commands", broken)
    with pytest.raises(ServerUnavailable, match="has stopped"):
        await asyncio.wait_for(scheduler.command("d", "pause", {}, actor="ada"), 5)
    before = (await world.store.schedulers())[0].beat
    await world.clock.advance(20)
    await settle()
    assert (await world.store.schedulers())[0].beat == before


async def test_report_that_cannot_be_kept_now_is_tried_again_with_the_next_beat(world: World) -> None:
    _, executor, run_id = await running(world)
    world.store.before_commit = raising(*[StoreError()] * 4)
    executor.lose(executor.attempt_of("a"))
    assert executor.acknowledged == []
    lost = executor.attempt_of("a")
    await world.clock.advance(6)
    assert executor.acknowledged == [lost]
    executor.end(executor.attempt_of("a"))
    assert await world.states(run_id) == {"run": "success", "a": "success"}


async def test_slots_of_a_pool_that_another_scheduler_gives_back_are_taken(world: World) -> None:
    mine = ScriptedExecutor(lambda launch: None)
    first = await world.scheduler(mine)
    await first.command("", "set_pool", {"name": "api", "slots": 1}, actor="ada")
    await publish(first, dag(task("a", pool="api")))
    await trigger(first)
    other = ScriptedExecutor(lambda launch: None)
    second = await world.scheduler(other, name="two")
    await publish(second, dag(task("b", pool="api"), dag_id="e"))
    run_id = await trigger(second, "e")
    await world.clock.advance(11.0)  # the beat after which it is seen
    assert [launch.task_id for launch in other.launched] == []
    assert "The pool api: 1 of 1 slots are taken" in second.why("e", run_id, "b")[0]
    mine.end(mine.attempt_of("a"))
    await world.clock.advance(11.0)
    assert [launch.task_id for launch in other.launched] == ["b"]


async def test_attempts_of_another_home_are_lost_and_not_begun_a_second_time(world: World) -> None:
    theirs = ScriptedExecutor(lambda launch: None)
    first = await world.scheduler(theirs, name="host/1/1/their home")
    await publish(first, dag(task("a")))
    run_id = await trigger(first)
    before = theirs.attempt_of("a")
    await first.__aexit__(None, None, None)  # its workers go on
    mine = ScriptedExecutor(lambda launch: None)
    await world.scheduler(mine, name="host/2/2/my home", ours=lambda name: name.endswith("/my home"))
    await world.clock.advance(1.0)
    assert mine.attempt_of("a") != before
    found = await world.store.run("d", run_id)
    assert found is not None
    states = [attempt.state for attempt in await world.store.attempts(found[1][0].id)]
    assert states == [AttemptState.LOST, AttemptState.QUEUED]


async def test_dags_taken_over_while_the_database_is_read_come_with_the_next_reading(world: World) -> None:
    scheduler = await world.scheduler(ScriptedExecutor(lambda launch: None))
    await publish(scheduler, dag(task("a")))
    await publish(scheduler, dag(task("b"), dag_id="e"))
    await trigger(scheduler, "e")
    lease, everything = scheduler._leases.lease, world.store.owned_dags

    async def before_the_take_over(asked: Lease) -> list[Dag]:
        return [found for found in await everything(asked) if found.dag_id == "d"]

    world.store.owned_dags = before_the_take_over  # type: ignore[method-assign, assignment]
    stored = await stored_of(world.store, lease)
    assert ([each.dag_id for each in stored.dags], stored.runs, stored.attempts) == (["d"], [], [])
