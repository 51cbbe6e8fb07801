"""Statements one after another on a connection, each shown as a cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from studio.errors import InvalidInput, StudioError
from studio.operators.base import AttemptContext, OutputCell
from studio.operators.sql_connection import was_interrupted
from studio.operators.sql_names import Names
from studio.operators.sql_results import BATCH, Cursor
from studio.operators.sql_statements import Statement

if TYPE_CHECKING:
    import sqlalchemy as sa

_READS: Final = frozenset({"SELECT", "VALUES", "TABLE", "WITH"})
_WRITES: Final = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "INTO", "CALL"})
_TRANSACTION: Final = frozenset({"BEGIN", "START", "COMMIT", "ROLLBACK", "END", "SAVEPOINT"})


class StatementFailed(StudioError):
    """The database refused a statement."""

    code = "statement_failed"


def check_transaction(statements: Sequence[Statement]) -> None:
    """Raise `InvalidInput` for a statement that begins or ends a transaction: all of them are one."""
    for each in statements:
        first = each.words[0] if each.words else ""
        if first in _TRANSACTION:
            raise InvalidInput(
                f"Statement {each.number} (line {each.line}) is {first}, but all statements are one transaction.",
                hint="Leave it out; or give transaction=False, and every statement counts by itself.",
                field="transaction",
            )


def run_statements(
    connection: sa.Connection,
    statements: Sequence[Statement],
    names: Names,
    read: Callable[[Cursor], Any],
    show: Callable[[OutputCell, Any], None],
    attempt: AttemptContext,
) -> Any:
    """What `read` makes of the rows of the last statement that gives some; None if none does."""
    value: Any = None
    for statement in statements:
        with attempt.cell(statement.text, "sql") as cell:
            began = time.monotonic()
            try:
                result = _executed(connection, statement, names)
                with result:
                    if result.returns_rows:
                        value = None  # of the statement before: two of them need not fit into memory
                        value = read(_Rows(result))
                        show(cell, value)
                    elif result.rowcount >= 0:
                        cell.write(
                            f"{counted(result.rowcount, 'row')} affected ({time.monotonic() - began:.2f} s)\n"
                        )
            except StudioError:
                raise
            except Exception as error:
                original = getattr(error, "orig", None) or error
                if was_interrupted(original):
                    raise KeyboardInterrupt from None
                if not isinstance(original, connection.dialect.loaded_dbapi.Error):
                    raise
                # Without SQLAlchemy's error, which shows all values.
                raise _failed(original, statement, len(statements)) from None
    return value


def counted(number: int, what: str) -> str:
    """For people: "1 row", "1,000 rows"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


@dataclass(frozen=True, slots=True)
class _Rows:
    """The driver's rows: SQLAlchemy's own cost time. Its strategy has fetched some already, so that is asked."""

    result: sa.CursorResult[Any]

    @property
    def description(self) -> Sequence[Any]:
        return self.result.cursor.description or ()

    def fetchmany(self, size: int) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = self.result.cursor_strategy.fetchmany(
            self.result, self.result.cursor, size
        )
        return rows


def _executed(connection: sa.Connection, statement: Statement, names: Names) -> Any:
    text, values = names.put_into(statement, connection.dialect)
    if _can_stream(connection, statement):
        connection = connection.execution_options(stream_results=True, max_row_buffer=BATCH)
    else:
        connection = connection.execution_options(stream_results=False)
    return connection.exec_driver_sql(text, values)


def _can_stream(connection: sa.Connection, statement: Statement) -> bool:
    """Whether the rows can stay in the database until they are fetched: a cursor there takes queries only."""
    words = statement.words
    is_query = bool(words) and words[0] in _READS and _WRITES.isdisjoint(words)
    return is_query and connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT"


def _failed(original: BaseException, statement: Statement, total: int) -> StatementFailed:
    """In the database's words; for retry rules it is of the driver's classes."""
    where = f"Statement {statement.number} of {total} (line {statement.line})"
    kind: type[StatementFailed] = StatementFailed
    for base in reversed(type(original).__mro__):
        if issubclass(base, Exception) and base.__module__ != "builtins":
            kind = type(base.__name__, (kind,), {"__module__": base.__module__})
    return kind(f"{where}: {_text(original)}")


def _text(error: BaseException) -> str:
    """MySQL's errors are a number and a text."""
    number_and_text = error.args
    if len(number_and_text) == 2 and isinstance(number_and_text[0], int):
        return f"{number_and_text[1]} ({number_and_text[0]})"
    return str(error).strip()
