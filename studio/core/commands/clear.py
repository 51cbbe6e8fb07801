"""Clear: run tasks again, also with other params or the newest version. History stays: each makes a new attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.core.active import ActiveRun
from studio.core.board import Board
from studio.core.commands.choice import choose, listed, refuse_too_many
from studio.core.commands.lookup import check_tasks_of, find_backfill, find_runs, is_over, owned_dag
from studio.core.commands.trigger import checked_params
from studio.core.events import CommandGiven
from studio.core.layout import RULE, SETUPS, layout_of
from studio.core.model import Dag, RunWithTasks, TaskInstance
from studio.core.moves import restart
from studio.core.names import shown
from studio.core.runs import open_backfill, set_deadlines_again, set_run_state
from studio.core.spec import DagSpec
from studio.core.states import FAILED_LIKE, TERMINAL, RunState, TaskState
from studio.errors import Conflict

_T = TaskState


def clear(board: Board, event: CommandGiven) -> dict[str, Any]:
    """Run tasks again. Running ones are ended first."""
    payload = event.command.payload
    dry_run = payload.get("dry_run", False)
    params = _new_params(board, event)
    added: list[tuple[ActiveRun, list[TaskInstance]]] = []
    if payload.get("version", "run") != "run":
        added = _rebased(board, event, dry_run)
    chosen = choose(board, event, _filter(payload), with_setups=True)
    result = {"cleared": sum(len(tasks) for _, tasks in chosen), "tasks": listed(chosen)}
    if dry_run:
        return result
    for active, tasks in chosen:
        if params:
            board.touch_run(active)
            active.run.params = {**active.run.params, **params}
            board.look_at_maps(active)
        if payload.get("note"):
            board.touch_run(active)
            active.run.note = payload["note"]
        if tasks:
            _reopen_backfill(board, event, active)
        clear_tasks(board, active, tasks)
    for active, tasks in added:
        _reopen_backfill(board, event, active)
        reopen(board, active)
        board.agenda.extend((active, task) for task in tasks)
    return result


def clear_tasks(board: Board, active: ActiveRun, tasks: list[TaskInstance]) -> None:
    """Put these back to the start, and their run with them."""
    for task in tasks:
        spec = active.spec_of(task)
        board.touch_task(active, task)
        restart(board, active, task)
        task.max_tries = task.try_number + 1 + spec.retries
        task.lost_count = 0
        task.label = ""
    edges = active.layout.edges
    for name in {
        edge.task
        for cleared in {task.task_id for task in tasks}
        for edge in edges[cleared]
        if edge.what in (RULE, SETUPS)
    }:
        for below in active.instances[name].values():
            # What waits for its launch or its next try waits for its cleared upstream task first.
            if below.state in (_T.SCHEDULED, _T.UP_FOR_RETRY):
                board.move(active, below, _T.NONE)
                below.retry_at = None
    reopen(board, active)


def reopen(board: Board, active: ActiveRun) -> None:
    """A run that was over waits for its turn again; one that goes on just does."""
    run = active.run
    owned = board.dags[run.dag_id]
    if is_over(active):
        owned.past.pop(run.run_id, None)
        if run.backfill is not None and run.backfill not in board.backfills:
            run.backfill = None  # its backfill was cancelled: it runs on its own now
        set_run_state(board, active, RunState.QUEUED)
        set_deadlines_again(board, active)
        owned.take_in(active)
        board.to_admit[run.dag_id] = None
    elif active.is_over:
        board.maybe_over[run.id] = active


def _reopen_backfill(board: Board, event: CommandGiven, active: ActiveRun) -> None:
    """A backfill that was done goes on with its run that is cleared."""
    number = active.run.backfill
    if is_over(active) and number is not None and number not in board.backfills:
        backfill = find_backfill(board, event, number)
        if backfill is not None and backfill.state == "done":
            open_backfill(board, backfill)


def _filter(payload: dict[str, Any]) -> Callable[[TaskInstance], bool]:
    failed, running = payload.get("only_failed", False), payload.get("only_running", False)
    new = payload.get("only_new", False)

    def keep(task: TaskInstance) -> bool:
        # Those that have not begun since the last clear have nothing to repeat.
        if task.state in (_T.NONE, _T.RESTARTING, _T.REMOVED):
            return new and task.state is _T.NONE and task.try_number == 0
        if new:
            return False
        if failed:
            return task.state in FAILED_LIKE or task.state is _T.CANCELLED
        return not running or task.state not in TERMINAL

    return keep


def _new_params(board: Board, event: CommandGiven) -> dict[str, Any]:
    given = event.command.payload.get("params") or {}
    if given:
        for active in find_runs(board, event):
            checked_params(active.spec, {**active.run.params, **given}, given)
    return dict(given)


def _rebased(board: Board, event: CommandGiven, dry_run: bool) -> list[tuple[ActiveRun, list[TaskInstance]]]:
    """Give the runs the DAG's current version: tasks that are gone are removed, new ones are added."""
    owned = owned_dag(board, event)
    version = event.command.payload["version"]
    if version not in ("latest", owned.dag.version):
        raise Conflict(
            f"A run can be repeated with its own version or the newest one, {owned.dag.version[:12]}; "
            f"not with {shown(version)}.",
            hint="Publish that version again, then clear with the newest.",
        )
    runs = find_runs(board, event)
    for active in runs:
        if not is_over(active):
            raise Conflict(
                f"The run {shown(active.run.run_id)} is unfinished; its version cannot change now.",
                hint="Cancel it, or wait until it has ended.",
            )
        check_tasks_of(active, event.command.payload.get("task_ids") or [], owned.dag.spec)
        if active.run.version != owned.dag.version and (told := mapped_otherwise(active, owned.dag.spec)):
            raise Conflict(told, hint="Trigger a new run instead.")
    refuse_too_many(event)
    return [
        rebase(board, active, owned.dag)
        for active in runs
        if active.run.version != owned.dag.version and not dry_run
    ]


