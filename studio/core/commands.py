"""What people ask for: each command kind is one function over the board. A refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from studio.core.active import ActiveRun
from studio.core.board import Board, OwnedDag
from studio.core.context import iso
from studio.core.events import CommandGiven
from studio.core.model import CommandKind, Dag, RunWithTasks, TaskInstance
from studio.core.names import check_run_id, nearest, shown
from studio.core.spec import DagSpec, version_of
from studio.core.states import FAILED_LIKE, RUN_TERMINAL, TERMINAL, RunState, TaskState
from studio.core.turn import Stop
from studio.core.validation import validate
from studio.errors import Conflict, InvalidInput, NotFound, StudioError

_T = TaskState


def handle(board: Board, event: CommandGiven) -> None:
    """Carry the command out, or refuse it with code, message, hint and field; either is its durable result."""
    command = event.command
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


def publish(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Register a DAG, or make `spec` its current version. Runs that exist keep theirs."""
    try:
        spec = msgspec.convert(event.command.payload["spec"], DagSpec)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"The spec cannot be read: {error}", field="spec") from error
    validate(spec)
    version = version_of(spec)
    owned = board.owned(spec.id)
    if owned is None:
        dag = Dag(spec.id, version, spec, created_at=board.now, updated_at=board.now)
        owned = board.dags[spec.id] = OwnedDag(dag)
        board.create_due_runs(owned)
    elif owned.dag.spec != spec:
        board.ledger.touch_dag(owned.dag)
        owned.dag.spec, owned.dag.version, owned.dag.updated_at = spec, version, board.now
        board.create_due_runs(owned)
        board.admit(owned)  # max_active_runs may have grown
    return {"version": version}


