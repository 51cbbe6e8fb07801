"""Assets: what tasks make, and the DAGs that wait for it.

An event is queued for each DAG whose schedule names the asset. When its condition holds over what is queued, one run is
made of all of it, and the queue is empty again.
"""

from __future__ import annotations

from studio.core.active import ActiveRun
from studio.core.board import Board, OwnedDag
from studio.core.model import Asset, AssetEvent, TaskInstance
from studio.core.schedule_spec import AssetCondition, AssetOrTimeSpec, AssetsSpec, assets_in, holds
from studio.core.signals import AssetSignal
from studio.core.spec import AssetSpec, DagSpec

MAX_QUEUED = 1000  # events of one asset that a run is about: the newest


def condition_of(spec: DagSpec) -> AssetCondition | None:
    """The assets that a DAG waits for, if its schedule names some."""
    return spec.schedule.condition if isinstance(spec.schedule, (AssetsSpec, AssetOrTimeSpec)) else None


def register(board: Board, spec: DagSpec) -> None:
    """Make the assets known that a published DAG names."""
    forget_consumer(board, spec.id)
    condition = condition_of(spec)
    names = assets_in(condition) if condition is not None else ()
    for name in names:
        board.consumers.setdefault(name, {})[spec.id] = None
    named = [asset for task in spec.tasks for asset in (*task.outlets, *task.inlets)]
    for asset in [*named, *(AssetSpec(name=name) for name in names)]:
        known = board.assets.get(asset.name)
        told = Asset(asset.name, asset.uri, asset.group, asset.extra, board.now)
        is_bare = not (asset.uri or asset.group or asset.extra)
        if known is None or (not is_bare and (known.uri, known.group, known.extra) != _facts(asset)):
            told.created_at = board.now if known is None else known.created_at
            board.assets[asset.name] = told
            board.ledger.add_asset(told)


def forget_consumer(board: Board, dag_id: str) -> None:
    """The DAG waits for no assets any more."""
    for dag_ids in board.consumers.values():
        dag_ids.pop(dag_id, None)


def _facts(asset: AssetSpec) -> tuple[object, ...]:
    return asset.uri, asset.group, asset.extra


def emit(
    board: Board,
    signal: AssetSignal,
    active: ActiveRun | None = None,
    task: TaskInstance | None = None,
    actor: str = "",
) -> tuple[AssetEvent, list[str]]:
    """An asset was made anew. Returns the event and the DAGs that will run because of it."""
    event = AssetEvent(board.new_id(), signal.asset, board.now, dict(signal.extra), actor=actor)
    if active is not None and task is not None:
        event.dag_id, event.run_id = active.run.dag_id, active.run.run_id
        event.task_id, event.map_index = task.task_id, task.map_index
    board.ledger.add_event(event)
    known = board.last_events.get(event.asset)
    if known is None or known.at <= event.at:
        board.last_events[event.asset] = event
    board.waiters.notice("asset", event.asset)
    ready = []
    for dag_id in board.consumers.get(signal.asset, ()):
        owned = board.dags[dag_id]
        condition = condition_of(owned.dag.spec)
        if condition is None or owned.dag.paused:
            continue
        board.ledger.touch_dag(owned.dag)
        queued = owned.dag.queued_events
        queued[signal.asset] = [*queued.get(signal.asset, ()), event.id][-MAX_QUEUED:]
        if holds(condition, queued):
            ready.append(owned.dag.dag_id)
            board.asset_runs[owned.dag.dag_id] = None
    return event, ready


def use_events(board: Board, owned: OwnedDag) -> tuple[int, ...]:
    """The queued events of a DAG, which is about to run on them; its queue is empty then."""
    board.ledger.touch_dag(owned.dag)
    events = sorted(number for numbers in owned.dag.queued_events.values() for number in numbers)
    owned.dag.queued_events = {}
    return tuple(events)
