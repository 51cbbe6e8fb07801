"""Every statement about pools, backfills, assets, their events and callbacks: as `statements`."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select, bindparam, delete, func, insert, select, update

from studio.core.states import ATTEMPT_TERMINAL, AttemptState
from studio.store.statements import changing, listed, named
from studio.store.tables import asset, asset_event, backfill, callback_request, dag, dag_run, pool

_UNFINISHED_CALLBACK = [state.value for state in AttemptState if state not in ATTEMPT_TERMINAL]
_UNFINISHED_BACKFILL = ["running", "paused"]

# --- the writes of a turn ------------------------------------------------------------------------------------

add_pools = insert(pool)
update_pools = update(pool).where(pool.c.name == bindparam("old_name")).values(changing(pool, "name", "used"))
remove_pools = delete(pool).where(pool.c.name.in_(listed("names")))
#: Of a pool that is changed in the same turn: what its tasks hold anyway, be it more than there are.
count_pools = (
    update(pool)
    .where(pool.c.name == bindparam("old_name"))
    .values(used=pool.c.used + bindparam("change", type_=sa.Integer))
)
#: By differences only: several schedulers do so at once. Slots are given back in any case, and taken if there are any.
use_pools = (
    update(pool)
    .where(
        pool.c.name == bindparam("old_name"),
        sa.or_(
            pool.c.slots < 0,
            bindparam("change", type_=sa.Integer) <= 0,
            pool.c.used + bindparam("change", type_=sa.Integer) <= pool.c.slots,
        ),
    )
    .values(used=pool.c.used + bindparam("change", type_=sa.Integer))
)

add_backfills = insert(backfill)
update_backfills = (
    update(backfill)
    .where(backfill.c.id == bindparam("old_id"), backfill.c.rev == bindparam("old_rev"))
    .values(changing(backfill, "id", "dag_id", "created_at"))
)
remove_backfills = delete(backfill).where(backfill.c.dag_id == bindparam("dag_id"))

add_asset = insert(asset)
update_asset = (
    update(asset).where(asset.c.name == bindparam("old_name")).values(changing(asset, "name", "created_at"))
)
add_events = insert(asset_event)

add_callbacks = insert(callback_request)
update_callbacks = (
    update(callback_request)
    .where(
        callback_request.c.id == bindparam("old_id"),
        # no IN, which is a statement of its own for each length
        sa.or_(*(callback_request.c.state == state for state in _UNFINISHED_CALLBACK)),
    )
    .values(
        named(
            callback_request,
            ["state", "tries", "directory", "queued_at", "started_at", "ended_at", "error"],
        )
    )
)
remove_callbacks = delete(callback_request).where(callback_request.c.run.in_(listed("runs")))

# --- what a scheduler loads ----------------------------------------------------------------------------------

unfinished_callbacks = (
    select(callback_request)
    .join(dag, dag.c.dag_id == callback_request.c.dag_id)
    .where(callback_request.c.state.in_(_UNFINISHED_CALLBACK), dag.c.owner == bindparam("lease"))
    .order_by(callback_request.c.id)
)
unfinished_backfills = (
    select(backfill)
    .join(dag, dag.c.dag_id == backfill.c.dag_id)
    .where(backfill.c.state.in_(_UNFINISHED_BACKFILL), dag.c.owner == bindparam("lease"))
    .order_by(backfill.c.id)
)
events_by_id = select(asset_event).where(asset_event.c.id.in_(listed("ids")))

# --- reads ---------------------------------------------------------------------------------------------------

pools = select(pool)
assets = select(asset)
backfill_by_id = select(backfill).where(backfill.c.id == bindparam("id"))
backfill_counts = (
    select(dag_run.c.backfill, dag_run.c.state, func.count())
    .where(dag_run.c.backfill.in_(listed("backfills")))
    .group_by(dag_run.c.backfill, dag_run.c.state)
)


@cache
def backfills(of_dag: bool, in_states: bool) -> Select[Any]:
    """The newest `limit` backfills, of the DAG `dag_id` and in one of `states` as asked for."""
    found = select(backfill).order_by(backfill.c.created_at.desc(), backfill.c.id.desc())
    if of_dag:
        found = found.where(backfill.c.dag_id == bindparam("dag_id"))
    if in_states:
        found = found.where(backfill.c.state.in_(listed("states")))
    return found.limit(bindparam("limit"))


@cache
def events_page(of_asset: bool, after_key: bool) -> Select[Any]:
    """The newest `limit` events, of the asset `asset` and before the event `id` as asked for."""
    found = select(asset_event).order_by(asset_event.c.id.desc())
    if of_asset:
        found = found.where(asset_event.c.asset == bindparam("asset"))
    if after_key:
        found = found.where(asset_event.c.id < bindparam("id"))
    return found.limit(bindparam("limit"))
