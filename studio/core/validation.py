"""Is this spec a DAG that can run? Every refusal names the object, the rule and what to do."""

from __future__ import annotations

import math

from studio.core.graph import find_cycle
from studio.core.names import check_name, nearest, shown
from studio.core.rules import RULES
from studio.core.schedule_validation import check_schedule
from studio.core.spec import FORMAT, DagSpec, TaskSpec
from studio.errors import InvalidDag

MAX_TASKS = 10_000
MAX_RETRIES = 100


def validate(spec: DagSpec) -> None:
    """Raise `InvalidName`, `InvalidDag` or `InvalidSchedule` unless the spec is a DAG that can run."""
    if spec.format != FORMAT:
        raise InvalidDag(
            f"The spec has format {spec.format}; this version reads format {FORMAT}.", field="format"
        )
    check_name(spec.id, "DAG")
    if not spec.tasks:
        raise InvalidDag(
            f"The DAG {shown(spec.id)} has no tasks.", hint="Add one, for example notebook('x.ipynb')."
        )
    if len(spec.tasks) > MAX_TASKS:
        raise InvalidDag(
            f"The DAG {shown(spec.id)} has {len(spec.tasks)} tasks; at most {MAX_TASKS} are allowed."
        )
    _whole(spec.max_active_runs, "max_active_runs", 1, 100_000)
    _whole(spec.max_active_tasks, "max_active_tasks", 1, 100_000)
    _check_tasks(spec)
    check_schedule(spec)


def _check_tasks(spec: DagSpec) -> None:
    known: dict[str, TaskSpec] = {}
    for task in spec.tasks:
        check_name(task.id, "task")
        if task.id in known:
            raise InvalidDag(
                f"Two tasks of {shown(spec.id)} have the id {shown(task.id)}.", hint="Give one a task_id."
            )
        known[task.id] = task
    for task in spec.tasks:
        _check_task(task)
        for parent in task.upstream:
            if parent == task.id:
                raise InvalidDag(f"The task {shown(task.id)} waits for itself.")
            if parent not in known:
                raise InvalidDag(
                    f"The task {shown(task.id)} waits for {shown(parent)}, which is no task of {shown(spec.id)}.",
                    hint=nearest(parent, known),
                )
    cycle = find_cycle({task.id: task.upstream for task in spec.tasks})
    if cycle is not None:
        path = cycle if len(cycle) <= 12 else [*cycle[:6], "…", *cycle[-5:]]
        raise InvalidDag(
            f"The DAG {shown(spec.id)} has a cycle: {' → '.join(path)}.", hint="Remove one of these edges."
        )


def _check_task(task: TaskSpec) -> None:
    where = f"The task {shown(task.id)}"
    if task.trigger_rule not in RULES:
        raise InvalidDag(
            f"{where} has the trigger rule {shown(task.trigger_rule)}, which there is not.",
            hint=nearest(task.trigger_rule, RULES),
        )
    _whole(task.retries, f"{where}: retries", 0, MAX_RETRIES)
    for name in ("retry_delay", "retry_backoff", "max_retry_delay"):
        value = getattr(task, name)
        if not math.isfinite(value) or value < 0:
            raise InvalidDag(f"{where}: {name} is {value}; it must be 0 or more.", field=name)
    if task.timeout is not None and not (math.isfinite(task.timeout) and task.timeout > 0):
        raise InvalidDag(
            f"{where}: timeout is {task.timeout}; it must be more than 0 seconds.", field="timeout"
        )


def _whole(value: int, what: str, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidDag(f"{what} is {value}; it must be a whole number from {least} to {most}.")