def pause(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Nothing new starts; what runs goes on."""
    owned = _owned(board, event)
    if not owned.dag.paused:
        board.ledger.touch_dag(owned.dag)
        owned.dag.paused = True
    return {}


def unpause(board: Board, event: CommandGiven) -> dict[str, Any]:
    owned = _owned(board, event)
    if owned.dag.paused:
        board.ledger.touch_dag(owned.dag)
        owned.dag.paused = False
        board.create_due_runs(owned)
        board.admit(owned)
        board.offer_all(owned)
    return {}


def trigger(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Start a run by hand."""
    owned, payload = _owned(board, event), event.command.payload
    logical_date, wanted = payload.get("logical_date"), payload.get("run_id")
    taken = event.facts.taken | owned.runs.keys() | board.ended_now(owned.dag.dag_id).keys()
    if wanted is not None:
        check_run_id(wanted)
        if wanted.startswith(("scheduled__", "backfill__")):
            raise InvalidInput(
                f"The run id {shown(wanted)} begins like those of another run type.", field="run_id"
            )
        if wanted in taken:
            raise Conflict(
                f"The DAG {shown(owned.dag.dag_id)} has a run {shown(wanted)} already.",
                hint="Clear its tasks to run it again.",
            )
    unknown = [name for name in payload.get("params", {}) if name not in owned.dag.spec.params]
    if unknown:
        hint = nearest(unknown[0], owned.dag.spec.params) or "It declares no params."
        message = f"The DAG {shown(owned.dag.dag_id)} has no param {shown(unknown[0])}."
        raise InvalidInput(message, hint=hint, field="params")
    run_after = board.now
    base = manual_run_id(run_after if logical_date is None else logical_date)
    active = board.create_run(
        owned,
        "manual",
        wanted or _first_free(base, taken),
        run_after=run_after,
        logical_date=logical_date,
        params=payload.get("params", {}),
        triggered_by=event.command.actor,
    )
    return {"run_id": active.run.run_id}


def manual_run_id(instant: float) -> str:
    """The run id that a run triggered by hand has, unless that is taken: then `~2`, `~3`, … is appended."""
    return f"manual__{iso(instant)}"


def cancel(board: Board, event: CommandGiven) -> dict[str, Any]:
    """What waits is not started; what runs is ended, with all its processes."""
    active = _unfinished(board, event)
    if active is None:
        raise Conflict(
            f"The run {shown(event.command.payload['run_id'])} is over; there is nothing to cancel."
        )
    board.ledger.touch_run(active.run)
    board.touched[active.run.id] = active
    active.run.ending = RunState.CANCELLED
    for task in active.tasks.values():
        if task.state in (_T.QUEUED, _T.RUNNING, _T.RESTARTING):
            board.move(active, task, _T.STOPPING)
            if task.attempt is not None:
                board.ledger.effects.append(Stop(task.attempt))
        elif task.state in (_T.NONE, _T.SCHEDULED, _T.UP_FOR_RETRY):
            board.move(active, task, _T.CANCELLED)
            task.retry_at, task.ended_at = None, board.now
    board.close_if_over(active)
    return {}


def clear(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Run tasks again. History stays: each makes a new attempt. Running ones are ended first."""
    payload = event.command.payload
    active = _unfinished(board, event) or _over(board, event)
    for task_id in payload["task_ids"]:
        if task_id not in active.tasks:
            raise NotFound(f"The run has no task {shown(task_id)}.", hint=nearest(task_id, active.tasks))
    if active.run.cancelling:
        raise Conflict("The run is being cancelled.", hint="Wait until it has ended, then clear.")
    chosen = set(payload["task_ids"])
    if payload.get("downstream", True):
        chosen |= active.graph.descendants(chosen)
    tasks = [active.tasks[task_id] for task_id in active.graph.order if task_id in chosen]
    if payload.get("only_failed", False):
        tasks = [task for task in tasks if task.state in FAILED_LIKE or task.state is _T.CANCELLED]
    # Those that have not begun since the last clear have nothing to repeat.
    tasks = [task for task in tasks if task.state not in (_T.NONE, _T.RESTARTING)]
    if not tasks:
        return {"cleared": 0}
    for task in tasks:
        _clear_task(board, active, task)
    for task in tasks:
        _hold_back(board, active, active.graph.downstream[task.task_id])
    owned = board.dags[active.run.dag_id]
    if active.run.state in RUN_TERMINAL:
        owned.runs[active.run.run_id] = active
        board.set_run_state(active, RunState.QUEUED)
        board.admit(owned)
    elif active.run.state is RunState.RUNNING:
        board.evaluate(active, tasks)
        board.close_if_over(active)
    return {"cleared": len(tasks)}


def delete_dag(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Delete a DAG with its whole history."""
    owned = _owned(board, event)
    if owned.runs:
        raise Conflict(
            f"The DAG {shown(owned.dag.dag_id)} has {len(owned.runs)} unfinished runs.",
            hint="Cancel them first.",
        )
    board.ledger.remove_dag(owned.dag.dag_id)
    del board.dags[owned.dag.dag_id]
    board.touched = {
        run: active for run, active in board.touched.items() if active.run.dag_id != owned.dag.dag_id
    }
    return {}


HANDLERS: Final[dict[CommandKind, Callable[[Board, CommandGiven], dict[str, Any]]]] = {
    "publish": publish,
    "pause": pause,
    "unpause": unpause,
    "trigger": trigger,
    "cancel": cancel,
    "clear": clear,
    "delete_dag": delete_dag,
}


def _owned(board: Board, event: CommandGiven) -> OwnedDag:
    owned = board.owned(event.command.dag_id)
    if owned is None:
        dag_id = event.command.dag_id
        raise NotFound(f"There is no DAG {shown(dag_id)}.", hint=nearest(dag_id, board.dags))
    return owned


def _stored(event: CommandGiven) -> RunWithTasks:
    if not event.facts.runs:
        run_id = event.command.payload["run_id"]
        raise NotFound(f"The DAG {shown(event.command.dag_id)} has no run {shown(run_id)}.")
    return event.facts.runs[0]


def _unfinished(board: Board, event: CommandGiven) -> ActiveRun | None:
    """The run if it is unfinished, None if it is over; raises `NotFound` if there is none."""
    owned = _owned(board, event)
    active = owned.runs.get(event.command.payload["run_id"])
    if active is None:
        _over(board, event)  # or there is none
    return active


def _over(board: Board, event: CommandGiven) -> ActiveRun:
    """The run that is over: as this turn left it, or else as it is stored."""
    ended = board.ended_now(event.command.dag_id).get(event.command.payload["run_id"])
    return ended or ActiveRun(_stored(event))


def _hold_back(board: Board, active: ActiveRun, task_ids: Iterable[str]) -> None:
    """What waits for its launch or its next try waits for its cleared upstream task first."""
    for task in (active.tasks[task_id] for task_id in task_ids):
        if task.state in (_T.SCHEDULED, _T.UP_FOR_RETRY):
            board.move(active, task, _T.NONE)
            task.retry_at = None


def _clear_task(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    spec = active.specs[task.task_id]
    if task.state in TERMINAL or task.state in (_T.SCHEDULED, _T.UP_FOR_RETRY):
        board.move(active, task, _T.NONE)
        task.retry_at = None
    else:
        board.move(active, task, _T.RESTARTING)
        if task.attempt is not None:
            board.ledger.effects.append(Stop(task.attempt))
    task.max_tries = task.try_number + 1 + spec.retries
    task.lost_count = 0


def _first_free(base: str, taken: frozenset[str]) -> str:
    if base not in taken:
        return base
    n = 2
    while f"{base}~{n}" in taken:
        n += 1
    return f"{base}~{n}"
