"""Statements of SQL, on any database that SQLAlchemy knows."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from studio.errors import InvalidInput
from studio.operators.base import AttemptContext, ConnectionName, Operator, OutputCell
from studio.operators.sql_connection import connected
from studio.operators.sql_names import Names
from studio.operators.sql_query import Identifiers, Parameters, Query, SqlText, Url
from studio.operators.sql_results import Cursor, as_frame, as_json, only_value, read_rows, read_table
from studio.operators.sql_running import check_transaction, counted, run_statements
from studio.operators.sql_tables import load_tables

PREVIEW: Final = 10  # rows of a result that are shown


class Sql(Operator):
    """Runs SQL and returns the rows of the last statement that gives some, as a table.

        sql("SELECT origin, count(*) AS n FROM flights WHERE day = :day GROUP BY origin",
            connection="warehouse", parameters={"day": "{{ ds }}"}, index=["origin"])

    All statements are one transaction. Each is shown as a cell, with the rows that it gave or changed. A table has the
    database's types: timestamps with their zone, decimals, truth values, whole numbers also where some are missing.
    """

    sql: SqlText
    connection: ConnectionName | None = None
    url: Url = ""
    parameters: Parameters = {}
    identifiers: Identifiers = {}
    tables: Annotated[
        dict[str, Any],
        Meta(
            description="tables of other tasks (`clean.output`) that are temporary tables for these statements"
        ),
    ] = {}
    result: Annotated[
        Literal["table", "arrow", "rows", "scalar", "none"],
        Meta(
            description="what is returned: a DataFrame of pandas, a table of pyarrow, a list of dicts (JSON: decimals "
            "as text, dates as ISO 8601), one value, or nothing"
        ),
    ] = "table"
    index: Annotated[list[str] | str, Meta(description="columns that become the table's index")] = []
    transaction: Annotated[bool, Meta(description="False: every statement counts by itself, at once")] = True

    @property
    def query(self) -> Query:
        return Query(self.sql, self.connection, self.url, Names(self.parameters, self.identifiers))

    def check(self) -> None:
        self.query.check()
        if self.index and self.result != "table":
            raise InvalidInput(
                f'index is for result="table", and the result shall be {self.result!r}.', field="index"
            )

    def run(self, attempt: AttemptContext) -> object:
        query = self.query
        address = query.address(attempt)
        with connected(address, attempt.dag_directory, transaction=self.transaction) as connection:
            database = connection.dialect.name
            statements = query.statements(database)
            if self.transaction:
                check_transaction(statements)
            if self.tables:
                with attempt.cell(f"-- temporary tables: {', '.join(self.tables)}", "sql") as cell:
                    for name, rows in load_tables(connection, self.tables).items():
                        cell.write(f"{name}: {rows:,} rows\n")
            found = run_statements(
                connection,
                statements,
                query.names,
                lambda rows: self._read(rows, database),
                self._show,
                attempt,
            )
        return self._value(found)

    def _read(self, rows: Cursor, database: str) -> Any:
        if self.result == "rows":
            return read_rows(rows)
        if self.result == "scalar":
            return rows.fetchmany(2)
        return read_table(rows, database, most=PREVIEW if self.result == "none" else None)

    def _show(self, cell: OutputCell, found: Any) -> None:
        if self.result == "scalar":
            cell.show(as_json([list(row) for row in found]))
        elif self.result == "rows":
            cell.show(found[:PREVIEW])
            cell.write(f"{counted(len(found), 'row')}\n")
        else:
            cell.show(as_frame(found.slice(0, PREVIEW)))
            if self.result != "none":
                cell.write(f"{counted(found.num_rows, 'row')} × {counted(found.num_columns, 'column')}\n")

    def _value(self, found: Any) -> Any:
        if found is None or self.result == "none":
            return None
        if self.result == "scalar":
            return only_value(found)
        if self.result == "table":
            return as_frame(found, [self.index] if isinstance(self.index, str) else self.index)
        return found
