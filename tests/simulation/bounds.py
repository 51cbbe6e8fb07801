"""Limits: nothing goes beyond them, and nothing waits where they have room."""

from __future__ import annotations

from dataclasses import dataclass

from studio.core.model import Dag, Run, TaskInstance
from studio.core.spec import DagSpec
from studio.core.states import RunState, TaskState
from tests.simulation.step import ALIVE, ATTEMPT_OVER, RUN_OVER, Broken, Step

_T = TaskState
_R = RunState


def limits_hold(step: Step) -> None:
    """Invariant 4: executor slots, `max_active_…` of runs, tasks, DAGs and backfills, pools."""
    tables = step.tables
    launched = [tables.tasks[attempt.task_instance] for attempt in step.writes.new_attempts]
    launched = [task for task in launched if task.state is _T.QUEUED]
    if launched:
        alive = _alive_attempts(step)
        if alive > step.capacities[1]:
            raise Broken("limits_hold", f"{alive} attempts for {step.capacities[1]} slots")
    for task in launched:
        for limit in _limits(step, task):
            if limit.used > limit.most:
                raise Broken("limits_hold", f"{step.name(task)}: {limit}")
    for dag in step.touched_dags():
        running = [r for r in tables.runs.values() if r.dag_id == dag.dag_id and r.state is _R.RUNNING]
        begun = {run.backfill for run in running if _was(step, run) is not _R.RUNNING}
        for place in begun:
            most = max(dag.spec.max_active_runs, _old_spec(step, dag).max_active_runs)
            if place is not None:
                most = tables.backfills[place].max_active_runs
            # One that came in between may have allowed more.
            is_sure = len(step.commands_on(dag.dag_id, "publish", "change_backfill")) < 2
            n = sum(run.backfill == place for run in running)
            if is_sure and n > most:
                raise Broken("limits_hold", f"{dag.dag_id}: {n} active runs of {most} (backfill {place})")


@dataclass(slots=True)
class Used:
    """How much of a limit is taken."""

    name: str
    used: int
    most: int
    takes: int = 1  # what one more would take

    @property
    def is_full(self) -> bool:
        """Or may be."""
        return self.used + self.takes > self.most or self.takes == 0


def _limits(step: Step, task: TaskInstance) -> list[Used]:
    """Everything that bounds a task instance, counted anew."""
    tables, run = step.tables, step.tables.runs[task.run]
    shape = step.shape(run)
    spec = shape.tasks[task.task_id]
    of_run = [t for t in step.tasks_of(run.id) if t.state in ALIVE]
    found = [Used("max_active_tasks", len(of_run), shape.spec.max_active_tasks)]
    if spec.max_active_per_run is not None:
        n = sum(t.task_id == task.task_id for t in of_run)
        found.append(Used("max_active_per_run", n, spec.max_active_per_run))
    others = [r for r in tables.runs.values() if r.dag_id == run.dag_id and r.state not in RUN_OVER]
    # Over all runs of a DAG, the limits of its current version hold.
    now = tables.dags[run.dag_id].spec
    own = next((t for t in now.tasks if t.id == task.task_id), None)
    if now.max_active_tasks_per_dag is not None or spec.max_active_per_dag is not None:
        of_dag = [t for other in others for t in step.tasks_of(other.id) if t.state in ALIVE]
        if now.max_active_tasks_per_dag is not None:
            found.append(Used("max_active_tasks_per_dag", len(of_dag), now.max_active_tasks_per_dag))
        every = {
            next((t.max_active_per_dag for t in step.spec(other).tasks if t.id == task.task_id), None)
            for other in others
        }
        if own is not None and own.max_active_per_dag is not None and every == {own.max_active_per_dag}:
            n = sum(t.task_id == task.task_id for t in of_dag)
            found.append(Used("max_active_per_dag", n, own.max_active_per_dag))
        elif spec.max_active_per_dag is not None:
            found.append(Used("unknown", 0, 1, 0))  # of several versions: which of them holds is not said
    pool = tables.pools.get(spec.pool)
    if pool is None:
        found.append(Used(f"pool {spec.pool}", 0, 0))
    elif pool.slots >= 0:
        found.append(Used(f"pool {spec.pool}", pool.used, pool.slots, spec.pool_slots))
    return found


