"""The run that a task of the kind `trigger_dag` wants: made once for each of its attempts."""

from __future__ import annotations

from typing import Any

from studio.core.active import ActiveRun
from studio.core.board import Board
from studio.core.commands.clear import clear_tasks
from studio.core.commands.lookup import find_run, is_over, owned_dag
from studio.core.commands.trigger import PREFIXES, checked_params
from studio.core.context import iso
from studio.core.events import CommandGiven
from studio.core.names import shown
from studio.core.runs import create_run
from studio.core.states import TaskState
from studio.errors import Conflict, InvalidInput, NotFound

_NOTHING_TO_REPEAT = (TaskState.NONE, TaskState.RESTARTING, TaskState.REMOVED)


def trigger_by_task(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Make the run, or do with the one that there is what `if_exists` says."""
    owned, payload = owned_dag(board, event), event.command.payload
    dag, given = owned.dag, payload.get("params") or {}
    if dag.paused and payload["if_paused"] == "fail":
        raise Conflict(
            f"The DAG {shown(dag.dag_id)} is paused, so the run would not start.",
            hint="Unpause it, or write if_paused='queue': the run then waits for that.",
        )
    wanted, date = payload.get("run_id"), payload.get("logical_date")
    if wanted is not None and wanted.startswith(PREFIXES):
        raise InvalidInput(
            f"The run id {shown(wanted)} begins like those that are given by the studio.", field="run_id"
        )
    run_id = wanted_run_id(payload) or f"operator__{iso(board.now)}~{payload['attempt']:x}"
    try:
        existing = find_run(board, event, run_id)
    except NotFound:
        checked_params(dag.spec, {**dag.spec.params, **given}, given)
        create_run(
            board,
            owned,
            "operator",
            run_id,
            run_after=board.now,
            logical_date=date,
            params=given,
            triggered_by=payload["origin"],
        )
        return {"run_id": run_id}
    match payload["if_exists"]:
        case "skip":
            return {"run_id": run_id, "skipped": True}
        case "clear":
            _clear(board, existing, given)
            return {"run_id": run_id, "cleared": True}
        case _:
            raise Conflict(
                f"The DAG {shown(dag.dag_id)} has a run {shown(run_id)} already.",
                hint="if_exists='clear' runs it again, if_exists='skip' skips the task.",
            )


def wanted_run_id(payload: dict[str, Any]) -> str | None:
    """The run id that was asked for, by itself or by a logical date; None: any that is free."""
    if payload.get("run_id") is not None:
        return str(payload["run_id"])
    date = payload.get("logical_date")
    return None if date is None else f"operator__{iso(date)}"


def _clear(board: Board, active: ActiveRun, given: dict[str, Any]) -> None:
    if active.run.ending is not None and not is_over(active):
        raise Conflict(
            f"The run {shown(active.run.run_id)} is being ended.",
            hint="Wait until it has ended, then try again.",
        )
    checked_params(active.spec, {**active.run.params, **given}, given)
    if given:
        board.touch_run(active)
        active.run.params = {**active.run.params, **given}
        board.look_at_maps(active)
    clear_tasks(board, active, [task for task in active.all() if task.state not in _NOTHING_TO_REPEAT])
