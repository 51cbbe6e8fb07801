"""The kind `dag_sensor`: it waits until a run of another DAG for a certain date, or tasks of it, have certain states.

config: `{"dag_id", "tasks": [ids], "logical_date": ISO text | "reference": a name, "offset": seconds, "states",
"failed_states", "timeout", "soft_fail", "poll_interval"}`. Of several runs with that date any may be the one: those
by hand count, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from studio.core.active import ActiveRun
from studio.core.board import Board
from studio.core.context import iso
from studio.core.dates import instant_of, zone_of
from studio.core.endings import Ending
from studio.core.model import Run, RunWithTasks, TaskInstance
from studio.core.names import nearest, shown
from studio.core.questions import RunsAsked
from studio.core.states import RUN_TERMINAL, TaskState
from studio.core.waiters import Waiter
from studio.core.wall_clock import WallClock

REFERENCES: Final = ("logical_date", "data_interval_start", "data_interval_end")
DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A run as far as a sensor looks at it."""

    run: Run
    tasks: Collection[TaskInstance]  # those that it looks at, at least
    known: Collection[str]  # ids of all its tasks


def date_of(active: ActiveRun, config: Mapping[str, Any]) -> float | None:
    """The logical date of the run that is waited for; None: the sensor's own run has no such date.

    Whole days are days on the clock of the DAG's zone, so that "the day before" is right when clocks change.
    """
    run, zone = active.run, zone_of(active.spec.timezone)
    if "logical_date" in config:
        return instant_of(str(config["logical_date"]), zone, "logical_date")
    match config.get("reference", "logical_date"):
        case "data_interval_start":
            date = run.interval_start
        case "data_interval_end":
            date = run.interval_end
        case _:
            date = run.logical_date
    return None if date is None else _moved(date, float(config.get("offset", 0.0)), zone)


def _moved(date: float, offset: float, zone: ZoneInfo) -> float:
    if not offset or offset % DAY:
        return date + offset
    clock = WallClock(zone)
    there = clock.first_or_after_gap(clock.reading(date) + timedelta(seconds=offset))
    return date + offset if there is None else there


def waiter(active: ActiveRun, task: TaskInstance) -> Waiter:
    """For what it waits."""
    config = active.spec_of(task).config
    dag_id, date = str(config["dag_id"]), date_of(active, config)
    topics = [("task", dag_id, date, name) for name in config.get("tasks", ())]
    return Waiter(active, task, (("date", dag_id, date), *topics), RunsAsked(dag_id, logical_date=date))


def in_memory(board: Board, asked: RunsAsked, names: Sequence[str] = ()) -> list[SeenRun]:
    """Those of the runs that this scheduler holds, or has just ended."""
    owned = board.dags.get(asked.dag_id)
    runs = {} if owned is None else {**board.ended_now(asked.dag_id), **owned.runs}
    return [
        SeenRun(
            active.run,
            [task for name in names for task in active.instances.get(name, {}).values()],
            active.layout.tasks,
        )
        for active in runs.values()
        if (
            active.run.run_id == asked.run_id
            if asked.run_id
            else active.run.logical_date == asked.logical_date
        )
    ]


def seen_runs(
    board: Board, asked: RunsAsked, names: Sequence[str], found: Iterable[RunWithTasks]
) -> list[SeenRun]:
    """All of the runs: as this scheduler holds them, else as they are stored."""
    held = in_memory(board, asked, names)
    known = {each.run.run_id for each in held}
    stored = [
        SeenRun(each.run, each.tasks, [task.id for task in each.spec.tasks])
        for each in found
        if each.run.run_id not in known
    ]
    return sorted([*held, *stored], key=lambda each: each.run.id, reverse=True)


def judged(config: Mapping[str, Any], runs: Sequence[SeenRun]) -> Ending | None:
    """The end of the wait, or None. One run that is as it should be is enough; it fails when none can be any more."""
    names: Sequence[str] = config.get("tasks", ())
    errors: list[str] = []
    for seen in runs:
        told = f"The run {seen.run.run_id} of {config['dag_id']}"
        states = _states(seen, names)
        if states and all(state in config["states"] for state in states.values()):
            return Ending("success", value=_value(seen.run))
        if missing := [name for name in names if name not in seen.known]:
            hint = nearest(missing[0], seen.known)
            errors.append(f"{told} has no task {shown(missing[0])}. {hint}".rstrip())
        elif bad := [name for name, state in states.items() if state in config["failed_states"]]:
            errors.append(f"{told}: {bad[0]} {states[bad[0]]}." if names else f"{told} is {states[bad[0]]}.")
        elif seen.run.state not in RUN_TERMINAL:
            return None
    return Ending("failed", error=errors[0]) if errors else None


def _states(seen: SeenRun, names: Sequence[str]) -> dict[str, str]:
    """What is waited for, with the state it is in; empty while there is nothing of it yet."""
    if not names:
        return {"": seen.run.state.value}
    found = [
        task for task in seen.tasks if task.task_id in names and task.state is not TaskState.REMOVED
    ]  # beyond the end of a map there is nothing to wait for
    if {task.task_id for task in found} < set(names):
        return {}
    return {
        f"{task.task_id}[{task.map_index}]" if task.map_index >= 0 else task.task_id: task.state.value
        for task in found
    }


def _value(run: Run) -> dict[str, Any]:
    date = None if run.logical_date is None else iso(run.logical_date)
    return {"dag_id": run.dag_id, "run_id": run.run_id, "state": run.state.value, "logical_date": date}


def words(config: Mapping[str, Any], date: float | None, runs: Sequence[SeenRun]) -> str:
    """How far it is with what is waited for."""
    names: Sequence[str] = config.get("tasks", ())
    if not runs:
        return f"{config['dag_id']} has no run with the logical date {iso(date or 0.0)} yet."
    seen = runs[0]
    states = [f"{name} is {state}" for name, state in _states(seen, names).items()] if names else []
    return f"Its run {seen.run.run_id} is {seen.run.state.value}{': ' + ', '.join(states[:10]) if states else ''}."


def wish(config: Mapping[str, Any], date: float | None) -> str:
    """What is waited for."""
    names: Sequence[str] = config.get("tasks", ())
    what = (
        f"the {'task' if len(names) == 1 else 'tasks'} {', '.join(names)} in the run" if names else "the run"
    )
    when = "" if date is None else f" with the logical date {iso(date)}"
    return f"It waits for {what} of {config['dag_id']}{when} to be {' or '.join(config['states'])}."
