"""The kind `trigger_dag`: a worker has rendered and checked what is wanted; a durable command makes the run.

The wait has two parts: for the command, which the owner of the other DAG handles (it may be this scheduler), and, with
`wait`, for the end of the run. `TaskInstance.resume` keeps both over a restart:
`{"request": what the worker said, "attempt": that attempt, "run_id": once the run is made}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from studio.core.active import ActiveRun
from studio.core.board import Board, InFlight
from studio.core.endings import Ending
from studio.core.model import Attempt, Command, Run, TaskInstance
from studio.core.moves import wait
from studio.core.origins import origin_text
from studio.core.questions import CommandAsked, RunsAsked
from studio.core.run_sensor import SeenRun
from studio.core.signals import TriggerSignal
from studio.core.states import RUN_TERMINAL, AttemptState, RunState, TaskState
from studio.core.waiters import Waiter


def begin(board: Board, flight: InFlight, asked: TriggerSignal) -> None:
    """The worker has done its part."""
    active, task, attempt = flight.active, flight.task, flight.attempt
    attempt.state = AttemptState.RESCHEDULED
    kept = {**asdict(attempt), "state": attempt.state.value}
    wait(board, active, task, TaskState.DEFERRED, None)
    task.waiting_since = attempt.ended_at
    task.resume = {"request": msgspec.to_builtins(asked), "attempt": kept}
    board.waiters.add(waiter(active, task))
    board.waiters.asking[task.id] = None


def waiter(active: ActiveRun, task: TaskInstance) -> Waiter:
    """For what it waits in this part of the wait."""
    asked = question(active, task)
    if isinstance(asked, CommandAsked):
        return Waiter(active, task, (("command", asked.key),), asked)
    return Waiter(active, task, (("run", asked.dag_id, asked.run_id),), asked)


def question(active: ActiveRun, task: TaskInstance) -> CommandAsked | RunsAsked:
    """For what this scheduler does not hold."""
    resume = task.resume or {}
    asked = msgspec.convert(resume["request"], TriggerSignal)
    if "run_id" in resume:
        return RunsAsked(asked.dag_id, run_id=resume["run_id"])
    config, origin = active.spec_of(task).config, origin_text(active.run, task)
    payload = {
        **msgspec.to_builtins(asked),
        "attempt": task.attempt,
        "origin": origin,
        "if_paused": config.get("if_paused", "fail"),
        "if_exists": config.get("if_exists", "fail"),
    }
    # One run for each attempt, however often it is asked for: nothing else has such a key.
    key = f"attempt {task.attempt}"
    return CommandAsked(key, asked.dag_id, "trigger_by_task", payload, f"task {origin}")


def begun(task: TaskInstance) -> Attempt:
    """The attempt in a worker that began the try."""
    kept = (task.resume or {})["attempt"]
    return Attempt(**{**kept, "state": AttemptState(kept["state"])})


def command_judged(board: Board, active: ActiveRun, task: TaskInstance, command: Command) -> Ending | None:
    """What became of the command: the end of the wait, or its first part."""
    config = active.spec_of(task).config
    result = command.result
    if command.state == "pending":
        return None
    if command.state == "refused":
        hint = f" {result['hint']}" if result.get("hint") else ""
        return Ending(
            "failed", error=f"{command.dag_id} was not triggered: {result.get('message', '')}{hint}"
        )
    value = {"dag_id": command.dag_id, "run_id": str(result["run_id"])}
    if result.get("skipped"):
        return Ending(
            "skipped", value=value, error=f"The run {value['run_id']} of {command.dag_id} exists already."
        )
    if not config.get("wait", False):
        return Ending("success", value=value, details={"triggered": value})
    board.touch_task(active, task)
    task.resume = {**(task.resume or {}), "run_id": value["run_id"]}
    board.waiters.add(waiter(active, task))
    return None


def run_judged(active: ActiveRun, task: TaskInstance, runs: Sequence[SeenRun]) -> Ending | None:
    """What became of the run. None of them: it was deleted, as runs can be when they are over."""
    config, asked = active.spec_of(task).config, question(active, task)
    assert isinstance(asked, RunsAsked)
    value = {"dag_id": asked.dag_id, "run_id": asked.run_id}
    told = f"The run {asked.run_id} of {asked.dag_id}, which it triggered,"
    if not runs:
        return Ending("failed", error=f"{told} was deleted.", details={"triggered": value}, is_final=False)
    run = runs[0].run
    if run.state not in RUN_TERMINAL:
        return None
    details = {"triggered": {**value, "state": run.state.value}}
    if run.state is RunState.SUCCESS or not config.get("fail_with", True):
        return Ending("success", value=value, details=details)
    return Ending("failed", error=f"{told} {_end(run)}", details=details, is_final=False)


def _end(run: Run) -> str:
    if run.state is RunState.CANCELLED:
        return "was cancelled."
    return f"has failed ({run.reason})." if run.reason else "has failed."


def wish(task: TaskInstance) -> str:
    """What is waited for."""
    resume: dict[str, Any] = task.resume or {}
    dag_id = resume["request"]["dag_id"]
    if "run_id" in resume:
        return f"It waits for the end of the run {resume['run_id']} of {dag_id}, which it has triggered."
    return f"It waits until the scheduler that owns {dag_id} has made the run."
