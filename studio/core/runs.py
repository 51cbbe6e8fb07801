"""Runs: how they are made, let in, and come to an end."""

from __future__ import annotations

from typing import Any

from studio.core.active import ActiveRun
from studio.core.assets import condition_of, use_events
from studio.core.board import Board, OwnedDag
from studio.core.callbacks import call_back, request
from studio.core.catchup import due, window_of
from studio.core.context import iso
from studio.core.model import Backfill, Run, RunType, RunWithTasks, TaskInstance
from studio.core.moves import end_all
from studio.core.past import remember
from studio.core.schedule_spec import holds
from studio.core.schedules import Tick, instant_of, is_continuous, manual_interval, zone_of
from studio.core.states import (
    FAILED_LIKE,
    RUN_TERMINAL,
    RunState,
    TaskState,
    check_run_transition,
)
from studio.core.timers import Deadline, EventsQueued, RunDue, RunTooLong
from studio.core.turn import Tell

_T = TaskState
_R = RunState
MOMENT = 1.0  # seconds between runs that follow on each other and take no time


def create_run(
    board: Board,
    owned: OwnedDag,
    run_type: RunType,
    run_id: str,
    *,
    run_after: float,
    logical_date: float | None = None,
    interval: tuple[float, float] | None = None,
    params: dict[str, Any] | None = None,
    triggered_by: str = "",
    backfill: Backfill | None = None,
    ordinal: int = 0,
    subset: tuple[str, ...] = (),
    events: tuple[int, ...] = (),
    note: str = "",
) -> ActiveRun:
    """A new queued run of the DAG's current version. The caller has made sure that `run_id` is free."""
    dag = owned.dag
    if interval is None and logical_date is not None:
        interval = manual_interval(dag.spec, logical_date)
    run = Run(
        id=board.new_id(),
        dag_id=dag.dag_id,
        run_id=run_id,
        run_type=run_type,
        version=dag.version,
        run_after=run_after,
        logical_date=logical_date,
        params={**dag.spec.params, **(params or {})},
        queued_at=board.now,
        triggered_by=triggered_by,
        backfill=None if backfill is None else backfill.id,
        ordinal=ordinal,
        subset=subset,
        events=events,
        note=note,
    )
    if logical_date is not None:
        run.interval_start, run.interval_end = interval or (logical_date, logical_date)
    active = board.activated(RunWithTasks(run, [], dag.spec))
    board.ledger.add_run(run, [])
    _set_deadlines(board, owned, active)
    if backfill is None:
        populate(board, active)  # of a backfill, with its many runs, when it is let in
    owned.take_in(active)
    _notice(board, run)
    board.touched[run.id] = active
    board.to_admit[dag.dag_id] = None
    return active


def populate(board: Board, active: ActiveRun) -> None:
    """Make the task instances of a run that has none yet: one for each task; mappings are expanded later."""
    tasks = [
        TaskInstance(id=board.new_id(), run=active.run.id, task_id=task.id, max_tries=1 + task.retries)
        for task in active.layout.tasks.values()
    ]
    for task in tasks:
        active.add(task)
    board.ledger.add_tasks(tasks)


def set_run_state(board: Board, active: ActiveRun, state: RunState) -> None:
    """Change the state of a run along `RUN_TRANSITIONS`."""
    run = active.run
    check_run_transition(run.state, state, active.name)
    board.touch_run(active)
    board.dags[run.dag_id].running[run.backfill] += (state is _R.RUNNING) - (run.state is _R.RUNNING)
    run.state = state
    _notice(board, run)
    if state is _R.QUEUED:
        run.queued_at, run.started_at, run.ended_at = board.now, None, None
        run.with_failures, run.reason, run.ending = False, "", None
    elif state is _R.RUNNING:
        run.started_at = board.now
        if active.spec.run_timeout is not None:
            board.timers.set(board.now + active.spec.run_timeout, RunTooLong(active, board.now))
    else:
        run.ended_at = board.now


def _notice(board: Board, run: Run) -> None:
    """Tell those that wait for it that a run is there, or has another state."""
    board.waiters.notice("run", run.dag_id, run.run_id)
    board.waiters.notice("date", run.dag_id, run.logical_date)


def admit(board: Board, owned: OwnedDag) -> None:
    """Start queued runs, oldest first, while `max_active_runs` has room; a backfill has a limit of its own."""
    if owned.dag.paused:
        return
    for place in sorted(owned.queues, key=lambda number: number or 0):
        if place is None:
            limit = owned.dag.spec.max_active_runs
        else:
            backfill = board.backfills.get(place)
            limit = 0 if backfill is None or backfill.state == "paused" else backfill.max_active_runs
        while owned.running[place] < limit and (active := owned.next_queued(place)) is not None:
            start(board, active)


def start(board: Board, active: ActiveRun) -> None:
    """A queued run goes on: everything of it is looked at."""
    if active.run.backfill is not None and not any(active.instances.values()):
        populate(board, active)
    set_run_state(board, active, _R.RUNNING)
    look_at_all(board, active)
    board.look_at_maps(active)
    board.dispatcher.offer(active)
    if active.is_over:
        board.maybe_over[active.run.id] = active


