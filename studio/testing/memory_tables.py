"""The tables of the memory store: dictionaries with a journal, so that a transaction can be undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypeVar

from studio.core.model import Attempt, Command, Dag, DagFile, Run, RunWithTasks, TaskInstance
from studio.core.spec import decode
from studio.errors import StaleWrite
from studio.ports import SchedulerRow
from studio.store.rows import brief, clean, from_json, to_json

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
        self.runs: dict[int, Run] = {}
        self.run_keys: dict[tuple[str, str], int] = {}  # (DAG id, run id) → run
        self.scheduled_keys: dict[str, int] = {}
        self.tasks: dict[int, TaskInstance] = {}
        self.tasks_of: dict[int, dict[int, None]] = {}  # run → its task instances
        self.task_keys: dict[tuple[int, str, int], int] = {}  # (run, task id, map index) → task instance
        self.attempts: dict[int, Attempt] = {}
        self.attempts_of: dict[int, dict[int, None]] = {}  # task instance → its attempts
        self.attempt_keys: dict[tuple[int, int], int] = {}  # (task instance, try number) → attempt
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
        return replace(dag, spec=decode(self.versions[dag_id, dag.version]))

    def with_tasks(self, run: Run) -> RunWithTasks:
        """Copies of the run and its task instances."""
        tasks = [replace(self.tasks[number]) for number in sorted(self.tasks_of[run.id])]
        return RunWithTasks(run_copy(run), tasks, decode(self.versions[run.dag_id, run.version]))

    def remove_dag(self, dag_id: str) -> None:
        """With its versions, runs, task instances and attempts."""
        for run in [run for run in self.runs.values() if run.dag_id == dag_id]:
            for number in list(self.tasks_of[run.id]):
                for attempt in list(self.attempts_of[number]):
                    self.drop(self.attempts, attempt)
                self.drop(self.attempts_of, number)
                self.drop(self.tasks, number)
            self.drop(self.tasks_of, run.id)
            self.drop(self.runs, run.id)
        for keys, values in (
            (self.attempt_keys, self.attempts),
            (self.task_keys, self.tasks),
            (self.run_keys, self.runs),
            (self.scheduled_keys, self.runs),
        ):
            self._drop_dangling(keys, values)
        for key in [key for key in self.versions if key[0] == dag_id]:
            self.drop(self.versions, key)
        self.drop(self.owners, dag_id)
        self.drop(self.dags, dag_id)

    def _drop_dangling(self, keys: dict[Any, int], values: dict[int, Any]) -> None:
        for key in [key for key, number in keys.items() if number not in values]:
            self.drop(keys, key)


def run_copy(run: Run) -> Run:
    return replace(run, params=_through_json(run.params), triggered_by=brief(run.triggered_by) or "")


def attempt_copy(attempt: Attempt) -> Attempt:
    value, details = _through_json(attempt.value), _through_json(attempt.details)
    return replace(attempt, value=value, details=details, error=clean(attempt.error))


def command_copy(command: Command) -> Command:
    payload, result = _through_json(command.payload), _through_json(command.result)
    return replace(command, payload=payload, result=result, actor=brief(command.actor) or "")


def _through_json(value: Any) -> Any:
    """What a database would give back: tuples become lists, keys text, NaN null."""
    return from_json(to_json(value))
