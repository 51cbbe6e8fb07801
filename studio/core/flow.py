"""Working off what a turn has set in motion, until nothing is left to decide.

Every move puts those that it may concern on the board's agenda. Here each is judged: its trigger rule, the setups it
works under, the branches above it, the run before. So the machine never recurses, and an event costs what it changes.
"""

from __future__ import annotations

from studio.core import elsewhere, local_kinds, runs
from studio.core.active import ActiveRun
from studio.core.answers import give_up_waiting
from studio.core.board import Board, InFlight
from studio.core.expansion import expand
from studio.core.model import TaskInstance
from studio.core.moves import end, settle, succeed
from studio.core.outcomes import give_up
from studio.core.past import held_by_past
from studio.core.rules import Verdict, judge, judge_setups
from studio.core.spec import SensorSpec
from studio.core.states import RUN_TERMINAL, TERMINAL, AttemptState, RunState, TaskState
from studio.core.timers import (
    Alarm,
    Deadline,
    EventsQueued,
    GoOn,
    LookElsewhere,
    QueuedTooLong,
    RunDue,
    RunTooLong,
)

_T = TaskState


def work_off(board: Board) -> None:
    """Decide everything that can be decided."""
    while True:
        while board.agenda or board.remap:
            # Maps first: whoever counts the instances of one must not be judged before it has grown.
            if board.remap:
                active, level, path = board.remap.popleft()
                if _goes_on(active):
                    expand(board, active, level, path)
            else:
                active, task = board.agenda.popleft()
                consider(board, active, task)
        if (waiter := board.waiters.next_woken()) is not None:
            elsewhere.look(board, waiter)
        elif board.to_cancel:
            runs.cancel_with(board, *board.to_cancel.pop())
        elif board.maybe_over:
            over, board.maybe_over = board.maybe_over, {}
            for active in over.values():
                runs.close(board, active)
        elif board.asset_runs:
            ready, board.asset_runs = board.asset_runs, {}
            for dag_id in ready:
                if (owned := board.dags.get(dag_id)) is not None:
                    runs.create_asset_run(board, owned)
        elif board.to_admit:
            dags, board.to_admit = board.to_admit, {}
            for dag_id in dags:
                if (owned := board.dags.get(dag_id)) is not None:
                    runs.go_on_continuously(board, owned)
                    runs.admit(board, owned)
        else:
            return


