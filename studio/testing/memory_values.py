"""Values, variables and connections in the memory store: as `studio.store.values` and `studio.store.vault`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from studio.core.model import Command, ConnectionRow, SavedValue, Variable
from studio.core.states import ATTEMPT_TERMINAL
from studio.store.encoding import clean
from studio.testing.memory_copies import command_copy, saved_value_copy
from studio.testing.memory_tables import Tables


class Values:
    """This part of `studio.ports.Store`."""

    def _transaction(self) -> AbstractAsyncContextManager[Tables]:
        raise NotImplementedError

    async def saved_values(self, attempt_ids: Sequence[int]) -> dict[int, list[SavedValue]]:
        async with self._transaction() as tables:
            return {
                number: [saved_value_copy(tables.values[number, name]) for name in sorted(names)]
                for number in dict.fromkeys(attempt_ids)
                if (names := tables.values_of.get(number))
            }

    async def referenced(self, digests: Iterable[str]) -> set[str]:
        async with self._transaction() as tables:
            return {value.digest for value in tables.values.values()}.intersection(digests)

    async def leavings(self, dag_id: str, run_ids: Sequence[str] | None) -> tuple[set[str], list[str]]:
        async with self._transaction() as tables:
            runs = [
                run.id
                for run in tables.runs.values()
                if run.dag_id == dag_id and (run_ids is None or run.run_id in run_ids)
            ]
            attempts = [n for run in runs for task in tables.tasks_of[run] for n in tables.attempts_of[task]]
            digests = {
                tables.values[n, name].digest for n in attempts for name in tables.values_of.get(n, ())
            }
            directories = dict.fromkeys(tables.attempts[n].directory for n in attempts)
            return digests, [directory for directory in directories if directory]

    async def oldest_unfinished(self) -> float | None:
        async with self._transaction() as tables:
            unfinished = (each for each in tables.attempts.values() if each.state not in ATTEMPT_TERMINAL)
            return min((each.queued_at for each in unfinished), default=None)

    async def variables(self) -> list[Variable]:
        async with self._transaction() as tables:
            return [tables.variables[name] for name in sorted(tables.variables)]

    async def variable(self, name: str) -> Variable | None:
        async with self._transaction() as tables:
            return tables.variables.get(name)

    async def connections(self) -> list[ConnectionRow]:
        async with self._transaction() as tables:
            return [tables.connections[name] for name in sorted(tables.connections)]

    async def connection(self, name: str) -> ConnectionRow | None:
        async with self._transaction() as tables:
            return tables.connections.get(name)

    async def note(self, command: Command) -> None:
        async with self._transaction() as tables:
            _note(tables, command)

    async def set_variable(self, variable: Variable, noted: Command | None = None) -> Variable:
        async with self._transaction() as tables:
            old = tables.variables.get(variable.name)
            rev = 1 if old is None else old.rev + 1
            kept = replace(variable, description=clean(variable.description) or "", rev=rev)
            tables.put(tables.variables, variable.name, kept)
            _note(tables, noted)
            return kept

    async def set_connection(self, connection: ConnectionRow, noted: Command | None = None) -> ConnectionRow:
        async with self._transaction() as tables:
            old = tables.connections.get(connection.name)
            rev = 1 if old is None else old.rev + 1
            kept = replace(connection, description=clean(connection.description) or "", rev=rev)
            tables.put(tables.connections, connection.name, kept)
            _note(tables, noted)
            return kept

    async def delete_variable(self, name: str, noted: Command | None = None) -> bool:
        async with self._transaction() as tables:
            if name not in tables.variables:
                return False
            tables.drop(tables.variables, name)
            _note(tables, noted)
            return True

    async def delete_connection(self, name: str, noted: Command | None = None) -> bool:
        async with self._transaction() as tables:
            if name not in tables.connections:
                return False
            tables.drop(tables.connections, name)
            _note(tables, noted)
            return True

    async def secrets_of(
        self, connections: Sequence[str], variables: Sequence[str]
    ) -> tuple[dict[str, ConnectionRow], dict[str, Variable]]:
        async with self._transaction() as tables:
            return (
                {name: tables.connections[name] for name in connections if name in tables.connections},
                {name: tables.variables[name] for name in variables if name in tables.variables},
            )


def _note(tables: Tables, noted: Command | None) -> None:
    if noted is not None:
        number = len(tables.commands) + 1
        tables.put(tables.commands, number, command_copy(replace(noted, id=number)))
