"""Database URLs: which driver, what is refused, and no password anywhere."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import studio.store.engine as engine
from studio.errors import InvalidInput, StoreError, StoreUnavailable
from studio.store import describe, open_store


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:////tmp/x.db", "sqlite+pysqlite"),
        ("postgresql://u@h/d", "postgresql+psycopg"),
        ("postgres://u@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg"),
        ("mysql://u@h/d", "mysql+pymysql"),
        ("mariadb://u@h/d", "mysql+pymysql"),
    ],
)
def test_parse_chooses_the_driver(url: str, driver: str) -> None:
    assert engine.parse(url).drivername == driver


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense s3cret",
        "postgresql://u:s3cret@h:port/d",
        "mssql://u:s3cret@h/d",
        "postgresql+psycopg2://u:s3cret@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_parse_refuses(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_store(url)
    # `__context__` is hidden from every traceback; a cause is not.
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    for url, extra in (("postgresql://u:s3cret@h/d", "postgresql"), ("mariadb://u@h/d", "mysql")):
        with pytest.raises(StoreError, match=rf'pip install "pipeline-studio\[{extra}\]"') as caught:
            open_store(url)
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:s3cret@h:1/d", "postgresql://ann:***@h:1/d"),
        ("postgresql://h/d?user=ann&password=s3cret", "postgresql://h/d?password=***&user=ann"),
        ("postgresql://h/d?sslpassword=s3cret", "postgresql://h/d?sslpassword=***"),
        ("sqlite:////home/a/x.db", "sqlite:////home/a/x.db"),
        ("s3cret", "(not a database URL)"),
    ],
)
def test_describe_hides_passwords(url: str, shown: str) -> None:
    assert describe(url) == shown


@pytest.mark.parametrize("family", ["postgresql", "mariadb"])
async def test_unreachable_server_is_unavailable(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.store.retry.RETRY_TIME", 0.1)
    url = f"{family}://ann:s3cret@127.0.0.1:1/d"
    with pytest.raises(StoreUnavailable) as caught:
        async with open_store(url):
            pass
    story = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in story
    assert "ann:***@127.0.0.1:1" in str(caught.value)
    assert caught.value.__cause__ is not None


async def test_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_text("this is text, and long enough to be read as a header of a database file. " * 20)
    with pytest.raises(StoreError, match="not a database") as caught:
        async with open_store(f"sqlite:///{file}"):
            pass
    assert not isinstance(caught.value, StoreUnavailable)


async def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StoreError, match="STUDIO_HOME"):
        async with open_store(f"sqlite:///{file}/x/studio.db"):
            pass


SETTINGS: dict[str, dict[str, Any]] = {
    "postgresql": {
        "SHOW lock_timeout": "10s",
        "SHOW statement_timeout": "10s",
        "SHOW idle_in_transaction_session_timeout": "10s",
    },
    "mariadb": {
        "SELECT @@innodb_lock_wait_timeout": 10,
        "SELECT @@idle_transaction_timeout": 10,
        "SELECT FIND_IN_SET('STRICT_ALL_TABLES', @@sql_mode) > 0": 1,
    },
    "sqlite": {
        "PRAGMA journal_mode": "wal",
        "PRAGMA synchronous": 2,
        "PRAGMA foreign_keys": 1,
        "PRAGMA busy_timeout": 30_000,
    },
}


@pytest.mark.parametrize(
    "family",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
)
@pytest.mark.parametrize("make", [engine.make_writer, engine.make_reader])
def test_sessions_are_set_up(
    family: str, make: Callable[[sa.URL], sa.Engine], request: pytest.FixtureRequest
) -> None:
    url = engine.parse(request.getfixturevalue("sqlite_url" if family == "sqlite" else f"empty_{family}"))
    made = make(url)
    with made.connect() as connection:
        found = {query: connection.exec_driver_sql(query).scalar() for query in SETTINGS[family]}
    made.dispose()
    assert found == SETTINGS[family]


def test_reader_writes_nothing(sqlite_url: str) -> None:
    reader = engine.make_reader(engine.parse(sqlite_url))
    with reader.connect() as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM dag")
    reader.dispose()
