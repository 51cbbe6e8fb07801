"""What people ask for: each command kind is one function over the board. A refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from studio.core.board import Board
from studio.core.commands import backfills, by_task, clear, dags, mark, trigger
from studio.core.events import CommandGiven
from studio.core.flow import work_off
from studio.core.model import CommandKind
from studio.core.past import note_past
from studio.errors import InvalidInput, StudioError

HANDLERS: Final[dict[CommandKind, Callable[[Board, CommandGiven], dict[str, Any]]]] = {
    "publish": dags.publish,
    "pause": dags.pause_dag,
    "unpause": dags.unpause_dag,
    "delete_dag": dags.delete_dag,
    "trigger": trigger.trigger,
    "trigger_by_task": by_task.trigger_by_task,
    "cancel": trigger.cancel,
    "delete_run": trigger.delete_run,
    "note": trigger.note,
    "respond": trigger.respond,
    "clear": clear.clear,
    "mark": mark.mark,
    "mark_run": mark.mark_run,
    "backfill": backfills.backfill,
    "change_backfill": backfills.change_backfill,
    "set_pool": dags.set_pool,
    "delete_pool": dags.delete_pool,
    "asset_event": dags.asset_event,
    "forget_events": dags.forget_events,
}


def handle(board: Board, event: CommandGiven) -> None:
    """Carry the command out, or refuse it with code, message, hint and field; either is its durable result."""
    command = event.command
    owned = board.dags.get(command.dag_id)
    if owned is not None:
        for stored in event.facts.before:
            note_past(owned, stored)
    try:
        command.result = HANDLERS[command.kind](board, event)
        command.state = "done"
    except StudioError as error:
        command.result = {"code": error.code, "message": error.message, "hint": error.hint}
        if isinstance(error, InvalidInput) and error.field is not None:
            command.result["field"] = error.field
        command.state = "refused"
    command.handled_at = board.now
    board.ledger.handled(command)
    board.waiters.notice("command", command.key)
    work_off(board)
