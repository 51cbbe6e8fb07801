"""Every store: what attempts leave for others, variables, connections."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from studio.core.model import Command, CommandKind, ConnectionRow, SavedValue, Variable
from studio.core.states import AttemptState
from studio.core.turn import Writes
from studio.errors import StaleWrite
from studio.ports import Lease, Store
from tests.contract.records import NOW, Scribe, dag_of

FIRST, SECOND, THIRD = ("a" * 64, "b" * 64, "c" * 64)


def value_of(attempt: int, name: str = "flights", digest: str = FIRST, **fields: Any) -> SavedValue:
    described = {"schema": {"columns": ["ö"]}, "preview": {"kind": "table", "rows": [["1", None]]}}
    values: dict[str, Any] = {"format": "parquet", "type": "pandas.DataFrame", "size": 3_000_000_000}
    return SavedValue(attempt, name, digest, description=described, **{**values, **fields})


async def attempts_of(store: Store, lease: Lease, scribe: Scribe, count: int) -> list[int]:
    """So many attempts of a run of the DAG `d`; their ids."""
    dag = dag_of("d", tasks=count)
    run = scribe.run(dag)
    tasks = scribe.tasks(dag, run)
    attempts = [scribe.attempt(task) for task in tasks]
    await store.commit(lease, Writes(dags=[dag], new_runs=[run], new_tasks=tasks, new_attempts=attempts))
    return [attempt.id for attempt in attempts]


async def test_values_come_back_as_they_were_given(store: Store, lease: Lease, scribe: Scribe) -> None:
    first, second, third = await attempts_of(store, lease, scribe, 3)
    values = [value_of(second, "model", SECOND), value_of(first, "b"), value_of(first, "a")]
    await store.commit(lease, Writes(new_values=values))
    assert await store.saved_values([first, second, third, 1]) == {
        first: [values[2], values[1]],
        second: [values[0]],
    }


async def test_a_name_is_kept_once_by_an_attempt(store: Store, lease: Lease, scribe: Scribe) -> None:
    (attempt,) = await attempts_of(store, lease, scribe, 1)
    await store.commit(lease, Writes(new_values=[value_of(attempt)]))
    with pytest.raises(StaleWrite):
        await store.commit(lease, Writes(new_values=[value_of(attempt, digest=SECOND)]))
    assert await store.saved_values([attempt]) == {attempt: [value_of(attempt)]}


async def test_values_belong_to_attempts(store: Store, lease: Lease, scribe: Scribe) -> None:
    with pytest.raises(StaleWrite):
        await store.commit(lease, Writes(new_values=[value_of(12345)]))


async def test_contents_are_referenced_as_long_as_a_value_has_them(
    store: Store, lease: Lease, scribe: Scribe
) -> None:
    first, second = await attempts_of(store, lease, scribe, 2)
    values = [value_of(first), value_of(second), value_of(second, "other", SECOND)]
    await store.commit(lease, Writes(new_values=values))
    assert await store.referenced([FIRST, SECOND, THIRD]) == {FIRST, SECOND}
    await store.commit(lease, Writes(removed_attempts=[second]))
    assert await store.referenced([FIRST, SECOND, THIRD]) == {FIRST}
    found = await store.runs("d")
    await store.commit(lease, Writes(removed_runs=[found[0].run.id]))
    assert await store.referenced([FIRST, SECOND, THIRD]) == set()
    assert await store.saved_values([first]) == {}


async def test_values_go_with_their_dag(store: Store, lease: Lease, scribe: Scribe) -> None:
    (attempt,) = await attempts_of(store, lease, scribe, 1)
    await store.commit(lease, Writes(new_values=[value_of(attempt)]))
    await store.commit(lease, Writes(removed_dags=["d"]))
    assert await store.referenced([FIRST]) == set()


async def test_what_runs_have_left(store: Store, lease: Lease, scribe: Scribe) -> None:
    writes, runs, tasks = scribe.whole(runs=2)
    attempts = [scribe.attempt(task, directory=f"d/{task.id}") for task in tasks]
    values = [value_of(attempts[0].id), value_of(attempts[0].id, "b", SECOND), value_of(attempts[2].id)]
    writes.new_attempts, writes.new_values = attempts, values
    await store.commit(lease, writes)
    found = await store.leavings("d", [runs[0].run_id, "no such run"])
    assert (found[0], sorted(found[1])) == ({FIRST, SECOND}, [f"d/{task.id}" for task in tasks[:2]])
    everything = await store.leavings("d", None)
    assert (everything[0], sorted(everything[1])) == ({FIRST, SECOND}, sorted(f"d/{t.id}" for t in tasks))
    assert await store.leavings("other", None) == (set(), [])


async def test_oldest_unfinished_attempt(store: Store, lease: Lease, scribe: Scribe) -> None:
    assert await store.oldest_unfinished() is None
    dag = dag_of("d", tasks=3)
    run = scribe.run(dag)
    tasks = scribe.tasks(dag, run)
    ended, later, earlier = (
        replace(scribe.attempt(task), state=state, queued_at=at)
        for task, state, at in zip(
            tasks,
            (AttemptState.SUCCESS, AttemptState.QUEUED, AttemptState.RUNNING),
            (NOW - 9, NOW, NOW - 5),
            strict=True,
        )
    )
    new = Writes(dags=[dag], new_runs=[run], new_tasks=tasks, new_attempts=[ended, later, earlier])
    await store.commit(lease, new)
    assert await store.oldest_unfinished() == NOW - 5


async def test_variables_are_set_and_replaced(store: Store, other_store: Store) -> None:
    plain = Variable("region", '"ö"', description="where", updated_at=NOW)
    secret = Variable("Region", "gAAA", secret=True, updated_at=NOW + 1)
    assert await store.set_variable(plain) == replace(plain, rev=1)
    assert await store.set_variable(secret) == replace(secret, rev=1)
    changed = replace(plain, value="[1]", description="", updated_at=NOW + 2, rev=77)
    assert await other_store.set_variable(changed) == replace(changed, rev=2)
    assert await store.variables() == [replace(secret, rev=1), replace(changed, rev=2)]
    assert await store.variable("region") == replace(changed, rev=2)
    assert await store.variable("nothing") is None
    assert await store.delete_variable("region") is True
    assert await store.delete_variable("region") is False
    assert await store.variables() == [replace(secret, rev=1)]


async def test_connections_are_set_and_replaced(store: Store, other_store: Store) -> None:
    first = ConnectionRow("warehouse", "gAAA", "the one", NOW)
    assert await store.set_connection(first) == replace(first, rev=1)
    second = replace(first, data="x" * 100_000)
    assert await other_store.set_connection(second) == replace(second, rev=2)
    assert await store.connections() == [replace(second, rev=2)]
    assert await store.connection("warehouse") == replace(second, rev=2)
    assert await store.connection("Warehouse") is None
    assert await store.delete_connection("warehouse") is True
    assert await store.delete_connection("warehouse") is False


async def test_changes_are_noted_with_who_made_them(store: Store, other_store: Store, lease: Lease) -> None:
    def noted(kind: CommandKind, actor: str) -> Command:
        return Command(0, "", kind, {"name": "n"}, actor, NOW, state="done", handled_at=NOW)

    await store.set_variable(Variable("n", "1"), noted("set_variable", "Zoë"))
    await other_store.set_variable(Variable("n", "2"))
    await store.set_connection(ConnectionRow("n", "gAAA"), noted("set_connection", "you"))
    assert await store.delete_variable("other", noted("delete_variable", "you")) is False
    assert await store.delete_variable("n", noted("delete_variable", "you")) is True
    assert await store.delete_connection("n", noted("delete_connection", "Zoë")) is True
    await store.note(noted("rotate_secrets", "you"))
    told = await store.commands()
    assert [(each.kind, each.actor) for each in told] == [
        ("rotate_secrets", "you"),
        ("delete_connection", "Zoë"),
        ("delete_variable", "you"),
        ("set_connection", "you"),
        ("set_variable", "Zoë"),
    ]
    assert told[-1] == replace(noted("set_variable", "Zoë"), id=told[-1].id)
    assert await store.pending_commands(lease) == []
    of_zoe = await store.commands(actor="Zoë")
    assert [each.kind for each in of_zoe] == ["delete_connection", "set_variable"]
    assert await store.commands(actor="Zoë", before=of_zoe[0].id) == of_zoe[1:]
    assert await store.commands(actor="Zo") == []
    submitted = await store.submit("", "set_pool", {}, actor="you", at=NOW)
    assert submitted.id > told[0].id


async def test_secrets_are_found_together(store: Store) -> None:
    region = await store.set_variable(Variable("region", "1"))
    warehouse = await store.set_connection(ConnectionRow("warehouse", "gAAA"))
    assert await store.secrets_of(["warehouse", "x"], ["region", "y"]) == (
        {"warehouse": warehouse},
        {"region": region},
    )
    assert await store.secrets_of([], []) == ({}, {})


async def test_two_set_the_same_at_once(store: Store, other_store: Store) -> None:
    both = [each.set_variable(Variable("n", str(k))) for k, each in enumerate((store, other_store))]
    assert sorted(each.rev for each in await asyncio.gather(*both)) == [1, 2]
