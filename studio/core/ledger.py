"""The bookkeeping of one turn: what was touched, and what the database must still say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from studio.core.model import (
    Asset,
    AssetEvent,
    Attempt,
    Backfill,
    CallbackRequest,
    Command,
    Dag,
    Pool,
    Run,
    SavedValue,
    TaskInstance,
)
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
        self._values: dict[int, list[SavedValue]] = {}  # by attempt
        self._commands: list[Command] = []
        self._removed_runs: list[int] = []
        self._removed_attempts: list[int] = []
        self._pools: dict[str, Pool] = {}
        self._removed_pools: list[str] = []
        self._pool_use: Counter[str] = Counter()
        self._backfills: dict[int, Backfill] = {}
        self._assets: dict[str, Asset] = {}
        self._events: list[AssetEvent] = []
        self._new_callbacks: dict[int, CallbackRequest] = {}
        self._callbacks: dict[int, CallbackRequest] = {}

    def touch_dag(self, dag: Dag) -> None:
        if dag.dag_id not in self._dags:
            self._dags[dag.dag_id] = dag
            dag.rev += 1

    def remove_dag(self, dag_id: str) -> None:
        """Forget what the turn has written of the DAG so far, too: its last run may have ended in this very turn."""
        self._dags.pop(dag_id, None)
        self._removed.append(dag_id)
        self._forget({run.id for run in self.changed_runs() if run.dag_id == dag_id})

    def _forget(self, runs: set[int]) -> None:
        for request in [*self._new_callbacks.values(), *self._callbacks.values()]:
            if request.run in runs:
                self._new_callbacks.pop(request.id, None)
                self._callbacks.pop(request.id, None)
        tasks = {task.id for task in self.changed_tasks() if task.run in runs}
        for run in runs:
            self._new_runs.pop(run, None)
            self._runs.pop(run, None)
        for task in tasks:
            self._new_tasks.pop(task, None)
            self._tasks.pop(task, None)
        attempts = [*self._new_attempts.values(), *(attempt for attempt, _ in self._attempts.values())]
        for attempt in attempts:
            if attempt.task_instance in tasks:
                self._new_attempts.pop(attempt.id, None)
                self._attempts.pop(attempt.id, None)
                self._values.pop(attempt.id, None)

    def add_run(self, run: Run, tasks: list[TaskInstance]) -> None:
        run.rev = 1
        self._new_runs[run.id] = run
        for task in tasks:
            task.rev = 1
            self._new_tasks[task.id] = task

    def add_tasks(self, tasks: Iterable[TaskInstance]) -> None:
        """Of a run that is there already."""
        for task in tasks:
            task.rev = 1
            self._new_tasks[task.id] = task

    def replace_attempt(self, attempt_id: int) -> None:
        """Forget an earlier look of a sensor: the next one has the same try number."""
        self._values.pop(attempt_id, None)
        if self._new_attempts.pop(attempt_id, None) is None:
            self._attempts.pop(attempt_id, None)
            self._removed_attempts.append(attempt_id)

    def remove_run(self, run: Run) -> None:
        """With all that the turn has written of it."""
        self._removed_runs.append(run.id)
        self._forget({run.id})

    def use_pool(self, name: str, slots: int) -> None:
        self._pool_use[name] += slots

    def touch_pool(self, pool: Pool) -> None:
        if pool.name not in self._pools:
            self._pools[pool.name] = pool
            pool.rev += 1

    def remove_pool(self, name: str) -> None:
        self._pools.pop(name, None)
        self._pool_use.pop(name, None)
        self._removed_pools.append(name)

    def touch_backfill(self, backfill: Backfill) -> None:
        if backfill.id not in self._backfills:
            self._backfills[backfill.id] = backfill
            backfill.rev += 1

    def touched_backfill(self, number: int) -> Backfill | None:
        """As this turn leaves it; None: the turn has not changed it."""
        return self._backfills.get(number)

    def add_asset(self, asset: Asset) -> None:
        self._assets[asset.name] = asset

    def add_event(self, event: AssetEvent) -> None:
        self._events.append(event)

    def add_callback(self, request: CallbackRequest) -> None:
        self._new_callbacks[request.id] = request

    def touch_callback(self, request: CallbackRequest) -> None:
        if request.id not in self._new_callbacks:
            self._callbacks[request.id] = request

    def add_attempt(self, attempt: Attempt) -> None:
        self._new_attempts[attempt.id] = attempt

    def add_values(self, attempt_id: int, values: list[SavedValue]) -> None:
        """What the attempt left."""
        if values:
            self._values[attempt_id] = values

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

    def command_with(self, key: str) -> Command | None:
        """The command with this key, if it was handled in this turn."""
        return next((command for command in self._commands if command.key == key), None)

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
            removed_runs=list(self._removed_runs),
            removed_attempts=list(self._removed_attempts),
            # Their use is told by differences only, also of a new one.
            pools=[
                replace(pool, used=pool.used - self._pool_use[name]) for name, pool in self._pools.items()
            ],
            removed_pools=list(self._removed_pools),
            pool_use={name: slots for name, slots in self._pool_use.items() if slots},
            backfills=list(self._backfills.values()),
            assets=list(self._assets.values()),
            new_events=list(self._events),
            new_values=[value for values in self._values.values() for value in values],
            new_callbacks=list(self._new_callbacks.values()),
            callbacks=list(self._callbacks.values()),
        )
