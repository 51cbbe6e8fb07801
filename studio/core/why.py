"""Why a task instance is not running: which rule, limit, pause or date holds it, in words."""

from __future__ import annotations

from studio.core.active import ActiveRun
from studio.core.board import Board, OwnedDag
from studio.core.context import iso
from studio.core.model import TaskInstance
from studio.core.states import TERMINAL, RunState, TaskState


def why_waiting(board: Board, dag_id: str, run_id: str, task_id: str) -> list[str]:
    """The reasons, the nearest first; empty if the task runs, has ended, or is not known to this scheduler."""
    owned = board.owned(dag_id)
    active = None if owned is None else owned.runs.get(run_id)
    task = None if active is None else active.tasks.get(task_id)
    if owned is None or active is None or task is None:
        return []
    reasons = _of_task(board, active, task)
    if not reasons and task.state not in (TaskState.NONE, TaskState.SCHEDULED):
        return []
    return [*reasons, *_of_run(owned, active)]


def _of_task(board: Board, active: ActiveRun, task: TaskInstance) -> list[str]:
    match task.state:
        case TaskState.NONE:
            waiting = [
                f"{parent} ({active.tasks[parent].state.value})"
                for parent in active.graph.upstream[task.task_id]
                if active.tasks[parent].state not in TERMINAL
            ]
            shown = ", ".join(waiting[:10]) + (f" and {len(waiting) - 10} more" if len(waiting) > 10 else "")
            return [f"It waits for {shown}."] if waiting else []
        case TaskState.UP_FOR_RETRY:
            when = "now" if task.retry_at is None else iso(task.retry_at)
            return [f"Try {task.try_number} of {task.max_tries} failed; the next one starts at {when}."]
        case TaskState.SCHEDULED if not active.has_room:
            return [
                f"The run has {active.active} active tasks; max_active_tasks is {active.spec.max_active_tasks}."
            ]
        case TaskState.SCHEDULED if len(board.in_flight) >= board.capacity:
            return [f"All {board.capacity} places of the executor are taken."]
        case TaskState.QUEUED:
            return ["The executor has it; no slot is free yet."]
        case TaskState.STOPPING | TaskState.RESTARTING:
            return ["Its processes are being ended."]
        case _:
            return []


def _of_run(owned: OwnedDag, active: ActiveRun) -> list[str]:
    reasons = []
    if owned.dag.paused:
        reasons.append(f"The DAG {owned.dag.dag_id} is paused.")
    if active.run.state is RunState.QUEUED and not owned.dag.paused:
        running = len(owned.in_state(RunState.RUNNING))
        limit = owned.dag.spec.max_active_runs
        reasons.append(f"The run is queued: {running} runs are active; max_active_runs is {limit}.")
    return reasons
