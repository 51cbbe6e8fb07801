"""Kinds of tasks that the scheduler does itself: they take no slot and no worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from studio.core import elsewhere
from studio.core.active import ActiveRun
from studio.core.board import Board
from studio.core.catchup import window_of
from studio.core.model import TaskInstance
from studio.core.moves import decide, succeed, wait
from studio.core.schedules import instant_of, zone_of
from studio.core.states import TaskState


def _empty(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    _done(board, active, task)


def _latest_only(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    """Skips what is next to it unless its run is the newest of the schedule. A run by hand always counts as newest."""
    if not is_latest(active, board.now):
        decide(board, active, task, {"skip": "next"})
    _done(board, active, task)


def _approval(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    board.touch_task(active, task)
    timeout = active.spec_of(task).config.get("timeout")
    wait(board, active, task, TaskState.AWAITING_INPUT, None if timeout is None else board.now + timeout)
    task.waiting_since = task.started_at = board.now


def _wait(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    until = wait_until(active, active.spec_of(task).config, board.now)
    if until <= board.now:
        _done(board, active, task)
        return
    wait(board, active, task, TaskState.DEFERRED, until)
    task.waiting_since = task.started_at = board.now


def _done(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    board.touch_task(active, task)
    task.started_at = task.ended_at = board.now
    succeed(board, active, task)


#: kind → what it does as soon as its trigger rule holds.
LOCAL_KINDS: Final[dict[str, Callable[[Board, ActiveRun, TaskInstance], None]]] = {
    "empty": _empty,
    "latest_only": _latest_only,
    "approval": _approval,
    "wait": _wait,
    "dag_sensor": elsewhere.sense,
    "asset_sensor": elsewhere.sense,
}


def is_latest(active: ActiveRun, now: float) -> bool:
    """No later tick of the schedule has passed. Source: Airflow, `LatestOnlyOperator`."""
    run = active.run
    window = window_of(active.spec)
    if run.run_type == "manual" or run.logical_date is None or window is None:
        return True
    following = window.next_after(run.run_after)
    return following is None or now < following


def wait_until(active: ActiveRun, config: dict[str, Any], now: float) -> float:
    """When a task of the kind `wait` goes on."""
    run, zone = active.run, zone_of(active.spec.timezone)
    if "at" in config:
        return instant_of(str(config["at"]), zone, "at")
    if "time" in config:
        day = run.interval_end if run.interval_end is not None else run.run_after
        hours, minutes, *seconds = (int(part) for part in str(config["time"]).split(":"))
        midnight = datetime.fromtimestamp(day, zone).replace(
            hour=0, minute=0, second=0, microsecond=0, tzinfo=None
        )
        moment = midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
        return moment.replace(tzinfo=zone).timestamp()
    offset = float(config.get("seconds", 0.0))
    match config.get("reference"):
        case "logical_date" if run.logical_date is not None:
            return run.logical_date + offset
        case "data_interval_end" if run.interval_end is not None:
            return run.interval_end + offset
        case _:
            return now + offset
