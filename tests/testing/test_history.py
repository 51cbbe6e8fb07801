"""A history that was made up is one that a scheduler could have left."""

from __future__ import annotations

from studio.core.states import RUN_TERMINAL, TERMINAL, TaskState
from studio.ports import RunFilter
from studio.testing import MemoryStore
from studio.testing.history import SMALL, Shape, fill


async def test_every_run_is_over_and_has_its_tasks() -> None:
    store = MemoryStore()
    async with store:
        await fill(store, SMALL)
        dags = {dag.dag_id: dag for dag in await store.dags()}
        assert len(dags) == SMALL.dags + 2
        runs = await store.runs("flights_daily", limit=100)
        assert len(runs) == SMALL.runs
        for overview in await store.runs(limit=1000):
            run, tasks = await store.run(overview.run.dag_id, overview.run.run_id) or (None, [])
            assert run is not None and run.state in RUN_TERMINAL
            assert {task.task_id for task in tasks} == {task.id for task in dags[run.dag_id].spec.tasks}
            assert all(task.state in TERMINAL for task in tasks)
            failed = {task.state for task in tasks} & {TaskState.FAILED, TaskState.UPSTREAM_FAILED}
            assert (run.state.value == "failed") == bool(failed)


async def test_the_same_seed_gives_the_same_history_and_runs_are_of_all_kinds() -> None:
    shape = Shape(dags=0, runs=60, tasks=10, wide=10)
    states = []
    for _ in range(2):
        async with MemoryStore() as store:
            await fill(store, shape, seed=7)
            found = await store.runs("flights_daily", limit=100)
            states.append([(each.run.run_type, each.run.state, each.counts) for each in found])
            assert len(await store.runs("flights_daily", RunFilter(types=("backfill",)))) == 10
            assert (await store.backfills("flights_daily"))[0].counts
    assert states[0] == states[1]
    assert {kind for kind, _, _ in states[0]} == {"scheduled", "manual", "backfill"}
