"""What others are told: callbacks and asset events, each once."""

from __future__ import annotations

from studio.core.states import RunState, TaskState
from tests.simulation.step import BY_HAND, Broken, Step

_T = TaskState
_R = RunState


def callbacks_are_requested_once(step: Step) -> None:
    """Invariant 8: every end that somebody wants to hear of is in the outbox, with the commit that keeps it."""
    tables = step.tables
    asked: dict[tuple[int, int | None, str], int] = {}
    for request in step.writes.new_callbacks:
        if request.tries == 1:
            key = request.run, request.task_instance, request.on
            asked[key] = asked.get(key, 0) + 1
    for run in step.runs:
        old = step.old_runs.get(run.id)
        if step.commands_on(run.dag_id, *BY_HAND, "respond"):
            continue
        for on, state in (("success", _R.SUCCESS), ("failure", _R.FAILED)):
            wanted = sum(spec.on == on for spec in step.spec(run).callbacks)
            is_new = run.state is state and (old is None or old.state is not state)
            if asked.get((run.id, None, on), 0) != wanted * is_new:
                raise Broken("callbacks_are_requested_once", f"{on} of {run.run_id}: {asked}")
    for task in step.tasks:
        before = step.old_tasks.get(task.id)
        run = tables.runs[task.run]
        if before is None or step.commands_on(run.dag_id, *BY_HAND) or before.state is _T.STOPPING:
            continue
        specs = step.shape(run).tasks[task.task_id].callbacks
        is_rid = run.reason in ("fail_fast", "timed_out", "replaced")
        for on, end in (("success", _T.SUCCESS), ("failure", _T.FAILED)):
            wanted = sum(spec.on == on for spec in specs)
            is_new = task.state is end and before.state is not end
            if not is_rid and asked.get((run.id, task.id, on), 0) != wanted * is_new:
                raise Broken("callbacks_are_requested_once", f"{on} of {step.name(task)}: {asked}")


def asset_events_are_used_once(step: Step) -> None:
    """An event of an asset makes at most one run of each DAG, and a success makes one event of each outlet."""
    tables = step.tables
    for dag in step.touched_dags():
        used = [n for run in tables.runs.values() if run.dag_id == dag.dag_id for n in run.events]
        queued = [number for numbers in dag.queued_events.values() for number in numbers]
        if len(set(used)) < len(used) or len(set(queued)) < len(queued) or set(used) & set(queued):
            raise Broken("asset_events_are_used_once", f"{dag.dag_id}: used {used}, queued {queued}")
    made: dict[tuple[str, str, str, int], int] = {}
    for event in step.writes.new_events:
        key = event.dag_id, event.run_id, event.task_id, event.map_index
        made[key] = made.get(key, 0) + 1
    for task in step.tasks:
        before = step.old_tasks.get(task.id)
        run = tables.runs[task.run]
        if before is None or step.commands_on(run.dag_id, *BY_HAND):
            continue
        outlets = step.shape(run).tasks[task.task_id].outlets
        is_new = task.state is _T.SUCCESS and before.state is not _T.SUCCESS and before.stop_as is None
        n = made.get((run.dag_id, run.run_id, task.task_id, task.map_index), 0)
        if n != len(outlets) * is_new and (is_new or not outlets):
            raise Broken("asset_events_are_used_once", f"{step.name(task)} made {n} of {len(outlets)}")
