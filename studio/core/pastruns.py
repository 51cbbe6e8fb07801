"""What a run leaves behind for the tasks that look at the run before theirs. Which run that is, is the caller's to say.

Semantics: Airflow's `PrevDagrunDep`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio.core.model import RunType, RunWithTasks
from studio.core.spec import TaskSpec
from studio.core.states import SUCCESS_LIKE, TaskState


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run, as far as later runs look at it. Removed task instances are as if they had never been."""

    run_id: str
    dag_id: str
    logical_date: float  # of a run without one: its run_after
    run_type: RunType
    settled: frozenset[str]  # tasks of which every instance has succeeded or was skipped
    present: frozenset[str]  # tasks that it has at all


def past_run(stored: RunWithTasks) -> PastRun:
    """What `stored` leaves behind, as it is now."""
    run = stored.run
    present: set[str] = set()
    unsettled: set[str] = set()
    for task in stored.tasks:
        if task.state is not TaskState.REMOVED:
            present.add(task.task_id)
            if task.state not in SUCCESS_LIKE:
                unsettled.add(task.task_id)
    return PastRun(
        run_id=run.run_id,
        dag_id=run.dag_id,
        logical_date=run.run_after if run.logical_date is None else run.logical_date,
        run_type=run.run_type,
        settled=frozenset(present - unsettled),
        present=frozenset(present),
    )


def holds(task: TaskSpec, previous: PastRun | None, downstream: Sequence[str]) -> str | None:
    """Why the run before holds `task`, in words; None: it may go. `downstream`: the tasks directly after it.

    Without a run before, nothing holds it. A task that the run before does not have holds its like for ever (as in
    Airflow; marking or clearing helps), a missing downstream task does not.
    """
    if previous is None or not (task.depends_on_past or task.wait_for_downstream):
        return None
    if task.id not in previous.present:
        return f"It depends on its past: the run before, {previous.run_id}, has no task {task.id}."
    if task.id not in previous.settled:
        return f"It depends on its past: {task.id} of the run before, {previous.run_id}, has not succeeded."
    if not task.wait_for_downstream:
        return None
    waiting = [name for name in downstream if name in previous.present and name not in previous.settled]
    if not waiting:
        return None
    told = ", ".join(waiting[:5]) + (f" and {len(waiting) - 5} more" if len(waiting) > 5 else "")
    return f"It waits for what is downstream in the run before, {previous.run_id}: {told}."
