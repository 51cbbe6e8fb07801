"""Mark: say by hand how tasks or runs ended."""

from __future__ import annotations

from typing import Any

from studio.core.active import ActiveRun
from studio.core.answers import set_value
from studio.core.board import Board
from studio.core.commands.choice import Chosen, choose, listed
from studio.core.commands.clear import clear_tasks
from studio.core.commands.lookup import find_runs, is_over
from studio.core.events import CommandGiven
from studio.core.model import TaskInstance
from studio.core.moves import BEGUN, end, end_all, is_started
from studio.core.names import nearest, shown
from studio.core.past import note_again
from studio.core.runs import set_run_state
from studio.core.states import FAILED_LIKE, RUN_TRANSITIONS, RunState, TaskState
from studio.errors import InvalidInput

_T = TaskState
TASK_MARKS = {"success": _T.SUCCESS, "failed": _T.FAILED, "skipped": _T.SKIPPED}
RUN_MARKS = {"success": RunState.SUCCESS, "failed": RunState.FAILED}
#: What takes the state of the run when that is marked; what has not begun is skipped.
_UNDERWAY = BEGUN | {_T.UP_FOR_RESCHEDULE, _T.DEFERRED, _T.AWAITING_INPUT}


def mark(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Set the state of task instances. What failed downstream only because of them runs again."""
    payload = event.command.payload
    state = _mark_of(payload, TASK_MARKS)

    def keep(task: TaskInstance) -> bool:
        return task.state is not _T.REMOVED and (task.state is not state or "value" in payload)

    chosen = choose(board, event, keep, with_setups=False)
    _check_value(payload, chosen, state)
    result = {"marked": sum(len(tasks) for _, tasks in chosen), "tasks": listed(chosen)}
    if payload.get("dry_run", False):
        return result
    for active, tasks in chosen:
        _mark_tasks(board, active, tasks, state)
        if "value" in payload:
            set_value(board, active, tasks[0], payload["value"], event.command.actor)
        for task in tasks if payload.get("note") else ():
            task.note = payload["note"]
    return result


def mark_run(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Set the state of runs: what runs is ended, what has not begun is skipped; teardowns still run."""
    payload = event.command.payload
    state = _mark_of(payload, RUN_MARKS)
    runs = [active for active in find_runs(board, event) if active.run.state is not state]
    for active in runs:
        board.touch_run(active)
        active.run.note = payload.get("note") or active.run.note
        if is_over(active):
            set_run_state(board, active, state)
            active.run.reason = "marked"
            continue
        active.run.ending, active.run.reason = state, "marked"
        is_queued = active.run.state is RunState.QUEUED
        end_all(
            board,
            active,
            as_=TASK_MARKS[state.value],
            underway=_UNDERWAY,
            others=_T.SKIPPED,
            teardowns=is_queued,
        )
        board.maybe_over[active.run.id] = active
        board.agenda.extend((active, task) for task in active.all() if task.state is _T.NONE)
    return {"marked": len(runs)}


def _mark_tasks(board: Board, active: ActiveRun, tasks: list[TaskInstance], state: TaskState) -> None:
    for task in tasks:
        if task.state is not state:
            end(board, active, task, state)
        task.decision = None if state is _T.SUCCESS else task.decision
    below = active.layout.graph.descendants([task.task_id for task in tasks])
    for task in active.all():
        if task.task_id in below and task.state is _T.SCHEDULED:
            board.move(active, task, _T.NONE)  # it is judged anew: its rule may not hold any more
    if state is not _T.FAILED:
        again = [task for task in active.all() if task.task_id in below and task.state in FAILED_LIKE]
        if again:
            clear_tasks(board, active, again)
    if is_over(active):
        verdict, with_failures = active.verdict()
        board.touch_run(active)
        if verdict in RUN_TRANSITIONS[active.run.state]:
            set_run_state(board, active, verdict)
            active.run.reason = "marked"
        active.run.with_failures = with_failures
        note_again(board.dags[active.run.dag_id], active)


def _mark_of(payload: dict[str, Any], marks: dict[str, Any]) -> Any:
    asked = payload.get("state")
    if asked not in marks:
        raise InvalidInput(
            f"The state {shown(asked)} cannot be set by hand.", hint=nearest(str(asked), marks), field="state"
        )
    return marks[asked]


def _check_value(payload: dict[str, Any], chosen: Chosen, state: TaskState) -> None:
    if "value" not in payload:
        return
    if state is not _T.SUCCESS or len(chosen) != 1 or len(chosen[0][1]) != 1:
        raise InvalidInput(
            "A value can be set for one task instance, marked as success.",
            hint="Name one run and one task, without upstream, downstream, past and future.",
            field="value",
        )
    task = chosen[0][1][0]
    if is_started(task):
        raise InvalidInput(
            f"The task {shown(task.task_id)} runs; its value cannot be set now.",
            hint="Cancel its run, or wait until it has ended.",
            field="value",
        )
