"""Which task instances a clear or a mark is about: tasks of runs, with what is up- and downstream, before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.core.active import ActiveRun
from studio.core.board import Board
from studio.core.commands.lookup import check_tasks, find_runs, find_task, owned_dag
from studio.core.events import CommandGiven
from studio.core.layout import RULE, SETUPS
from studio.core.model import TaskInstance
from studio.errors import Conflict

MAX_LISTED = 1000  # task instances in an answer

Chosen = list[tuple[ActiveRun, list[TaskInstance]]]


def choose(
    board: Board, event: CommandGiven, keep: Callable[[TaskInstance], bool], *, with_setups: bool
) -> Chosen:
    """The task instances that the command's payload describes and `keep` accepts, run by run, upstream first."""
    payload = event.command.payload
    refuse_too_many(event)
    runs = find_runs(board, event)
    for active in runs:
        check_tasks(active, payload.get("task_ids") or [])
        if active.run.ending is not None:
            raise Conflict(
                f"The run {active.run.run_id} is being ended.",
                hint="Wait until it has ended, then try again.",
            )
    named = {active.run.id for active in runs}
    found: Chosen = []
    for active in [*runs, *_others(board, event, runs)]:
        tasks = _tasks(active, payload, with_setups)
        index = payload.get("map_index")
        only: dict[str, TaskInstance | None] = {}
        if index is not None and index >= 0:
            find = find_task if active.run.id in named else ActiveRun.find  # there it may be missing
            only = {
                name: find(active, name, index) for name in payload.get("task_ids") or [] if name in tasks
            }
        chosen = [
            task
            for name in active.layout.graph.order
            if name in tasks
            for task in ([only[name]] if name in only else list(active.instances[name].values()))
            if task is not None and keep(task)
        ]
        if chosen:
            found.append((active, chosen))
    return found


def refuse_too_many(event: CommandGiven) -> None:
    """Raise `Conflict` if more runs are concerned than one command may change."""
    if event.facts.too_many:
        raise Conflict(
            "Too many runs lie before or after; a command changes at most 1000.",
            hint="Name the runs, or do it in parts.",
        )


def listed(chosen: Chosen) -> list[dict[str, Any]]:
    """For the answer: what the command is about, and the states before it."""
    return [
        {
            "run_id": active.run.run_id,
            "task_id": task.task_id,
            "map_index": task.map_index,
            "state": task.state.value,
        }
        for active, tasks in chosen
        for task in tasks
    ][:MAX_LISTED]


def _others(board: Board, event: CommandGiven, runs: list[ActiveRun]) -> list[ActiveRun]:
    """Runs before (`past`) and after (`future`) those that are named."""
    payload = event.command.payload
    dates = [active.run.logical_date for active in runs if active.run.logical_date is not None]
    past, future = payload.get("past", False), payload.get("future", False)
    if not dates or not (past or future):
        return []
    named = {active.run.run_id for active in runs}
    owned = owned_dag(board, event)
    memory = {**board.ended_now(owned.dag.dag_id), **owned.runs}
    stored = {
        each.run.run_id: board.activated(each) for each in event.facts.runs if each.run.run_id not in memory
    }
    return [
        active
        for run_id, active in {**stored, **memory}.items()
        if run_id not in named
        and active.run.ending is None
        and (date := active.run.logical_date) is not None
        and ((past and date < min(dates)) or (future and date > max(dates)))
    ]


def _tasks(active: ActiveRun, payload: dict[str, Any], with_setups: bool) -> set[str]:
    graph = active.layout.graph
    asked = [name for name in payload.get("task_ids") or graph.order if name in active.layout.tasks]
    tasks = set(asked)
    if payload.get("upstream", False):
        tasks |= graph.ancestors(asked)
    if payload.get("downstream", with_setups):
        below = graph.descendants(asked)
        is_teardown = {name for name in below if active.layout.tasks[name].role == "teardown"}
        tasks |= below if with_setups else below - is_teardown
    if with_setups:
        tasks |= _setups_and_teardowns(active, tasks)
    return tasks


def _setups_and_teardowns(active: ActiveRun, tasks: set[str]) -> set[str]:
    """What a task works under runs again with it. Source: Airflow, `clear` of a work task."""
    layout = active.layout
    found: set[str] = set()
    for spec in layout.tasks.values():
        if spec.role == "setup":
            under = {edge.task for edge in layout.edges[spec.id] if edge.what in (RULE, SETUPS)}
            if under & tasks:
                found.add(spec.id)
                found |= {name for name in under if layout.tasks[name].role == "teardown"}
    return found
