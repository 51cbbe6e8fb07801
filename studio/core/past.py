"""Runs that look at the run before them: `depends_on_past` and `wait_for_downstream`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studio.core.active import ActiveRun
from studio.core.board import Board, OwnedDag
from studio.core.catchup import window_of
from studio.core.model import RunWithTasks, TaskInstance
from studio.core.pastruns import PastRun, holds, past_run
from studio.core.spec import DagSpec
from studio.core.states import RunState


def held_by_past(board: Board, active: ActiveRun, task: TaskInstance) -> str | None:
    """Why the run before holds this task instance, in words; None: it may go."""
    if task.task_id not in active.layout.follows_past or active.run.logical_date is None:
        return None
    if active.run.ordinal == 1:  # the first run of a backfill
        return None
    downstream = active.layout.graph.downstream[task.task_id]
    previous = _previous(board.dags[active.run.dag_id], active, (task.task_id, *downstream))
    return holds(active.spec_of(task), previous, downstream)


def successors(board: Board, active: ActiveRun) -> Iterator[ActiveRun]:
    """Running runs that look at this one."""
    owned = board.dags.get(active.run.dag_id)
    mine = active.run.logical_date
    if owned is None or mine is None:
        return
    for other in owned.runs.values():
        theirs = other.run.logical_date
        if other.run.state is RunState.RUNNING and theirs is not None and theirs > mine:
            yield other


def looks_back(spec: DagSpec) -> bool:
    """Whether any task looks at the run before its own."""
    return any(task.depends_on_past or task.wait_for_downstream for task in spec.tasks)


def note_past(owned: OwnedDag, stored: RunWithTasks) -> None:
    """A run that is over, and that one which is made soon looks at."""
    if stored.run.logical_date is not None and stored.run.run_id not in owned.runs:
        owned.past[stored.run.run_id] = past_run(stored)


def note_again(owned: OwnedDag, active: ActiveRun) -> None:
    """Tasks of a run that is over were marked: what runs after it look at is another now."""
    if active.run.run_id in owned.past:
        owned.past[active.run.run_id] = past_run(RunWithTasks(active.run, list(active.all()), active.spec))


def forget(board: Board, active: ActiveRun) -> None:
    """A run that is over is deleted: those that looked at it look again."""
    board.dags[active.run.dag_id].past.pop(active.run.run_id, None)
    for later in successors(board, active):
        for name in later.layout.follows_past:
            board.agenda.extend((later, task) for task in later.instances[name].values())


def remember(owned: OwnedDag, stored: RunWithTasks) -> None:
    """A run is over: keep what runs after it look at, and forget what none looks at any more."""
    if stored.run.logical_date is None or not (owned.followers or looks_back(owned.dag.spec)):
        return
    owned.past[stored.run.run_id] = past_run(stored)
    dates = sorted(
        active.run.logical_date for active in owned.runs.values() if active.run.logical_date is not None
    )
    if (scheduled := _next_date(owned)) is not None:
        dates.append(scheduled)
    kept: dict[str, PastRun] = {}
    ordered = sorted(owned.past.values(), key=lambda past: past.logical_date)
    for n, past in enumerate(ordered):
        following = ordered[n + 1].logical_date if n + 1 < len(ordered) else None
        is_newest = following is None
        if is_newest or any(past.logical_date < date <= following for date in dates if following is not None):
            kept[past.run_id] = past
    owned.past = kept


def _next_date(owned: OwnedDag) -> float | None:
    """The logical date of the next scheduled run."""
    window = window_of(owned.dag.spec)
    if window is None or owned.dag.next_due is None:
        return None
    return window.schedule.tick_at(owned.dag.next_due).logical_date


def _previous(owned: OwnedDag, active: ActiveRun, names: Sequence[str]) -> PastRun | None:
    """The run before, as far as the tasks of these names go."""
    mine = active.run.logical_date
    assert mine is not None
    latest: PastRun | None = None
    newest: ActiveRun | None = None
    for past in owned.past.values():
        if past.logical_date < mine and (latest is None or past.logical_date > latest.logical_date):
            latest = past
    for other in owned.runs.values():
        theirs = other.run.logical_date
        if (
            theirs is not None
            and theirs < mine
            and (newest is None or theirs > (newest.run.logical_date or 0))
        ):
            newest = other
    if newest is not None and (latest is None or (newest.run.logical_date or 0) >= latest.logical_date):
        tasks = [task for name in names for task in newest.instances.get(name, {}).values()]
        return past_run(RunWithTasks(newest.run, tasks, newest.spec))
    return latest
