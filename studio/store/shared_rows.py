"""Pools, backfills, assets, their events and callbacks as rows, and back: as `rows`."""

from __future__ import annotations

from studio.core.model import Asset, AssetEvent, Backfill, CallbackRequest, Pool
from studio.core.states import AttemptState
from studio.store.encoding import brief, clean, from_json, to_json
from studio.store.rows import Row, Values

# --- to the database -----------------------------------------------------------------------------------------


def pool_values(pool: Pool) -> Values:
    return {"name": pool.name, "used": pool.used, **_pool_changes(pool)}


def changed_pool_values(pool: Pool) -> Values:
    return {"old_name": pool.name, **_pool_changes(pool)}


def _pool_changes(pool: Pool) -> Values:
    return {
        "slots": pool.slots,
        "description": clean(pool.description) or None,
        "include_deferred": pool.include_deferred,
        "rev": pool.rev,
    }


def backfill_values(backfill: Backfill) -> Values:
    return {
        "id": backfill.id,
        "dag_id": backfill.dag_id,
        "created_at": backfill.created_at,
        **_backfill_changes(backfill),
    }


def changed_backfill_values(backfill: Backfill) -> Values:
    return {"old_id": backfill.id, "old_rev": backfill.rev - 1, **_backfill_changes(backfill)}


def _backfill_changes(backfill: Backfill) -> Values:
    return {
        "state": backfill.state,
        "asked": to_json(backfill.asked),
        "max_active_runs": backfill.max_active_runs,
        "runs": backfill.runs,
        "ended_at": backfill.ended_at,
        "actor": brief(backfill.actor),
        "rev": backfill.rev,
    }


def asset_values(asset: Asset) -> Values:
    return {"name": asset.name, "created_at": asset.created_at, **_asset_changes(asset)}


def changed_asset_values(asset: Asset) -> Values:
    return {"old_name": asset.name, **_asset_changes(asset)}


def _asset_changes(asset: Asset) -> Values:
    return {
        "uri": clean(asset.uri) or None,
        "asset_group": brief(asset.group),
        "extra": to_json(asset.extra),
    }


def event_values(event: AssetEvent) -> Values:
    return {
        "id": event.id,
        "asset": event.asset,
        "at": event.at,
        "extra": to_json(event.extra),
        "dag_id": event.dag_id or None,
        "run_id": event.run_id or None,
        "task_id": event.task_id or None,
        "map_index": event.map_index,
        "actor": brief(event.actor),
    }


def callback_values(callback: CallbackRequest) -> Values:
    return {
        "id": callback.id,
        "dag_id": callback.dag_id,
        "run": callback.run,
        "task_instance": callback.task_instance,
        "event": callback.on,
        "function_path": clean(callback.function),
        "args": to_json(callback.args),
        "path": to_json(callback.path),
        "context": to_json(callback.context),
        **_callback_changes(callback),
    }


def changed_callback_values(callback: CallbackRequest) -> Values:
    return {"old_id": callback.id, **_callback_changes(callback)}


def _callback_changes(callback: CallbackRequest) -> Values:
    return {
        "state": callback.state.value,
        "tries": callback.tries,
        "directory": callback.directory or None,
        "queued_at": callback.queued_at,
        "started_at": callback.started_at,
        "ended_at": callback.ended_at,
        "error": clean(callback.error),
    }


# --- from the database ---------------------------------------------------------------------------------------


def pool_record(row: Row) -> Pool:
    return Pool(
        name=row.name,
        slots=row.slots,
        description=row.description or "",
        include_deferred=row.include_deferred,
        used=row.used,
        rev=row.rev,
    )


def backfill_record(row: Row) -> Backfill:
    return Backfill(
        id=row.id,
        dag_id=row.dag_id,
        state=row.state,
        asked=from_json(row.asked),
        max_active_runs=row.max_active_runs,
        runs=row.runs,
        created_at=row.created_at,
        ended_at=row.ended_at,
        actor=row.actor or "",
        rev=row.rev,
    )


def asset_record(row: Row) -> Asset:
    return Asset(
        name=row.name,
        uri=row.uri or "",
        group=row.asset_group or "",
        extra=from_json(row.extra),
        created_at=row.created_at,
    )


def event_record(row: Row) -> AssetEvent:
    return AssetEvent(
        id=row.id,
        asset=row.asset,
        at=row.at,
        extra=from_json(row.extra),
        dag_id=row.dag_id or "",
        run_id=row.run_id or "",
        task_id=row.task_id or "",
        map_index=row.map_index,
        actor=row.actor or "",
    )


def callback_record(row: Row) -> CallbackRequest:
    return CallbackRequest(
        id=row.id,
        dag_id=row.dag_id,
        run=row.run,
        on=row.event,
        function=row.function_path,
        task_instance=row.task_instance,
        args=from_json(row.args),
        path=tuple(from_json(row.path)),
        context=from_json(row.context),
        state=AttemptState(row.state),
        tries=row.tries,
        directory=row.directory or "",
        queued_at=row.queued_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        error=row.error,
    )
