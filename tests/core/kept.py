"""What a store would have after each turn, and whether it would have taken it: guards, keys, legal changes of state."""

from __future__ import annotations

from copy import copy, deepcopy
from typing import Any

from studio.core.machine import Machine, Stored
from studio.core.model import (
    Asset,
    AssetEvent,
    Attempt,
    Backfill,
    CallbackRequest,
    Dag,
    Pool,
    Run,
    RunWithTasks,
    TaskInstance,
)
from studio.core.spec import DagSpec
from studio.core.states import ATTEMPT_TERMINAL, ATTEMPT_TRANSITIONS, RUN_TERMINAL, RUN_WRITES, TASK_WRITES
from studio.core.turn import Writes


class Kept:
    """Rows as copies. `take` refuses by an AssertionError what a database would refuse."""

    def __init__(self) -> None:
        self.dags: dict[str, Dag] = {}
        self.versions: dict[tuple[str, str], DagSpec] = {}
        self.runs: dict[int, Run] = {}
        self.tasks: dict[int, TaskInstance] = {}
        self.attempts: dict[int, Attempt] = {}
        self.pools: dict[str, Pool] = {}
        self.backfills: dict[int, Backfill] = {}
        self.assets: dict[str, Asset] = {}
        self.callbacks: dict[int, CallbackRequest] = {}
        self.events: list[AssetEvent] = []
        self._run_keys: dict[tuple[str, str], int] = {}
        self._task_keys: dict[tuple[int, str, int], int] = {}
        self._try_keys: dict[tuple[int, int], int] = {}

    # --- taking a turn ------------------------------------------------------------------------------------------

    def take(self, writes: Writes) -> None:
        for dag_id in writes.removed_dags:
            self._remove_runs({run.id for run in self.runs.values() if run.dag_id == dag_id})
            self.dags.pop(dag_id, None)
        self._remove_runs(set(writes.removed_runs))
        for number in writes.removed_attempts:
            attempt = self.attempts.pop(number)
            del self._try_keys[attempt.task_instance, attempt.try_number]
        for dag in writes.dags:
            assert dag.rev == (self.dags[dag.dag_id].rev + 1 if dag.dag_id in self.dags else 1), dag.dag_id
            self.dags[dag.dag_id] = deepcopy(dag)
            self.versions[dag.dag_id, dag.version] = dag.spec
        self._take_runs(writes)
        self._take_tasks(writes)
        self._take_attempts(writes)
        for backfill in writes.backfills:
            before = self.backfills.get(backfill.id)
            assert backfill.rev == (1 if before is None else before.rev + 1)
            self.backfills[backfill.id] = copy(backfill)
        self.events += writes.new_events
        for asset in writes.assets:
            self.assets[asset.name] = copy(asset)
        for request in [*writes.new_callbacks, *writes.callbacks]:
            self.callbacks[request.id] = copy(request)
        self._take_pools(writes)

    def _take_runs(self, writes: Writes) -> None:
        for run in writes.new_runs:
            assert run.id not in self.runs
            assert (run.dag_id, run.run_id) not in self._run_keys, run.run_id
            self._run_keys[run.dag_id, run.run_id] = run.id
        for guard in writes.runs:
            stored = self.runs[guard.run.id]
            assert (stored.rev, stored.state) == (guard.rev, guard.state), stored
            assert guard.run.state is guard.state or guard.run.state in RUN_WRITES[guard.state], guard
        for run in [*writes.new_runs, *(guard.run for guard in writes.runs)]:
            self.runs[run.id] = copy(run)

    def _take_tasks(self, writes: Writes) -> None:
        for guard in writes.tasks:
            stored, task = self.tasks[guard.task.id], guard.task
            assert (stored.rev, stored.state) == (guard.rev, guard.state), (stored, guard)
            assert task.state is guard.state or task.state in TASK_WRITES[guard.state], guard
            del self._task_keys[stored.run, stored.task_id, stored.map_index]
            assert (task.run, task.task_id, task.map_index) not in self._task_keys
            self._task_keys[task.run, task.task_id, task.map_index] = task.id
            self.tasks[task.id] = copy(task)
        for task in writes.new_tasks:
            assert task.run in self.runs and task.id not in self.tasks
            key = (task.run, task.task_id, task.map_index)
            assert key not in self._task_keys, key
            self._task_keys[key] = task.id
            self.tasks[task.id] = copy(task)

    def _take_attempts(self, writes: Writes) -> None:
        for guard in writes.attempts:
            assert self.attempts[guard.attempt.id].state is guard.state
            after = guard.attempt.state
            assert after is guard.state or after in ATTEMPT_TRANSITIONS[guard.state], guard
            self.attempts[guard.attempt.id] = copy(guard.attempt)
        for attempt in writes.new_attempts:
            key = (attempt.task_instance, attempt.try_number)
            assert attempt.task_instance in self.tasks and attempt.id not in self.attempts
            assert key not in self._try_keys, key
            self._try_keys[key] = attempt.id
            self.attempts[attempt.id] = copy(attempt)

    def _take_pools(self, writes: Writes) -> None:
        for name in writes.removed_pools:
            self.pools.pop(name, None)
        asked = set()
        for pool in writes.pools:
            before = self.pools.get(pool.name)
            self.pools[pool.name] = copy(pool)
            if before is not None:
                self.pools[pool.name].used = before.used
            asked.add(pool.name)
        for name, change in writes.pool_use.items():
            pool = self.pools[name]
            pool.used += change
            assert pool.used >= 0, pool
            assert name in asked or change <= 0 or pool.slots < 0 or pool.used <= pool.slots, pool

    def _remove_runs(self, runs: set[int]) -> None:
        for run in runs:
            row = self.runs.pop(run)
            del self._run_keys[row.dag_id, row.run_id]
        for task in [task for task in self.tasks.values() if task.run in runs]:
            del self.tasks[task.id], self._task_keys[task.run, task.task_id, task.map_index]
            for attempt in [each for each in self.attempts.values() if each.task_instance == task.id]:
                del self.attempts[attempt.id], self._try_keys[task.id, attempt.try_number]

    # --- reading ------------------------------------------------------------------------------------------------

    def run(self, run_id: str, dag_id: str = "d") -> RunWithTasks:
        """A run as it is stored; for `Facts`."""
        run = self.runs[self._run_keys[dag_id, run_id]]
        tasks = [deepcopy(task) for task in self.tasks.values() if task.run == run.id]
        return RunWithTasks(deepcopy(run), tasks, self.versions[dag_id, run.version])

    def stored(self) -> Stored:
        """What a successor of the machine takes over."""
        runs = [run for run in self.runs.values() if run.state not in RUN_TERMINAL]
        return Stored(
            dags=[deepcopy(dag) for dag in self.dags.values()],
            runs=[self.run(run.run_id, run.dag_id) for run in runs],
            attempts=[copy(each) for each in self.attempts.values() if each.state not in ATTEMPT_TERMINAL],
            callbacks=[copy(each) for each in self.callbacks.values() if each.state not in ATTEMPT_TERMINAL],
            pools=[copy(pool) for pool in self.pools.values()],
            backfills=[copy(each) for each in self.backfills.values() if each.state in ("running", "paused")],
            assets=[copy(asset) for asset in self.assets.values()],
            before=self._before(runs),
        )

    def _before(self, unfinished: list[Run]) -> list[RunWithTasks]:
        """Of each DAG the newest run that is over, and those just before its unfinished ones."""
        found: dict[int, RunWithTasks] = {}
        for dag_id in self.dags:
            over = [
                (run.logical_date, run.id, run.run_id)
                for run in self.runs.values()
                if run.dag_id == dag_id and run.state in RUN_TERMINAL and run.logical_date is not None
            ]
            for date in [float("inf"), *(run.logical_date for run in unfinished if run.dag_id == dag_id)]:
                earlier = [each for each in over if date is not None and each[0] < date]
                if earlier:
                    _, number, run_id = max(earlier)
                    found[number] = self.run(run_id, dag_id)
        return list(found.values())

    def successor(self, old: Machine) -> Machine:
        """A machine that was loaded from here; nothing of the old one but its capacity and its next id is known."""
        machine = Machine(first_id=old.next_id)
        machine.set_capacity(old.capacity)
        machine.load(self.stored())
        return machine

    def attempts_of(self, task_id: str) -> list[tuple[int, str]]:
        """(try, state) of each attempt of a task, in order."""
        tasks = {task.id for task in self.tasks.values() if task.task_id == task_id}
        found: list[Any] = [each for each in self.attempts.values() if each.task_instance in tasks]
        return [(each.try_number, each.state.value) for each in sorted(found, key=lambda each: each.id)]
