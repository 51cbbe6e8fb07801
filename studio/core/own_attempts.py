"""Attempts that no worker made: the answer of a person, the end of a wait. Each is a row: history is never edited."""

from __future__ import annotations

from typing import Any, Final

from studio.core.active import ActiveRun
from studio.core.board import Board
from studio.core.context import attempt_directory
from studio.core.model import Attempt, TaskInstance
from studio.core.references import escaped
from studio.core.states import AttemptState

#: What stands as the worker of such an attempt.
BY_HAND: Final = "by hand"
BY_SCHEDULER: Final = "the scheduler"


def add_try(
    board: Board,
    active: ActiveRun,
    task: TaskInstance,
    state: AttemptState,
    *,
    worker: str,
    began_at: float,
    value: Any = None,
    error: str | None = None,
    details: dict[str, Any] | None = None,
) -> Attempt:
    """A try of its own, over at once."""
    board.touch_task(active, task)
    task.try_number += 1
    task.max_tries = max(task.max_tries, task.try_number)
    number = board.new_id()
    return _add(
        board,
        active,
        task,
        Attempt(
            id=number,
            task_instance=task.id,
            try_number=task.try_number,
            state=state,
            queued_at=began_at,
            started_at=began_at,
            ended_at=board.now,
            worker=worker,
            directory=attempt_directory(active.run, task, number),
            error=error,
            value=value,
            details=details or {},
        ),
    )


def end_try(
    board: Board,
    active: ActiveRun,
    task: TaskInstance,
    state: AttemptState,
    begun: Attempt,
    *,
    value: Any = None,
    error: str | None = None,
) -> Attempt:
    """The end of a try that `begun`, an attempt that is over, has begun in a worker: it takes that one's place."""
    board.touch_task(active, task)
    board.ledger.replace_attempt(begun.id)
    begun.id, begun.state, begun.ended_at = board.new_id(), state, board.now
    begun.value, begun.error = value, error
    return _add(board, active, task, begun)


def _add(board: Board, active: ActiveRun, task: TaskInstance, attempt: Attempt) -> Attempt:
    task.attempt = attempt.id
    task.ended_at = board.now
    task.length = len(attempt.value) if isinstance(attempt.value, (list, dict)) else None
    attempt.value = escaped(attempt.value)  # nobody but a task refers to what is kept elsewhere
    if attempt.state is AttemptState.SUCCESS and attempt.value is not None:
        active.keep(task)
    active.forget_attempts_of(task.task_id)
    board.ledger.add_attempt(attempt)
    return attempt
