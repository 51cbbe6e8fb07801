"""What every store does with mapping, sensors, notes and removals, and what it finds of the past."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.core.model import Run, RunWithTasks, TaskInstance
from studio.core.spec import version_of
from studio.core.states import AttemptState, RunState, TaskState
from studio.core.turn import Writes
from studio.errors import StaleWrite
from studio.ports import Lease, Store, VersionInfo
from tests.contract.records import (
    NOW,
    Scribe,
    changed_attempt,
    changed_dag,
    changed_run,
    changed_task,
    dag_of,
    spec_of,
)

T = TaskState
ODD = "nul \0, half \ud83e, 🦆"
MENDED = "nul \ufffd, half ?, 🦆"


# --- new fields --------------------------------------------------------------------------------------------------


async def test_dag_keeps_failures_and_queued_events(store: Store, lease: Lease) -> None:
    dag = replace(dag_of("d"), failures=3, queued_events={"s3://Zoë/🦆": [1 << 40, 2], "b": []})
    await store.commit(lease, Writes(dags=[dag]))
    assert await store.dag("d") == dag
    empty = changed_dag(dag, failures=0, queued_events={})
    await store.commit(lease, Writes(dags=[empty]))
    assert await store.owned_dags(lease) == [empty]


async def test_run_keeps_its_new_fields(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    backfill = scribe.backfill("d")
    run = replace(
        runs[0],
        ending=RunState.FAILED,
        reason="timed_out",
        backfill=backfill.id,
        ordinal=7,
        subset=("t0", "t1"),
        events=(1 << 40, 5),
        deadlines=[None, NOW + 0.25],
        note="first\nsecond 🦆",
        refresh=True,
    )
    writes.new_runs, writes.backfills = [run], [backfill]
    await store.commit(lease, writes)
    assert await store.run("d", "r0") == (run, tasks)
    bare = changed_run(
        run,
        RunState.RUNNING,
        ending=None,
        reason="",
        backfill=None,
        ordinal=0,
        subset=(),
        events=(),
        deadlines=[],
        note="",
    )
    await store.commit(lease, Writes(runs=[bare]))
    assert await store.run("d", "r0") == (bare.run, tasks)


async def test_run_of_a_backfill_that_there_is_not_is_refused(
    store: Store, lease: Lease, scribe: Scribe
) -> None:
    writes, _, _ = scribe.whole(backfill=77)
    with pytest.raises(StaleWrite):
        await store.commit(lease, writes)
    assert await store.dags() == []


async def test_task_keeps_its_new_fields(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    task = replace(
        tasks[0],
        map_index=2,
        map_path=(2, 0, 11),
        waiting_since=NOW,
        looks=4,
        stop_as=T.SKIPPED,
        length=0,
        decision={"follow": ["t1"]},
        resume={},
        label="Zoë 🦆",
        note="a\nb",
    )
    writes.new_tasks = [task, tasks[1]]
    await store.commit(lease, writes)
    assert await store.run("d", "r0") == (runs[0], [task, tasks[1]])
    bare = changed_task(
        task,
        T.SCHEDULED,
        map_path=(),
        waiting_since=None,
        looks=0,
        stop_as=None,
        length=None,
        decision=None,
        resume=None,
        label="",
        note="",
    )
    await store.commit(lease, Writes(tasks=[bare]))
    assert await store.run("d", "r0") == (runs[0], [bare.task, tasks[1]])


async def test_notes_and_labels_never_make_a_commit_fail(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, _, tasks = scribe.whole(note=ODD, reason="x" * 999)
    writes.new_tasks = [replace(tasks[0], label=ODD + "x" * 999, note=ODD + "x" * 9999)]
    await store.commit(lease, writes)
    found = await store.run("d", "r0")
    assert found is not None
    assert (found[0].note, found[0].reason) == (MENDED, "x" * 250)
    assert found[1][0].label == (MENDED + "x" * 999)[:250]
    assert found[1][0].note == MENDED + "x" * 9999


@pytest.mark.parametrize("state", ["running", "restarting", "up_for_reschedule", "awaiting_input", "removed"])
async def test_task_states_fit(store: Store, lease: Lease, scribe: Scribe, state: str) -> None:
    writes, runs, tasks = scribe.whole()
    writes.new_tasks = [replace(tasks[0], state=TaskState(state), stop_as=TaskState(state))]
    await store.commit(lease, writes)
    assert await store.run("d", "r0") == (runs[0], writes.new_tasks)


async def test_records_with_lists_are_not_shared(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole(deadlines=[NOW])
    tasks[0].decision = {"follow": ["a"]}
    writes.dags[0].queued_events = {"a": [1]}
    await store.commit(lease, writes)
    for given in (writes, await store.unfinished_runs(lease), await store.owned_dags(lease)):
        assert given
    runs[0].deadlines.append(None)
    tasks[0].decision["follow"].append("b")
    writes.dags[0].queued_events["a"].append(2)
    (found,), _ = await store.unfinished_runs(lease)
    (dag,) = await store.owned_dags(lease)
    assert (found.run.deadlines, found.tasks[0].decision) == ([NOW], {"follow": ["a"]})
    assert dag.queued_events == {"a": [1]}


# --- mapping -----------------------------------------------------------------------------------------------------


async def test_a_placeholder_becomes_the_first_of_its_map(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    await store.commit(lease, writes)
    first = changed_task(tasks[0], T.NONE, map_index=0, map_path=(0,))
    others = [
        TaskInstance(tasks[1].id + n, runs[0].id, "t0", map_index=n, map_path=(n,), rev=1) for n in (1, 2)
    ]
    await store.commit(lease, Writes(tasks=[first], new_tasks=others))
    assert await store.run("d", "r0") == (runs[0], [first.task, tasks[1], *others])

    # Its old place is free, also within a commit.
    again = TaskInstance(others[1].id + 1, runs[0].id, "t0", rev=1)
    moved = changed_task(first.task, T.REMOVED)
    back = changed_task(tasks[1], T.NONE, map_index=0)
    new = TaskInstance(again.id + 1, runs[0].id, "t1", rev=1)
    await store.commit(lease, Writes(tasks=[moved, back], new_tasks=[again, new]))
    found = await store.run("d", "r0")
    assert found == (runs[0], [moved.task, back.task, *others, again, new])


async def test_two_at_one_map_index_are_refused(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    first = TaskInstance(tasks[1].id + 1, runs[0].id, "t0", map_index=0, rev=1)
    writes.new_tasks = [*tasks, first]
    await store.commit(lease, writes)
    taken = changed_task(tasks[0], T.NONE, map_index=0)
    with pytest.raises(StaleWrite):
        await store.commit(lease, Writes(tasks=[taken]))
    with pytest.raises(StaleWrite):
        await store.commit(lease, Writes(new_tasks=[replace(first, id=first.id + 1)]))
    assert await store.run("d", "r0") == (runs[0], [*tasks, first])


# --- what is removed ---------------------------------------------------------------------------------------------


async def test_removed_runs_take_everything_with_them(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole(runs=3, run_type="scheduled")
    for n, run in enumerate(runs):
        run.logical_date = NOW + n
    writes.new_attempts = [scribe.attempt(task) for task in tasks]
    writes.new_callbacks = [scribe.callback(run, tasks[2 * n]) for n, run in enumerate(runs)]
    writes.new_events = [scribe.event("a", dag_id="d", run_id=run.run_id) for run in runs]
    await store.commit(lease, writes)
    await store.commit(lease, Writes(removed_runs=[runs[0].id, runs[1].id, 99]))

    assert await store.run("d", "r0") is None
    assert await store.attempts(tasks[0].id) == []
    assert [overview.run for overview in await store.runs()] == [runs[2]]
    assert await store.unfinished_callbacks(lease) == writes.new_callbacks[2:]
    assert len(await store.asset_events()) == 3
    # Names, ids and dates are free again, within the same commit.
    again = [replace(runs[0], id=runs[0].id), replace(runs[2])]
    await store.commit(
        lease, Writes(removed_runs=[runs[2].id], new_runs=again, new_tasks=[*tasks[:2], *tasks[4:]])
    )
    assert await store.load_runs("d", ["r0", "r1", "r2"]) == [
        RunWithTasks(runs[0], tasks[:2], writes.dags[0].spec),
        RunWithTasks(runs[2], tasks[4:], writes.dags[0].spec),
    ]


async def test_runs_of_another_scheduler_are_not_removed(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    await store.commit(lease, writes)
    other = await store.register_scheduler("other")
    with pytest.raises(StaleWrite):
        await store.commit(other, Writes(removed_runs=[runs[0].id]))
    assert await store.run("d", "r0") == (runs[0], tasks)


async def test_many_runs_are_removed_at_once(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, _ = scribe.whole(runs=450)
    await store.commit(lease, writes)
    await store.commit(lease, Writes(removed_runs=[run.id for run in runs[1:]]))
    assert [overview.run for overview in await store.runs(limit=1000)] == runs[:1]


async def test_an_earlier_look_makes_room_for_the_next(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, _, tasks = scribe.whole()
    look = scribe.attempt(tasks[0], state=AttemptState.RESCHEDULED)
    kept = scribe.attempt(tasks[1])
    writes.new_attempts = [look, kept]
    await store.commit(lease, writes)
    following = scribe.attempt(tasks[0])  # of the same try
    await store.commit(lease, Writes(removed_attempts=[look.id, 99], new_attempts=[following]))
    assert await store.attempts(tasks[0].id) == [following]
    assert await store.attempts(tasks[1].id) == [kept]
    changed = changed_attempt(following, AttemptState.RUNNING)
    await store.commit(lease, Writes(attempts=[changed]))
    assert await store.attempts(tasks[0].id) == [changed.attempt]


async def test_removed_dag_takes_its_callbacks_and_backfills(
    store: Store, lease: Lease, scribe: Scribe
) -> None:
    writes, runs, _ = scribe.whole()
    kept, kept_runs, _ = scribe.whole("kept")
    for some, run in ((writes, runs[0]), (kept, kept_runs[0])):
        some.backfills = [scribe.backfill(run.dag_id)]
        run.backfill = some.backfills[0].id
        some.new_callbacks = [scribe.callback(run)]
        some.new_events = [scribe.event("a", dag_id=run.dag_id)]
        await store.commit(lease, some)
    await store.commit(lease, Writes(removed_dags=["d"]))
    assert await store.backfill(writes.backfills[0].id) is None
    assert await store.unfinished_callbacks(lease) == kept.new_callbacks
    assert await store.unfinished_backfills(lease) == kept.backfills
    assert await store.asset_events() == [*kept.new_events, *writes.new_events]


# --- the past ----------------------------------------------------------------------------------------------------


async def past(store: Store, lease: Lease, scribe: Scribe) -> tuple[Writes, list[Run]]:
    """Runs at the dates 0 (twice), 10, 20 and 30, one without a date, one of another DAG; some succeeded."""
    writes, runs, _ = scribe.whole(runs=6)
    for run, date in zip(runs, (0.0, 0.0, 10.0, 20.0, 30.0, None), strict=True):
        run.logical_date = date
    for run in (runs[0], runs[2], runs[5]):
        run.state = RunState.SUCCESS
    runs[3].state = RunState.FAILED
    await store.commit(lease, writes)
    other, _, _ = scribe.whole("other", logical_date=15.0, state=RunState.SUCCESS)
    await store.commit(lease, other)
    return writes, runs


async def test_dated_runs(store: Store, lease: Lease, scribe: Scribe) -> None:
    _, runs = await past(store, lease, scribe)
    assert await store.dated_runs("d", 0.0, 20.0, limit=50) == runs[:4]
    assert await store.dated_runs("d", 0.5, 1e12, limit=2) == runs[2:4]
    assert await store.dated_runs("d", 20.5, 29.5, limit=50) == []
    assert await store.dated_runs("D", 0.0, 20.0, limit=50) == []


async def test_run_before(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs = await past(store, lease, scribe)
    spec = writes.dags[0].spec
    tasks = [task for task in writes.new_tasks if task.run == runs[3].id]
    assert await store.run_before("d", 30.0) == RunWithTasks(runs[3], tasks, spec)
    later = await store.run_before("d", 10.0)
    assert later is not None and later.run == runs[1]  # of two the later one
    assert await store.run_before("d", 0.0) is None
    assert await store.run_before("none", 10.0) is None


async def test_success_before(store: Store, lease: Lease, scribe: Scribe) -> None:
    _, runs = await past(store, lease, scribe)
    assert await store.success_before("d", 1e12) == runs[2]
    assert await store.success_before("d", 10.0) == runs[0]
    assert await store.success_before("d", 0.0) is None


async def test_load_runs(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole(runs=3)
    runs[0].run_after, runs[2].state = NOW + 99, RunState.SUCCESS
    await store.commit(lease, writes)
    spec = spec_of("d", tasks=5)
    newer = changed_dag(writes.dags[0], spec=spec, version=version_of(spec))
    bare = scribe.run(newer, "bare", run_after=NOW + 50)
    await store.commit(lease, Writes(dags=[newer], new_runs=[bare]))
    asked = ["r2", "bare", "r0", "R0", "none", "r2"]
    assert await store.load_runs("d", asked) == [
        RunWithTasks(runs[2], tasks[4:], writes.dags[0].spec),
        RunWithTasks(bare, [], spec),
        RunWithTasks(runs[0], tasks[:2], writes.dags[0].spec),
    ]
    assert await store.load_runs("d", []) == await store.load_runs("other", ["r0"]) == []


async def test_many_are_read_at_once(store: Store, lease: Lease, scribe: Scribe) -> None:
    """More than fit into one statement."""
    writes, runs, tasks = scribe.whole(runs=600)
    writes.new_attempts = [scribe.attempt(task, value={"n": task.id}) for task in tasks]
    writes.new_events = [scribe.event("a") for _ in range(1100)]
    await store.commit(lease, writes)
    assert [one.run for one in await store.load_runs("d", [run.run_id for run in runs[::-1]])] == runs
    numbers = [attempt.id for attempt in writes.new_attempts]
    assert await store.values(numbers) == {a.id: {"n": a.task_instance} for a in writes.new_attempts}
    assert await store.events([event.id for event in writes.new_events[::-1]]) == writes.new_events


async def test_values(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, _, tasks = scribe.whole()
    given = [None, [1, "x", {"🦆": 2.5}]]
    writes.new_attempts = [
        scribe.attempt(task, value=value) for task, value in zip(tasks, given, strict=True)
    ]
    await store.commit(lease, writes)
    none, some = (attempt.id for attempt in writes.new_attempts)
    assert await store.values([none, some, 99, some]) == {none: None, some: given[1]}
    assert await store.values([]) == {}


async def test_versions(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, _, _ = scribe.whole(runs=2)
    await store.commit(lease, writes)
    first = writes.dags[0]
    spec = spec_of("d", tasks=5)
    second = changed_dag(first, spec=spec, version=version_of(spec), updated_at=NOW + 1)
    await store.commit(lease, Writes(dags=[second, dag_of("other")]))
    back = changed_dag(second, spec=first.spec, version=first.version, updated_at=NOW + 2)
    await store.commit(lease, Writes(dags=[back]))
    assert await store.versions("d") == [
        VersionInfo(second.version, NOW + 1, 0),
        VersionInfo(first.version, NOW, 2),
    ]
    assert await store.versions("none") == []
