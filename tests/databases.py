"""Real databases for tests. Each server gives one database (or schema) of its own a test session.

`STUDIO_TEST_POSTGRESQL` and `STUDIO_TEST_MARIADB` name other servers than those of this machine.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from studio.store import upgrade
from studio.store.engine import parse
from studio.store.tables import metadata, pool

POSTGRESQL = os.environ.get("STUDIO_TEST_POSTGRESQL") or "postgresql://postgres@127.0.0.1:5432/test"
MARIADB = os.environ.get("STUDIO_TEST_MARIADB") or "mariadb://root@127.0.0.1:3306"
#: What a new database has from the beginning.
DEFAULT_POOL = {"name": "default", "slots": -1, "include_deferred": False, "used": 0, "rev": 1}


def _server(url: str, **options: Any) -> sa.Engine:
    return sa.create_engine(parse(url), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool, **options)


def _run(server: sa.Engine, *statements: str) -> None:
    with server.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _reach(server: sa.Engine, name: str) -> None:
    try:
        _run(server, "SELECT 1")
    except sa.exc.OperationalError as error:
        reason = f"{name} does not answer: {error.orig}"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; it is needed under CI.", pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def empty_postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL schema without tables."""
    server = _server(POSTGRESQL, connect_args={"connect_timeout": 3})
    _reach(server, "PostgreSQL")
    name = f"studio_{uuid.uuid4().hex[:12]}"
    _run(server, f"CREATE SCHEMA {name}")
    yield _with_search_path(name)
    _run(server, f"DROP SCHEMA {name} CASCADE")


def _with_search_path(schema: str) -> str:
    url = sa.make_url(POSTGRESQL).update_query_dict({"options": f"-csearch_path={schema}"})
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def empty_mariadb() -> Iterator[str]:
    """The URL of a MariaDB database without tables."""
    server = _server(MARIADB, connect_args={"connect_timeout": 3})
    _reach(server, "MariaDB")
    name = f"studio_{uuid.uuid4().hex[:12]}"
    # latin1, to show that the tables do not depend on the server's taste.
    _run(server, f"CREATE DATABASE {name} CHARACTER SET latin1")
    yield sa.make_url(MARIADB).set(database=name).render_as_string(hide_password=False)
    _run(server, f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def postgresql_session(empty_postgresql: str) -> Iterator[tuple[str, sa.Engine]]:
    yield from _migrated(empty_postgresql)


@pytest.fixture(scope="session")
def mariadb_session(empty_mariadb: str) -> Iterator[tuple[str, sa.Engine]]:
    yield from _migrated(empty_mariadb)


def _migrated(url: str) -> Iterator[tuple[str, sa.Engine]]:
    upgrade(url)
    engine = sa.create_engine(parse(url))
    yield url, engine
    engine.dispose()


def emptied(session: tuple[str, sa.Engine]) -> str:
    """The URL of a migrated database whose rows were deleted: much faster than a new one for every test."""
    url, engine = session
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        connection.execute(pool.insert().values(DEFAULT_POOL))
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "studio.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a new SQLite database."""
    file = tmp_path / "studio.db"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgresql_url(postgresql_session: tuple[str, sa.Engine]) -> str:
    """The URL of an empty PostgreSQL schema with our tables."""
    return emptied(postgresql_session)


@pytest.fixture
def mariadb_url(mariadb_session: tuple[str, sa.Engine]) -> str:
    """The URL of an empty MariaDB database with our tables."""
    return emptied(mariadb_session)
