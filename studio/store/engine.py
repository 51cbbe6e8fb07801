"""Which driver speaks to which database, and how its connections are set up.

A store has two engines: the writer (one connection, READ COMMITTED, on SQLite BEGIN IMMEDIATE) and the reader
(a few connections, each transaction one snapshot). The rest of the store knows no database by name.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import ArgumentError

from studio.core.names import shown
from studio.errors import InvalidInput, StoreError

LOCK_TIMEOUT = 10.0  # seconds to wait for a row lock or a statement
SQLITE_BUSY_TIMEOUT = 30.0  # seconds to wait for the one write lock that SQLite has
CONNECT_TIMEOUT = 10  # seconds
READERS = 4  # connections, and threads that use them


@dataclass(frozen=True, slots=True)
class _Driver:
    name: str  # of SQLAlchemy: dialect+driver
    module: str
    extra: str | None  # of `pip install "pipeline-studio[…]"`


_POSTGRESQL = _Driver("postgresql+psycopg", "psycopg", "postgresql")
_MYSQL = _Driver("mysql+pymysql", "pymysql", "mysql")  # for MariaDB too: one dialect, one set of statements
_ORACLE = _Driver("oracle+oracledb", "oracledb", "oracle")
_DRIVERS = {
    "sqlite": _Driver("sqlite+pysqlite", "sqlite3", None),
    "postgresql": _POSTGRESQL,
    "postgres": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "oracle": _ORACLE,
}
_SECRET_WORDS = ("password", "passwd", "secret", "token")


def parse(url: str) -> URL:
    """The URL with the driver we use for it.

    Raises:
        InvalidInput: it is no database URL, or of a database or driver that is not supported.
        StoreError: the driver is not installed.
    """
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        # No cause: some versions of SQLAlchemy repeat the text, with whatever password is in it.
        raise InvalidInput(
            "This is not a database URL.",
            hint="Use for example sqlite:////home/me/studio.db or postgresql://user@host/studio.",
            field="database",
        ) from None
    family, _, asked = parsed.drivername.partition("+")
    driver = _DRIVERS.get(family)
    if driver is None:
        names = ", ".join(sorted(_DRIVERS))
        raise InvalidInput(
            f"There is no support for {shown(family)}; supported are {names}.", field="database"
        )
    ours = driver.name.partition("+")[2]
    if asked and asked != ours:
        hint = f"Write {family}://… or {family}+{ours}://…"
        raise InvalidInput(f"The driver {shown(asked)} is not supported.", hint=hint, field="database")
    if find_spec(driver.module) is None:
        raise StoreError(
            f"The database {describe(url)} needs the Python package {driver.module!r}, which is not installed.",
            hint=f'Run `pip install "pipeline-studio[{driver.extra}]"`.',
        )
    parsed = parsed.set(drivername=driver.name)
    if family == "sqlite":
        _sqlite_file(parsed)
    return parsed


def describe(url: str | URL) -> str:
    """The URL for people and logs: passwords are `***`."""
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        return "(not a database URL)"
    hidden = {
        key: "***" if any(word in key.lower() for word in _SECRET_WORDS) else value
        for key, value in parsed.query.items()
    }
    plain = parsed.set(query=hidden, drivername=parsed.get_backend_name())
    return plain.render_as_string(hide_password=True).replace("%2A%2A%2A", "***")


def secrets_of(url: URL) -> list[str]:
    """What must not be seen in the text of an error."""
    named = [v for k, v in url.query.items() if any(word in k.lower() for word in _SECRET_WORDS)]
    return [str(secret) for secret in (url.password, *named) if secret]


def make_writer(url: URL, *, timeout: float = LOCK_TIMEOUT, checks_references: bool = True) -> Engine:
    """The engine of write transactions. `timeout` is in seconds and for one statement or lock.

    `checks_references=False` is for SQLite only: within a transaction nothing can turn it off.
    """
    engine = _make(url, "READ COMMITTED", timeout, pool_size=1)
    if url.get_backend_name() == "sqlite":
        if not checks_references:
            event.listen(engine, "connect", _ignore_references)
        # The write lock at once: a transaction that reads first and then writes can never be refused halfway.
        event.listen(engine, "begin", _begin_immediate)
    return engine


def make_reader(url: URL) -> Engine:
    """The engine of read transactions: each sees one state of the database, however many statements it sends."""
    engine = _make(url, "REPEATABLE READ", LOCK_TIMEOUT, pool_size=READERS)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "begin", _begin)
        event.listen(engine, "connect", _only_queries)
    return engine


def prepare_file(url: URL) -> None:
    """Make SQLite's file and directory, private. Databases on a server need nothing."""
    if url.get_backend_name() != "sqlite":
        return
    file = _sqlite_file(url)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives its -wal and -shm files the mode of the database.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        if file.stat().st_uid == os.getuid():
            file.chmod(0o600)
    except OSError as error:
        raise StoreError(
            f"The database file {file} cannot be opened: {error.strerror}.",
            hint="Set STUDIO_DATABASE or STUDIO_HOME to a place you may write to.",
        ) from error


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite database, None for others."""
    return _sqlite_file(url) if url.get_backend_name() == "sqlite" else None


def _sqlite_file(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise InvalidInput(
            "A SQLite database of Pipeline Studio is a plain file.",
            hint="Use sqlite:////absolute/path.db; for tests there is studio.testing.MemoryStore.",
            field="database",
        )
    return Path(url.database)


def _make(url: URL, isolation: str, timeout: float, pool_size: int) -> Engine:
    options: dict[str, Any] = {"hide_parameters": True}
    backend = url.get_backend_name()
    if backend in ("postgresql", "mysql"):
        options["isolation_level"] = isolation
        # A server or a proxy in between may close what is idle.
        options["pool_recycle"] = 1800
    settings, url = _connect_args(url, timeout)
    engine = sa.create_engine(
        url, connect_args=settings, pool_size=pool_size, max_overflow=0, pool_timeout=LOCK_TIMEOUT, **options
    )
    if backend == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _connect_args(url: URL, timeout: float) -> tuple[dict[str, Any], URL]:
    backend = url.get_backend_name()
    if backend == "sqlite":
        return {"timeout": SQLITE_BUSY_TIMEOUT}, url
    if backend == "postgresql":
        milliseconds = int(timeout * 1000)
        given = url.query.get("options", "")
        # The last one: a server that is stopped or swapped out in the middle of a transaction holds nobody up.
        ours = " ".join(
            f"-c {name}={milliseconds}"
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        )
        settings = {
            "options": f"{given if isinstance(given, str) else ' '.join(given)} {ours}".strip(),
            "connect_timeout": CONNECT_TIMEOUT,
            # A peer that is gone without a word is noticed.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "application_name": "pipeline-studio",
        }
        return settings, url.difference_update_query(["options"])
    if backend == "mysql":
        seconds = max(1, int(timeout))
        strict = "sql_mode=CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"
        # As on PostgreSQL; MySQL has no such thing and takes this for a comment.
        idle = f"/*M!100300 , idle_transaction_timeout={seconds} */"
        long_lists = "group_concat_max_len=1073741824"  # bytes; MySQL would cut at 1024, with a mere warning
        settings = {
            "charset": "utf8mb4",
            "connect_timeout": CONNECT_TIMEOUT,
            # The statement timeout: MySQL has none for writes. Above the lock timeout, which tells the reason.
            "read_timeout": seconds + 5,
            "write_timeout": seconds + 5,
            "init_command": f"SET SESSION innodb_lock_wait_timeout={seconds}, {strict}, {long_lists} {idle}",
        }
        return settings, url
    return {}, url


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are ours, see `_begin`; sqlite3 shall not begin any
    cursor = connection.cursor()
    try:
        # Readers never wait for the writer. The mode stays in the file; setting it again would want a lock.
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # what was committed survives a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
    finally:
        cursor.close()


def _only_queries(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON").close()


def _ignore_references(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys=OFF").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
