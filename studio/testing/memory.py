"""The store without a database: for tests, ours and those of users, and for the simulation.

It holds the contract of `studio.ports.Store` to the letter (`tests/contract/test_store.py` runs over it too). Records
are copied on the way in and out and JSON really goes through JSON, so that code which only works because it
shares objects with its store fails here as it would over a database.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any

from typing_extensions import Self

from studio.core.model import Attempt, Command, CommandKind, Dag, DagFile, Run, RunWithTasks, TaskInstance
from studio.core.spec import DagSpec, decode, encode
from studio.core.states import ATTEMPT_TERMINAL, RUN_TERMINAL, RunState
from studio.core.turn import Writes
from studio.errors import Fenced, StaleWrite
from studio.ports import Lease, RunOverview, SchedulerRow, Store
from studio.store.guards import check_key, check_writes
from studio.store.rows import brief, scheduled_key
from studio.testing.memory_tables import Tables, attempt_copy, command_copy, run_copy

Hook = Callable[[Lease, Writes], None]


class MemoryStore:
    """Keeps everything as long as the object lives; leaving the `async with` loses nothing, like a server's end.

    Faults are injected through two hooks that may raise: `before_commit`, and then nothing is kept;
    `after_commit`, and then all is kept but the caller does not know (a connection lost during COMMIT).
    """

    def __init__(self, *, before_commit: Hook | None = None, after_commit: Hook | None = None) -> None:
        self.before_commit = before_commit
        self.after_commit = after_commit
        self._tables = Tables()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    # --- the scheduler's own ---------------------------------------------------------------------------------

    async def register_scheduler(self, name: str) -> Lease:
        async with self._transaction() as tables:
            number, shown = tables.next_number(), brief(name) or "?"
            tables.put(tables.schedulers, number, SchedulerRow(number, shown, 0, False))
            return Lease(number, shown)

    async def beat(self, lease: Lease) -> None:
        async with self._transaction() as tables:
            _hold(tables, lease)

    async def schedulers(self) -> list[SchedulerRow]:
        async with self._transaction() as tables:
            return [row for row in tables.schedulers.values() if not row.fenced]

    async def take_over(self, lease: Lease, other: int, seen_beat: int) -> bool:
        async with self._transaction() as tables:
            _hold(tables, lease)
            if other == lease.number:
                _give(tables, None, lease.number)
                return True
            row = tables.schedulers.get(other)
            if row is None or row.fenced or row.beat != seen_beat:
                return False
            tables.put(tables.schedulers, other, replace(row, fenced=True))
            _give(tables, other, lease.number)
            return True

    async def release(self, lease: Lease) -> None:
        async with self._transaction() as tables:
            row = tables.schedulers[lease.number]
            tables.put(tables.schedulers, lease.number, replace(row, fenced=True))
            _give(tables, lease.number, None)

    async def commit(self, lease: Lease, writes: Writes) -> None:
        check_writes(writes)
        async with self._transaction() as tables:
            if self.before_commit is not None:
                self.before_commit(lease, writes)
            _hold(tables, lease)
            _keep(tables, lease, writes)
        if self.after_commit is not None:
            self.after_commit(lease, writes)

    async def owned_dags(self, lease: Lease) -> list[Dag]:
        async with self._transaction() as tables:
            return [tables.dag(name) for name in sorted(tables.dags) if tables.owners[name] == lease.number]

    async def unfinished_runs(self, lease: Lease) -> tuple[list[RunWithTasks], list[Attempt]]:
        async with self._transaction() as tables:
            runs = [
                run
                for run in tables.runs.values()
                if run.state not in RUN_TERMINAL and tables.owners[run.dag_id] == lease.number
            ]
            runs.sort(key=lambda run: (run.run_after, run.id))
            loaded = [tables.with_tasks(run) for run in runs]
            attempts = [
                attempt_copy(tables.attempts[number])
                for one in loaded
                for task in one.tasks
                for number in tables.attempts_of[task.id]
                if tables.attempts[number].state not in ATTEMPT_TERMINAL
            ]
            return loaded, sorted(attempts, key=lambda attempt: attempt.id)

    async def load_run(self, dag_id: str, run_id: str) -> RunWithTasks | None:
        async with self._transaction() as tables:
            number = tables.run_keys.get((dag_id, run_id))
            return None if number is None else tables.with_tasks(tables.runs[number])

    async def pending_commands(self, lease: Lease) -> list[Command]:
        async with self._transaction() as tables:

            def is_ours(command: Command) -> bool:
                if command.dag_id in tables.dags:
                    return tables.owners[command.dag_id] == lease.number
                return True  # a DAG to publish, or one that was deleted meanwhile: that is refused

            pending = [command for command in tables.commands.values() if command.state == "pending"]
            return [command_copy(command) for command in pending if is_ours(command)]

    # --- anyone's writes -------------------------------------------------------------------------------------

    async def submit(
        self,
        dag_id: str,
        kind: CommandKind,
        payload: dict[str, Any],
        *,
        actor: str,
        at: float,
        key: str | None = None,
    ) -> Command:
        check_key(key)
        async with self._transaction() as tables:
            if key is not None and key in tables.command_keys:
                return command_copy(tables.commands[tables.command_keys[key]])
            command = Command(len(tables.commands) + 1, dag_id, kind, payload, actor, at, key)
            tables.put(tables.commands, command.id, command_copy(command))
            if key is not None:
                tables.put(tables.command_keys, key, command.id)
            return command_copy(command)

    async def save_dag_file(self, file: DagFile) -> None:
        async with self._transaction() as tables:
            tables.put(tables.dag_files, file.path, replace(file, dag_ids=tuple(file.dag_ids)))

    async def delete_dag_file(self, path: str) -> None:
        async with self._transaction() as tables:
            if path in tables.dag_files:
                tables.drop(tables.dag_files, path)

    # --- reads -----------------------------------------------------------------------------------------------

    async def command(self, command_id: int) -> Command | None:
        async with self._transaction() as tables:
            command = tables.commands.get(command_id)
            return None if command is None else command_copy(command)

    async def dags(self) -> list[Dag]:
        async with self._transaction() as tables:
            return [tables.dag(name) for name in sorted(tables.dags)]

    async def dag(self, dag_id: str) -> Dag | None:
        async with self._transaction() as tables:
            return tables.dag(dag_id) if dag_id in tables.dags else None

    async def version(self, dag_id: str, version: str) -> DagSpec | None:
        async with self._transaction() as tables:
            text = tables.versions.get((dag_id, version))
            return None if text is None else decode(text)

    async def latest_runs(self, per_dag: int, dag_id: str | None = None) -> dict[str, list[RunOverview]]:
        if per_dag < 1:
            raise ValueError(f"per_dag is {per_dag}; it must be at least 1")
        async with self._transaction() as tables:
            latest: dict[str, list[RunOverview]] = {
                name: [] for name in sorted(tables.dags) if dag_id in (None, name)
            }
            for run in _newest_first(tables.runs.values()):
                if run.dag_id in latest and len(latest[run.dag_id]) < per_dag:
                    latest[run.dag_id].append(_overview(tables, run))
            return latest

    async def runs(
        self,
        dag_id: str | None = None,
        *,
        states: Sequence[RunState] | None = None,
        before: tuple[float, int] | None = None,
        limit: int = 50,
    ) -> list[RunOverview]:
        async with self._transaction() as tables:
            asked = [
                run
                for run in tables.runs.values()
                if dag_id in (None, run.dag_id)
                and (states is None or run.state in states)
                and (before is None or (run.run_after, run.id) < before)
            ]
            return [_overview(tables, run) for run in _newest_first(asked)[:limit]]

    async def run(self, dag_id: str, run_id: str) -> tuple[Run, list[TaskInstance]] | None:
        found = await self.load_run(dag_id, run_id)
        return None if found is None else (found.run, found.tasks)

    async def attempts(self, task_instance: int) -> list[Attempt]:
        async with self._transaction() as tables:
            numbers = tables.attempts_of.get(task_instance, {})
            found = [attempt_copy(tables.attempts[number]) for number in numbers]
            return sorted(found, key=lambda attempt: attempt.try_number)

    async def dag_files(self) -> list[DagFile]:
        async with self._transaction() as tables:
            return [replace(tables.dag_files[path]) for path in sorted(tables.dag_files)]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Tables]:
        """An exception undoes it. Its body awaits nothing, so nobody sees it half done."""
        await asyncio.sleep(
            0
        )  # a database would let others run meanwhile; callers shall not get used to less
        self._tables.begin()
        try:
            yield self._tables
        except BaseException:
            self._tables.roll_back()
            raise


#: mypy: the contract is held.
_made: Callable[[], Store] = MemoryStore


def _hold(tables: Tables, lease: Lease) -> None:
    row = tables.schedulers.get(lease.number)
    if row is None or row.fenced:
        raise Fenced(
            f"Scheduler {lease.number} ({lease.name}) was taken over and may write nothing any more."
        )
    tables.put(tables.schedulers, lease.number, replace(row, beat=row.beat + 1))


def _give(tables: Tables, owner: int | None, to: int | None) -> None:
    for dag_id, current in list(tables.owners.items()):
        if current == owner:
            tables.put(tables.owners, dag_id, to)


def _keep(tables: Tables, lease: Lease, writes: Writes) -> None:
    def check_owned(dag_id: str) -> None:
        if tables.owners.get(dag_id) != lease.number:
            raise StaleWrite(f"Scheduler {lease.number} does not own: {dag_id}.")

    for dag_id in writes.removed_dags:
        if dag_id in tables.dags:
            check_owned(dag_id)
            tables.remove_dag(dag_id)
    for dag in writes.dags:
        if dag.rev == 1:
            _expect(dag.dag_id not in tables.dags, "dag.dag_id exists already")
            tables.put(tables.owners, dag.dag_id, lease.number)
        else:
            check_owned(dag.dag_id)
            _expect(tables.dags[dag.dag_id].rev == dag.rev - 1, f"DAG {dag.dag_id!r} is not as believed")
        tables.put(tables.dags, dag.dag_id, replace(dag))
        tables.put(tables.versions, (dag.dag_id, dag.version), encode(dag.spec))

    for run in writes.new_runs:
        check_owned(run.dag_id)
        _expect((run.dag_id, run.version) in tables.versions, "dag_run: there is no such DAG version")
        tables.add(tables.runs, run.id, run_copy(run), "dag_run.id")
        tables.add(tables.run_keys, (run.dag_id, run.run_id), run.id, "dag_run.dag_id, dag_run.run_id")
        key = scheduled_key(run)
        if key is not None:
            tables.add(tables.scheduled_keys, key, run.id, "dag_run.scheduled_key")
        tables.put(tables.tasks_of, run.id, {})
    for task in writes.new_tasks:
        _expect(task.run in tables.runs, "task_instance.run: there is no such run")
        tables.add(tables.tasks, task.id, replace(task), "task_instance.id")
        tables.add(
            tables.task_keys, (task.run, task.task_id, task.map_index), task.id, "task_instance.run, …"
        )
        tables.put(tables.tasks_of[task.run], task.id, None)
        tables.put(tables.attempts_of, task.id, {})
    for attempt in writes.new_attempts:
        _expect(
            attempt.task_instance in tables.tasks, "attempt.task_instance: there is no such task instance"
        )
        tables.add(tables.attempts, attempt.id, attempt_copy(attempt), "attempt.id")
        tries = (attempt.task_instance, attempt.try_number)
        tables.add(tables.attempt_keys, tries, attempt.id, "attempt.task_instance, attempt.try_number")
        tables.put(tables.attempts_of[attempt.task_instance], attempt.id, None)

    for run_guard in writes.runs:
        check_owned(run_guard.run.dag_id)
        old_run = tables.runs.get(run_guard.run.id)
        believed = old_run is not None and (old_run.rev, old_run.state) == (run_guard.rev, run_guard.state)
        _expect(believed, f"run {run_guard.run.run_id!r} is not as believed")
        tables.put(tables.runs, run_guard.run.id, run_copy(run_guard.run))
    for task_guard in writes.tasks:
        old_task = tables.tasks.get(task_guard.task.id)
        believed = old_task is not None and (old_task.rev, old_task.state) == (
            task_guard.rev,
            task_guard.state,
        )
        _expect(believed, f"task instance {task_guard.task.id} is not as believed")
        tables.put(tables.tasks, task_guard.task.id, replace(task_guard.task))
    for attempt_guard in writes.attempts:
        old_attempt = tables.attempts.get(attempt_guard.attempt.id)
        believed = old_attempt is not None and old_attempt.state == attempt_guard.state
        _expect(believed, f"attempt {attempt_guard.attempt.id} is not as believed")
        tables.put(tables.attempts, attempt_guard.attempt.id, attempt_copy(attempt_guard.attempt))
    for command in writes.commands:
        old = tables.commands.get(command.id)
        if old is None or old.state != "pending":
            raise StaleWrite(f"Command {command.id} is not pending.")
        settled = replace(old, state=command.state, result=command.result, handled_at=command.handled_at)
        tables.put(tables.commands, command.id, command_copy(settled))


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise StaleWrite(f"The store refused a write: {message}.")


def _newest_first(runs: Iterable[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: (run.run_after, run.id), reverse=True)


def _overview(tables: Tables, run: Run) -> RunOverview:
    counts = Counter(tables.tasks[number].state.value for number in tables.tasks_of[run.id])
    return RunOverview(run_copy(run), dict(counts))
