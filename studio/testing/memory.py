"""The store without a database: for tests, ours and those of users, and for the simulation.

It holds the contract of `studio.ports.Store` to the letter (`tests/contract/test_store.py` runs over it too). Records
are copied on the way in and out and JSON really goes through JSON, so that code which only works because it
shares objects with its store fails here as it would over a database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any

from typing_extensions import Self

from studio.core.model import Command, CommandKind, DagFile
from studio.core.turn import Writes
from studio.errors import Fenced
from studio.ports import Lease, SchedulerRow, Store
from studio.store.encoding import brief
from studio.store.guards import check_key, check_writes
from studio.testing.memory_copies import command_copy
from studio.testing.memory_loads import Loads
from studio.testing.memory_reads import Reads
from studio.testing.memory_tables import Tables
from studio.testing.memory_turn import keep
from studio.testing.memory_values import Values

Hook = Callable[[Lease, Writes], None]


class MemoryStore(Loads, Reads, Values):
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

    async def scheduler_names(self) -> dict[int, str]:
        return {row.number: row.name for row in self._tables.schedulers.values()}

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
            keep(tables, lease, writes)
        if self.after_commit is not None:
            self.after_commit(lease, writes)

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
