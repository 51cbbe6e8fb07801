"""Finding what a command is about: DAGs, runs in memory or as stored, tasks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from studio.core.active import ActiveRun
from studio.core.board import Board, OwnedDag
from studio.core.events import CommandGiven
from studio.core.model import Backfill, TaskInstance
from studio.core.names import nearest, shown
from studio.core.spec import DagSpec
from studio.core.states import RUN_TERMINAL
from studio.errors import NotFound


def owned_dag(board: Board, event: CommandGiven) -> OwnedDag:
    """The DAG of the command; raises `NotFound`."""
    dag_id = event.command.dag_id
    owned = board.dags.get(dag_id)
    if owned is None:
        raise NotFound(f"There is no DAG {shown(dag_id)}.", hint=nearest(dag_id, board.dags))
    return owned


def run_ids_of(payload: dict[str, Any]) -> list[str]:
    """The runs that a command names, each once."""
    return list(dict.fromkeys(payload.get("run_ids") or [payload["run_id"]]))


def find_run(board: Board, event: CommandGiven, run_id: str) -> ActiveRun:
    """A run: in memory if it is unfinished, as this turn left it, or as it is stored. Raises `NotFound`."""
    owned = owned_dag(board, event)
    active = owned.runs.get(run_id) or board.ended_now(event.command.dag_id).get(run_id)
    if active is not None:
        return active
    for stored in event.facts.runs:
        if stored.run.run_id == run_id:
            return board.activated(stored)
    raise NotFound(f"The DAG {shown(event.command.dag_id)} has no run {shown(run_id)}.")


def find_runs(board: Board, event: CommandGiven) -> list[ActiveRun]:
    """All runs that the command names."""
    return [find_run(board, event, run_id) for run_id in run_ids_of(event.command.payload)]


def find_backfill(board: Board, event: CommandGiven, number: object) -> Backfill | None:
    """A backfill: in memory if it is unfinished, as this turn left it, or as it is stored. None: there is none."""
    if not isinstance(number, int):
        return None
    known = board.backfills.get(number) or board.ledger.touched_backfill(number)
    return known or next((stored for stored in event.facts.backfills if stored.id == number), None)


def is_over(active: ActiveRun) -> bool:
    return active.run.state in RUN_TERMINAL


def find_task(active: ActiveRun, task_id: str, map_index: int = -1) -> TaskInstance:
    """A task instance of a run; raises `NotFound`."""
    check_tasks(active, [task_id])
    task = active.find(task_id, map_index)
    if task is None:
        known = [str(each.map_index) for each in active.instances[task_id].values()]
        raise NotFound(
            f"The task {shown(task_id)} has no map index {map_index} in the run {shown(active.run.run_id)}.",
            hint=f"Known: {', '.join(known[:8])}." if known else None,
        )
    return task


def check_tasks(active: ActiveRun, task_ids: Sequence[str]) -> None:
    """Raise `NotFound` unless the run has all these tasks."""
    _check(active, task_ids, active.layout.tasks)


def check_tasks_of(active: ActiveRun, task_ids: Sequence[str], spec: DagSpec) -> None:
    """Raise `NotFound` unless the run will have all these tasks when it has this version."""
    subset = active.run.subset
    _check(active, task_ids, [task.id for task in spec.tasks if not subset or task.id in subset])


def _check(active: ActiveRun, task_ids: Sequence[str], known: Collection[str]) -> None:
    for task_id in task_ids:
        if task_id not in known:
            raise NotFound(
                f"The run {shown(active.run.run_id)} has no task {shown(task_id)}.",
                hint=nearest(task_id, known),
            )
