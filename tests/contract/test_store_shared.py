"""What every store does with pools, backfills, assets, their events and callbacks."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from studio.core.model import Asset, Pool
from studio.core.states import AttemptState, RunState
from studio.core.turn import Writes
from studio.errors import StaleWrite
from studio.ports import BackfillOverview, Lease, RunFilter, RunOverview, Store
from tests.contract.records import NOW, Scribe, changed_run, dag_of

DEFAULT = Pool("default", -1, rev=1)


# --- pools -------------------------------------------------------------------------------------------------------


async def test_the_default_pool_is_always_there(store: Store) -> None:
    assert await store.pools() == [DEFAULT]


async def test_pool_changes_leave_its_use_alone(store: Store, lease: Lease) -> None:
    pool = Pool("gpu", 2, "Zoë 🦆", True, rev=1)
    await store.commit(lease, Writes(pools=[pool, Pool("a.b", 0, rev=1)], pool_use={"gpu": 2, "default": 5}))
    used = [Pool("a.b", 0, rev=1), replace(DEFAULT, used=5), replace(pool, used=2)]
    assert await store.pools() == used
    smaller = Pool("gpu", 1, used=77, rev=2)
    await store.commit(lease, Writes(pools=[smaller, replace(DEFAULT, slots=9, rev=2)]))
    kept = [used[0], Pool("default", 9, used=5, rev=2), Pool("gpu", 1, used=2, rev=2)]
    assert await store.pools() == kept


async def test_pool_guards(store: Store, lease: Lease) -> None:
    pool = Pool("gpu", 2, rev=1)
    await store.commit(lease, Writes(pools=[pool]))
    for bad in (
        Writes(pools=[Pool("gpu", 3, rev=1)]),  # there is one already
        Writes(pools=[Pool("cpu", 3, rev=2)]),  # there is none
        Writes(pool_use={"cpu": 1}),
        Writes(pool_use={"cpu": -1}),
        Writes(pool_use={"gpu": 3}),
        Writes(pool_use={"default": 1, "gpu": 3}),
        Writes(removed_pools=["gpu"], pool_use={"gpu": 1}),
    ):
        bad.dags.append(dag_of("good"))
        with pytest.raises(StaleWrite):
            await store.commit(lease, bad)
    assert await store.dags() == []
    assert await store.pools() == [DEFAULT, pool]


async def test_slots_are_taken_only_while_there_are_any(store: Store, lease: Lease) -> None:
    await store.commit(lease, Writes(pools=[Pool("gpu", 3, rev=1)], pool_use={"gpu": 2}))
    with pytest.raises(StaleWrite):
        await store.commit(lease, Writes(pool_use={"gpu": 2}))
    await store.commit(lease, Writes(pool_use={"gpu": 1}))
    await store.commit(lease, Writes(pools=[Pool("gpu", 1, rev=2)]))  # fewer than are taken
    await store.commit(lease, Writes(pool_use={"gpu": -1}))  # given back all the same
    with pytest.raises(StaleWrite):
        await store.commit(lease, Writes(pool_use={"gpu": 1}))
    assert (await store.pools())[1] == Pool("gpu", 1, used=2, rev=2)


async def test_a_pool_that_gets_a_limit_may_be_over_it_at_once(store: Store, lease: Lease) -> None:
    limited = Pool("default", 2, rev=2)
    await store.commit(lease, Writes(pools=[limited], pool_use={"default": 5}))
    assert await store.pools() == [replace(limited, used=5)]


async def test_schedulers_share_the_slots_of_a_pool(store: Store, other_store: Store, lease: Lease) -> None:
    other = await other_store.register_scheduler("other")
    await store.commit(lease, Writes(pools=[Pool("a", 5, rev=1), Pool("b", 100, rev=1)]))

    async def take(where: Store, whose: Lease, use: dict[str, int]) -> int:
        taken = 0
        for _ in range(5):
            try:
                await where.commit(whose, Writes(pool_use=use))
                taken += 1
            except StaleWrite:
                pass
        return taken

    # In both orders, so that they would wait for each other if the rows were locked as they come.
    counts = await asyncio.gather(
        take(store, lease, {"a": 1, "b": 1}), take(other_store, other, {"b": 1, "a": 1})
    )
    assert sum(counts) == 5
    assert [pool.used for pool in await store.pools()] == [5, 5, 0]


async def test_pools_are_removed(store: Store, lease: Lease) -> None:
    await store.commit(lease, Writes(pools=[Pool("gpu", 3, rev=1), Pool("cpu", 3, rev=1)]))
    await store.commit(lease, Writes(removed_pools=["gpu", "never"]))
    assert [pool.name for pool in await store.pools()] == ["cpu", "default"]
    await store.commit(lease, Writes(removed_pools=["cpu"], pools=[Pool("cpu", 4, rev=1)]))
    assert (await store.pools())[0] == Pool("cpu", 4, rev=1)


# --- backfills ---------------------------------------------------------------------------------------------------


async def test_backfill_comes_back_as_it_was_given(store: Store, lease: Lease, scribe: Scribe) -> None:
    backfill = scribe.backfill("d", asked={"dates": [NOW, None], "🦆": "a\0b"}, actor="Zoë 🦆")
    await store.commit(lease, Writes(dags=[dag_of("d")], backfills=[backfill]))
    assert await store.backfill(backfill.id) == BackfillOverview(backfill, {})
    assert await store.backfill(backfill.id + 1) is None
    changed = replace(backfill, state="paused", max_active_runs=1, runs=12, ended_at=NOW + 9, actor="", rev=2)
    await store.commit(lease, Writes(backfills=[changed]))
    assert await store.backfills() == [BackfillOverview(changed, {})]


async def test_backfill_guards(store: Store, lease: Lease, scribe: Scribe) -> None:
    backfill = scribe.backfill("d")
    await store.commit(lease, Writes(dags=[dag_of("d")], backfills=[backfill]))
    for bad in (
        replace(backfill, runs=2),  # there is one already
        replace(backfill, rev=3),
        replace(backfill, id=99, rev=2),
        scribe.backfill("none"),
    ):
        with pytest.raises(StaleWrite):
            await store.commit(lease, Writes(dags=[dag_of("good")], backfills=[bad]))
    other = await store.register_scheduler("other")
    with pytest.raises(StaleWrite):
        await store.commit(other, Writes(backfills=[replace(backfill, rev=2)]))
    assert await store.backfills("d") == [BackfillOverview(backfill, {})]
    assert [dag.dag_id for dag in await store.dags()] == ["d"]


async def test_backfills_count_the_states_of_their_runs(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, _ = scribe.whole(runs=4)
    one, two = scribe.backfill("d"), scribe.backfill("d", created_at=NOW + 1)
    for run in runs[:3]:
        run.backfill = one.id
    runs[3].backfill = two.id
    writes.backfills = [one, two]
    await store.commit(lease, writes)
    await store.commit(lease, Writes(runs=[changed_run(runs[0], RunState.RUNNING)]))
    first, second = (
        BackfillOverview(one, {"queued": 2, "running": 1}),
        BackfillOverview(two, {"queued": 1}),
    )
    assert await store.backfills() == await store.backfills("d") == [second, first]
    assert await store.backfills(limit=1) == [second]
    paused = replace(one, state="paused", rev=2)
    await store.commit(lease, Writes(backfills=[paused]))
    first = replace(first, backfill=paused)
    assert await store.backfills(states=["running"]) == [second]
    assert await store.backfills("d", states=["paused", "running"]) == [second, first]
    assert await store.backfills(states=["done"]) == await store.backfills(states=[]) == []
    assert await store.backfill(one.id) == first
    assert await store.backfills("other") == []


async def test_runs_of_a_backfill(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, _ = scribe.whole(runs=5)
    writes.backfills = [backfill] = [scribe.backfill("d")]
    for run in runs[1:]:
        run.backfill = backfill.id
    runs[2].state = RunState.SUCCESS
    await store.commit(lease, writes)

    async def of(*states: RunState, **options: object) -> list[str]:
        asked = RunFilter(states=states or None, backfill=backfill.id)
        found: list[RunOverview] = await store.runs(asked=asked, **options)  # type: ignore[arg-type]
        return [overview.run.run_id for overview in found]

    assert await of() == ["r4", "r3", "r2", "r1"]
    assert await of(limit=2, before=(runs[4].run_after, runs[4].id)) == ["r3", "r2"]
    assert await of(RunState.SUCCESS) == ["r2"]
    assert await of(dag_id="other") == []


async def test_unfinished_backfills_are_those_of_owned_dags(
    store: Store, lease: Lease, scribe: Scribe
) -> None:
    running, paused = scribe.backfill("d"), scribe.backfill("d", state="paused")
    over = [scribe.backfill("d", state="done"), scribe.backfill("d", state="cancelled")]
    await store.commit(lease, Writes(dags=[dag_of("d")], backfills=[paused, *over, running]))
    other = await store.register_scheduler("other")
    theirs = Scribe(other).backfill("theirs")
    await store.commit(other, Writes(dags=[dag_of("theirs")], backfills=[theirs]))
    assert await store.unfinished_backfills(lease) == [running, paused]
    assert await store.unfinished_backfills(other) == [theirs]


# --- assets and their events -------------------------------------------------------------------------------------


async def test_assets_are_registered_once(store: Store, lease: Lease) -> None:
    asset = Asset("s3://Zoë/🦆 x", "s3://bucket", "raw", {"a": [1]}, NOW)
    bare = Asset("b" * 500)
    await store.commit(lease, Writes(assets=[asset, bare]))
    assert await store.assets() == [bare, asset]
    changed = Asset(asset.name, "", "", {}, NOW + 9)
    await store.commit(lease, Writes(assets=[changed]))
    assert await store.assets() == [bare, replace(changed, created_at=NOW)]


async def test_assets_have_case(store: Store, lease: Lease) -> None:
    await store.commit(lease, Writes(assets=[Asset("a"), Asset("A")]))
    assert [asset.name for asset in await store.assets()] == ["A", "a"]


async def test_assets_registered_by_two_at_once(store: Store, other_store: Store, lease: Lease) -> None:
    """Both keep what else they had to write."""
    other = await other_store.register_scheduler("other")
    names = [f"a{n}" for n in range(20)]

    async def register(where: Store, whose: Lease, dag_id: str, group: str, names: list[str]) -> None:
        assets = [Asset(name, group=group) for name in names]
        await where.commit(whose, Writes(dags=[dag_of(dag_id)], assets=assets))

    await asyncio.gather(
        register(store, lease, "mine", "x", names), register(other_store, other, "theirs", "y", names[::-1])
    )
    found = await store.assets()
    assert [asset.name for asset in found] == sorted(names)
    assert len({asset.group for asset in found}) == 1
    assert len(await store.dags()) == 2


async def test_events_page_by_page(store: Store, lease: Lease, scribe: Scribe) -> None:
    full = scribe.event(
        "a", extra={"🦆": [1]}, dag_id="d", run_id="r", task_id="t", map_index=3, actor="Zoë 🦆"
    )
    events = [full, *(scribe.event("ab"[n % 2]) for n in range(6))]
    await store.commit(lease, Writes(new_events=events))
    newest = events[::-1]
    assert await store.asset_events() == newest
    assert await store.asset_events(limit=3) == newest[:3]
    assert await store.asset_events(before=newest[2].id, limit=3) == newest[3:6]
    of_a = [event for event in newest if event.asset == "a"]
    assert await store.asset_events("a") == of_a
    assert await store.asset_events("a", before=of_a[0].id, limit=1) == of_a[1:2]
    assert await store.asset_events("A") == []


async def test_events_by_id(store: Store, lease: Lease, scribe: Scribe) -> None:
    events = [scribe.event("a") for _ in range(4)]
    await store.commit(lease, Writes(new_events=events[::-1]))
    asked = [events[2].id, 99, events[0].id, events[2].id]
    assert await store.events(asked) == [events[0], events[2]]
    assert await store.events([]) == []
    with pytest.raises(StaleWrite):
        await store.commit(lease, Writes(new_events=[events[0]]))


# --- callbacks ---------------------------------------------------------------------------------------------------


async def test_callback_comes_back_as_it_was_given(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole()
    callback = scribe.callback(
        runs[0], tasks[0], args={"to": ["a"]}, path=("/x", "y"), context={"try_number": 1, "🦆": None}
    )
    of_run = scribe.callback(runs[0], on="deadline")
    writes.new_callbacks = [of_run, callback]
    await store.commit(lease, writes)
    assert await store.unfinished_callbacks(lease) == [callback, of_run]
    started = replace(
        callback, state=AttemptState.RUNNING, tries=2, directory="d/r", queued_at=NOW + 1, started_at=NOW + 2
    )
    await store.commit(lease, Writes(callbacks=[started]))
    assert await store.unfinished_callbacks(lease) == [started, of_run]
    over = replace(started, state=AttemptState.FAILED, ended_at=NOW + 3, error="nul \0 🧨")
    await store.commit(lease, Writes(callbacks=[over]))
    assert await store.unfinished_callbacks(lease) == [of_run]


async def test_what_became_of_a_callback_never_changes(store: Store, lease: Lease, scribe: Scribe) -> None:
    """It is no error either: its worker may report twice, or after its run was removed."""
    writes, runs, _ = scribe.whole()
    writes.new_callbacks = [callback] = [scribe.callback(runs[0], state=AttemptState.LOST)]
    await store.commit(lease, writes)
    unknown = replace(callback, id=99)
    back = replace(callback, state=AttemptState.RUNNING)
    await store.commit(lease, Writes(callbacks=[back, unknown]))
    assert await store.unfinished_callbacks(lease) == []


async def test_callback_guards(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, _ = scribe.whole()
    writes.new_callbacks = [callback] = [scribe.callback(runs[0])]
    await store.commit(lease, writes)
    other = await store.register_scheduler("other")
    for whose, bad in (
        (lease, callback),  # there is one already
        (lease, scribe.callback(replace(runs[0], id=99))),
        (other, Scribe(other).callback(runs[0])),
    ):
        with pytest.raises(StaleWrite):
            await store.commit(whose, Writes(dags=[dag_of("good")], new_callbacks=[bad]))
    assert await store.unfinished_callbacks(lease) == [callback]
    assert await store.unfinished_callbacks(other) == []
    assert await store.dag("good") is None
