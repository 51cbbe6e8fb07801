"""What the reports of the executor mean for a task instance: done, another try, another look, or the end."""

from __future__ import annotations

from typing import Any

from studio.core import callbacks
from studio.core.active import ActiveRun
from studio.core.board import Board, InFlight
from studio.core.events import Finished, Lost, Started
from studio.core.expansion import MAX_MAP_LENGTH
from studio.core.model import CallbackRequest, TaskInstance
from studio.core.moves import decide, fail, settle, succeed, wait
from studio.core.names import nearest, shown
from studio.core.retry import decide as decide_retry
from studio.core.saved import take_values
from studio.core.signals import Signal
from studio.core.spec import SensorSpec
from studio.core.states import AttemptState, TaskState
from studio.core.triggering import begin as begin_triggering
from studio.core.turn import Acknowledge

_T = TaskState
_A = AttemptState


def started(board: Board, event: Started) -> None:
    """A worker has begun an attempt, or a callback."""
    flight = board.in_flight.get(event.attempt_id)
    if isinstance(flight, CallbackRequest):
        if flight.state is _A.QUEUED:
            board.ledger.touch_callback(flight)
            flight.state, flight.started_at = _A.RUNNING, event.at
        return
    if flight is None or flight.attempt.state is not _A.QUEUED:
        return  # told again, or over already
    board.ledger.touch_attempt(flight.attempt)
    flight.attempt.state = _A.RUNNING
    flight.attempt.started_at = event.at
    flight.attempt.worker = event.worker
    task = flight.task
    if task.state is _T.QUEUED:
        board.move(flight.active, task, _T.RUNNING)
    else:
        board.touch_task(flight.active, task)
    task.started_at = event.at


def finished(board: Board, event: Finished) -> None:
    """An attempt has ended by itself, or because it was stopped."""
    # An attempt that is not in flight has its outcome in the database already: the worker may forget it.
    board.ledger.effects.append(Acknowledge(event.attempt_id))
    flight = board.in_flight.pop(event.attempt_id, None)
    if flight is None:
        return
    if isinstance(flight, CallbackRequest):
        board.ledger.touch_callback(flight)
        flight.state = _A(event.state) if event.state in ("success", "cancelled") else _A.FAILED
        flight.started_at, flight.ended_at, flight.error = event.started_at, event.ended_at, event.error
        return
    attempt, task, active = flight.attempt, flight.task, flight.active
    board.ledger.touch_attempt(attempt)
    attempt.state = _A(event.state)
    attempt.started_at, attempt.ended_at = event.started_at, event.ended_at
    attempt.worker, attempt.error, attempt.value = event.worker, event.error, event.value
    values, attempt.details = take_values(attempt.id, event.details or {})
    board.ledger.add_values(attempt.id, values)
    board.touch_task(active, task)
    task.started_at, task.ended_at = event.started_at, event.ended_at
    if attempt.state is _A.SUCCESS and (values or event.value is not None):
        active.keep(task)
    if event.signal.label:
        task.label = event.signal.label
    if task.state is _T.RESTARTING:
        _begin_anew(board, active, task)
    elif task.state is _T.STOPPING and not _succeeded_before(active, task, event):
        _stopped(board, active, task)
    elif attempt.state is _A.SUCCESS:
        _succeeded(board, flight, event)
    elif attempt.state is _A.SKIPPED:
        settle(board, active, task, _T.SKIPPED)
        callbacks.call_back(board, active, "skipped", task)
    elif attempt.state is _A.RESCHEDULED:
        _look_again(board, flight, event)
    else:
        failed(board, flight, event.signal)


def lost(board: Board, event: Lost) -> None:
    """The worker is gone, and nothing of the attempt runs any more."""
    board.ledger.effects.append(Acknowledge(event.attempt_id))
    flight = board.in_flight.pop(event.attempt_id, None)
    if flight is None:
        return
    if isinstance(flight, CallbackRequest):
        board.ledger.touch_callback(flight)
        flight.state, flight.error, flight.ended_at = _A.LOST, event.reason, board.now
        callbacks.again(board, flight)
        return
    attempt, task, active = flight.attempt, flight.task, flight.active
    board.ledger.touch_attempt(attempt)
    attempt.state, attempt.error, attempt.ended_at = _A.LOST, event.reason, board.now
    board.touch_task(active, task)
    task.ended_at = board.now
    if task.state is _T.RESTARTING:
        _begin_anew(board, active, task)
    elif task.state is _T.STOPPING:
        _stopped(board, active, task)
    else:
        _make_up_for(board, active, task, event.reason)


def _make_up_for(board: Board, active: ActiveRun, task: TaskInstance, error: str) -> None:
    """An attempt that was lost, or never begun, does not use up a retry; but there is an end to it."""
    if task.lost_count >= active.spec_of(task).lost_retries:
        fail(board, active, task, error)
        return
    task.lost_count += 1
    task.max_tries += 1
    task.looks = 0  # the next attempt is another try, and leaves the row of this one alone
    wait(board, active, task, _T.UP_FOR_RETRY, board.now)


def _succeeded_before(active: ActiveRun, task: TaskInstance, event: Finished) -> bool:
    """It was to be stopped, but had done its work by then. A sensor that has not found anything has not, nor
    has a trigger whose run is not made."""
    if event.state != "success" or task.stop_as not in (None, _T.CANCELLED, _T.UP_FOR_RETRY):
        return False
    return event.signal.trigger is None and (bool(event.value) or active.spec_of(task).interpret != "sensor")


