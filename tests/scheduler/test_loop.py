from __future__ import annotations

from typing import Any

import pytest

from studio.core.spec import CronSpec
from studio.errors import Conflict, NotFound, StaleWrite, StoreUnavailable
from studio.testing import ScriptedExecutor
from studio.testing.clock import settle
from tests.core.driver import dag, task
from tests.scheduler.conftest import World, publish, trigger


async def test_run_goes_through_and_every_change_is_published(world: World) -> None:
    scheduler = await world.scheduler(executor := ScriptedExecutor())
    await publish(scheduler, dag(task("a"), task("b", "a")))
    run_id = await trigger(scheduler)
    assert await world.states(run_id) == {"run": "success", "a": "success", "b": "success"}
    assert executor.acknowledged == [launch.attempt_id for launch in executor.launched]
    last = world.changes[-1].runs[-1]
    assert (last.run.state.value, last.counts) == ("success", {"success": 2})


async def test_news_of_a_begun_attempt_waits_a_moment_for_its_end(world: World) -> None:
    scheduler = await world.scheduler(executor := ScriptedExecutor(lambda launch: None))
    await publish(scheduler, dag(task("a"), task("b")))
    run_id = await trigger(scheduler)
    executor.begin(executor.attempt_of("a"))
    assert await world.states(run_id) == {"run": "running", "a": "queued", "b": "queued"}
    await world.clock.advance(0.05)
    assert await world.states(run_id) == {"run": "running", "a": "running", "b": "queued"}
    executor.begin(executor.attempt_of("b"))
    executor.end(executor.attempt_of("b"))
    assert await world.states(run_id) == {"run": "running", "a": "running", "b": "success"}


async def test_nothing_is_launched_before_its_commit(world: World) -> None:
    seen: list[int] = []
    executor = ScriptedExecutor()

    def before_commit(*_: Any) -> None:
        seen.append(len(executor.launched))

    scheduler = await world.scheduler(executor)
    await publish(scheduler, dag(task("a")))
    world.store.before_commit = before_commit
    await trigger(scheduler)
    assert seen[0] == 0


async def test_refused_command_raises_what_it_was(world: World) -> None:
    scheduler = await world.scheduler(ScriptedExecutor())
    await publish(scheduler, dag(task("a")))
    await trigger(scheduler, run_id="mine")
    with pytest.raises(Conflict, match="has a run 'mine' already"):
        await trigger(scheduler, run_id="mine")
    with pytest.raises(NotFound, match="There is no DAG 'x'"):
        await scheduler.command("x", "pause", {}, actor="ada")


async def test_same_key_triggers_once(world: World) -> None:
    scheduler = await world.scheduler(ScriptedExecutor())
    await publish(scheduler, dag(task("a")))
    first = await scheduler.command("d", "trigger", {}, actor="ada", key="k")
    again = await scheduler.command("d", "trigger", {}, actor="ada", key="k")
    assert first.result == again.result
    assert len(await world.store.runs("d")) == 1


async def test_schedule_fires_by_the_clock(world: World) -> None:
    world.clock.set_wall_clock(86400.0 * 100 + 80000)
    scheduler = await world.scheduler(ScriptedExecutor())
    await publish(scheduler, dag(task("a"), schedule=CronSpec("@daily")))
    assert await world.store.runs("d") == []
    await world.clock.advance(6400)
    [overview] = await world.store.runs("d")
    assert (overview.run.run_id, overview.run.state.value) == (
        "scheduled__1970-04-12T00:00:00+00:00",
        "success",
    )


async def test_next_scheduler_goes_on_where_the_killed_one_stopped(world: World) -> None:
    first = await world.scheduler(executor := ScriptedExecutor(lambda launch: None), name="first")
    await publish(first, dag(task("a"), task("b", "a")))
    run_id = await trigger(first)
    attempt = executor.attempt_of("a")
    # "first" is not ended in order: it just never acts again. Its worker still runs the attempt.
    successor = ScriptedExecutor()
    successor.unknown = set()
    await world.scheduler(successor, name="second", gone=lambda name: name == "first")
    assert await world.states(run_id) == {"run": "running", "a": "queued", "b": "none"}
    successor.end(attempt)
    assert await world.states(run_id) == {"run": "success", "a": "success", "b": "success"}
    assert [launch.task_id for launch in successor.launched] == ["b"]