def pools_are_counted(step: Step) -> None:
    """What a pool says is taken is what its task instances take, at every commit."""
    tables = step.tables
    counted = {name: pool for name, pool in tables.pools.items() if pool.slots >= 0}
    if not counted or not (step.tasks or step.writes.pools):
        return
    taken = dict.fromkeys(counted, 0)
    for run in tables.runs.values():
        if run.state in RUN_OVER:
            continue
        shape = step.shape(run)
        for task in step.tasks_of(run.id):
            spec = shape.tasks.get(task.task_id)
            pool = None if spec is None else counted.get(spec.pool)
            if spec is None or pool is None:
                continue
            # Not one whose wait uses nothing.
            is_deferred = task.state is _T.DEFERRED and spec.kind == "function"
            if task.state in ALIVE or (pool.include_deferred and is_deferred):
                taken[pool.name] += spec.pool_slots
    for name, pool in counted.items():
        if pool.used != taken[name]:
            raise Broken("pools_are_counted", f"{name}: {pool.used} are said to be taken, {taken[name]} are")


def nothing_waits_without_a_reason(step: Step) -> None:
    """Invariant 6: what is ready goes on as soon as there is room, in the same turn; the weightiest first."""
    tables = step.tables
    is_full = _alive_attempts(step) + _alive_callbacks(step) >= step.capacities[0]
    launched = [tables.tasks[attempt.task_instance] for attempt in step.writes.new_attempts]
    lightest = min((_order(step, t) for t in launched if t.state is _T.QUEUED), default=None)
    for run, found in step.touched_runs():
        if run.state is not _R.RUNNING or tables.dags[run.dag_id].paused:
            continue
        for tasks in found.by_task.values():
            for task in tasks:
                if task.state is not _T.SCHEDULED:
                    continue
                is_light = lightest is None or _order(step, task) <= lightest
                if (is_full and is_light) or any(limit.is_full for limit in _limits(step, task)):
                    continue
                told = f"{step.name(task)} is scheduled" + (", lighter ones go" if is_full else "")
                raise Broken("nothing_waits_without_a_reason", told)
    for dag in step.touched_dags():
        if dag.paused or step.set_back:  # then runs may be of the future
            continue
        runs = [r for r in tables.runs.values() if r.dag_id == dag.dag_id and r.backfill is None]
        states = [r.state for r in runs]
        if _R.QUEUED in states and states.count(_R.RUNNING) < dag.spec.max_active_runs:
            raise Broken("nothing_waits_without_a_reason", f"a run of {dag.dag_id} is queued")


def nothing_starts_while_paused(step: Step) -> None:
    for attempt in step.writes.new_attempts:
        task = step.tables.tasks[attempt.task_instance]
        run = step.tables.runs[task.run]
        if step.tables.dags[run.dag_id].paused and task.state is _T.QUEUED:
            raise Broken("nothing_starts_while_paused", f"{run.run_id} of {run.dag_id}")


def _order(step: Step, task: TaskInstance) -> tuple[int, int]:
    """More goes first: live runs before backfills, then by weight."""
    run = step.tables.runs[task.run]
    return int(run.backfill is None), step.shape(run).weights[task.task_id]


def _alive_attempts(step: Step) -> int:
    owned = {n for n, owner in step.tables.owners.items() if owner == step.lease and n in step.loaded}
    runs = [run.id for run in step.tables.runs.values() if run.dag_id in owned and run.state not in RUN_OVER]
    return sum(task.state in ALIVE for run in runs for task in step.tasks_of(run))


def _alive_callbacks(step: Step) -> int:
    owners, requests = step.tables.owners, step.tables.callbacks.values()
    known = {c.id for c in requests if c.state not in ATTEMPT_OVER and owners[c.dag_id] == step.lease}
    return len(known | step.callbacks_at_work)


def _was(step: Step, run: Run) -> RunState | None:
    old = step.old_runs.get(run.id)
    if old is not None:
        return old.state
    return None if run in step.runs else run.state


def _old_spec(step: Step, dag: Dag) -> DagSpec:
    old = step.old_dags.get(dag.dag_id)
    return dag.spec if old is None else old.spec
