"""Why a task instance or a run does not go on: which rule, limit, pool, pause, person or date holds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from studio.core.active import ActiveRun
from studio.core.board import Board, OwnedDag
from studio.core.context import iso
from studio.core.elsewhere import words
from studio.core.flow import past_holds, verdict_on
from studio.core.model import TaskInstance
from studio.core.states import TERMINAL, RunState, TaskState

_T = TaskState
MAX_NAMED = 10

Code = Literal[
    "upstream", "mapping", "setup", "past", "retry", "reschedule", "deferred", "elsewhere", "approval", "limit",
    "executor", "queued", "ending", "paused", "run_queued", "backfill_paused", "waiting_for_tasks",
]  # fmt: skip


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that holds something: `code` for programs, `message` for people, `facts` as data."""

    code: Code
    message: str
    facts: dict[str, Any] = {}


def why_task(board: Board, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> list[Reason]:
    """What holds a task instance, the nearest first; empty if it runs, has ended, or is not known to this scheduler."""
    owned = board.dags.get(dag_id)
    active = None if owned is None else owned.runs.get(run_id)
    task = None if active is None else active.find(task_id, map_index)
    if owned is None or active is None or task is None or task.state in (*TERMINAL, _T.RUNNING):
        return []
    reasons = list(_of_task(board, owned, active, task))
    if task.state in (_T.NONE, _T.SCHEDULED):
        reasons.extend(_of_run(board, owned, active))
    return reasons


def why_run(board: Board, dag_id: str, run_id: str) -> list[Reason]:
    """What holds a run; empty if it is over, or not known to this scheduler."""
    owned = board.dags.get(dag_id)
    active = None if owned is None else owned.runs.get(run_id)
    if owned is None or active is None:
        return []
    reasons = list(_of_run(board, owned, active))
    if not reasons and not active.active:
        held = [task for task in active.all() if task.state not in TERMINAL][:MAX_NAMED]
        for task in held:
            reasons.extend(_of_task(board, owned, active, task))
    elif not reasons:
        facts = {"active": active.active, "unfinished": active.unfinished}
        reasons.append(
            Reason(
                "waiting_for_tasks",
                f"{active.active} of its tasks run; {active.unfinished} have not ended.",
                facts,
            )
        )
    return reasons


def _of_task(board: Board, owned: OwnedDag, active: ActiveRun, task: TaskInstance) -> Iterator[Reason]:
    spec = active.spec_of(task)
    when = None if task.retry_at is None else iso(task.retry_at)
    match task.state:
        case _T.NONE:
            yield from _before(board, active, task)
        case _T.SCHEDULED:
            yield from _limits(board, active, task)
        case _T.UP_FOR_RETRY:
            tries = f"Try {task.try_number} of {task.max_tries} failed"
            yield Reason("retry", f"{tries}; the next one starts at {when or 'once'}.", {"at": when})
        case _T.UP_FOR_RESCHEDULE:
            looks = f"It looked {task.looks} times for what it waits for"
            yield Reason(
                "reschedule", f"{looks}; it looks again at {when}.", {"at": when, "looks": task.looks}
            )
        case _T.DEFERRED if (waiter := board.waiters.get(task.id)) is not None:
            until = "" if when is None else f" It gives up at {when}."
            yield Reason("elsewhere", f"{words(board, waiter)}{until}", {"at": when})
        case _T.DEFERRED:
            yield Reason("deferred", f"It goes on at {when}, and takes no slot until then.", {"at": when})
        case _T.AWAITING_INPUT:
            until = "" if when is None else f" It gives up at {when}."
            options = spec.config.get("options", [])
            yield Reason(
                "approval", f"It waits for a person to answer.{until}", {"options": options, "at": when}
            )
        case _T.QUEUED:
            yield Reason("queued", "The executor has it; no slot is free yet.")
        case _T.STOPPING | _T.RESTARTING:
            yield Reason("ending", "Its processes are being ended.")
        case _:
            pass


def _before(board: Board, active: ActiveRun, task: TaskInstance) -> Iterator[Reason]:
    if active.run.state is not RunState.RUNNING:
        return
    spec = active.spec_of(task)
    waiting = [
        f"{name} ({other.state.value})"
        for name in active.layout.graph.upstream[task.task_id]
        for other in active.within(name, task.map_path[: active.layout.shared(task.task_id, name)])
        if other.state not in TERMINAL
    ]
    if not active.is_expanded(task):
        level = active.layout.levels[task.task_id][len(task.map_path)]
        yield Reason(
            "mapping",
            f"It is expanded when what it is mapped over is known ({', '.join(level.expand.over) or 'its arguments'}).",
            {"mapping": level.id},
        )
    if waiting:
        named = ", ".join(waiting[:MAX_NAMED])
        more = f" and {len(waiting) - MAX_NAMED} more" if len(waiting) > MAX_NAMED else ""
        yield Reason(
            "upstream",
            f"Its rule {spec.trigger_rule} waits for {named}{more}.",
            {"rule": spec.trigger_rule, "tasks": waiting[:MAX_NAMED], "count": len(waiting)},
        )
    setups = active.setups(task) if task.task_id in active.layout.under_setups else None
    if setups is not None and setups.done < setups.total:
        yield Reason("setup", f"{setups.total - setups.done} of the setups it works under have not ended.")
    past = past_holds(board, active, task, verdict_on(active, task)) if active.is_expanded(task) else None
    if past is not None:
        yield Reason("past", past)


def _limits(board: Board, active: ActiveRun, task: TaskInstance) -> Iterator[Reason]:
    full = False
    for limit, slots in board.dispatcher.lane(active, task).limits:
        if limit.slots is None:
            yield Reason("limit", f"{limit.words} does not exist.", {"limit": limit.words})
            full = True
        elif not limit.has_room(slots):
            needs = f"; it takes {slots}" if slots > 1 else ""
            never = " It can never have that many." if slots > limit.slots else ""
            yield Reason(
                "limit",
                f"{limit.words}: {limit.used} of {limit.slots} slots are taken{needs}.{never}",
                {"limit": limit.words, "used": limit.used, "slots": limit.slots, "takes": slots},
            )
            full = True
    if not full and len(board.in_flight) >= board.capacity:
        yield Reason(
            "executor",
            f"All {board.capacity} places of the executor are taken, by what comes first by priority.",
            {"places": board.capacity},
        )


def _of_run(board: Board, owned: OwnedDag, active: ActiveRun) -> Iterator[Reason]:
    run = active.run
    if owned.dag.paused:
        yield Reason("paused", f"The DAG {owned.dag.dag_id} is paused.")
    if run.state is not RunState.QUEUED:
        return
    if not owned.dag.paused:
        limit = owned.dag.spec.max_active_runs
        words = "max_active_runs"
        if run.backfill is not None:
            backfill = board.backfills.get(run.backfill)
            if backfill is None or backfill.state == "paused":
                yield Reason("backfill_paused", f"Its backfill {run.backfill} is paused.")
                return
            limit, words = backfill.max_active_runs, "max_active_runs of its backfill"
        running = sum(other.run.backfill == run.backfill for other in owned.in_state(RunState.RUNNING))
        yield Reason(
            "run_queued",
            f"The run is queued: {running} runs are active; {words} is {limit}.",
            {"running": running, "limit": limit},
        )
