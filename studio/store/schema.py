"""The schema's version: looked up when a store opens, moved by `studio db upgrade`.

A database that is up to date costs one query; alembic is imported only to create or to migrate.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import URL, Connection, Engine

from studio.errors import SchemaMismatch, StoreError
from studio.store.engine import (
    describe,
    make_reader,
    make_writer,
    parse,
    prepare_file,
    secrets_of,
    sqlite_file,
)
from studio.store.retry import with_retries

#: Every revision of `migrations/versions`, oldest first.
REVISIONS = ("0001", "0002", "0003", "0004")
HEAD = REVISIONS[-1]
VERSION_TABLE = "studio_schema"
MIGRATION_TIMEOUT = 600.0  # seconds, for one statement
LOCK_WAIT = 60  # seconds for another server that is creating or migrating

_LOCK_NUMBER = 0x73747564  # "stud": PostgreSQL's advisory locks are numbers
_versions = sa.table(VERSION_TABLE, sa.column("version_num", sa.String))


def ensure(url: URL, reader: Engine) -> None:
    """Create the schema in an empty database; raise `SchemaMismatch` if there is another one than ours.

    With a `reader`, so that a server can start while another one writes.
    """
    with reader.connect() as connection:
        found = _revision(connection)
    if found is None:
        found = _migrate(url)
    _compare(url, found)


def check(url: str) -> str:
    """The revision of the database. Raises `SchemaMismatch` if it is another one than this code works with."""
    parsed = parse(url)
    file = sqlite_file(parsed)
    if file is not None and not file.exists():
        raise SchemaMismatch(
            f"The database {describe(parsed)} does not exist.", hint="Run `studio db upgrade`."
        )
    found = _look(parsed)
    if found is None:
        message = f"The database {describe(parsed)} is empty; this server needs schema {HEAD}."
        raise SchemaMismatch(message, hint="Run `studio db upgrade`.")
    _compare(parsed, found)
    return found


def upgrade(url: str) -> str:
    """Create or migrate the schema; return its revision. SQLite is copied next to itself before it is migrated.

    Raises:
        SchemaMismatch: the database is newer than this code.
    """
    parsed = parse(url)
    prepare_file(parsed)
    found = _look(parsed)
    if found == HEAD:
        return found
    if found is not None:
        if found not in REVISIONS:
            _compare(parsed, found)
        copy_before_migration(parsed, found)
    return _migrate(parsed)


def copy_before_migration(url: URL, revision: str) -> Path | None:
    """A consistent copy of a SQLite database, also while others write; None for other databases."""
    file = sqlite_file(url)
    if file is None:
        return None
    copy = file.with_name(f"{file.name}.{revision}.{time.time_ns()}.bak")
    if shutil.disk_usage(file.parent).free < 2 * file.stat().st_size:
        raise StoreError(
            f"There is no room for a copy of {file} before its migration.", hint="Free some space."
        )
    engine = make_writer(url)
    try:
        # On the bare connection: VACUUM cannot run inside of a transaction.
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("VACUUM INTO ?", (str(copy),))
        finally:
            raw.close()
    finally:
        engine.dispose()
    copy.chmod(0o600)
    return copy


def _look(url: URL) -> str | None:
    def look() -> str | None:
        with engine.connect() as connection:
            return _revision(connection)

    engine = make_reader(url)
    try:
        return with_retries(look, where=describe(url), secrets=secrets_of(url))
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(sa.select(_versions.c.version_num)).scalar_one_or_none()
    return found


def _compare(url: URL, found: str) -> None:
    if found == HEAD:
        return
    if found < HEAD:
        raise SchemaMismatch(
            f"The database {describe(url)} has schema {found}, this server needs {HEAD}.",
            hint="Stop all servers, then run `studio db upgrade`.",
        )
    raise SchemaMismatch(
        f"The database {describe(url)} has schema {found}, which is newer than this server's {HEAD}.",
        hint="Install the newer pipeline-studio; `studio db upgrade` cannot go back.",
    )


def _migrate(url: URL) -> str:
    """Bring the schema to `HEAD`, one server at a time; return what the database has in the end."""
    # SQLite changes a table by copying it: while it is gone, whatever refers to it must not be checked, or deleted.
    engine = make_writer(url, timeout=MIGRATION_TIMEOUT, checks_references=False)

    def migrate() -> str | None:
        with engine.begin() as connection, _alone(connection):
            found = _revision(connection)  # again, now that nobody else can change it
            if found is None or (found in REVISIONS and found != HEAD):
                _run_alembic(connection)
                _check_references(connection)
            return _revision(connection)

    try:
        return with_retries(migrate, where=describe(url), secrets=secrets_of(url)) or "none"
    finally:
        engine.dispose()


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Keep other servers from migrating meanwhile. On SQLite the write transaction is that lock already."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
        yield  # released with the transaction
    elif dialect in ("mysql", "mariadb"):
        lock = {"wait": LOCK_WAIT, "name": "studio_schema"}
        name = "CONCAT(:name, LEFT(SHA1(DATABASE()), 16))"  # such locks are of the whole server
        if connection.execute(sa.text(f"SELECT GET_LOCK({name}, :wait)"), lock).scalar() != 1:
            raise StoreError(
                f"Another server has been migrating the database for {LOCK_WAIT} s.", hint="Try later."
            )
        try:
            yield
        finally:
            connection.execute(sa.text(f"SELECT RELEASE_LOCK({name})"), {"name": "studio_schema"})
    else:
        yield


def _check_references(connection: Connection) -> None:
    """What SQLite did not check meanwhile; other databases never stopped."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        table, row, parent, _ = broken[0]
        raise StoreError(
            f"The schema was not migrated: {len(broken)} rows refer to rows that there are not, "
            f"the first is row {row} of {table}, about {parent}.",
            hint="The database was damaged before; nothing was changed. Restore a backup.",
        )


def _run_alembic(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 -- heavy third party, and needed only here
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"The schema cannot be migrated: {error}.") from error