def mapped_otherwise(old: ActiveRun, spec: DagSpec) -> str | None:
    """Why a run cannot have this version: instances of a mapped task mean something else in it. None: it can."""
    levels = layout_of(spec, old.run.subset).levels
    for task in [*old.all(), *old.strays]:
        if task.map_path and task.task_id in levels:
            mappings = [level.id for level in levels[task.task_id]]
            before = old.layout.levels.get(task.task_id)
            known = len(mappings) == len(task.map_path) if before is None else True
            if not known or (before is not None and [level.id for level in before] != mappings):
                return f"The task {shown(task.task_id)} was mapped otherwise when {old.name} ran."
    return None


def rebase(board: Board, old: ActiveRun, dag: Dag) -> tuple[ActiveRun, list[TaskInstance]]:
    """A run that is over, with the DAG's current version, and the task instances that are new in it."""
    spec = dag.spec
    known = {task.id for task in spec.tasks}
    for task in list(old.all()):
        if task.task_id not in known and task.state is not _T.REMOVED:
            board.move(old, task, _T.REMOVED)
    board.touch_run(old)
    old.run.version = dag.version
    back = [task for task in old.strays if task.task_id in known]
    kept = [task for task in old.all() if task.task_id in known]
    active = board.activated(RunWithTasks(old.run, [*kept, *back], spec))
    active.strays = [task for task in [*old.all(), *old.strays] if task.task_id not in active.instances]
    for task in back:
        if task.state is _T.REMOVED:
            board.move(active, task, _T.NONE)
    made = []
    for name, found in active.instances.items():
        if not found:
            task = TaskInstance(
                id=board.new_id(),
                run=old.run.id,
                task_id=name,
                max_tries=1 + active.layout.tasks[name].retries,
            )
            active.add(task)
            made.append(task)
    board.ledger.add_tasks(made)
    board.touched[old.run.id] = active
    return active, made
