"""Runs by hand: trigger, cancel, delete, notes, answers."""

from __future__ import annotations

from typing import Any

from studio.core.answers import answer
from studio.core.board import Board
from studio.core.callbacks import drop_callbacks
from studio.core.commands.lookup import find_run, find_runs, find_task, is_over, owned_dag
from studio.core.context import iso
from studio.core.events import CommandGiven
from studio.core.model import RunType
from studio.core.names import check_run_id, nearest, shown
from studio.core.params import check_params
from studio.core.past import forget
from studio.core.runs import cancel_run, create_run
from studio.core.spec import DagSpec
from studio.core.subsets import subset
from studio.errors import Conflict, InvalidInput

#: What run ids of other run types begin with.
PREFIXES = ("scheduled__", "backfill__", "asset__", "operator__")


def trigger(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Start a run by hand."""
    owned, payload = owned_dag(board, event), event.command.payload
    logical_date, wanted = payload.get("logical_date"), payload.get("run_id")
    taken = event.facts.taken | owned.runs.keys() | board.ended_now(owned.dag.dag_id).keys()
    if wanted is not None:
        check_run_id(wanted)
        if wanted.startswith(PREFIXES):
            raise InvalidInput(
                f"The run id {shown(wanted)} begins like those of another run type.", field="run_id"
            )
        if wanted in taken:
            raise Conflict(
                f"The DAG {shown(owned.dag.dag_id)} has a run {shown(wanted)} already.",
                hint="Clear its tasks to run it again.",
            )
    given = payload.get("params") or {}
    spec = owned.dag.spec
    checked_params(spec, {**spec.params, **given}, given)
    interval = payload.get("interval")
    run_type: RunType = "operator" if payload.get("run_type") == "operator" else "manual"
    active = create_run(
        board,
        owned,
        run_type,
        wanted or first_free(manual_run_id(board.now if logical_date is None else logical_date), taken),
        run_after=board.now,
        logical_date=logical_date,
        interval=None if interval is None else (float(interval[0]), float(interval[1])),
        params=given,
        triggered_by=event.command.actor,
        subset=subset(spec, payload["subset"], with_upstream=False) if payload.get("subset") else (),
        note=payload.get("note") or "",
    )
    active.run.refresh = bool(payload.get("refresh_cache"))
    return {"run_id": active.run.run_id}


def manual_run_id(instant: float) -> str:
    """The run id that a run triggered by hand has, unless that is taken: then `~2`, `~3`, … is appended."""
    return f"manual__{iso(instant)}"


def first_free(base: str, taken: frozenset[str]) -> str:
    """`base`, or the first of `base~2`, `base~3`, … that is not taken."""
    if base not in taken:
        return base
    n = 2
    while f"{base}~{n}" in taken:
        n += 1
    return f"{base}~{n}"


def checked_params(spec: DagSpec, values: dict[str, Any], given: dict[str, Any]) -> None:
    """Raise unless the DAG declares the names in `given`, and `values` fit their schemas."""
    declared = {**spec.params, **spec.param_schemas}
    for task in spec.tasks:
        declared |= task.params
        declared |= task.param_schemas
    for name in given:
        if name not in declared:
            hint = nearest(name, declared) or "It declares no params."
            raise InvalidInput(
                f"The DAG {shown(spec.id)} has no param {shown(name)}.", hint=hint, field="params"
            )
    check_params(values, spec.param_schemas)


def cancel(board: Board, event: CommandGiven) -> dict[str, Any]:
    """What waits is not started; what runs is ended, with all its processes."""
    runs = find_runs(board, event)
    unfinished = [active for active in runs if not is_over(active)]
    if not unfinished:
        name = shown(runs[0].run.run_id)
        raise Conflict(
            f"The run {name} is over; there is nothing to cancel."
            if len(runs) == 1
            else "These runs are over; there is nothing to cancel."
        )
    for active in unfinished:
        cancel_run(board, active)
    return {"cancelled": len(unfinished)}


def delete_run(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Delete runs that are over, with their task instances and attempts. Files stay until they are cleaned."""
    runs = find_runs(board, event)
    for active in runs:
        if not is_over(active):
            raise Conflict(f"The run {shown(active.run.run_id)} is unfinished.", hint="Cancel it first.")
    for active in runs:
        board.ledger.remove_run(active.run)
        board.touched.pop(active.run.id, None)
        forget(board, active)
        drop_callbacks(board, active.run.dag_id, active.run.id)
    if runs:
        board.ledger.touch_dag(owned_dag(board, event).dag)  # whoever shows its runs hears of it
    return {"deleted": len(runs)}


def note(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Write a note to a run or a task instance."""
    payload = event.command.payload
    active = find_run(board, event, payload["run_id"])
    if payload.get("task_id"):
        task = find_task(active, payload["task_id"], payload.get("map_index", -1))
        board.touch_task(active, task)
        task.note = payload["note"]
    else:
        board.touch_run(active)
        active.run.note = payload["note"]
    return {}


def respond(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Answer an approval."""
    payload = event.command.payload
    active = find_run(board, event, payload["run_id"])
    task = find_task(active, payload["task_id"], payload.get("map_index", -1))
    answer(board, active, task, payload["options"], payload.get("params") or {}, event.command.actor)
    return {"state": task.state.value}
