"""The bookkeeping of one turn: what was touched, and what the database must still say of it."""

from __future__ import annotations

from studio.core.model import Attempt, Command, Dag, Run, TaskInstance
from studio.core.states import AttemptState, RunState, TaskState
from studio.core.turn import AttemptGuard, Effect, RunGuard, TaskGuard, Writes


class Ledger:
    """Ask `touch_…` before changing an object; `settle` gives all writes of the turn, one per object."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self._dags: dict[str, Dag] = {}
        self._removed: list[str] = []
        self._new_runs: dict[int, Run] = {}
        self._new_tasks: dict[int, TaskInstance] = {}
        self._new_attempts: dict[int, Attempt] = {}
        self._runs: dict[int, tuple[Run, int, RunState]] = {}
        self._tasks: dict[int, tuple[TaskInstance, int, TaskState]] = {}
        self._attempts: dict[int, tuple[Attempt, AttemptState]] = {}
        self._commands: list[Command] = []

    def touch_dag(self, dag: Dag) -> None:
        if dag.dag_id not in self._dags:
            self._dags[dag.dag_id] = dag
            dag.rev += 1

    def remove_dag(self, dag_id: str) -> None:
        """Forget what the turn has written of the DAG so far, too: its last run may have ended in this very turn."""
        self._dags.pop(dag_id, None)
        self._removed.append(dag_id)
        runs = {run.id for run in self.changed_runs() if run.dag_id == dag_id}
        tasks = {task.id for task in self.changed_tasks() if task.run in runs}
        for run in runs:
            self._new_runs.pop(run, None)
            self._runs.pop(run, None)
        for task in tasks:
            self._new_tasks.pop(task, None)
            self._tasks.pop(task, None)
        self._new_attempts = {k: a for k, a in self._new_attempts.items() if a.task_instance not in tasks}
        self._attempts = {k: e for k, e in self._attempts.items() if e[0].task_instance not in tasks}

    def add_run(self, run: Run, tasks: list[TaskInstance]) -> None:
        run.rev = 1
        self._new_runs[run.id] = run
        for task in tasks:
            task.rev = 1
            self._new_tasks[task.id] = task

    def add_attempt(self, attempt: Attempt) -> None:
        self._new_attempts[attempt.id] = attempt

    def touch_run(self, run: Run) -> None:
        if run.id not in self._runs and run.id not in self._new_runs:
            self._runs[run.id] = (run, run.rev, run.state)
            run.rev += 1

    def touch_task(self, task: TaskInstance) -> None:
        if task.id not in self._tasks and task.id not in self._new_tasks:
            self._tasks[task.id] = (task, task.rev, task.state)
            task.rev += 1

    def touch_attempt(self, attempt: Attempt) -> None:
        if attempt.id not in self._attempts and attempt.id not in self._new_attempts:
            self._attempts[attempt.id] = (attempt, attempt.state)

    def handled(self, command: Command) -> None:
        self._commands.append(command)

    def changed_tasks(self) -> list[TaskInstance]:
        return [*self._new_tasks.values(), *(task for task, _, _ in self._tasks.values())]

    def changed_runs(self) -> list[Run]:
        return [*self._new_runs.values(), *(run for run, _, _ in self._runs.values())]

    def changed_dags(self) -> list[Dag]:
        return list(self._dags.values())

    def removed_dags(self) -> list[str]:
        return self._removed

    def settle(self) -> Writes:
        """All writes of the turn."""
        return Writes(
            dags=self.changed_dags(),
            removed_dags=list(self._removed),
            new_runs=list(self._new_runs.values()),
            new_tasks=list(self._new_tasks.values()),
            new_attempts=list(self._new_attempts.values()),
            runs=[RunGuard(*entry) for entry in self._runs.values()],
            tasks=[TaskGuard(*entry) for entry in self._tasks.values()],
            attempts=[AttemptGuard(*entry) for entry in self._attempts.values()],
            commands=list(self._commands),
        )
