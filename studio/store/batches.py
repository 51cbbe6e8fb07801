"""The writes that come by the thousand, handed to the driver as they are.

SQLAlchemy goes through every parameter of every row once more, which takes twice as long as SQLite takes to keep the
row. Here a statement is compiled once a database, and what its types want done to a value is done where there is
something to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Insert, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import BindTyping

Values = dict[str, Any]


class Batch:
    """A statement for many rows: an INSERT of all columns, or an UPDATE. All its parameters come with each row."""

    def __init__(self, statement: Insert | Update) -> None:
        self.statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def send(self, connection: Connection, values: Sequence[Values]) -> int:
        """Execute for each of `values`, which may be changed; return how many rows it was in all."""
        if not values:
            return 0
        dialect = connection.dialect
        if dialect.bind_typing is BindTyping.SETINPUTSIZES:  # the driver wants to know types: Oracle's
            return connection.execute(self.statement, values).rowcount
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self.statement, dialect)
        return connection.exec_driver_sql(compiled.text, compiled.rows(values)).rowcount


class _Compiled:
    def __init__(self, statement: Insert | Update, dialect: Dialect) -> None:
        columns = statement.table.columns.keys() if isinstance(statement, Insert) else None
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        self.text: str = compiled.string
        self._processors: list[tuple[str, Callable[[Any], Any]]] = []
        for name, bind in compiled.binds.items():
            processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if processor is not None:
                self._processors.append((name, processor))
        # None: the driver takes parameters by name
        self._order = itemgetter(*compiled.positiontup) if compiled.positional else None

    def rows(self, values: Sequence[Values]) -> Any:
        for name, process in self._processors:
            for row in values:
                row[name] = process(row[name])
        return list(values) if self._order is None else list(map(self._order, values))
