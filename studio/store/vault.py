"""Variables and connections, as they are stored: what is secret in them is a token, and nothing here can read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Table, Update, bindparam, delete, insert, select, update

from studio.core.model import Command, ConnectionRow, Variable
from studio.errors import StaleWrite
from studio.store.database import Database
from studio.store.encoding import clean
from studio.store.rows import Row, Values, command_values
from studio.store.slices import slices
from studio.store.statements import add_command, listed, named
from studio.store.tables import connection as connection_table
from studio.store.tables import variable as variable_table


def _setting(table: Table) -> Update:
    """Replaces a row by name, whoever has set it before."""
    changed = named(table, (c.name for c in table.columns if c.name not in ("name", "rev")))
    return (
        update(table).where(table.c.name == bindparam("old_name")).values({**changed, "rev": table.c.rev + 1})
    )


add_variable, set_variable = insert(variable_table), _setting(variable_table)
remove_variable = delete(variable_table).where(variable_table.c.name == bindparam("old_name"))
all_variables = select(variable_table).order_by(variable_table.c.name)
variables_by_name = select(variable_table).where(variable_table.c.name.in_(listed("names")))

add_connection, set_connection = insert(connection_table), _setting(connection_table)
remove_connection = delete(connection_table).where(connection_table.c.name == bindparam("old_name"))
all_connections = select(connection_table).order_by(connection_table.c.name)
connections_by_name = select(connection_table).where(connection_table.c.name.in_(listed("names")))


def _variable_values(variable: Variable) -> Values:
    return {
        "value": variable.value,
        "secret": variable.secret,
        "description": clean(variable.description) or None,
        "updated_at": variable.updated_at,
    }


def _variable(row: Row) -> Variable:
    return Variable(row.name, row.value, row.secret, row.description or "", row.updated_at, row.rev)


def _connection_values(connection: ConnectionRow) -> Values:
    return {
        "data": connection.data,
        "description": clean(connection.description) or None,
        "updated_at": connection.updated_at,
    }


def _connection(row: Row) -> ConnectionRow:
    return ConnectionRow(row.name, row.data, row.description or "", row.updated_at, row.rev)


class Vault:
    """This part of `studio.ports.Store`."""

    _database: Database

    async def variables(self) -> list[Variable]:
        def read(connection: Connection) -> list[Variable]:
            return [_variable(row) for row in connection.execute(all_variables)]

        return sorted(await self._database.read(read), key=lambda each: each.name)

    async def connections(self) -> list[ConnectionRow]:
        def read(connection: Connection) -> list[ConnectionRow]:
            return [_connection(row) for row in connection.execute(all_connections)]

        return sorted(await self._database.read(read), key=lambda each: each.name)

    async def variable(self, name: str) -> Variable | None:
        return (await self.secrets_of((), (name,)))[1].get(name)

    async def connection(self, name: str) -> ConnectionRow | None:
        return (await self.secrets_of((name,), ()))[0].get(name)

    async def note(self, command: Command) -> None:
        await self._database.write(lambda connection: _note(connection, command))

    async def set_variable(self, variable: Variable, noted: Command | None = None) -> Variable:
        values = _variable_values(variable)
        rev = await self._set(add_variable, set_variable, variables_by_name, variable.name, values, noted)
        return replace(variable, rev=rev)

    async def set_connection(self, connection: ConnectionRow, noted: Command | None = None) -> ConnectionRow:
        name, values = connection.name, _connection_values(connection)
        rev = await self._set(add_connection, set_connection, connections_by_name, name, values, noted)
        return replace(connection, rev=rev)

    async def delete_variable(self, name: str, noted: Command | None = None) -> bool:
        return await self._delete(remove_variable, name, noted)

    async def delete_connection(self, name: str, noted: Command | None = None) -> bool:
        return await self._delete(remove_connection, name, noted)

    async def secrets_of(
        self, connections: Sequence[str], variables: Sequence[str]
    ) -> tuple[dict[str, ConnectionRow], dict[str, Variable]]:
        def read(connection: Connection) -> tuple[dict[str, ConnectionRow], dict[str, Variable]]:
            return (
                {row.name: _connection(row) for row in _found(connection, connections_by_name, connections)},
                {row.name: _variable(row) for row in _found(connection, variables_by_name, variables)},
            )

        return await self._database.read(read)

    async def _set(
        self, add: Any, change: Any, look: Any, name: str, values: Values, noted: Command | None
    ) -> int:
        def write(connection: Connection) -> int:
            if not connection.execute(change, {"old_name": name, **values}).rowcount:
                connection.execute(add, {"name": name, **values, "rev": 1})
            _note(connection, noted)
            return int(connection.execute(look, {"names": [name]}).one().rev)

        try:
            return await self._database.write(write)
        except StaleWrite:  # somebody inserted it meanwhile: replace theirs
            return await self._database.write(write)

    async def _delete(self, remove: Any, name: str, noted: Command | None) -> bool:
        def write(connection: Connection) -> bool:
            if connection.execute(remove, {"old_name": name}).rowcount != 1:
                return False
            _note(connection, noted)
            return True

        return await self._database.write(write)


def _note(connection: Connection, noted: Command | None) -> None:
    if noted is not None:
        connection.execute(add_command, command_values(noted))


def _found(connection: Connection, look: Any, names: Iterable[str]) -> Iterable[Row]:
    return (row for some in slices(sorted(set(names))) for row in connection.execute(look, {"names": some}))
