"""Commands about a whole DAG, and about what DAGs share: pools and assets."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.core import assets
from studio.core.board import Board, OwnedDag, in_pool
from studio.core.callbacks import drop_callbacks
from studio.core.commands.lookup import owned_dag
from studio.core.events import CommandGiven
from studio.core.model import Dag, Pool
from studio.core.names import check_name, nearest, shown
from studio.core.runs import arm, create_due_runs, pause
from studio.core.signals import AssetSignal
from studio.core.spec import DEFAULT_POOL, DagSpec, version_of
from studio.core.validation import validate
from studio.errors import Conflict, InvalidInput, NotFound

MAX_SLOTS = 1_000_000


def publish(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Register a DAG, or make `spec` its current version. Runs that exist keep theirs."""
    try:
        spec = msgspec.convert(event.command.payload["spec"], DagSpec)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"The spec cannot be read: {error}", field="spec") from error
    validate(spec)
    version = version_of(spec)
    owned = board.dags.get(spec.id)
    if owned is not None and owned.dag.spec == spec:
        return {"version": version}
    if owned is None:
        dag = Dag(spec.id, version, spec, created_at=board.now, updated_at=board.now)
        owned = board.dags[spec.id] = OwnedDag(dag)
    else:
        board.ledger.touch_dag(owned.dag)
        owned.dag.spec, owned.dag.version, owned.dag.updated_at = spec, version, board.now
        owned.layout = None
    board.dispatcher.refit(spec)
    assets.register(board, spec)
    queued = owned.dag.queued_events
    owned.dag.queued_events = {
        name: queued[name] for name in queued if spec.id in board.consumers.get(name, ())
    }
    if not owned.dag.paused:  # else when it goes on
        create_due_runs(board, owned)
    board.to_admit[spec.id] = None  # max_active_runs may have grown
    board.asset_runs[spec.id] = None  # its condition may hold now
    return {"version": version}


def pause_dag(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Nothing new starts; what runs goes on."""
    owned = owned_dag(board, event)
    if not owned.dag.paused:
        board.ledger.touch_dag(owned.dag)
        pause(owned)
    return {}


def unpause_dag(board: Board, event: CommandGiven) -> dict[str, Any]:
    owned = owned_dag(board, event)
    if owned.dag.paused:
        board.ledger.touch_dag(owned.dag)
        owned.dag.paused, owned.dag.failures = False, 0
        for active in owned.runs.values():
            active.is_held = False
            board.dispatcher.offer(active)
        create_due_runs(board, owned)
        arm(board, owned)
        board.to_admit[owned.dag.dag_id] = None
        board.asset_runs[owned.dag.dag_id] = None
    return {}


def delete_dag(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Delete a DAG with its whole history."""
    owned = owned_dag(board, event)
    dag_id = owned.dag.dag_id
    if owned.runs:
        raise Conflict(
            f"The DAG {shown(dag_id)} has {len(owned.runs)} unfinished runs.", hint="Cancel them first."
        )
    board.ledger.remove_dag(dag_id)
    del board.dags[dag_id]
    assets.forget_consumer(board, dag_id)
    drop_callbacks(board, dag_id)
    board.touched = {run: active for run, active in board.touched.items() if active.run.dag_id != dag_id}
    for number in [n for n, backfill in board.backfills.items() if backfill.dag_id == dag_id]:
        del board.backfills[number]
    return {}


def set_pool(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Make a pool, or change it. Fewer slots than are taken: nothing new starts until enough were given back."""
    payload = event.command.payload
    name = check_name(payload["name"], "pool")
    slots = payload["slots"]
    if not isinstance(slots, int) or isinstance(slots, bool) or not -1 <= slots <= MAX_SLOTS:
        raise InvalidInput(
            f"The pool {shown(name)}: slots is {shown(slots)}; it must be a whole number from 0 to {MAX_SLOTS}, "
            "or -1 for no limit.",
            field="slots",
        )
    pool = board.pools.get(name)
    if pool is None:
        pool = board.pools[name] = Pool(name, slots)
    board.ledger.touch_pool(pool)
    pool.slots = slots
    pool.description = payload.get("description", pool.description)
    pool.include_deferred = payload.get("include_deferred", pool.include_deferred)
    # Slots of a pool without limit are not counted, so its count begins, or ends, with the limit.
    used = _taken(board, pool)
    counted = used if slots >= 0 else 0
    if counted != pool.used:
        board.ledger.use_pool(name, counted - pool.used)
        pool.used = counted
    board.dispatcher.set_pool(name, slots, used)
    return {}


def delete_pool(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Tasks that name it wait until there is one again."""
    name = event.command.payload["name"]
    if name == DEFAULT_POOL:
        raise Conflict(
            f"The pool {shown(name)} cannot be deleted.", hint="Give it as many slots as you want."
        )
    pool = board.pools.get(name)
    if pool is None:
        raise NotFound(f"There is no pool {shown(name)}.", hint=nearest(str(name), board.pools))
    if _taken(board, pool):
        raise Conflict(
            f"The pool {shown(name)} is in use.",
            hint="Set its slots to 0 and wait until what runs has ended.",
        )
    del board.pools[name]
    board.ledger.remove_pool(name)
    board.dispatcher.set_pool(name, None)
    return {}


def _taken(board: Board, pool: Pool) -> int:
    return sum(
        active.spec_of(task).pool_slots
        for owned in board.dags.values()
        for active in owned.runs.values()
        for task in active.all()
        if active.spec_of(task).pool == pool.name and in_pool(pool, active.spec_of(task), task.state)
    )


def asset_event(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Say by hand that an asset was made anew."""
    payload = event.command.payload
    name = payload["asset"]
    if name not in board.assets:
        raise NotFound(f"There is no asset {shown(name)}.", hint=nearest(str(name), board.assets))
    made, dags = assets.emit(board, AssetSignal(name, payload.get("extra") or {}), actor=event.command.actor)
    return {"event": made.id, "dags": dags}


def forget_events(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Empty a DAG's queue of asset events, or of those of one asset."""
    owned = owned_dag(board, event)
    board.ledger.touch_dag(owned.dag)
    name = event.command.payload.get("asset")
    queued = owned.dag.queued_events
    owned.dag.queued_events = (
        {} if name is None else {key: value for key, value in queued.items() if key != name}
    )
    return {}
