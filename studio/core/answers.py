"""Results that come from a person: the answer to an approval, a value set by hand."""

from __future__ import annotations

from typing import Any

from studio.core.active import ActiveRun
from studio.core.board import Board
from studio.core.model import TaskInstance
from studio.core.moves import decide, fail, succeed
from studio.core.names import nearest, shown
from studio.core.outcomes import branch
from studio.core.own_attempts import BY_HAND, add_try
from studio.core.params import check_params
from studio.core.states import AttemptState, TaskState
from studio.errors import Conflict, InvalidInput

REJECT = "Reject"


def answer(
    board: Board,
    active: ActiveRun,
    task: TaskInstance,
    options: list[str],
    params: dict[str, Any],
    actor: str,
) -> None:
    """A person answers an approval. Raises `Conflict` or `InvalidInput` if that answer is not one."""
    spec = active.spec_of(task)
    if spec.kind != "approval" or task.state is not TaskState.AWAITING_INPUT:
        raise Conflict(f"The task {shown(task.task_id)} is {task.state.value}; it awaits no answer.")
    known: list[str] = spec.config["options"]
    for option in options:
        if option not in known:
            raise InvalidInput(
                f"The approval {shown(task.task_id)} has no option {shown(option)}.",
                hint=nearest(option, known),
                field="options",
            )
    if not options or (len(options) > 1 and not spec.config.get("multiple", False)):
        many = "one or more" if spec.config.get("multiple", False) else "one"
        raise InvalidInput(
            f"The approval {shown(task.task_id)} takes {many} of its options; {len(options)} were given.",
            hint=f"Known: {', '.join(known)}.",
            field="options",
        )
    declared = spec.config.get("params", {})
    for name in params:
        if name not in declared:
            raise InvalidInput(
                f"The approval {shown(task.task_id)} has no param {shown(name)}.",
                hint=nearest(name, declared) or "It declares no params.",
                field="params",
            )
    values = {**declared, **params}
    check_params(values, spec.config.get("param_schemas", {}))
    _answered(board, active, task, options, values, actor)


def give_up_waiting(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    """Nobody answered in time: the default counts, or it fails."""
    spec = active.spec_of(task)
    default = spec.config.get("default")
    board.touch_task(active, task)
    if default:
        _answered(board, active, task, list(default), spec.config.get("params", {}), "timeout")
        return
    task.ended_at = board.now
    fail(board, active, task, "Nobody answered in time.")


def _answered(
    board: Board,
    active: ActiveRun,
    task: TaskInstance,
    options: list[str],
    params: dict[str, Any],
    actor: str,
) -> None:
    spec = active.spec_of(task)
    value = {"chosen_options": options, "params_input": params, "responded_by": actor}
    set_value(board, active, task, value, actor)
    if spec.interpret == "branch":
        if not branch(board, active, task, options):
            fail(board, active, task, f"Not every option is a task next to it: {', '.join(options)}.")
            return
    elif REJECT in options:
        if spec.config.get("on_reject", "skip") == "fail":
            fail(board, active, task, f"Rejected by {actor}.")
            return
        decide(board, active, task, {"skip": "next"})
    succeed(board, active, task)


def set_value(board: Board, active: ActiveRun, task: TaskInstance, value: Any, actor: str) -> None:
    """Give a task instance a result that no worker made, as an attempt of its own."""
    add_try(
        board,
        active,
        task,
        AttemptState.SUCCESS,
        worker=BY_HAND,
        began_at=board.now,
        value=value,
        details={"by": actor},
    )