def consider(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    """Judge a task instance that waits for what is upstream."""
    if task.state is not _T.NONE or not _goes_on(active, task):
        return
    layout = active.layout
    if not active.is_expanded(task):
        expand(board, active, layout.levels[task.task_id][len(task.map_path)], task.map_path)
        return
    verdict = verdict_on(active, task)
    if verdict is None:
        return
    spec = layout.tasks[task.task_id]
    if past_holds(board, active, task, verdict) is not None:
        return
    if verdict is not _T.SCHEDULED:
        settle(board, active, task, verdict)
        task.ended_at = board.now
    elif spec.kind in local_kinds.LOCAL_KINDS:
        local_kinds.LOCAL_KINDS[spec.kind](board, active, task)
    else:
        board.move(active, task, _T.SCHEDULED)


def past_holds(board: Board, active: ActiveRun, task: TaskInstance, verdict: Verdict) -> str | None:
    """Why the run before holds a task instance with this verdict, in words; None: it does not, or is not asked."""
    skips_late = verdict is _T.SKIPPED and active.spec_of(task).wait_for_past_before_skipping
    return held_by_past(board, active, task) if verdict is _T.SCHEDULED or skips_late else None


def verdict_on(active: ActiveRun, task: TaskInstance) -> Verdict:
    """What the branches above a task instance, the setups it works under and its trigger rule say."""
    layout = active.layout
    if task.task_id in layout.deciders and is_passed_over(active, task):
        return _T.SKIPPED
    spec = layout.tasks[task.task_id]
    allowed: Verdict = _T.SCHEDULED
    if task.task_id in layout.under_setups:
        allowed = judge_setups(active.setups(task))
        if allowed in TERMINAL:
            return allowed
    own = active.own_setups(task) if spec.trigger_rule == "all_done_setup_success" else None
    verdict = judge(spec.trigger_rule, active.upstream(task), own)
    return allowed if verdict is _T.SCHEDULED else verdict


def is_passed_over(active: ActiveRun, task: TaskInstance) -> bool:
    """A branch or short circuit upstream has decided against this task instance."""
    for name in active.layout.deciders[task.task_id]:
        shared = active.layout.shared(task.task_id, name)
        deciders = active.within(name, task.map_path[:shared])
        if deciders and all(_decides_against(active, decider, task) for decider in deciders):
            return True
    return False


def _decides_against(active: ActiveRun, decider: TaskInstance, task: TaskInstance) -> bool:
    if decider.state is not _T.SUCCESS or decider.decision is None:
        return False
    skipped = decider.decision["skip"]
    if skipped == "all":
        return True
    if skipped == "next":
        return task.task_id in active.layout.graph.downstream[decider.task_id]
    return task.task_id in skipped


def _goes_on(active: ActiveRun, task: TaskInstance | None = None) -> bool:
    """The run starts tasks; one that is to end starts teardowns only."""
    if active.run.state is not RunState.RUNNING:
        return False
    if active.run.ending is None:
        return True
    return task is not None and active.spec_of(task).role == "teardown"


# --- time -------------------------------------------------------------------------------------------------------


def pass_time(board: Board) -> None:
    """What the clock alone brings about."""
    while (due := board.timers.pop_due(board.now)) is not None:
        _ring(board, *due)
        work_off(board)
    board.timers.trim(lambda when, alarm: _is_void(board, when, alarm))


def _is_void(board: Board, when: float, alarm: Alarm) -> bool:
    match alarm:
        case GoOn(active, task):
            return task.retry_at != when or active.run.state in RUN_TERMINAL
        case LookElsewhere(task, since):
            return task.state is not _T.DEFERRED or task.waiting_since != since
        case QueuedTooLong(attempt_id):
            flight = board.in_flight.get(attempt_id)
            return not isinstance(flight, InFlight) or flight.attempt.state is not AttemptState.QUEUED
        case RunTooLong(active, started_at):
            return active.run.state in RUN_TERMINAL or active.run.started_at != started_at
        case Deadline(active, number):
            return active.run.state in RUN_TERMINAL or active.run.deadlines[number] != when
        case RunDue(dag_id):
            owned = board.dags.get(dag_id)
            return owned is None or owned.dag.next_due != when
        case EventsQueued():
            return False


def _ring(board: Board, when: float, alarm: Alarm) -> None:
    match alarm:
        case GoOn(active, task):
            if task.retry_at == when and active.run.state not in RUN_TERMINAL:
                _go_on(board, active, task)
        case LookElsewhere(task, since):
            if task.state is _T.DEFERRED and task.waiting_since == since:
                board.waiters.asking[task.id] = None
        case QueuedTooLong(attempt_id):
            flight = board.in_flight.get(attempt_id)
            if (
                isinstance(flight, InFlight)
                and flight.task.state is _T.QUEUED
                and flight.attempt.state is AttemptState.QUEUED
            ):
                end(board, flight.active, flight.task, _T.UP_FOR_RETRY)
        case RunTooLong(active, started_at):
            run = active.run
            if run.state is RunState.RUNNING and run.started_at == started_at and run.ending is None:
                runs.time_out(board, active)
        case Deadline(active, number):
            if active.run.state not in RUN_TERMINAL and active.run.deadlines[number] == when:
                runs.miss_deadline(board, active, number)
        case RunDue(dag_id):
            owned = board.dags.get(dag_id)
            if owned is not None and not owned.dag.paused and owned.dag.next_due == when:
                runs.create_due_runs(board, owned)
        case EventsQueued(dag_id):
            board.asset_runs[dag_id] = None


def _go_on(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    spec = active.spec_of(task)
    match task.state:
        case _T.AWAITING_INPUT:
            give_up_waiting(board, active, task)
        case _T.DEFERRED if (waiter := board.waiters.get(task.id)) is not None:
            elsewhere.time_out(board, waiter)
        case _T.DEFERRED if spec.kind in local_kinds.LOCAL_KINDS:
            board.touch_task(active, task)
            task.ended_at = board.now
            succeed(board, active, task)
        case _T.UP_FOR_RETRY | _T.UP_FOR_RESCHEDULE | _T.DEFERRED:
            sensor = spec.sensor or SensorSpec()
            since = task.waiting_since
            if (
                spec.interpret == "sensor"
                and task.state is not _T.UP_FOR_RETRY
                and since is not None
                and board.now - since >= sensor.timeout
            ):
                board.touch_task(active, task)
                give_up(board, active, task, sensor)
            elif verdict_on(active, task) is _T.SCHEDULED:
                board.move(active, task, _T.SCHEDULED)
                task.retry_at = None
            else:  # an upstream task was cleared while it waited
                board.move(active, task, _T.NONE)
                task.retry_at = None
        case _:
            pass
