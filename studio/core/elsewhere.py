"""Waiting for something elsewhere: looking at what this scheduler holds, asking the store, and the end of the wait.

They are DEFERRED, and take no slot. What happens in this scheduler wakes them at once; for what others do, and after a
restart, they ask the store, again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from studio.core import asset_sensor, run_sensor, triggering
from studio.core.active import ActiveRun
from studio.core.board import Board, InFlight
from studio.core.callbacks import call_back
from studio.core.endings import Ending
from studio.core.events import Answered
from studio.core.model import AssetEvent, Command, TaskInstance
from studio.core.moves import fail, settle, succeed, wait
from studio.core.outcomes import failed
from studio.core.own_attempts import BY_SCHEDULER, add_try, end_try
from studio.core.questions import CommandAsked, EventAsked, Question, RunsAsked
from studio.core.signals import Signal
from studio.core.states import AttemptState, TaskState
from studio.core.timers import LookElsewhere
from studio.core.turn import Ask
from studio.core.waiters import Waiter

#: Kinds of tasks that wait so.
KINDS: Final = frozenset({"trigger_dag", "dag_sensor", "asset_sensor"})
POLL_INTERVAL: Final = 30.0  # seconds between questions to the store
COMMAND_INTERVAL: Final = 2.0  # while another scheduler has a command to handle
TIMEOUT: Final = 604800.0  # seconds; as of sensors in workers


# --- the kinds -------------------------------------------------------------------------------------------------------


def _waiter(active: ActiveRun, task: TaskInstance) -> Waiter:
    spec = active.spec_of(task)
    match spec.kind:
        case "dag_sensor":
            return run_sensor.waiter(active, task)
        case "asset_sensor":
            name = str(spec.config["asset"])
            return Waiter(active, task, (("asset", name),), EventAsked(name))
        case _:
            return triggering.waiter(active, task)


def is_waiter(active: ActiveRun, task: TaskInstance) -> bool:
    """It waits for something elsewhere."""
    return task.state is TaskState.DEFERRED and active.spec_of(task).kind in KINDS


# --- the wait --------------------------------------------------------------------------------------------------------


def sense(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    """A sensor begins to wait."""
    config = active.spec_of(task).config
    board.touch_task(active, task)
    task.waiting_since = task.started_at = board.now
    if reason := _never(active, task):
        conclude(board, active, task, Ending("failed", error=reason))
        return
    wait(board, active, task, TaskState.DEFERRED, board.now + float(config.get("timeout", TIMEOUT)))
    take_in(board, active, task)


def take_in(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    """It waits: it has just begun to, or was loaded."""
    board.waiters.add(_waiter(active, task))
    board.waiters.asking[task.id] = None


def _never(active: ActiveRun, task: TaskInstance) -> str | None:
    spec = active.spec_of(task)
    is_dateless = (spec.kind == "dag_sensor" and run_sensor.date_of(active, spec.config) is None) or (
        spec.kind == "asset_sensor" and asset_sensor.since(active, task) is None
    )
    if not is_dateless:
        return None
    return (
        "Its run has no logical date, so nothing says what it waits for. Trigger the DAG with a logical date."
    )


def look(board: Board, waiter: Waiter) -> None:
    """At what this scheduler holds."""
    active, task = waiter.active, waiter.task
    ending: Ending | None = None
    match waiter.question:
        case RunsAsked() as asked:
            if held := run_sensor.in_memory(board, asked, _names(waiter)):
                ending = _of_runs(active, task, held)
        case EventAsked(asset):
            ending = _of_event(active, task, board.last_events.get(asset))
        case CommandAsked(key):
            command = board.ledger.command_with(key)
            if command is not None:
                ending = triggering.command_judged(board, active, task, command)
    if ending is not None:
        conclude(board, active, task, ending)


def answered(board: Board, event: Answered) -> None:
    """What the store holds; passed over by who does not wait any more, or waits for something else by now."""
    waiter = board.waiters.get(event.task_instance)
    if waiter is None or waiter.question != event.question:
        return
    waiter.is_answered = True
    active, task = waiter.active, waiter.task
    ending: Ending | None = None
    match event.question, event.found:
        case RunsAsked() as asked, found if found is None or isinstance(found, tuple):
            runs = run_sensor.seen_runs(board, asked, _names(waiter), found or ())
            ending = _of_runs(active, task, runs)
            waiter.seen = _words_of_runs(active, task, asked, runs, found)
        case EventAsked(), found if found is None or isinstance(found, AssetEvent):
            ending = _of_event(active, task, found)
            waiter.seen = asset_sensor.words(found)
        case CommandAsked(), Command() as command:
            ending = triggering.command_judged(board, active, task, command)
    if ending is not None:
        conclude(board, active, task, ending)


def _names(waiter: Waiter) -> Sequence[str]:
    names: Sequence[str] = waiter.active.spec_of(waiter.task).config.get("tasks", ())
    return names


def _of_runs(active: ActiveRun, task: TaskInstance, runs: Sequence[run_sensor.SeenRun]) -> Ending | None:
    spec = active.spec_of(task)
    if spec.kind == "dag_sensor":
        return run_sensor.judged(spec.config, runs)
    return triggering.run_judged(active, task, runs)


def _of_event(active: ActiveRun, task: TaskInstance, event: AssetEvent | None) -> Ending | None:
    after = asset_sensor.since(active, task)
    return None if after is None else asset_sensor.judged(after, event)


def time_out(board: Board, waiter: Waiter) -> None:
    """A sensor has waited for long enough."""
    timeout = float(waiter.active.spec_of(waiter.task).config.get("timeout", TIMEOUT))
    told = f"What it waits for did not come within {timeout:g} s. {waiter.seen}".rstrip()
    conclude(board, waiter.active, waiter.task, Ending("failed", error=told))


def conclude(board: Board, active: ActiveRun, task: TaskInstance, ending: Ending) -> None:
    """The end of the wait, as an attempt that people can look at."""
    spec = active.spec_of(task)
    is_soft = ending.state == "failed" and spec.config.get("soft_fail", False)
    state = AttemptState.SKIPPED if is_soft else AttemptState(ending.state)
    if task.resume is not None and spec.kind == "trigger_dag":
        begun = triggering.begun(task)
        begun.details = {**begun.details, **ending.details}
        attempt = end_try(board, active, task, state, begun, value=ending.value, error=ending.error)
    else:
        attempt = add_try(
            board,
            active,
            task,
            state,
            worker=BY_SCHEDULER,
            began_at=board.now if task.waiting_since is None else task.waiting_since,
            value=ending.value,
            error=ending.error,
            details=ending.details,
        )
    match state:
        case AttemptState.SUCCESS:
            succeed(board, active, task)
        case AttemptState.SKIPPED:
            settle(board, active, task, TaskState.SKIPPED)
            call_back(board, active, "skipped", task)
        case _ if ending.is_final:
            fail(board, active, task, ending.error)
        case _:
            failed(board, InFlight(active, task, attempt), Signal())


# --- the store -------------------------------------------------------------------------------------------------------


def ask(board: Board) -> None:
    """At the end of a turn: what is not known here is asked of the store, and asked again after a while."""
    for waiter in board.waiters.take_asking():
        active, task, question = waiter.active, waiter.task, waiter.question
        interval = float(active.spec_of(task).config.get("poll_interval", POLL_INTERVAL))
        if isinstance(question, CommandAsked):
            interval = min(interval, COMMAND_INTERVAL)
        if not _is_known(board, waiter, question):
            board.ledger.effects.append(Ask(task.id, question))
        board.timers.set(board.now + interval, LookElsewhere(task, task.waiting_since))


def _is_known(board: Board, waiter: Waiter, question: Question) -> bool:
    """Nothing new can be in the store: what happens to runs of DAGs of this scheduler happens here."""
    if not isinstance(question, RunsAsked) or question.dag_id not in board.dags:
        return False
    return waiter.is_answered or bool(run_sensor.in_memory(board, question))


# --- words -----------------------------------------------------------------------------------------------------------


def words(board: Board, waiter: Waiter) -> str:
    """What it waits for, and how far that is."""
    active, task, config = waiter.active, waiter.task, waiter.active.spec_of(waiter.task).config
    asked = waiter.question
    if isinstance(asked, EventAsked):
        last = board.last_events.get(asked.asset)
        known = waiter.seen if last is None else asset_sensor.words(last)
        return f"{asset_sensor.wish(config, asset_sensor.since(active, task) or 0.0)} {known}".rstrip()
    held = run_sensor.in_memory(board, asked, _names(waiter)) if isinstance(asked, RunsAsked) else []
    seen = (
        _words_of_runs(active, task, asked, held, ())
        if held and isinstance(asked, RunsAsked)
        else waiter.seen
    )
    if active.spec_of(task).kind == "dag_sensor":
        return f"{run_sensor.wish(config, run_sensor.date_of(active, config))} {seen}".rstrip()
    return f"{triggering.wish(task)} {seen}".rstrip()


def _words_of_runs(
    active: ActiveRun,
    task: TaskInstance,
    asked: RunsAsked,
    runs: Sequence[run_sensor.SeenRun],
    found: object,
) -> str:
    if found is None and not runs:
        return f"There is no DAG {asked.dag_id}."
    spec = active.spec_of(task)
    if spec.kind == "dag_sensor":
        return run_sensor.words(spec.config, asked.logical_date, runs)
    return f"It is {runs[0].run.state.value}." if runs else ""