async def test_attempt_that_no_worker_ever_had_is_launched_again_under_the_same_id(world: World) -> None:
    first = await world.scheduler(executor := ScriptedExecutor(lambda launch: None), name="first")
    await publish(first, dag(task("a")))
    run_id = await trigger(first)
    successor = ScriptedExecutor()
    await world.scheduler(successor, name="second", gone=lambda name: name == "first")
    assert await world.states(run_id) == {"run": "success", "a": "success"}
    assert [launch.attempt_id for launch in successor.launched] == [executor.attempt_of("a")]


async def test_fenced_scheduler_writes_nothing_and_says_so(world: World) -> None:
    first = await world.scheduler(old := ScriptedExecutor(lambda launch: None), name="first")
    await publish(first, dag(task("a")))
    run_id = await trigger(first)
    new = ScriptedExecutor(lambda launch: None)
    new.unknown = set()
    await world.scheduler(new, name="second", gone=lambda name: name == "first")
    old.end(old.attempt_of("a"))
    assert await world.states(run_id) == {"run": "running", "a": "queued"}
    assert not first.active
    assert first.failure is not None


async def test_silent_scheduler_is_taken_over_after_its_lease(world: World) -> None:
    first = await world.scheduler(ScriptedExecutor(lambda launch: None), name="first")
    await publish(first, dag(task("a")))
    run_id = await trigger(first)
    second = await world.scheduler(executor := ScriptedExecutor(), name="second")
    for task_ in first._tasks:  # it hangs, as a paused process does
        task_.cancel()
    await world.clock.advance(20)
    assert executor.launched == []
    await world.clock.advance(30)
    assert second.active
    assert await world.states(run_id) == {"run": "success", "a": "success"}


async def test_database_that_comes_back_loses_nothing(world: World) -> None:
    scheduler = await world.scheduler(executor := ScriptedExecutor())
    await publish(scheduler, dag(task("a"), task("b", "a")))
    failures = iter([StoreUnavailable(), StoreUnavailable(), StoreUnavailable()])

    def fail(*_: Any) -> None:
        error = next(failures, None)
        if error is not None:
            raise error

    world.store.before_commit = fail
    executor.script = lambda launch: None
    command = scheduler.command("d", "trigger", {}, actor="ada")
    import asyncio

    waiting = asyncio.create_task(command)
    await settle()
    assert executor.launched == []
    await world.clock.advance(10)
    run_id = (await waiting).result["run_id"]
    assert await world.states(run_id) == {"run": "running", "a": "queued", "b": "none"}


async def test_commit_that_was_kept_although_it_failed_is_launched_once(world: World) -> None:
    scheduler = await world.scheduler(executor := ScriptedExecutor())
    await publish(scheduler, dag(task("a")))
    failures = iter([StoreUnavailable()])

    def fail_late(*_: Any) -> None:
        error = next(failures, None)
        if error is not None:
            raise error

    world.store.after_commit = fail_late
    import asyncio

    waiting = asyncio.create_task(scheduler.command("d", "trigger", {}, actor="ada"))
    await world.clock.advance(10)
    run_id = (await waiting).result["run_id"]
    assert await world.states(run_id) == {"run": "success", "a": "success"}
    assert len(executor.launched) == 1


async def test_stale_memory_is_read_again_and_the_report_is_not_lost(world: World) -> None:
    scheduler = await world.scheduler(executor := ScriptedExecutor(lambda launch: None))
    await publish(scheduler, dag(task("a")))
    run_id = await trigger(scheduler)
    failures = iter([StaleWrite()])

    def fail(*_: Any) -> None:
        error = next(failures, None)
        if error is not None:
            raise error

    world.store.before_commit = fail
    executor.end(executor.attempt_of("a"))
    assert await world.states(run_id) == {"run": "success", "a": "success"}
    assert len(executor.launched) == 1


async def test_cancel_and_clear_of_a_finished_run(world: World) -> None:
    scheduler = await world.scheduler(ScriptedExecutor(lambda launch: "failed"))
    await publish(scheduler, dag(task("a"), task("b", "a")))
    run_id = await trigger(scheduler)
    assert await world.states(run_id) == {"run": "failed", "a": "failed", "b": "upstream_failed"}
    with pytest.raises(Conflict, match="is over"):
        await scheduler.command("d", "cancel", {"run_id": run_id}, actor="ada")
    cleared = await scheduler.command("d", "clear", {"run_id": run_id, "task_ids": ["a"]}, actor="ada")
    assert cleared.result["cleared"] == 2
    assert await world.states(run_id) == {"run": "failed", "a": "failed", "b": "upstream_failed"}
    found = await world.store.run("d", run_id)
    assert found is not None
    assert [a.try_number for a in await world.store.attempts(found[1][0].id)] == [1, 2]
