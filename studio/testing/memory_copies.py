"""Copies of records as a database would give them back: JSON went through JSON, text was cut to its column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from studio.core.model import (
    Asset,
    AssetEvent,
    Attempt,
    Backfill,
    CallbackRequest,
    Command,
    Dag,
    Pool,
    Run,
    SavedValue,
    TaskInstance,
)
from studio.store.encoding import brief, clean, from_json, to_json


def through_json(value: Any) -> Any:
    """Tuples become lists, keys text, NaN null."""
    return from_json(to_json(value))


def dag_copy(dag: Dag) -> Dag:
    return replace(dag, queued_events=through_json(dag.queued_events))


def run_copy(run: Run) -> Run:
    return replace(
        run,
        params=through_json(run.params),
        reason=brief(run.reason) or "",
        triggered_by=brief(run.triggered_by) or "",
        subset=tuple(run.subset),
        events=tuple(run.events),
        deadlines=list(run.deadlines),
        note=clean(run.note) or "",
    )


def task_copy(task: TaskInstance) -> TaskInstance:
    return replace(
        task,
        map_path=tuple(task.map_path),
        decision=None if task.decision is None else through_json(task.decision),
        resume=None if task.resume is None else through_json(task.resume),
        label=brief(task.label) or "",
        note=clean(task.note) or "",
    )


def attempt_copy(attempt: Attempt) -> Attempt:
    value, details = through_json(attempt.value), through_json(attempt.details)
    return replace(attempt, value=value, details=details, error=clean(attempt.error))


def saved_value_copy(value: SavedValue) -> SavedValue:
    return replace(value, type=brief(value.type) or "?", description=through_json(value.description))


def command_copy(command: Command) -> Command:
    payload, result = through_json(command.payload), through_json(command.result)
    return replace(command, payload=payload, result=result, actor=brief(command.actor) or "")


def pool_copy(pool: Pool) -> Pool:
    return replace(pool, description=clean(pool.description) or "")


def backfill_copy(backfill: Backfill) -> Backfill:
    return replace(backfill, asked=through_json(backfill.asked), actor=brief(backfill.actor) or "")


def asset_copy(asset: Asset) -> Asset:
    return replace(
        asset,
        uri=clean(asset.uri) or "",
        group=brief(asset.group) or "",
        extra=through_json(asset.extra),
    )


def event_copy(event: AssetEvent) -> AssetEvent:
    return replace(event, extra=through_json(event.extra), actor=brief(event.actor) or "")


def callback_copy(callback: CallbackRequest) -> CallbackRequest:
    return replace(
        callback,
        args=through_json(callback.args),
        path=tuple(callback.path),
        context=through_json(callback.context),
        error=clean(callback.error),
    )
