"""What every store does: `studio.ports.Store`, sentence by sentence, over each implementation."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from studio.core.model import DagFile, Run, RunWithTasks, TaskInstance
from studio.core.spec import version_of
from studio.core.states import AttemptState, RunState, TaskState
from studio.core.turn import Writes
from studio.errors import Conflict, Fenced, InvalidInput, StaleWrite
from studio.ports import Lease, RunAttempt, RunFilter, RunOverview, SchedulerRow, Store
from tests.contract.conftest import Connect
from tests.contract.records import (
    NOW,
    Scribe,
    changed_attempt,
    changed_dag,
    changed_run,
    changed_task,
    dag_of,
    settled,
    spec_of,
)

T = TaskState
STRANGE = {
    "emoji": "🦆🧑‍🚀",
    "rtl": "שלום \u202e",
    "nul": "a\0b",
    "empty": "",
    "deep": [{"x": [1, 2.5, None, True]}],
}


# --- leases ------------------------------------------------------------------------------------------------------


async def test_register_gives_a_larger_number_each_time(store: Store, other_store: Store) -> None:
    leases = [await s.register_scheduler("x") for s in (store, other_store, store)]
    numbers = [lease.number for lease in leases]
    assert numbers == sorted(set(numbers))
    assert await store.schedulers() == [SchedulerRow(number, "x", 0, False) for number in numbers]


async def test_register_takes_any_name(store: Store) -> None:
    for name in ("", "🦆" * 300, "nul \0"):
        lease = await store.register_scheduler(name)
        assert (await store.schedulers())[-1].name == lease.name


async def test_beat_is_seen_by_others(store: Store, other_store: Store, lease: Lease) -> None:
    await store.beat(lease)
    await store.beat(lease)
    assert [row.beat for row in await other_store.schedulers()] == [2]


async def test_a_commit_is_a_beat_too(store: Store, lease: Lease) -> None:
    await store.commit(lease, Writes())
    assert [row.beat for row in await store.schedulers()] == [1]


async def test_take_over_fences_the_other_and_moves_its_dags(
    store: Store, lease: Lease, scribe: Scribe
) -> None:
    writes, runs, _ = scribe.whole()
    await store.commit(lease, writes)
    later = await store.register_scheduler("later")
    seen = (await store.schedulers())[0]
    assert await store.take_over(later, seen.number, seen.beat) is True

    assert [dag.dag_id for dag in await store.owned_dags(later)] == ["d"]
    assert await store.owned_dags(lease) == []
    assert [row.number for row in await store.schedulers()] == [later.number]
    with pytest.raises(Fenced):
        await store.beat(lease)
    with pytest.raises(Fenced):
        await store.commit(lease, Writes(runs=[changed_run(runs[0], RunState.RUNNING)]))
    assert await store.run("d", "r0") == (runs[0], writes.new_tasks)


async def test_take_over_is_refused_if_the_other_has_moved(store: Store, lease: Lease) -> None:
    later = await store.register_scheduler("later")
    await store.beat(lease)
    assert await store.take_over(later, lease.number, 0) is False
    await store.beat(lease)  # still valid


async def test_take_over_of_one_already_taken_is_refused(store: Store, lease: Lease) -> None:
    second, third = await store.register_scheduler("2"), await store.register_scheduler("3")
    assert await store.take_over(second, lease.number, 0) is True
    assert await store.take_over(third, lease.number, 0) is False


async def test_a_fenced_scheduler_takes_nothing_over(store: Store, lease: Lease) -> None:
    second, third = await store.register_scheduler("2"), await store.register_scheduler("3")
    assert await store.take_over(second, lease.number, 0)
    with pytest.raises(Fenced):
        await store.take_over(lease, third.number, 0)
    with pytest.raises(Fenced):
        await store.take_over(lease, lease.number, 0)


async def test_release_frees_the_dags_for_the_next(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, _, _ = scribe.whole()
    await store.commit(lease, writes)
    await store.release(lease)
    assert await store.schedulers() == []
    with pytest.raises(Fenced):
        await store.beat(lease)

    later = await store.register_scheduler("later")
    assert await store.owned_dags(later) == []
    assert await store.take_over(later, later.number, 12345) is True
    assert await store.owned_dags(later) == writes.dags


async def test_two_who_take_each_other_over_leave_one(store: Store, other_store: Store, lease: Lease) -> None:
    second = await other_store.register_scheduler("2")
    results = await asyncio.gather(
        store.take_over(lease, second.number, 0),
        other_store.take_over(second, lease.number, 0),
        return_exceptions=True,
    )
    # The loser met either a beat that had moved, or its own fence.
    assert all(isinstance(result, (bool, Fenced)) for result in results)
    assert results.count(True) <= 1
    assert len(await store.schedulers()) == 2 - results.count(True)


async def test_take_over_races_with_commits(
    store: Store, other_store: Store, lease: Lease, scribe: Scribe
) -> None:
    """Whatever was committed before the fence stays, nothing comes after it."""
    writes, _, _ = scribe.whole()
    await store.commit(lease, writes)
    later = await other_store.register_scheduler("later")
    dag, kept = writes.dags[0], 0

    async def commit() -> None:
        nonlocal dag, kept
        for _ in range(60):
            dag = changed_dag(dag, cursor=dag.rev + 1.0)
            await store.commit(lease, Writes(dags=[dag]))
            kept = dag.rev

    async def take_over() -> None:
        while True:
            beat = next(row.beat for row in await other_store.schedulers() if row.number == lease.number)
            if await other_store.take_over(later, lease.number, beat):
                return

    committing = asyncio.create_task(commit())
    await asyncio.gather(committing, take_over(), return_exceptions=True)
    if (error := committing.exception()) is not None:
        assert isinstance(error, Fenced)
    (found,) = await other_store.owned_dags(later)
    assert (found.rev, found.cursor) == (kept or 1, float(kept) if kept else writes.dags[0].cursor)


# --- DAGs --------------------------------------------------------------------------------------------------------


async def test_dag_comes_back_as_it_was_given(store: Store, lease: Lease) -> None:
    dag = replace(
        dag_of("d", description="Ünï 🦆 שלום", params={"p": STRANGE}, tags=("a",)),
        paused=True,
        cursor=0.1 + 0.2,
    )
    await store.commit(lease, Writes(dags=[dag]))
    assert await store.dag("d") == dag
    assert await store.dags() == [dag]
    assert await store.version("d", dag.version) == dag.spec
    assert await store.dag("other") is None
    assert await store.version("d", "other") is None


async def test_dag_update_keeps_old_versions(store: Store, lease: Lease) -> None:
    first = dag_of("d")
    await store.commit(lease, Writes(dags=[first]))
    spec = spec_of("d", tasks=3)
    second = changed_dag(
        first, spec=spec, version=version_of(spec), cursor=None, next_due=None, updated_at=NOW + 1
    )
    await store.commit(lease, Writes(dags=[second]))
    third = changed_dag(second, spec=first.spec, version=first.version)  # back to the first
    assert await store.dag("d") == second
    await store.commit(lease, Writes(dags=[third]))
    assert await store.dag("d") == third
    assert await store.version("d", first.version) == first.spec
    assert await store.version("d", second.version) == spec


async def test_dag_documentation_changes_within_a_version(store: Store, lease: Lease) -> None:
    first = dag_of("d", description="one")
    spec = spec_of("d", description="two")
    assert version_of(spec) == first.version
    await store.commit(lease, Writes(dags=[first]))
    await store.commit(lease, Writes(dags=[changed_dag(first, spec=spec)]))
    found = await store.dag("d")
    assert found is not None and found.spec.description == "two"


async def test_dags_are_sorted_and_names_have_case(store: Store, lease: Lease) -> None:
    dags = [dag_of(name) for name in ("b", "a.1", "Dag", "dag", "a_1")]
    await store.commit(lease, Writes(dags=dags))
    assert {dag.dag_id for dag in await store.dags()} == {"b", "a.1", "Dag", "dag", "a_1"}
    found = await store.dag("Dag")
    assert found is not None and found.spec.id == "Dag"
    names = [dag.dag_id for dag in await store.dags()]
    assert names == sorted(names)


@pytest.mark.parametrize("rev", [1, 3])
async def test_dag_with_another_rev_is_stale(store: Store, lease: Lease, rev: int) -> None:
    first = dag_of("d")
    await store.commit(lease, Writes(dags=[first]))
    with pytest.raises(StaleWrite):
        await store.commit(lease, Writes(dags=[dag_of("new"), replace(first, rev=rev, paused=True)]))
    assert await store.dags() == [first]


async def test_dag_of_another_scheduler_is_stale(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    await store.commit(lease, writes)
    other = await store.register_scheduler("other")
    foreign = [
        Writes(dags=[changed_dag(writes.dags[0])]),
        Writes(new_runs=[Scribe(other).run(writes.dags[0], "mine")]),
        Writes(runs=[changed_run(runs[0], RunState.RUNNING)]),
        Writes(removed_dags=["d"]),
    ]
    for some in foreign:
        with pytest.raises(StaleWrite):
            await store.commit(other, some)
    assert await store.dags() == writes.dags
    assert await store.run("d", "r0") == (runs[0], tasks)
    assert len(await store.runs()) == 1


async def test_two_schedulers_cannot_both_add_a_dag(store: Store, other_store: Store, lease: Lease) -> None:
    other = await other_store.register_scheduler("other")
    results = await asyncio.gather(
        store.commit(lease, Writes(dags=[dag_of("d", description="a")])),
        other_store.commit(other, Writes(dags=[dag_of("d", description="b")])),
        return_exceptions=True,
    )
    assert [type(result) for result in results if result is not None] == [StaleWrite]
    assert len(await store.dags()) == 1


async def test_remove_dag_takes_everything_with_it(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole(runs=450, params={"x": 1})
    writes.new_attempts = [scribe.attempt(task) for task in tasks]
    kept, kept_runs, kept_tasks = scribe.whole("kept")
    await store.commit(lease, writes)
    await store.commit(lease, kept)
    await store.commit(lease, Writes(removed_dags=["d"]))

    assert await store.dags() == kept.dags
    assert await store.run("d", "r0") is None
    assert await store.version("d", writes.dags[0].version) is None
    assert await store.attempts(tasks[0].id) == []
    assert [overview.run for overview in await store.runs()] == kept_runs
    # The same names and ids are free again.
    await store.commit(lease, writes)
    assert await store.run("d", "r0") == (runs[0], tasks[:2])
    assert await store.run("kept", "r0") == (kept_runs[0], kept_tasks)


async def test_remove_and_publish_again_in_one_turn(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, _, _ = scribe.whole()
    await store.commit(lease, writes)
    again = dag_of("d", tasks=5)
    await store.commit(lease, Writes(removed_dags=["d"], dags=[again]))
    assert await store.dags() == await store.owned_dags(lease) == [again]
    assert await store.runs() == []


async def test_remove_of_a_dag_that_does_not_exist_is_nothing(store: Store, lease: Lease) -> None:
    await store.commit(lease, Writes(removed_dags=["never"]))


# --- runs, task instances, attempts ------------------------------------------------------------------------------


def full_run(scribe: Scribe, run: Run) -> Run:
    return replace(
        run,
        params=STRANGE,
        logical_date=NOW - 86400.5,
        interval_start=NOW - 86400.5,
        interval_end=NOW - 0.1,
        ending=RunState.CANCELLED,
        with_failures=True,
        started_at=NOW + 1e-6,
        ended_at=-1.5,
        triggered_by="Zoë 🦆",
    )


async def test_run_comes_back_as_it_was_given(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    writes.new_runs = [full_run(scribe, runs[0])]
    await store.commit(lease, writes)
    assert await store.run("d", "r0") == (writes.new_runs[0], tasks)
    assert await store.load_run("d", "r0") == RunWithTasks(writes.new_runs[0], tasks, writes.dags[0].spec)
    assert await store.run("d", "R0") is None
    assert await store.load_run("D", "r0") is None


async def test_run_and_task_change(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    await store.commit(lease, writes)
    attempt = scribe.attempt(tasks[0])
    run = changed_run(
        runs[0], RunState.RUNNING, started_at=NOW + 1, ending=RunState.CANCELLED, params={"x": 2}
    )
    task = changed_task(
        tasks[0],
        T.SCHEDULED,
        try_number=1,
        lost_count=1,
        attempt=attempt.id,
        retry_at=NOW,
        started_at=NOW,
        ended_at=NOW,
    )
    same = changed_task(tasks[1], T.NONE, max_tries=9)
    await store.commit(lease, Writes(new_attempts=[attempt], runs=[run], tasks=[task, same]))
    assert await store.run("d", "r0") == (run.run, [task.task, same.task])
    assert await store.attempts(tasks[0].id) == [attempt]


async def test_attempt_comes_back_as_it_was_given(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, _, tasks = scribe.whole()
    attempts = [
        scribe.attempt(tasks[0], 2, directory=""),
        scribe.attempt(tasks[0], 1, value=[1, "x"], worker="w"),
    ]
    writes.new_attempts = attempts
    await store.commit(lease, writes)
    assert await store.attempts(tasks[0].id) == [attempts[1], attempts[0]]
    running = changed_attempt(attempts[1], AttemptState.RUNNING, worker="w1", started_at=NOW)
    await store.commit(lease, Writes(attempts=[running]))
    failed = changed_attempt(
        running.attempt,
        AttemptState.FAILED,
        ended_at=NOW + 1,
        error="Zeile 1\nבום 🧨",
        value={"rows": 3},
        details=STRANGE,
    )
    await store.commit(lease, Writes(attempts=[failed]))
    assert (await store.attempts(tasks[0].id))[0] == failed.attempt


async def test_text_of_user_code_never_makes_a_commit_fail(
    store: Store, lease: Lease, scribe: Scribe
) -> None:
    writes, _, tasks = scribe.whole(triggered_by="\ud800" + "x" * 1000)
    writes.new_attempts = [scribe.attempt(tasks[0], error="nul \0 and half \ud83e", value=float("nan"))]
    await store.commit(lease, writes)
    (attempt,) = await store.attempts(tasks[0].id)
    assert attempt.error == "nul \ufffd and half ?"
    assert attempt.value is None


async def test_records_are_not_shared_with_the_store(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole(params={"list": [1]})
    await store.commit(lease, writes)
    runs[0].params["list"].append(2)
    tasks[0].state = T.FAILED
    found = await store.run("d", "r0")
    assert found is not None and found[0].params == {"list": [1]}
    assert found[1][0].state is T.NONE
    found[0].params["list"].append(3)
    again = await store.run("d", "r0")
    assert again is not None and again[0].params == {"list": [1]}


async def test_big_batch(store: Store, lease: Lease, scribe: Scribe) -> None:
    dag = dag_of("d", tasks=100)
    runs = [scribe.run(dag, f"r{n}", run_after=NOW + n) for n in range(15)]
    tasks = [task for run in runs for task in scribe.tasks(dag, run)]
    await store.commit(lease, Writes(dags=[dag], new_runs=runs, new_tasks=tasks))
    changes = [changed_task(task, T.SCHEDULED) for task in tasks]
    await store.commit(lease, Writes(tasks=changes))
    loaded, attempts = await store.unfinished_runs(lease)
    assert [one.run for one in loaded] == runs
    assert [task for one in loaded for task in one.tasks] == [change.task for change in changes]
    assert attempts == []
    # One stale row among thousands undoes all of it.
    stale = [changed_task(change.task, T.QUEUED) for change in changes]
    stale[1234] = replace(stale[1234], rev=1)
    with pytest.raises(StaleWrite):
        await store.commit(lease, Writes(tasks=stale))
    assert (await store.latest_runs(1))["d"][0].counts == {"scheduled": 100}


# --- guards ------------------------------------------------------------------------------------------------------


async def assert_stale(store: Store, lease: Lease, bad: Writes) -> None:
    """`bad` is refused together with something good."""
    before = await store.dags()
    bad.dags.append(dag_of("good"))
    with pytest.raises(StaleWrite):
        await store.commit(lease, bad)
    assert await store.dags() == before


async def test_task_guards(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    await store.commit(lease, writes)
    good = changed_task(tasks[0], T.SCHEDULED)
    for bad in (
        replace(good, rev=7),
        changed_task(replace(tasks[0], state=T.SCHEDULED), T.QUEUED),
        changed_task(replace(tasks[0], id=99), T.SCHEDULED),
    ):
        await assert_stale(store, lease, Writes(tasks=[changed_task(tasks[1], T.SCHEDULED), bad]))
    assert await store.run("d", "r0") == (runs[0], tasks)


async def test_run_guards(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    await store.commit(lease, writes)
    good = changed_run(runs[0], RunState.RUNNING)
    for bad in (
        replace(good, rev=7),
        changed_run(replace(runs[0], state=RunState.RUNNING), RunState.SUCCESS),
        changed_run(replace(runs[0], id=99), RunState.RUNNING),
    ):
        await assert_stale(store, lease, Writes(runs=[bad]))
    assert await store.run("d", "r0") == (runs[0], tasks)


async def test_attempt_guards(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, _, tasks = scribe.whole()
    attempt = scribe.attempt(tasks[0])
    writes.new_attempts = [attempt]
    await store.commit(lease, writes)
    for bad in (
        changed_attempt(replace(attempt, state=AttemptState.RUNNING), AttemptState.SUCCESS),
        changed_attempt(replace(attempt, id=99), AttemptState.RUNNING),
    ):
        await assert_stale(store, lease, Writes(attempts=[bad]))
    await store.commit(lease, Writes(attempts=[changed_attempt(attempt, AttemptState.LOST)]))
    await assert_stale(store, lease, Writes(attempts=[changed_attempt(attempt, AttemptState.SUCCESS)]))
    assert [one.state for one in await store.attempts(tasks[0].id)] == [AttemptState.LOST]


async def test_steps_outside_of_the_tables_are_refused(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    attempt = scribe.attempt(tasks[0], state=AttemptState.SUCCESS)
    writes.new_attempts = [attempt]
    await store.commit(lease, writes)
    for bad in (
        Writes(tasks=[changed_task(tasks[0], T.RUNNING)]),
        Writes(attempts=[changed_attempt(attempt, AttemptState.FAILED)]),
        Writes(attempts=[changed_attempt(attempt, AttemptState.SUCCESS)]),
    ):
        with pytest.raises(Conflict):
            await store.commit(lease, bad)
    assert await store.run("d", "r0") == (runs[0], tasks)


async def test_unique_keys(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole(run_type="scheduled", logical_date=NOW)
    attempt = scribe.attempt(tasks[0])
    writes.new_attempts = [attempt]
    await store.commit(lease, writes)
    dag, run, task = writes.dags[0], runs[0], tasks[0]
    for bad in (
        Writes(new_runs=[scribe.run(dag, "r0")]),
        Writes(new_runs=[replace(scribe.run(dag, "x"), id=run.id)]),
        Writes(new_runs=[scribe.run(dag, "x", run_type="scheduled", logical_date=NOW)]),
        Writes(new_runs=[scribe.run(dag, "x"), scribe.run(dag, "x")]),
        Writes(new_runs=[scribe.run(dag_of("d", tasks=9), "x")]),  # a version that does not exist
        Writes(new_tasks=[TaskInstance(99, run.id, task.task_id)]),
        Writes(new_tasks=[TaskInstance(task.id, run.id, "x")]),
        Writes(new_tasks=[TaskInstance(99, 98, "x")]),
        Writes(new_attempts=[scribe.attempt(task)]),
        Writes(new_attempts=[replace(scribe.attempt(task, 2), id=attempt.id)]),
        Writes(new_attempts=[scribe.attempt(replace(task, id=98))]),
    ):
        await assert_stale(store, lease, bad)
    assert await store.run("d", "r0") == (run, tasks)
    assert len(await store.runs()) == 1
    assert await store.attempts(task.id) == [attempt]


async def test_unique_violation_names_the_table(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, _, _ = scribe.whole()
    await store.commit(lease, writes)
    with pytest.raises(StaleWrite, match="dag_run"):
        await store.commit(lease, Writes(new_runs=[scribe.run(writes.dags[0], "r0")]))


async def test_what_may_be_there_twice(store: Store, lease: Lease, scribe: Scribe) -> None:
    one, _, _ = scribe.whole("one", run_type="scheduled", logical_date=NOW)
    two, _, _ = scribe.whole("two", run_type="scheduled", logical_date=NOW)
    await store.commit(lease, one)
    await store.commit(lease, two)
    dag = one.dags[0]
    more = [
        scribe.run(dag, "m1", logical_date=NOW),  # by hand, at a date that was scheduled too
        scribe.run(dag, "m2", logical_date=NOW),
        scribe.run(dag, "M2"),  # names have case
        scribe.run(dag, "s2", run_type="scheduled", logical_date=NOW + 1),
    ]
    mapped = [TaskInstance(1000 + n, more[0].id, "t0", map_index=n) for n in range(3)]
    cased = TaskInstance(2000, more[0].id, "T0")
    await store.commit(lease, Writes(new_runs=more, new_tasks=[*mapped, cased]))
    assert len(await store.runs("one")) == 5


# --- commands ----------------------------------------------------------------------------------------------------


async def test_submit_and_settle(store: Store, lease: Lease) -> None:
    await store.commit(lease, Writes(dags=[dag_of("d")]))
    command = await store.submit("d", "trigger", STRANGE, actor="Zoë", at=NOW, key="k")
    assert (command.dag_id, command.kind, command.payload) == ("d", "trigger", STRANGE)
    assert (command.actor, command.created_at, command.key, command.state) == ("Zoë", NOW, "k", "pending")
    assert await store.command(command.id) == command
    assert await store.pending_commands(lease) == [command]
    assert await store.command(command.id + 1) is None

    done = settled(command)
    await store.commit(lease, Writes(commands=[done]))
    assert await store.command(command.id) == done
    assert await store.pending_commands(lease) == []
    with pytest.raises(StaleWrite):  # handled once
        await store.commit(lease, Writes(commands=[settled(command, state="refused")]))
    assert await store.command(command.id) == done


async def test_submit_again_with_its_key_gives_what_became_of_it(store: Store, lease: Lease) -> None:
    first = await store.submit("d", "publish", {"n": 1}, actor="", at=NOW, key="k")
    await store.commit(lease, Writes(commands=[settled(first)]))
    assert await store.submit("d", "publish", {"n": 2}, actor="x", at=NOW + 1, key="k") == settled(first)
    other = await store.submit("d", "publish", {"n": 2}, actor="", at=NOW, key="K")
    assert other.id != first.id


async def test_submit_at_once_with_one_key_makes_one_command(store: Store, other_store: Store) -> None:
    made = await asyncio.gather(
        *(s.submit("d", "publish", {}, actor="", at=NOW, key="k") for s in (store, other_store) * 5)
    )
    assert len({command.id for command in made}) == 1


async def test_submit_without_a_key_makes_a_command_each(
    store: Store, other_store: Store, lease: Lease
) -> None:
    made = await asyncio.gather(
        *(s.submit("d", "publish", {}, actor="", at=NOW) for s in (store, other_store) * 5)
    )
    pending = await store.pending_commands(lease)
    assert sorted(command.id for command in made) == [command.id for command in pending]
    assert len(pending) == 10


async def test_submit_refuses_a_key_that_is_too_long(store: Store) -> None:
    for key in ("", "k" * 251):
        with pytest.raises(InvalidInput):
            await store.submit("d", "publish", {}, actor="", at=NOW, key=key)


async def test_pending_commands_are_those_of_owned_dags_and_of_none(store: Store, lease: Lease) -> None:
    other = await store.register_scheduler("other")
    await store.commit(lease, Writes(dags=[dag_of("mine")]))
    await store.commit(other, Writes(dags=[dag_of("theirs")]))
    mine = await store.submit("mine", "pause", {}, actor="", at=NOW)
    theirs = await store.submit("theirs", "pause", {}, actor="", at=NOW)
    new = await store.submit("new", "publish", {}, actor="", at=NOW)
    deleted = await store.submit("deleted", "trigger", {}, actor="", at=NOW)
    cased = await store.submit("Theirs", "publish", {}, actor="", at=NOW)
    assert await store.pending_commands(lease) == [mine, new, deleted, cased]
    assert await store.pending_commands(other) == [theirs, new, deleted, cased]
    await store.release(other)
    assert await store.pending_commands(lease) == [mine, new, deleted, cased]


# --- DAG files ---------------------------------------------------------------------------------------------------


async def test_dag_files(store: Store) -> None:
    good = DagFile("b/flüge 🦆.py", "0" * 64, ("x", "y"), parsed_at=NOW)
    bad = DagFile("a" * 900 + ".ipynb", "1" * 64, (), "SyntaxError: 🧨", 7, NOW)
    for file in (good, bad):
        await store.save_dag_file(file)
    assert await store.dag_files() == [bad, good]
    fixed = replace(bad, digest="2" * 64, dag_ids=("z",), error=None, error_line=None)
    await store.save_dag_file(fixed)
    assert await store.dag_files() == [fixed, good]
    await store.delete_dag_file(good.path)
    await store.delete_dag_file("never.py")
    assert await store.dag_files() == [fixed]


async def test_dag_file_saved_by_two_at_once(store: Store, other_store: Store) -> None:
    files = [DagFile("a.py", str(n)) for n in range(6)]
    await asyncio.gather(*(s.save_dag_file(f) for s, f in zip((store, other_store) * 3, files, strict=True)))
    (kept,) = await store.dag_files()
    assert kept in files


# --- what is loaded and shown ------------------------------------------------------------------------------------


async def test_unfinished_runs_are_those_of_owned_dags(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole(runs=3)
    writes.new_runs[1].run_after = NOW - 10
    finished = replace(runs[2], state=RunState.SUCCESS)
    writes.new_runs[2] = finished
    alive, over = scribe.attempt(tasks[0], 2), scribe.attempt(tasks[0], 1, state=AttemptState.FAILED)
    running = scribe.attempt(tasks[2], state=AttemptState.RUNNING)
    writes.new_attempts = [over, alive, running]
    await store.commit(lease, writes)
    other = await store.register_scheduler("other")
    theirs, _, _ = Scribe(other).whole("theirs")
    await store.commit(other, theirs)

    spec = writes.dags[0].spec
    assert await store.unfinished_runs(lease) == (
        [RunWithTasks(runs[1], tasks[2:4], spec), RunWithTasks(runs[0], tasks[:2], spec)],
        sorted([alive, running], key=lambda attempt: attempt.id),
    )


async def test_unfinished_runs_come_with_their_own_version(
    store: Store, lease: Lease, scribe: Scribe
) -> None:
    writes, runs, tasks = scribe.whole()
    await store.commit(lease, writes)
    spec = spec_of("d", tasks=7)
    newer = changed_dag(writes.dags[0], spec=spec, version=version_of(spec))
    later = scribe.run(newer, "later", run_after=NOW + 1)
    await store.commit(lease, Writes(dags=[newer], new_runs=[later]))
    loaded, _ = await store.unfinished_runs(lease)
    assert loaded == [RunWithTasks(runs[0], tasks, writes.dags[0].spec), RunWithTasks(later, [], spec)]


async def test_latest_runs(store: Store, lease: Lease, scribe: Scribe) -> None:
    a, a_runs, a_tasks = scribe.whole("a", runs=5)
    b, b_runs, _ = scribe.whole("b", runs=1)
    await store.commit(lease, a)
    await store.commit(lease, b)
    await store.commit(lease, Writes(dags=[dag_of("empty")], tasks=[changed_task(a_tasks[-1], T.SCHEDULED)]))

    two, one = {"none": 2}, {"none": 1, "scheduled": 1}
    newest = [RunOverview(a_runs[4], one), RunOverview(a_runs[3], two)]
    assert await store.latest_runs(2) == {"a": newest, "b": [RunOverview(b_runs[0], two)], "empty": []}
    assert await store.latest_runs(2, "a") == {"a": newest}
    assert [o.run for o in (await store.latest_runs(9, "a"))["a"]] == a_runs[::-1]
    assert await store.latest_runs(2, "none") == {}


async def test_latest_runs_of_one_moment_are_cut_by_id(store: Store, lease: Lease, scribe: Scribe) -> None:
    dag = dag_of("d")
    runs = [scribe.run(dag, f"r{n}") for n in range(5)]
    await store.commit(lease, Writes(dags=[dag], new_runs=runs))
    assert [o.run for o in (await store.latest_runs(2))["d"]] == [runs[4], runs[3]]


async def test_task_states_of_runs(store: Store, lease: Lease, scribe: Scribe) -> None:
    dag = dag_of("d", tasks=2)
    runs = [scribe.run(dag, f"r{n}") for n in range(3)]
    first, second = dag.spec.tasks[0].id, dag.spec.tasks[1].id
    tasks = [
        scribe.task(runs[0], first, state=T.SUCCESS),
        *(
            scribe.task(runs[0], second, map_index=n, state=T.SUCCESS if n < 3 else T.FAILED)
            for n in range(5)
        ),
        scribe.task(runs[1], first, state=T.RUNNING),
    ]
    await store.commit(lease, Writes(dags=[dag], new_runs=runs, new_tasks=tasks))
    asked = [run.id for run in runs]
    found = await store.task_states(asked)
    assert {run: {state: sorted(names) for state, names in of.items()} for run, of in found.items()} == {
        asked[0]: {"success": [first, second, second, second], "failed": [second, second]},
        asked[1]: {"running": [first]},
    }
    assert await store.task_states(asked[1:2]) == {asked[1]: {"running": [first]}}
    assert await store.task_states([]) == {}


async def test_runs_page_by_page(store: Store, lease: Lease, scribe: Scribe) -> None:
    dag, other = dag_of("d"), dag_of("other")
    # Three at each moment, so that pages end in the middle of one.
    runs = [scribe.run(dag, f"r{n}", run_after=NOW + n // 3 / 10) for n in range(10)]
    foreign = [scribe.run(other, f"r{n}", run_after=NOW + n / 10) for n in range(3)]
    await store.commit(lease, Writes(dags=[dag, other], new_runs=[*runs, *foreign]))
    everything = sorted([*runs, *foreign], key=lambda run: (run.run_after, run.id), reverse=True)

    async def paged(dag_id: str | None, limit: int) -> list[Run]:
        found: list[Run] = []
        before = None
        while page := await store.runs(dag_id, before=before, limit=limit):
            assert len(page) <= limit
            found += [overview.run for overview in page]
            before = (found[-1].run_after, found[-1].id)
        return found

    assert await paged("d", 4) == runs[::-1]
    assert await paged(None, 4) == everything
    assert await paged("unknown", 4) == []


async def test_runs_by_state(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, _ = scribe.whole(runs=4)
    for run, state in zip(
        runs, (RunState.QUEUED, RunState.RUNNING, RunState.FAILED, RunState.RUNNING), strict=True
    ):
        run.state = state
    await store.commit(lease, writes)

    async def of(*states: RunState, **options: object) -> list[Run]:
        found = await store.runs("d", RunFilter(states=states), **options)  # type: ignore[arg-type]
        return [overview.run for overview in found]

    assert await of(RunState.RUNNING) == [runs[3], runs[1]]
    assert await of(RunState.RUNNING, RunState.FAILED, limit=2) == [runs[3], runs[2]]
    assert await of(RunState.RUNNING, before=(runs[3].run_after, runs[3].id)) == [runs[1]]
    assert await of() == []


async def test_runs_by_type_time_and_text(store: Store, lease: Lease, scribe: Scribe) -> None:
    dag = dag_of("d")
    runs = [
        scribe.run(dag, "scheduled__1", run_type="scheduled", run_after=NOW),
        scribe.run(dag, "manual__2", run_after=NOW + 1, note="again, with 50% of the Rows"),
        scribe.run(dag, "backfill_3", run_type="backfill", run_after=NOW + 9, logical_date=NOW + 2),
    ]
    await store.commit(lease, Writes(dags=[dag], new_runs=runs))

    async def of(asked: RunFilter) -> list[str]:
        return [overview.run.run_id for overview in await store.runs("d", asked)]

    first, second, third = [run.run_id for run in runs]
    assert await of(RunFilter(types=("manual", "backfill"))) == [third, second]
    assert await of(RunFilter(types=())) == []
    assert await of(RunFilter(since=NOW + 1)) == [third, second]
    assert await of(RunFilter(since=NOW, until=NOW + 1)) == [first]
    assert await of(RunFilter(search="rows")) == [second]
    assert (await store.runs("d", is_counted=False, limit=1))[0] == RunOverview(runs[2], {})
    assert await of(RunFilter(search="MANUAL")) == [second]
    assert await of(RunFilter(search="0% of")) == [second]
    assert await of(RunFilter(search="l__")) == [second]  # `_` is itself: not "l_3" of the backfill
    assert await of(RunFilter(search="d__")) == [first]
    assert await of(RunFilter(search="/")) == []
    assert await of(RunFilter(search="\\")) == []
    assert await of(RunFilter(search="'; --")) == []
    assert await of(RunFilter(types=("manual",), search="backfill")) == []


async def test_dates_of_runs(store: Store, lease: Lease, scribe: Scribe) -> None:
    dag = dag_of("d")
    runs = [
        scribe.run(
            dag, "dated", logical_date=NOW, interval_start=NOW, interval_end=NOW, state=RunState.SUCCESS
        ),
        scribe.run(dag, "by hand", run_after=NOW + 5),
        scribe.run(dag_of("other"), "other"),
    ]
    await store.commit(lease, Writes(dags=[dag, dag_of("other")], new_runs=runs))
    assert sorted(await store.run_dates("d", NOW, NOW + 6)) == [
        (NOW, RunState.SUCCESS),
        (NOW + 5, RunState.QUEUED),
    ]
    assert await store.run_dates("d", NOW, NOW + 5) == [(NOW, RunState.SUCCESS)]
    assert await store.run_dates("d", NOW + 6, NOW + 9) == []


async def test_attempts_of_a_run(store: Store, lease: Lease, scribe: Scribe) -> None:
    dag = dag_of("d")
    run, other = scribe.run(dag, "r"), scribe.run(dag, "other")
    task, mapped, strange = (
        scribe.task(run, "t0"),
        scribe.task(run, "t1", map_index=3),
        scribe.task(other, "t0"),
    )
    attempts = [
        scribe.attempt(mapped, queued_at=NOW + 2, started_at=NOW + 3, worker="w1"),
        scribe.attempt(task, state=AttemptState.FAILED, started_at=NOW, ended_at=NOW + 1),
        scribe.attempt(task, 2, queued_at=NOW + 1),
        scribe.attempt(strange),
    ]
    writes = Writes(
        dags=[dag], new_runs=[run, other], new_tasks=[task, mapped, strange], new_attempts=attempts
    )
    await store.commit(lease, writes)
    assert await store.attempts_of_run(run.id) == [
        RunAttempt("t0", -1, 1, AttemptState.FAILED, NOW, NOW, NOW + 1, None),
        RunAttempt("t0", -1, 2, AttemptState.QUEUED, NOW + 1, None, None, None),
        RunAttempt("t1", 3, 1, AttemptState.QUEUED, NOW + 2, NOW + 3, None, "w1"),
    ]
    assert await store.attempts_of_run(12345) == []


async def test_runs_count_the_states_of_their_tasks(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole(runs=2)
    await store.commit(lease, writes)
    await store.commit(lease, Writes(tasks=[changed_task(tasks[0], T.SCHEDULED)]))
    assert await store.runs() == [
        RunOverview(runs[1], {"none": 2}),
        RunOverview(runs[0], {"none": 1, "scheduled": 1}),
    ]


async def test_a_read_sees_one_state(store: Store, other_store: Store, lease: Lease, scribe: Scribe) -> None:
    """The run and its task are written together, so they are read together."""
    writes, runs, tasks = scribe.whole()
    await store.commit(lease, writes)
    run, task = runs[0], tasks[0]

    async def write() -> None:
        nonlocal run, task
        for n in range(40):
            run_change, task_change = (
                changed_run(run, run.state),
                changed_task(task, task.state, lost_count=n),
            )
            await store.commit(lease, Writes(runs=[run_change], tasks=[task_change]))
            run, task = run_change.run, task_change.task

    writing = asyncio.create_task(write())
    while not writing.done():
        found = await other_store.run("d", "r0")
        assert found is not None and found[0].rev == found[1][0].rev
    await writing


async def test_what_was_kept_is_there_for_the_next_server(connect: Connect) -> None:
    async with connect() as store:
        lease = await store.register_scheduler("first")
        writes, runs, tasks = Scribe(lease).whole()
        await store.commit(lease, writes)
        command = await store.submit("d", "pause", {}, actor="", at=NOW)
    async with connect() as store:
        assert await store.run("d", "r0") == (runs[0], tasks)
        assert await store.command(command.id) == command


async def test_names_of_schedulers_stay_known(store: Store) -> None:
    first = await store.register_scheduler("one")
    second = await store.register_scheduler("two")
    await store.release(first)
    assert await store.scheduler_names() == {first.number: "one", second.number: "two"}
