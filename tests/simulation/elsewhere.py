"""Runs that tasks trigger, and the waiting for what happens elsewhere. After every commit, as all invariants."""

from __future__ import annotations

from datetime import datetime

from studio.core.model import Command, Run, TaskInstance
from studio.core.states import TaskState
from tests.simulation.step import BY_HAND, RUN_OVER, Broken, Step

_T = TaskState


def a_trigger_makes_one_run(step: Step) -> None:
    """Each attempt of a trigger makes at most one run, and nothing else makes runs of that type."""
    handled = [c for c in step.commands if c.kind == "trigger_by_task" and c.state == "done"]
    for command in handled:
        attempts = [c for c in _triggers(step) if c.payload["attempt"] == command.payload["attempt"]]
        if len(attempts) > 1:
            raise Broken(
                "a_trigger_makes_one_run", f"attempt {command.payload['attempt']:x} has {len(attempts)}"
            )
    made = [run for run in step.writes.new_runs if run.run_type == "operator"]
    asked = [c for c in handled if not c.result.get("skipped") and not c.result.get("cleared")]
    removed = step.writes.removed_dags
    if len(made) != len(asked) and not removed and not any(c.kind == "delete_run" for c in step.commands):
        raise Broken("a_trigger_makes_one_run", f"{len(made)} runs for {len(asked)} commands")


def a_success_has_its_run(step: Step) -> None:
    """A trigger has succeeded: the run it names was made because it asked for it."""
    for task in step.tasks:
        run = step.tables.runs[task.run]
        before = step.old_tasks.get(task.id)
        if (
            before is None
            or before.state is _T.SUCCESS
            or task.state is not _T.SUCCESS
            or before.stop_as is not None
        ):
            continue
        if step.shape(run).tasks[task.task_id].kind != "trigger_dag" or step.commands_on(
            run.dag_id, *BY_HAND
        ):
            continue
        value = step.value_of(task)
        if not any(c.result.get("run_id") == value["run_id"] for c in _triggers(step) if c.state == "done"):
            raise Broken("a_success_has_its_run", f"{step.name(task)} says it made {value}")


def nobody_waits_for_what_has_come(step: Step) -> None:
    """What happens in a scheduler ends the waits for it there, in the same commit."""
    owners = step.tables.owners
    for run in step.runs:
        if run.state not in RUN_OVER or owners.get(run.dag_id) != step.lease:
            continue
        for task in step.tables.tasks.values():
            if task.state is _T.DEFERRED and _waits_for(step, task, run):
                raise Broken("nobody_waits_for_what_has_come", f"{step.name(task)} waits for {run.run_id}")


def _waits_for(step: Step, task: TaskInstance, ended: Run) -> bool:
    run = step.tables.runs[task.run]
    if step.tables.owners.get(run.dag_id) != step.lease or run.dag_id == ended.dag_id:
        return False
    spec = step.shape(run).tasks[task.task_id]
    if spec.kind == "trigger_dag" and task.resume is not None:
        return (task.resume["request"]["dag_id"], task.resume.get("run_id")) == (ended.dag_id, ended.run_id)
    if spec.kind != "dag_sensor" or spec.config.get("tasks"):
        return False
    if "logical_date" in spec.config:
        date = datetime.fromisoformat(spec.config["logical_date"] + "+00:00").timestamp()
    else:
        date = (run.logical_date or 0.0) + spec.config["offset"]
    return (
        spec.config["dag_id"] == ended.dag_id
        and date == ended.logical_date
        and ended.state.value == "success"
    )


def _triggers(step: Step) -> list[Command]:
    return [c for c in step.tables.commands.values() if c.kind == "trigger_by_task"]