def look_at_all(board: Board, active: ActiveRun) -> None:
    """Judge every task instance that waits, and every mapping."""
    board.agenda.extend((active, task) for task in active.all() if task.state is _T.NONE)


def close(board: Board, active: ActiveRun) -> None:
    """End a run whose tasks are all terminal, with all that follows."""
    run = active.run
    if run.state in RUN_TERMINAL or not active.is_over:
        return
    state, with_failures = active.verdict()
    if run.state is _R.QUEUED and state is not run.ending:
        return  # it was cleared in part, and waits for its turn
    set_run_state(board, active, state)
    run.with_failures = with_failures
    is_marked, run.ending = run.ending is not None, None
    if state is _R.FAILED and not run.reason:
        run.reason = "task_failure"
    elif state is _R.SUCCESS and not is_marked:
        run.reason = ""  # it had failed fast, and what failed was cleared
    owned = board.dags[run.dag_id]
    owned.let_go(active)
    board.dispatcher.forget(active)
    board.to_admit[run.dag_id] = None
    remember(owned, RunWithTasks(run, list(active.all()), active.spec))
    _count_failures(board, owned, active)
    if state is _R.SUCCESS:
        call_back(board, active, "success", reason=run.reason or "success")
        _met_deadlines(owned, active)
    elif state is _R.FAILED:
        failed = [task.task_id for task in active.all() if task.state in FAILED_LIKE][:20]
        call_back(board, active, "failure", failed_tasks=failed)
        for number, deadline in enumerate(run.deadlines):
            if deadline is not None:  # it will not succeed in time any more
                miss_deadline(board, active, number)
    if run.backfill is not None:
        close_backfill(board, owned, run.backfill)


def open_backfill(board: Board, backfill: Backfill) -> None:
    """It has unfinished runs, maybe again."""
    board.ledger.touch_backfill(backfill)
    backfill.state, backfill.ended_at = "running", None
    board.backfills[backfill.id] = backfill


def close_backfill(board: Board, owned: OwnedDag, number: int) -> None:
    """A backfill without unfinished runs is done."""
    backfill = board.backfills.get(number)
    if backfill is None or owned.unfinished[number]:
        return
    del owned.unfinished[number], owned.running[number]
    board.ledger.touch_backfill(backfill)
    backfill.state = "done"
    backfill.ended_at = board.now
    del board.backfills[number]


def time_out(board: Board, active: ActiveRun) -> None:
    """The run took longer than `run_timeout`: it fails, and what has not ended is skipped."""
    board.touch_run(active)
    active.run.ending, active.run.reason = _R.FAILED, "timed_out"
    end_all(board, active, as_=_T.SKIPPED, teardowns=True)
    board.maybe_over[active.run.id] = active


def cancel_run(board: Board, active: ActiveRun, reason: str = "cancelled") -> None:
    """What waits is not started; what runs is ended, with all its processes."""
    board.touch_run(active)
    active.run.ending, active.run.reason = _R.CANCELLED, reason
    end_all(board, active, as_=_T.CANCELLED, teardowns=True)
    board.maybe_over[active.run.id] = active


def cancel_with(board: Board, dag_id: str, run_id: str) -> None:
    """A task that waited for this run was cancelled, and takes it along; another scheduler is told to."""
    owned = board.dags.get(dag_id)
    if owned is None:
        board.ledger.effects.append(Tell(dag_id, "cancel", {"run_id": run_id}))
    elif (active := owned.runs.get(run_id)) is not None:
        cancel_run(board, active)


def _count_failures(board: Board, owned: OwnedDag, active: ActiveRun) -> None:
    dag, limit = owned.dag, owned.dag.spec.pause_after_failures
    if active.run.backfill is not None or (limit is None and not dag.failures):
        return
    if active.run.state is _R.SUCCESS and dag.failures:
        board.ledger.touch_dag(dag)
        dag.failures = 0
    elif active.run.state is _R.FAILED:
        board.ledger.touch_dag(dag)
        dag.failures += 1
        if limit is not None and dag.failures >= limit and not dag.paused:
            pause(owned)


def pause(owned: OwnedDag) -> None:
    """Nothing new starts; what runs goes on. The DAG was touched before."""
    owned.dag.paused = True
    for active in owned.runs.values():
        active.is_held = True


# --- deadlines --------------------------------------------------------------------------------------------------


def _set_deadlines(board: Board, owned: OwnedDag, active: ActiveRun) -> None:
    run = active.run
    for number, deadline in enumerate(active.spec.deadlines):
        start: float | None
        match deadline.reference:
            case "logical_date":
                start = run.logical_date
            case "queued_at":
                start = run.queued_at
            case "fixed":
                start = instant_of(str(deadline.at), zone_of(active.spec.timezone), "at")
            case "average_runtime":
                times = owned.durations[-deadline.runs :]
                start = run.queued_at + sum(times) / len(times) if len(times) >= deadline.runs else None
        when = None if start is None else start + deadline.after
        run.deadlines.append(when)
        if when is not None:
            board.timers.set(when, Deadline(active, number))


