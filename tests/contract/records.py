"""Records for the contract suite: short to write, every field of them set to something."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from studio.core.model import (
    AssetEvent,
    Attempt,
    Backfill,
    CallbackRequest,
    Command,
    Dag,
    Run,
    TaskInstance,
)
from studio.core.spec import CronSpec, DagSpec, TaskSpec, version_of
from studio.core.states import AttemptState, RunState, TaskState
from studio.core.turn import AttemptGuard, RunGuard, TaskGuard, Writes
from studio.ports import Lease

NOW = 1_750_000_000.123456


def spec_of(dag_id: str, tasks: int = 2, **changes: Any) -> DagSpec:
    listed = tuple(
        TaskSpec(id=f"t{n}", kind="notebook", config={"path": f"/n{n}.ipynb"}) for n in range(tasks)
    )
    return DagSpec(id=dag_id, tasks=listed, schedule=CronSpec("0 6 * * *"), **changes)


def dag_of(dag_id: str, tasks: int = 2, **changes: Any) -> Dag:
    spec = spec_of(dag_id, tasks, **changes)
    return Dag(
        dag_id,
        version_of(spec),
        spec,
        cursor=NOW - 5,
        next_due=NOW + 5,
        created_at=NOW,
        updated_at=NOW,
        rev=1,
    )


class Scribe:
    """Makes records with the ids of a lease, and guarded changes of them."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self._ids = count((lease.number << 32) + 1)

    def run(self, dag: Dag, run_id: str = "r", **fields: Any) -> Run:
        values: dict[str, Any] = {
            "run_after": NOW,
            "queued_at": NOW,
            "triggered_by": "ann",
            "rev": 1,
            **fields,
        }
        return Run(
            next(self._ids), dag.dag_id, run_id, values.pop("run_type", "manual"), dag.version, **values
        )

    def tasks(self, dag: Dag, run: Run) -> list[TaskInstance]:
        return [self.task(run, task.id) for task in dag.spec.tasks]

    def task(self, run: Run, task_id: str, **fields: Any) -> TaskInstance:
        return TaskInstance(next(self._ids), run.id, task_id, max_tries=3, rev=1, **fields)

    def attempt(self, task: TaskInstance, try_number: int = 1, **fields: Any) -> Attempt:
        values: dict[str, Any] = {"queued_at": NOW, "directory": f"d/r/{task.task_id}/{try_number}", **fields}
        return Attempt(next(self._ids), task.id, try_number, **values)

    def backfill(self, dag_id: str, **fields: Any) -> Backfill:
        values: dict[str, Any] = {
            "asked": {"from": 1.5, "to": None},
            "runs": 1,
            "created_at": NOW,
            "actor": "ann",
            "rev": 1,
        }
        return Backfill(next(self._ids), dag_id, **{**values, **fields})

    def event(self, asset: str, **fields: Any) -> AssetEvent:
        return AssetEvent(next(self._ids), asset, NOW, **fields)

    def callback(self, run: Run, task: TaskInstance | None = None, **fields: Any) -> CallbackRequest:
        values: dict[str, Any] = {"on": "failure", "function": "package.module:tell", "queued_at": NOW}
        number = None if task is None else task.id
        return CallbackRequest(
            next(self._ids), run.dag_id, run.id, task_instance=number, **{**values, **fields}
        )

    def whole(
        self, dag_id: str = "d", runs: int = 1, **fields: Any
    ) -> tuple[Writes, list[Run], list[TaskInstance]]:
        """A new DAG with runs and their task instances."""
        dag = dag_of(dag_id)
        made = [self.run(dag, f"r{n}", run_after=NOW + n, **fields) for n in range(runs)]
        tasks = [task for run in made for task in self.tasks(dag, run)]
        return Writes(dags=[dag], new_runs=made, new_tasks=tasks), made, tasks


def changed_task(task: TaskInstance, state: TaskState, **fields: Any) -> TaskGuard:
    return TaskGuard(replace(task, state=state, rev=task.rev + 1, **fields), task.rev, task.state)


def changed_run(run: Run, state: RunState, **fields: Any) -> RunGuard:
    return RunGuard(replace(run, state=state, rev=run.rev + 1, **fields), run.rev, run.state)


def changed_attempt(attempt: Attempt, state: AttemptState, **fields: Any) -> AttemptGuard:
    return AttemptGuard(replace(attempt, state=state, **fields), attempt.state)


def changed_dag(dag: Dag, **fields: Any) -> Dag:
    return replace(dag, rev=dag.rev + 1, **fields)


def settled(command: Command, **fields: Any) -> Command:
    return replace(command, **{"state": "done", "result": {"run_id": "r"}, "handled_at": NOW, **fields})
