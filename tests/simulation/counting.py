"""Tries: how many there are, and when. After every commit, as all invariants."""

from __future__ import annotations

from typing import Any

from studio.core.model import Attempt, Run, TaskInstance
from studio.core.states import AttemptState, TaskState
from tests.simulation import oracle
from tests.simulation.step import ATTEMPT_OVER, BY_HAND, Broken, Memory, Step

_T = TaskState
_A = AttemptState


def tries_are_counted(step: Step) -> None:
    """`retries` after failures, `lost_retries` after losses, apart from each other."""
    for attempt in step.attempts:
        old = step.old_attempts.get(attempt.id)
        if attempt.state not in ATTEMPT_OVER or (old is not None and old.state in ATTEMPT_OVER):
            continue
        task = step.tables.tasks[attempt.task_instance]
        memory = step.memories.setdefault(task.id, Memory())
        # A sensor may find what it looks for in the commit that makes it.
        before = step.old_tasks.get(task.id) or TaskInstance(task.id, task.run, task.task_id)
        if before.state not in (_T.RESTARTING, _T.STOPPING):
            memory.failures += attempt.state in (_A.FAILED, _A.CANCELLED)
            memory.losses += attempt.state is _A.LOST
            memory.is_held_back = False
        elif (
            before.stop_as is _T.UP_FOR_RETRY
        ):  # it was queued for too long: as if it had been lost, but at once
            # A sensor that found nothing in its last moment has succeeded in vain.
            memory.losses += attempt.state is not _A.SUCCESS or task.state is not _T.SUCCESS
            memory.is_held_back = True
        run = step.tables.runs[task.run]
        if step.commands_on(run.dag_id, *BY_HAND):
            memory.is_sure = False
        if memory.is_sure and not run.reason and not step.spec(run).fail_fast:
            _check_end(step, run, task, before, attempt, memory)
    _forget_cleared(step)


def _check_end(
    step: Step, run: Run, task: TaskInstance, before: TaskInstance, attempt: Attempt, memory: Memory
) -> None:
    spec = step.shape(run).tasks[task.task_id]
    goes_on = {_T.SCHEDULED, _T.QUEUED, _T.NONE, _T.UPSTREAM_FAILED, _T.SKIPPED}
    again = {_T.UP_FOR_RETRY, *goes_on}
    is_elsewhere = spec.kind in ("trigger_dag", "dag_sensor", "asset_sensor")  # what no other try would help
    may_stop = bool(spec.retry_rules) or attempt.id in step.final or is_elsewhere
    if before.state is _T.RESTARTING:
        allowed = goes_on | {_T.REMOVED}
    elif before.state is _T.STOPPING:
        allowed = {before.stop_as or _T.CANCELLED, _T.REMOVED}
        if attempt.state is _A.SUCCESS and before.stop_as in (None, _T.CANCELLED):
            allowed = {_T.SUCCESS, _T.FAILED}
        elif before.stop_as is _T.UP_FOR_RETRY:
            allowed = again if memory.losses <= spec.lost_retries else {_T.FAILED}
            allowed = allowed | ({_T.SUCCESS} if attempt.state is _A.SUCCESS else set())
    elif attempt.state is _A.SUCCESS:
        allowed = {_T.SUCCESS}
    elif attempt.state is _A.SKIPPED:
        allowed = {_T.SKIPPED}
    elif attempt.state is _A.RESCHEDULED:
        is_late = spec.sensor is not None
        allowed = {_T.UP_FOR_RESCHEDULE, _T.DEFERRED, *goes_on} | ({_T.FAILED} if is_late else set())
    elif attempt.state is _A.LOST:
        allowed = again if memory.losses <= spec.lost_retries else {_T.FAILED}
    elif memory.failures <= spec.retries:
        allowed = again | ({_T.FAILED} if may_stop else set())
    else:
        allowed = {_T.FAILED}
    is_made_up_for = (
        attempt.state is _A.LOST and before.state in (_T.QUEUED, _T.RUNNING) and task.state is not _T.FAILED
    )
    if is_made_up_for and task.max_tries != before.max_tries + 1:
        tries = f"{before.max_tries} tries before its loss, {task.max_tries} after it"
        raise Broken("losses_use_up_no_tries", f"{step.name(task)}: {tries}")
    if task.state not in allowed:
        told = f"{step.name(task)} ({before.state.value}) {attempt.state.value} → {task.state.value}"
        raise Broken("tries_are_counted", f"{told}; {memory.failures} failed, {memory.losses} lost")


