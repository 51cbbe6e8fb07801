"""Waiting for something in a database."""

from __future__ import annotations

from typing import Any

from studio.operators.base import AttemptContext, ConnectionName, OutputCell, Sensor
from studio.operators.sql_connection import connected
from studio.operators.sql_names import Names
from studio.operators.sql_query import Identifiers, Parameters, Query, SqlText, Url
from studio.operators.sql_results import Cursor, as_json
from studio.operators.sql_running import run_statements


class SqlSensor(Sensor):
    """Waits until a query gives a row whose first value is true: not 0, not false, not empty.

        sql_sensor("SELECT count(*) FROM loads WHERE day = :day", connection="warehouse",
                   parameters={"day": "{{ ds }}"}, mode="reschedule", poke_interval="5 min")

    That value is the task's.
    """

    sql: SqlText
    connection: ConnectionName | None = None
    url: Url = ""
    parameters: Parameters = {}
    identifiers: Identifiers = {}

    @property
    def query(self) -> Query:
        return Query(self.sql, self.connection, self.url, Names(self.parameters, self.identifiers))

    def check(self) -> None:
        self.query.check()

    def look(self, attempt: AttemptContext) -> object:
        query = self.query
        with connected(query.address(attempt), attempt.dag_directory, transaction=True) as connection:
            statements = query.statements(connection.dialect.name)
            return run_statements(connection, statements, query.names, _first, _show, attempt)


def _first(rows: Cursor) -> Any:
    first = rows.fetchmany(1)
    return as_json(first[0][0]) if first else None


def _show(cell: OutputCell, value: Any) -> None:
    cell.show(value)
