"""The tables of the memory store: dictionaries with a journal, so that a transaction can be undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypeVar

from studio.core.model import (
    Asset,
    AssetEvent,
    Attempt,
    Backfill,
    CallbackRequest,
    Command,
    ConnectionRow,
    Dag,
    DagFile,
    Pool,
    Run,
    RunWithTasks,
    SavedValue,
    TaskInstance,
    Variable,
)
from studio.core.spec import DEFAULT_POOL, decode
from studio.errors import StaleWrite
from studio.ports import SchedulerRow
from studio.store.run_rows import scheduled_key
from studio.testing.memory_copies import dag_copy, run_copy, task_copy

K = TypeVar("K")
V = TypeVar("V")

_ABSENT: Final = object()


class Tables:
    """Records in here are replaced, never changed; change them through `put`, `add` and `drop` only."""

    def __init__(self) -> None:
        self.schedulers: dict[int, SchedulerRow] = {}
        self.dags: dict[str, Dag] = {}  # their specs are in `versions`
        self.owners: dict[str, int | None] = {}  # DAG id → scheduler
        self.versions: dict[tuple[str, str], bytes] = {}  # (DAG id, version) → spec as JSON
        self.version_times: dict[tuple[str, str], float] = {}  # (DAG id, version) → when it was first kept
        self.runs: dict[int, Run] = {}
        self.run_keys: dict[tuple[str, str], int] = {}  # (DAG id, run id) → run
        self.scheduled_keys: dict[str, int] = {}
        self.tasks: dict[int, TaskInstance] = {}
        self.tasks_of: dict[int, dict[int, None]] = {}  # run → its task instances
        self.task_keys: dict[tuple[int, str, int], int] = {}  # (run, task id, map index) → task instance
        self.attempts: dict[int, Attempt] = {}
        self.attempts_of: dict[int, dict[int, None]] = {}  # task instance → its attempts
        self.attempt_keys: dict[tuple[int, int], int] = {}  # (task instance, try number) → attempt
        self.values: dict[tuple[int, str], SavedValue] = {}  # (attempt, name)
        self.values_of: dict[int, dict[str, None]] = {}  # attempt → names; none for most
        self.backfills: dict[int, Backfill] = {}
        self.callbacks: dict[int, CallbackRequest] = {}
        self.pools: dict[str, Pool] = {DEFAULT_POOL: Pool(DEFAULT_POOL, -1, rev=1)}
        self.assets: dict[str, Asset] = {}
        self.events: dict[int, AssetEvent] = {}
        self.variables: dict[str, Variable] = {}
        self.connections: dict[str, ConnectionRow] = {}
        self.commands: dict[int, Command] = {}
        self.command_keys: dict[str, int] = {}
        self.dag_files: dict[str, DagFile] = {}
        self._journal: list[tuple[dict[Any, Any], Any, Any]] = []  # table, key, value before

    def begin(self) -> None:
        self._journal.clear()

    def roll_back(self) -> None:
        """Undo everything since `begin`."""
        while self._journal:
            table, key, before = self._journal.pop()
            if before is _ABSENT:
                del table[key]
            else:
                table[key] = before

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        """Insert or replace."""
        self._journal.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def add(self, table: dict[K, V], key: K, value: V, constraint: str) -> None:
        """Insert; raises `StaleWrite` naming `constraint` if there is one already."""
        if key in table:
            raise StaleWrite(f"The store refused a write: {constraint} exists already.")
        self.put(table, key, value)

    def drop(self, table: dict[K, Any], key: K) -> None:
        self._journal.append((table, key, table[key]))
        del table[key]

    def next_number(self) -> int:
        """Of a scheduler; rows of schedulers are never dropped."""
        return len(self.schedulers) + 1

    def dag(self, dag_id: str) -> Dag:
        """A copy with its spec."""
        dag = self.dags[dag_id]
        return replace(dag_copy(dag), spec=decode(self.versions[dag_id, dag.version]))

    def with_tasks(self, run: Run) -> RunWithTasks:
        """Copies of the run and its task instances."""
        tasks = [task_copy(self.tasks[number]) for number in sorted(self.tasks_of[run.id])]
        return RunWithTasks(run_copy(run), tasks, decode(self.versions[run.dag_id, run.version]))

    def remove_dag(self, dag_id: str) -> None:
        """With its versions, backfills, runs, task instances, attempts and callbacks."""
        for run in [run for run in self.runs.values() if run.dag_id == dag_id]:
            self.remove_run(run.id)
        for backfill in [one for one in self.backfills.values() if one.dag_id == dag_id]:
            self.drop(self.backfills, backfill.id)
        for key in [key for key in self.versions if key[0] == dag_id]:
            self.drop(self.versions, key)
            self.drop(self.version_times, key)
        self.drop(self.owners, dag_id)
        self.drop(self.dags, dag_id)

    def remove_run(self, number: int) -> None:
        """With its task instances, attempts and callbacks."""
        run = self.runs[number]
        for callback in [one for one in self.callbacks.values() if one.run == number]:
            self.drop(self.callbacks, callback.id)
        for task in [self.tasks[one] for one in self.tasks_of[number]]:
            for attempt in list(self.attempts_of[task.id]):
                self.remove_attempt(attempt)
            self.drop(self.attempts_of, task.id)
            self.drop(self.task_keys, task_key(task))
            self.drop(self.tasks, task.id)
        self.drop(self.tasks_of, number)
        self.drop(self.run_keys, (run.dag_id, run.run_id))
        key = scheduled_key(run)
        if key is not None:
            self.drop(self.scheduled_keys, key)
        self.drop(self.runs, number)

    def remove_attempt(self, number: int) -> None:
        attempt = self.attempts[number]
        if number in self.values_of:
            for name in self.values_of[number]:
                self.drop(self.values, (number, name))
            self.drop(self.values_of, number)
        self.drop(self.attempts_of[attempt.task_instance], number)
        self.drop(self.attempt_keys, (attempt.task_instance, attempt.try_number))
        self.drop(self.attempts, number)


def task_key(task: TaskInstance) -> tuple[int, str, int]:
    """What is unique of a task instance beside its id."""
    return task.run, task.task_id, task.map_index