def _met_deadlines(owned: OwnedDag, active: ActiveRun) -> None:
    """The run has succeeded: none of its deadlines counts any more, and the average has one time more."""
    run = active.run
    run.deadlines = [None] * len(run.deadlines)
    wanted = max((d.runs for d in owned.dag.spec.deadlines if d.reference == "average_runtime"), default=0)
    if wanted and run.started_at is not None and run.ended_at is not None:
        owned.durations = [*owned.durations, run.ended_at - run.started_at][-wanted:]


def set_deadlines_again(board: Board, active: ActiveRun) -> None:
    """The run is queued once more: those that were neither met nor missed are waited for, some from now on."""
    run, specs = active.run, active.spec.deadlines
    if len(run.deadlines) != len(specs):  # it has another version now
        run.deadlines = [None] * len(specs)
    for number, deadline in enumerate(specs):
        if (when := run.deadlines[number]) is not None:
            if deadline.reference == "queued_at":
                when = board.now + deadline.after
                run.deadlines = [when if n == number else each for n, each in enumerate(run.deadlines)]
            board.timers.set(when, Deadline(active, number))


def miss_deadline(board: Board, active: ActiveRun, number: int) -> None:
    """The run has not succeeded by its deadline: call back, once."""
    if number >= len(active.run.deadlines) or active.run.deadlines[number] is None:
        return
    board.touch_run(active)
    active.run.deadlines = [None if n == number else when for n, when in enumerate(active.run.deadlines)]
    spec = active.spec.deadlines[number]
    if spec.callback is not None:
        request(board, active, spec.callback, None, deadline=spec.name or spec.reference)


# --- the schedule -----------------------------------------------------------------------------------------------


def arm(board: Board, owned: OwnedDag) -> None:
    """Wait for the DAG's next scheduled run."""
    if owned.dag.next_due is not None and not owned.dag.paused:
        board.timers.set(owned.dag.next_due, RunDue(owned.dag.dag_id))


def create_due_runs(board: Board, owned: OwnedDag) -> None:
    """Make the runs that the schedule asks for by now, and wait for the next."""
    dag = owned.dag
    window = window_of(dag.spec)
    board.ledger.touch_dag(dag)
    if window is None:
        dag.next_due = None
        go_on_continuously(board, owned)
        return
    found = due(window, dag.spec.catchup, dag.cursor, board.now)
    dag.next_due = found.next_due
    if dag.paused:
        return  # what becomes due meanwhile is the business of the policy when it goes on
    dag.cursor = found.cursor
    arm(board, owned)
    for tick in found.ticks:
        create_scheduled_run(board, owned, tick)


def create_scheduled_run(board: Board, owned: OwnedDag, tick: Tick) -> None:
    """A run of the schedule, if the collision policy allows it."""
    run_id = f"scheduled__{iso(tick.run_after)}"
    if run_id in owned.runs:
        return
    policy = owned.dag.spec.collision
    if policy != "queue":
        others = [run for run in owned.runs.values() if run.run.backfill is None and run.run.ending is None]
        if others and policy == "skip":
            return
        for active in others:
            cancel_run(board, active, "replaced")
    create_run(
        board,
        owned,
        "scheduled",
        run_id,
        run_after=tick.run_after,
        logical_date=tick.logical_date,
        interval=(tick.interval_start, tick.interval_end),
        triggered_by="schedule",
    )


def go_on_continuously(board: Board, owned: OwnedDag) -> None:
    """`@continuous`: a new run as soon as none is unfinished."""
    dag = owned.dag
    if not is_continuous(dag.spec) or dag.paused or owned.runs:
        return
    board.ledger.touch_dag(dag)
    if made_and_ended_now(board, dag.dag_id):
        dag.next_due = board.now + MOMENT
        arm(board, owned)
        return
    # Each run has a date of its own, also if the clock was set back.
    dag.cursor = board.now if dag.cursor is None else max(board.now, dag.cursor + 1e-3)
    create_run(
        board,
        owned,
        "scheduled",
        f"scheduled__{iso(dag.cursor)}",
        run_after=dag.cursor,
        logical_date=dag.cursor,
        triggered_by="schedule",
    )


def made_and_ended_now(board: Board, dag_id: str) -> bool:
    """A run of the DAG came and went in this turn: whatever makes it again must wait, or the turn would never end."""
    return any(active.run.queued_at == board.now for active in board.ended_now(dag_id).values())


def create_asset_run(board: Board, owned: OwnedDag) -> None:
    """One run for all asset events that are queued, if the DAG's condition holds."""
    condition = condition_of(owned.dag.spec)
    if condition is None or owned.dag.paused or not holds(condition, owned.dag.queued_events):
        return
    if made_and_ended_now(board, owned.dag.dag_id):
        board.timers.set(board.now + MOMENT, EventsQueued(owned.dag.dag_id))
        return
    events = use_events(board, owned)
    run_id = (
        f"asset__{iso(board.now)}~{max(events)}"  # without a date of its own, the instant may not be unique
    )
    create_run(board, owned, "asset", run_id, run_after=board.now, events=events, triggered_by="asset")