def _forget_cleared(step: Step) -> None:
    """A clear begins the count anew; if more than that happened to the task instance, nobody knows how far it is."""
    ended = {a.task_instance for a in step.attempts if a.state in ATTEMPT_OVER}
    for command in step.commands:
        if command.kind not in BY_HAND or command.state != "done":
            continue
        number = step.tables.run_keys.get((command.dag_id, command.payload.get("run_id", "")))
        is_plain = set(command.payload) <= {"run_id", "task_ids", "downstream", "only_failed"}
        if command.kind != "clear" or not is_plain or number is None:
            for task in step.tasks:
                if step.tables.runs[task.run].dag_id == command.dag_id:
                    step.memories.setdefault(task.id, Memory()).is_sure = False
            continue
        shape = step.shape(step.tables.runs[number])
        is_alone = len(step.commands_on(command.dag_id, *BY_HAND)) == 1
        chosen = set(command.payload["task_ids"])
        if command.payload.get("downstream", True):
            chosen |= {name for above in chosen for name in shape.below.get(above, ())}
        for task in step.tasks_of(number):
            old = step.old_tasks.get(task.id)
            if any(each.role != "work" for each in shape.tasks.values()):
                step.memories.setdefault(task.id, Memory()).is_sure = False
            elif task.task_id in chosen and old is not None and _has_begun(old, command.payload):
                step.memories[task.id] = Memory(is_sure=is_alone and task.id not in ended)
                more = 1 + shape.tasks[task.task_id].retries
                is_plain_end = old.state in (_T.SUCCESS, _T.FAILED) and len(step.commands) == 1
                if is_plain_end and task.max_tries != old.try_number + more:
                    raise Broken("a_clear_gives_new_tries", f"{step.name(task)}: up to {task.max_tries}")


def _has_begun(task: TaskInstance, payload: dict[str, Any]) -> bool:
    if payload.get("only_failed", False):
        return task.state in oracle.FAILED
    return task.state not in (_T.NONE, _T.RESTARTING)


def retries_wait(step: Step) -> None:
    """Between the end of a failed attempt and the next one lies the delay of the task."""
    for task in step.tasks:
        old = step.old_tasks.get(task.id)
        if old is not None and old.state is _T.UP_FOR_RETRY and task.state is _T.NONE:
            step.memories.setdefault(task.id, Memory()).is_held_back = True
    for attempt in step.writes.new_attempts:
        task = step.tables.tasks[attempt.task_instance]
        memory = step.memories.get(task.id)
        run = step.tables.runs[task.run]
        if (
            attempt.try_number == 1
            or attempt.state in ATTEMPT_OVER  # the end of a wait, not the beginning of a try
            or memory is None
            or not memory.is_sure
            or memory.is_held_back
            or not memory.failures
        ):
            continue
        key = step.tables.attempt_keys.get((task.id, attempt.try_number - 1))
        last = None if key is None else step.tables.attempts[key]
        if last is None or last.state is not _A.FAILED or last.ended_at is None:
            continue
        spec = step.shape(run).tasks[task.task_id]
        least = oracle.least_delay(spec, memory.failures)
        if spec.retry_rules:
            least = min(least, 5.0)
        if attempt.queued_at + step.set_back < last.ended_at + least - 1e-6:
            told = f"{step.name(task)} after {attempt.queued_at - last.ended_at:.3f} s of {least}"
            raise Broken("retries_wait", told)
