"""How task instances come to an end, wait, or go back to the start, and who hears of it."""

from __future__ import annotations

from studio.core.active import ActiveRun
from studio.core.assets import emit
from studio.core.board import Board
from studio.core.callbacks import call_back
from studio.core.layout import LENGTH
from studio.core.model import TaskInstance
from studio.core.past import successors
from studio.core.questions import RunsAsked
from studio.core.signals import AssetSignal, Signal
from studio.core.states import ACTIVE, TERMINAL, RunState, TaskState
from studio.core.timers import GoOn
from studio.core.turn import Stop

_T = TaskState

#: A worker has begun it: to the reference it runs, where a queued one does not yet.
BEGUN = ACTIVE - {_T.QUEUED}


def settle(board: Board, active: ActiveRun, task: TaskInstance, state: TaskState) -> None:
    """A task instance has come to an end (a terminal state): tell those that it may concern."""
    run = active.run
    board.move(active, task, state)
    board.waiters.notice("task", run.dag_id, run.logical_date, task.task_id)
    task.retry_at = task.waiting_since = task.resume = task.stop_as = None
    if active.run.state is RunState.RUNNING:
        board.agenda.extend((active, below) for below in active.concerned(task))
        _look_again_at_maps(board, active, task)
    if board.dags[active.run.dag_id].followers:
        for later in successors(board, active):
            for name in later.layout.watches_past.get(task.task_id, ()):
                board.agenda.extend((later, other) for other in later.instances[name].values())


def succeed(board: Board, active: ActiveRun, task: TaskInstance, signal: Signal | None = None) -> None:
    """`settle` as success, with what follows from a success by itself: asset events and callbacks."""
    settle(board, active, task, _T.SUCCESS)
    spec = active.spec_of(task)
    if spec.outlets:
        said = {one.asset: one for one in (signal.assets if signal is not None else ())}
        for asset in spec.outlets:
            emit(board, said.get(asset.name) or AssetSignal(asset.name), active, task)
    call_back(board, active, "success", task)


def decide(board: Board, active: ActiveRun, task: TaskInstance, decision: dict[str, object]) -> None:
    """A branch or a short circuit has chosen; it is remembered until it runs again. Before `succeed`."""
    board.touch_task(active, task)
    task.decision = decision
    for name in active.layout.decides.get(task.task_id, ()):
        board.agenda.extend((active, below) for below in active.instances[name].values())


def fail(board: Board, active: ActiveRun, task: TaskInstance, error: str | None = None) -> None:
    """`settle` as failed for good."""
    settle(board, active, task, _T.FAILED)
    call_back(board, active, "failure", task, error=error)
    spec = active.spec_of(task)
    if active.spec.fail_fast and spec.role != "teardown" and active.run.ending is None:
        board.touch_run(active)
        active.run.reason = "fail_fast"
        end_all(board, active, underway=BEGUN, as_=_T.FAILED, others=_T.SKIPPED)


def end_all(
    board: Board,
    active: ActiveRun,
    *,
    as_: TaskState,
    underway: frozenset[TaskState] = ACTIVE,
    others: TaskState | None = None,
    teardowns: bool = False,
) -> None:
    """End everything: what is `underway` becomes `as_`, the rest `others` (None: the same); teardowns if asked for."""
    for task in list(active.all()):
        if task.state in TERMINAL or (active.spec_of(task).role == "teardown" and not teardowns):
            continue
        end(board, active, task, as_ if others is None or task.state in underway else others)


def is_started(task: TaskInstance) -> bool:
    """An attempt of it is alive, or may be."""
    return task.state in ACTIVE


def end(board: Board, active: ActiveRun, task: TaskInstance, state: TaskState) -> None:
    """Bring an unfinished task instance to `state`: at once if nothing of it runs, else when its processes are gone."""
    if not is_started(task):
        if state is _T.CANCELLED:
            _cancel_with(board, active, task)
        settle(board, active, task, state)
        task.ended_at = board.now
        return
    if task.state is not _T.STOPPING:
        board.move(active, task, _T.STOPPING)
        stop(board, task)
    else:
        board.touch_task(active, task)
    task.stop_as = state


def _cancel_with(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    """The run that it has triggered and waits for is cancelled with it, if it says so."""
    waiter = board.waiters.get(task.id)
    asked = None if waiter is None else waiter.question
    if (
        isinstance(asked, RunsAsked)
        and asked.run_id
        and active.spec_of(task).config.get("cancel_with", False)
    ):
        board.to_cancel.append((asked.dag_id, asked.run_id))


def stop(board: Board, task: TaskInstance) -> None:
    """Have the processes of the latest attempt ended."""
    if task.attempt is not None:
        board.ledger.effects.append(Stop(task.attempt))


def restart(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    """Back to the start: at once, or when the processes of its attempt are gone."""
    if is_started(task):
        board.move(active, task, _T.RESTARTING)
        stop(board, task)
    elif task.state is not _T.NONE:
        board.move(active, task, _T.NONE)
    task.retry_at = task.waiting_since = task.resume = task.stop_as = task.decision = None
    task.looks = 0


def wait(board: Board, active: ActiveRun, task: TaskInstance, state: TaskState, until: float | None) -> None:
    """It goes on by itself at `until`; without one somebody has to do something."""
    board.move(active, task, state)
    task.retry_at = until
    if until is not None:
        board.timers.set(until, GoOn(active, task))


def _look_again_at_maps(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    """What is mapped over the value of a task that has ended may be expanded now, or have another length."""
    feeds = active.layout.feeds.get(task.task_id)
    if not feeds or not active.is_expanded(task):
        return
    for edge in active.layout.edges[task.task_id]:
        if edge.what < LENGTH or not active.is_complete(edge, task.map_path):
            continue
        for level in feeds:
            if level.tasks[0] == edge.task and edge.what == LENGTH + level.depth:
                paths = {
                    other.map_path[: level.depth]
                    for other in active.within(edge.task, task.map_path[: edge.shared])
                }
                board.remap.extend((active, level, path) for path in paths if len(path) == level.depth)
