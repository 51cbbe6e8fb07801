"""Callbacks: what people want to be told is requested in the transaction of what happened, and called by a worker."""

from __future__ import annotations

from collections import deque
from typing import Any

from studio.core.active import ActiveRun
from studio.core.board import Board
from studio.core.context import callback_directory, context_of, run_context
from studio.core.model import CallbackRequest, TaskInstance
from studio.core.secret_names import secrets_named
from studio.core.spec import CallbackEvent, CallbackSpec
from studio.core.turn import Launch

MAX_TRIES = 3  # a callback whose worker is lost is called again


def call_back(
    board: Board, active: ActiveRun, on: CallbackEvent, task: TaskInstance | None = None, **facts: Any
) -> None:
    """Request the callbacks of a task (or of the run) for what happened; `facts` go into their context."""
    specs = active.spec.callbacks if task is None else active.spec_of(task).callbacks
    for spec in specs:
        if spec.on == on:
            request(board, active, spec, task, **facts)


def request(
    board: Board, active: ActiveRun, spec: CallbackSpec, task: TaskInstance | None = None, **facts: Any
) -> None:
    """Request one callback."""
    context = run_context(active) if task is None else context_of(active, task)
    number = board.new_id()
    _add(
        board,
        CallbackRequest(
            id=number,
            dag_id=active.run.dag_id,
            run=active.run.id,
            on=spec.on,
            function=spec.function,
            task_instance=None if task is None else task.id,
            args=spec.args,
            path=spec.path,
            context={**context, "event": spec.on, "reason": active.run.reason, **facts},
            directory=callback_directory(active.run, task, spec.on, number),
            queued_at=board.now,
        ),
    )


def again(board: Board, lost: CallbackRequest) -> None:
    """Its worker is gone: whether it was called is not known. Call it again, a few times."""
    if lost.tries >= MAX_TRIES:
        return
    number = board.new_id()
    _add(
        board,
        CallbackRequest(
            id=number,
            dag_id=lost.dag_id,
            run=lost.run,
            on=lost.on,
            function=lost.function,
            task_instance=lost.task_instance,
            args=lost.args,
            path=lost.path,
            context=lost.context,
            tries=lost.tries + 1,
            directory=f"{lost.directory.rpartition('-')[0]}-{number:x}",
            queued_at=board.now,
        ),
    )


def drop_callbacks(board: Board, dag_id: str, run: int | None = None) -> None:
    """Their run (None: their DAG) is deleted: those that wait for a place are not called, and none is called again."""

    def is_gone(request: CallbackRequest) -> bool:
        return request.dag_id == dag_id and run in (None, request.run)

    board.callbacks = deque(request for request in board.callbacks if not is_gone(request))
    for flight in board.in_flight.values():
        if isinstance(flight, CallbackRequest) and is_gone(flight):
            flight.tries = MAX_TRIES


def _add(board: Board, made: CallbackRequest) -> None:
    board.ledger.add_callback(made)
    board.callbacks.append(made)


def launch_of_callback(made: CallbackRequest) -> Launch:
    """What the executor needs to know of a callback. It comes before all tasks: people wait for it.

    Connections and variables that its arguments name in templates are given to it, as to a task.
    """
    named = secrets_named({"args": made.args}, (), ())
    return Launch(
        attempt_id=made.id,
        dag_id=made.dag_id,
        run_id=str(made.context.get("run_id", "")),
        task_id=str(made.context.get("task_id", "")),
        map_index=int(made.context.get("map_index", -1)),
        try_number=made.tries,
        kind="callback",
        config={"function": made.function, "args": made.args, "path": list(made.path)},
        context=made.context,
        directory=made.directory,
        timeout=None,
        priority=(-1.0,),
        connections=named.connections,
        variables=named.variables,
        optional=named.optional,
    )
