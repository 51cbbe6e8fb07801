"""Backfills: many runs at once, for the past. What they are is planned in `studio.core.backfill`."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.core.backfill import BackfillPlan, PlannedRun, plan, plan_extension
from studio.core.backfill_asked import BackfillAsked, asked_of
from studio.core.board import Board, OwnedDag
from studio.core.commands.clear import clear_tasks, mapped_otherwise, rebase
from studio.core.commands.lookup import find_backfill, find_run, is_over, owned_dag
from studio.core.commands.trigger import checked_params
from studio.core.context import iso
from studio.core.events import CommandGiven
from studio.core.model import Backfill, Run
from studio.core.names import nearest, shown
from studio.core.runs import cancel_run, close_backfill, create_run, open_backfill
from studio.core.states import RunState, TaskState
from studio.errors import Conflict, InvalidInput, NotFound

ACTIONS = ("pause", "unpause", "cancel", "extend", "limit")
FOREVER = 1e15  # seconds; beyond every date


def existing_range(payload: dict[str, Any]) -> tuple[float, float]:
    """The logical dates, first and last, that a backfill may be about."""
    dates = payload.get("dates")
    if dates:
        return float(min(dates)), float(max(dates))
    if payload.get("from") is None:
        return 0.0, 0.0
    to = payload.get("to")
    return float(payload["from"]), FOREVER if to is None else float(to)


def backfill(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Make runs for the past, or say which these would be."""
    owned = owned_dag(board, event)
    asked = asked_of(event.command.payload)
    _check_params(owned, asked)
    planned = plan(owned.dag.spec, asked, _existing(board, owned, event), board.now)
    result: dict[str, Any] = {"runs": _listed(planned), "created": _number(planned)}
    if asked.dry_run:
        return result
    made = Backfill(
        id=board.new_id(),
        dag_id=owned.dag.dag_id,
        max_active_runs=asked.max_active_runs,
        created_at=board.now,
        actor=event.command.actor,
    )
    board.backfills[made.id] = made
    _make_runs(board, event, owned, made, planned)
    return {"id": made.id, **result}


def change_backfill(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Pause, go on, cancel, extend, or let more (or fewer) of its runs be active."""
    owned, payload = owned_dag(board, event), event.command.payload
    made = _find(board, event)
    action = payload.get("action") or "limit"
    if action not in ACTIONS:
        raise InvalidInput(
            f"A backfill cannot {shown(action)}.", hint=nearest(str(action), ACTIONS), field="action"
        )
    if made.state in ("cancelled", "done") and action != "extend":
        raise Conflict(f"The backfill {made.id} is {made.state}.", hint="Extend it, or make another one.")
    limit = payload.get("max_active_runs")
    board.ledger.touch_backfill(made)
    board.to_admit[owned.dag.dag_id] = None
    if limit is not None:
        made.max_active_runs = asked_of({**made.asked, "max_active_runs": limit}).max_active_runs
    match action:
        case "pause":
            made.state = "paused"
        case "unpause":
            made.state = "running"
        case "cancel":
            _cancel(board, owned, made, stop_running=bool(payload.get("stop_running", False)))
        case "extend":
            planned = plan_extension(
                owned.dag.spec,
                asked_of(made.asked),
                _existing(board, owned, event),
                board.now,
                to=payload.get("to"),
                dates=payload.get("dates") or (),
            )
            open_backfill(board, made)
            _make_runs(board, event, owned, made, planned)
            return {"state": made.state, "created": _number(planned), "runs": _listed(planned)}
        case _:
            pass
    return {"state": made.state}


def _make_runs(
    board: Board, event: CommandGiven, owned: OwnedDag, made: Backfill, planned: BackfillPlan
) -> None:
    board.ledger.touch_backfill(made)
    made.asked = _kept(planned.asked)
    for each in planned.runs:
        if each.decision == "skip":
            continue
        made.runs += 1
        if each.decision == "clear" and each.run_id is not None:
            _run_again(board, event, made, planned, each)
        elif each.run_id is not None:
            tick = each.tick
            create_run(
                board,
                owned,
                "backfill",
                each.run_id,
                run_after=board.now if tick is None else min(tick.run_after, board.now),
                logical_date=None if tick is None else tick.logical_date,
                interval=None if tick is None else (tick.interval_start, tick.interval_end),
                params={**planned.asked.params, **each.params},
                triggered_by=event.command.actor,
                backfill=made,
                ordinal=made.runs,
                subset=planned.subset,
                note=planned.asked.note,
            )
    board.to_admit[owned.dag.dag_id] = None
    close_backfill(board, owned, made.id)


def _run_again(
    board: Board, event: CommandGiven, made: Backfill, planned: BackfillPlan, each: PlannedRun
) -> None:
    """Clear a run that exists, in place: it belongs to this backfill now."""
    active = find_run(board, event, str(each.run_id))
    if not is_over(active):
        return  # it was cleared by somebody else meanwhile
    owned = board.dags[active.run.dag_id]
    is_older = planned.asked.version == "latest" and active.run.version != owned.dag.version
    if is_older and mapped_otherwise(active, owned.dag.spec) is None:  # else it keeps its version
        active, _ = rebase(board, active, owned.dag)
    board.touch_run(active)
    active.run.backfill, active.run.ordinal = made.id, made.runs
    active.run.params = {**active.run.params, **planned.asked.params, **each.params}
    chosen = set(planned.subset) or set(active.layout.tasks)
    skip = (TaskState.NONE, TaskState.REMOVED)
    clear_tasks(
        board, active, [task for task in active.all() if task.task_id in chosen and task.state not in skip]
    )


def _cancel(board: Board, owned: OwnedDag, made: Backfill, *, stop_running: bool) -> None:
    made.state, made.ended_at = "cancelled", board.now
    for active in list(owned.runs.values()):
        if active.run.backfill == made.id and (stop_running or active.run.state is RunState.QUEUED):
            cancel_run(board, active, "backfill_cancelled")
    del board.backfills[made.id]


def _find(board: Board, event: CommandGiven) -> Backfill:
    number = event.command.payload.get("id")
    made = find_backfill(board, event, number)
    if made is None or made.dag_id != event.command.dag_id:
        raise NotFound(f"The DAG {shown(event.command.dag_id)} has no backfill {shown(number)}.")
    return made


def _existing(board: Board, owned: OwnedDag, event: CommandGiven) -> list[Run]:
    """Runs with a logical date: as stored, those in memory as they are now."""
    found = {run.run_id: run for run in event.facts.dated}
    for active in [*board.ended_now(owned.dag.dag_id).values(), *owned.runs.values()]:
        if active.run.logical_date is not None:
            found[active.run.run_id] = active.run
    return list(found.values())


def _check_params(owned: OwnedDag, asked: BackfillAsked) -> None:
    spec = owned.dag.spec
    for given in asked.params_list or ({},):
        both = {**asked.params, **given}
        checked_params(spec, {**spec.params, **both}, both)


def _kept(asked: BackfillAsked) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(asked).items() if name != "dry_run"}


def _number(planned: BackfillPlan) -> int:
    return sum(each.decision != "skip" for each in planned.runs)


def _listed(planned: BackfillPlan) -> list[dict[str, Any]]:
    return [
        {
            "run_id": each.run_id,
            "logical_date": None if each.tick is None else iso(each.tick.logical_date),
            "interval": None
            if each.tick is None
            else [iso(each.tick.interval_start), iso(each.tick.interval_end)],
            "decision": each.decision,
            "reason": each.reason,
        }
        for each in planned.runs
    ]
