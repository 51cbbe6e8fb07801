"""A connection to a database for the statements of one attempt: its driver, its transaction, and how it is stopped."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from studio.core.names import shown
from studio.errors import InvalidInput, StudioError

if TYPE_CHECKING:
    import sqlalchemy as sa

#: The driver for a URL that names none.
_DRIVERS: Final = {
    "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql", "oracle": "oracle+oracledb",
}  # fmt: skip
#: What to install, by the scheme of the URL.
_PACKAGES: Final = {
    "postgresql": "psycopg[binary]", "mysql": "pymysql", "mariadb": "pymysql", "oracle": "oracledb", "mssql": "pyodbc",
    "snowflake": "snowflake-sqlalchemy", "bigquery": "sqlalchemy-bigquery", "duckdb": "duckdb-engine",
    "clickhouse": "clickhouse-sqlalchemy", "trino": "trino[sqlalchemy]", "redshift": "sqlalchemy-redshift",
    "databricks": "databricks-sqlalchemy",
}  # fmt: skip
_STEPS: Final = 20_000  # of SQLite's machine between two looks whether the attempt was cancelled


class DatabaseUnreachable(StudioError):
    """The database does not answer."""

    code = "database_unreachable"


@contextmanager
def connected(url: str, directory: Path, *, transaction: bool) -> Iterator[sa.Connection]:
    """A connection; what is done in the block is one transaction, or with `transaction=False` none.

    `directory`: where the path of a SQLite file starts. An interrupt stops the statement in the database, too. Raises
    `InvalidInput` for a URL that is none or whose driver is missing, and `DatabaseUnreachable`.
    """
    import sqlalchemy as sa  # noqa: PLC0415 - heavy

    made = _url(url, directory)
    engine = _engine(made)
    try:
        try:
            connection = engine.connect()
        except sa.exc.DBAPIError as error:
            where = made.render_as_string(hide_password=True)
            raise DatabaseUnreachable(f"{where}: {error.orig}") from None  # its text may hold the URL
        with connection:
            if not transaction:
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            with _stopping(connection), connection.begin():
                yield connection
    finally:
        engine.dispose()


def _url(text: str, directory: Path) -> sa.URL:
    import sqlalchemy as sa  # noqa: PLC0415

    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise InvalidInput(
            "The URL of the database cannot be understood.",  # it may hold a password, so it is not shown
            hint="Write it like 'postgresql://user@host:5432/database' or 'sqlite:///file.db'.",
            field="url",
        ) from None
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        file = os.path.normpath(directory / Path(url.database).expanduser())
        url = url.set(database=file)
    return url


def _engine(url: sa.URL) -> sa.Engine:
    import sqlalchemy as sa  # noqa: PLC0415

    kind = url.get_backend_name()
    options: dict[str, Any] = {}
    if url.drivername == "postgresql+psycopg":
        options["connect_args"] = {"cursor_factory": _client_cursor()}
    try:
        engine = sa.create_engine(url, poolclass=sa.NullPool, **options)
    except (ModuleNotFoundError, sa.exc.NoSuchModuleError) as error:
        raise _without_driver(kind, url.drivername) from error
    if kind == "sqlite":
        sa.event.listen(engine, "connect", _leave_transactions_to_us)
        sa.event.listen(engine, "begin", _begin)
    return engine


def _client_cursor() -> Any:
    """With it every statement takes parameters, `CREATE TABLE … AS` for one, which the server alone refuses."""
    try:
        import psycopg  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _without_driver("postgresql", "psycopg") from error
    return psycopg.ClientCursor


def _without_driver(kind: str, driver: str) -> InvalidInput:
    package = _PACKAGES.get(kind)
    return InvalidInput(
        f"There is no driver for {shown(driver)} where the worker runs.",
        hint=f"Install it there: pip install {package!r}."
        if package
        else "Install a package with this dialect of SQLAlchemy.",
        field="url",
    )


def _leave_transactions_to_us(connection: Any, record: object) -> None:
    connection.isolation_level = None  # else the driver commits before statements that define something


def _begin(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN")


@contextmanager
def _stopping(connection: sa.Connection) -> Iterator[None]:
    """psycopg stops a statement itself when it is interrupted; others have to be told."""
    kind = connection.dialect.name
    driver: Any = connection.connection.dbapi_connection
    if kind == "sqlite":
        # A signal is handled between two steps of Python only, so SQLite is made to take some (`was_interrupted`).
        driver.set_progress_handler(_step, _STEPS)
    try:
        yield
    except KeyboardInterrupt:
        if kind in ("mysql", "mariadb"):
            _kill_query(connection.engine, driver.thread_id())
            connection.invalidate()  # it was left in the middle of an answer
        raise


def _step() -> bool:
    """Whether SQLite shall stop."""
    return False


def was_interrupted(error: BaseException) -> bool:
    """Whether this is how SQLite tells of an interrupt: what its handler raises is lost."""
    return isinstance(error, sqlite3.OperationalError) and str(error) == "interrupted"


def _kill_query(engine: sa.Engine, thread: int) -> None:
    import sqlalchemy as sa  # noqa: PLC0415

    try:
        with engine.connect() as other:
            other.exec_driver_sql(f"KILL QUERY {int(thread)}")
    except sa.exc.SQLAlchemyError:
        pass  # it has ended, or nobody may: the connection ends in any case