def _begin_anew(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    board.move(active, task, _T.NONE)
    task.retry_at = None


def _stopped(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    """What it was stopped for: cancelled, marked, timed out in the queue, its run failed fast or timed out."""
    state = task.stop_as or _T.CANCELLED
    if state is _T.UP_FOR_RETRY:  # it was queued for too long
        task.stop_as = None
        _make_up_for(board, active, task, "It was queued for longer than its queue_timeout.")
        return
    settle(board, active, task, state)


def _succeeded(board: Board, flight: InFlight, event: Finished) -> None:
    active, task = flight.active, flight.task
    spec = active.spec_of(task)
    if event.signal.trigger is not None:
        begin_triggering(board, flight, event.signal.trigger)
        return
    if spec.interpret == "sensor" and not event.value:
        _look_again(board, flight, event)
        return
    if task.task_id in active.layout.measured:
        if not isinstance(event.value, (list, dict)) or len(event.value) > MAX_MAP_LENGTH:
            told = (
                f"{len(event.value)} items" if isinstance(event.value, (list, dict)) else shown(event.value)
            )
            _unusable(
                board,
                flight,
                f"Tasks are mapped over its value, a list or dict of up to {MAX_MAP_LENGTH} items; it is {told}.",
            )
            return
        task.length = len(event.value)
    if spec.interpret == "branch" and not branch(board, active, task, event.value):
        _unusable(board, flight, _wrong_branch(active, task, event.value))
        return
    if spec.interpret == "short_circuit" and not event.value:
        decide(board, active, task, {"skip": "all" if spec.skip_all else "next"})
    succeed(board, active, task, event.signal)


def branch(board: Board, active: ActiveRun, task: TaskInstance, value: Any) -> bool:
    """Follow the tasks (or groups: their roots) that `value` names, and skip the others. False: it names none."""
    layout = active.layout
    names = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return False
    children = layout.graph.downstream[task.task_id]
    chosen: set[str] = set()
    for name in names:
        below = [child for child in children if child == name or _is_in(active, child, name)]
        if not below and not _is_left_out(active, task, name):
            return False
        chosen.update(below)
    kept = chosen | layout.graph.descendants(chosen)
    skipped = [child for child in children if child not in kept]
    decide(board, active, task, {"follow": sorted(chosen), "skip": skipped})
    return True


def _is_left_out(active: ActiveRun, task: TaskInstance, name: str) -> bool:
    """`name` is a task or group next to it that is not among those that this run is about."""
    groups = {each.id: each.parent for each in active.spec.groups}
    for spec in active.spec.tasks if active.run.subset else ():
        if task.task_id in spec.upstream and spec.id not in active.layout.tasks:
            found = spec.id if spec.id == name else spec.group
            while found and found != name:
                found = groups.get(found, "")
            if found:
                return True
    return False


def _is_in(active: ActiveRun, task_id: str, group: str) -> bool:
    groups = {each.id: each for each in active.spec.groups}
    name = active.layout.tasks[task_id].group
    while name:
        if name == group:
            return True
        name = groups[name].parent
    return False


def _wrong_branch(active: ActiveRun, task: TaskInstance, value: Any) -> str:
    children = active.layout.graph.downstream[task.task_id]
    hint = nearest(value, children) if isinstance(value, str) else f"Known: {', '.join(children[:8])}."
    rule = "A branch returns the id of a task or group directly downstream, a list of them, or None"
    return f"{rule}; not {shown(value)}. {hint}"


def _unusable(board: Board, flight: InFlight, error: str) -> None:
    """It ran, but what it returned cannot be used: no other try would help."""
    flight.attempt.state, flight.attempt.error = _A.FAILED, error
    fail(board, flight.active, flight.task, error)


def _look_again(board: Board, flight: InFlight, event: Finished) -> None:
    """It waits for something, and holds no slot meanwhile."""
    active, task, signal = flight.active, flight.task, event.signal
    flight.attempt.state = _A.RESCHEDULED
    if task.waiting_since is None:
        task.waiting_since = event.started_at
    sensor = active.spec_of(task).sensor or SensorSpec()
    is_sensor = active.spec_of(task).interpret == "sensor"
    if is_sensor and event.ended_at - task.waiting_since >= sensor.timeout:
        give_up(board, active, task, sensor)
        return
    task.looks += 1
    task.resume = signal.resume
    until = signal.until
    if until is None:
        pause = sensor.poke_interval * (2 ** min(task.looks - 1, 30) if sensor.backoff else 1)
        until = event.ended_at + (pause if sensor.max_wait is None else min(pause, sensor.max_wait))
    if is_sensor:
        until = min(until, task.waiting_since + sensor.timeout)
    wait(board, active, task, _T.DEFERRED if signal.resume is not None else _T.UP_FOR_RESCHEDULE, until)


def give_up(board: Board, active: ActiveRun, task: TaskInstance, sensor: SensorSpec) -> None:
    """What a sensor waits for did not come in time."""
    task.ended_at = board.now
    if sensor.soft_fail:
        settle(board, active, task, _T.SKIPPED)
        callbacks.call_back(board, active, "skipped", task)
    else:
        fail(board, active, task, f"What it waits for did not come within {sensor.timeout:g} s.")


def failed(board: Board, flight: InFlight, signal: Signal) -> None:
    """It has failed: another try, or the end."""
    active, task = flight.active, flight.task
    spec, run = active.spec_of(task), active.run
    failures = max(1, task.try_number - task.lost_count)
    identity = f"{run.dag_id}#{task.task_id}#{run.run_id}"
    retry = decide_retry(spec, signal, identity, task.max_tries - task.try_number, failures)
    task.looks, task.waiting_since, task.resume = 0, None, None
    if retry is None:
        fail(board, active, task, flight.attempt.error)
        return
    wait(board, active, task, _T.UP_FOR_RETRY, (flight.attempt.ended_at or board.now) + retry.delay)
    callbacks.call_back(board, active, "retry", task, error=flight.attempt.error)
