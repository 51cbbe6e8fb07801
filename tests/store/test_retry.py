"""Errors of databases, caused for real: locked, gone, deadlocked, cut off during COMMIT."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from studio.errors import StoreError, StoreUnavailable
from studio.store import retry, upgrade
from studio.store.database import Database
from studio.store.engine import make_writer, parse
from studio.store.retry import is_retryable, with_retries
from studio.store.tables import dag_file


def wrapped(cause: BaseException) -> DBAPIError:
    return OperationalError("SELECT 1", {}, cause)


def busy() -> DBAPIError:
    return wrapped(sqlite3.OperationalError("database is locked"))


class PostgresError(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (sqlite3.OperationalError("database is locked"), True),
        (sqlite3.OperationalError("database table is locked: x"), True),
        (sqlite3.OperationalError("no such table: x"), False),
        (sqlite3.OperationalError("database or disk is full"), False),
        *[(PostgresError(state), True) for state in ("40001", "40P01", "57P01", "57P03", "08006", "55P03")],
        *[(PostgresError(state), False) for state in ("42P01", "53100", "57014", "22001")],
        *[(Exception(number, "text"), True) for number in (1205, 1213, 2006, 2013)],
        *[(Exception(number, "text"), False) for number in (1146, 1064, 1114)],
        (Exception("ORA-00060: deadlock detected while waiting for resource"), True),
        (Exception("ORA-00942: table or view does not exist"), False),
    ],
)
def test_is_retryable(cause: BaseException, expected: bool) -> None:
    assert is_retryable(wrapped(cause)) is expected


def failing(times: int, error: Callable[[], BaseException]) -> tuple[Callable[[], str], list[int]]:
    calls: list[int] = []

    def function() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise error()
        return "done"

    return function, calls


def test_retries_until_it_works() -> None:
    function, calls = failing(3, busy)
    assert with_retries(function, where="x") == "done"
    assert len(calls) == 4


def test_gives_up_after_its_time_and_keeps_the_cause() -> None:
    function, calls = failing(10**6, busy)
    with pytest.raises(StoreUnavailable, match="locked") as caught:
        with_retries(function, where="x", retry_time=0.2)
    assert isinstance(caught.value.__cause__, OperationalError)
    assert 1 < len(calls) < 20  # the pauses grow


def test_stop_ends_the_waiting() -> None:
    function, calls = failing(10**6, busy)
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoreUnavailable):
        with_retries(function, where="x", stop=stop)
    assert len(calls) == 1


def test_final_errors_are_not_retried() -> None:
    function, calls = failing(1, lambda: wrapped(sqlite3.OperationalError("no such table: dag")))
    with pytest.raises(StoreError, match="no such table") as caught:
        with_retries(function, where="x")
    assert not isinstance(caught.value, StoreUnavailable)
    assert len(calls) == 1


def test_full_disk_may_pass() -> None:
    function, _ = failing(1, lambda: wrapped(sqlite3.OperationalError("database or disk is full")))
    with pytest.raises(StoreUnavailable, match="full"):
        with_retries(function, where="x")


def test_secrets_of_a_driver_error_are_masked() -> None:
    function, _ = failing(1, lambda: wrapped(Exception("no access for ann with s3cret")))
    with pytest.raises(StoreError, match=r"with \*\*\*"):
        with_retries(function, where="x", secrets=["s3cret"])


async def test_sqlite_write_waits_for_another_process(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than the busy timeout: then the transaction is repeated."""
    monkeypatch.setattr("studio.store.engine.SQLITE_BUSY_TIMEOUT", 0.01)
    blocker = sqlite3.connect(parse(sqlite_url).database or "", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    database = Database(parse(sqlite_url))
    await database.open()
    writing = asyncio.create_task(database.write(lambda c: c.execute(dag_file.delete()).rowcount))
    # Reads go on all the while, and so does the event loop.
    assert await database.read(lambda c: c.execute(sa.select(dag_file)).all()) == []
    await asyncio.sleep(0.1)
    assert not writing.done()
    blocker.execute("COMMIT")
    blocker.close()
    assert await writing == 0
    await database.close()


async def test_sqlite_reads_while_a_write_is_open(sqlite_url: str) -> None:
    database = Database(parse(sqlite_url))
    await database.open()
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        connection.execute(dag_file.delete())
        inside.set()
        assert go_on.wait(30)

    writing = asyncio.create_task(database.write(slow))
    await asyncio.get_running_loop().run_in_executor(None, inside.wait)
    reads = [database.read(lambda c: c.execute(sa.select(dag_file)).all()) for _ in range(10)]
    assert await asyncio.gather(*reads) == [[]] * 10
    go_on.set()
    await writing
    await database.close()


@pytest.fixture(
    params=[
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    url = request.getfixturevalue(f"empty_{request.param}")
    upgrade(url)
    yield url
    engine = sa.create_engine(parse(url))
    with engine.begin() as connection:
        left = sa.MetaData()
        left.reflect(connection)
        left.drop_all(connection)
    engine.dispose()


def own_number(connection: Connection) -> int:
    query = "SELECT pg_backend_pid()" if connection.dialect.name == "postgresql" else "SELECT CONNECTION_ID()"
    return int(connection.execute(sa.text(query)).scalar_one())


def kill(url: str, number: int) -> None:
    """Cut a connection off, from the server's side."""
    engine = sa.create_engine(parse(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        cut = "SELECT pg_terminate_backend({})" if connection.dialect.name == "postgresql" else "KILL {}"
        connection.exec_driver_sql(cut.format(number))
    engine.dispose()


async def test_connection_that_was_cut_is_made_again(server_url: str) -> None:
    database = Database(parse(server_url))
    await database.open()
    for call in (database.write, database.read):
        first = await call(own_number)
        await asyncio.to_thread(kill, server_url, first)
        assert await call(own_number) != first
    await database.close()


async def test_connection_cut_within_a_transaction_repeats_it(server_url: str) -> None:
    database = Database(parse(server_url))
    await database.open()
    tries: list[int] = []

    def transaction(connection: Connection) -> int:
        tries.append(own_number(connection))
        connection.execute(dag_file.insert(), {"id": "x", "path": "x", "dag_ids": "[]", "parsed_at": 0.0})
        if len(tries) == 1:
            kill(server_url, tries[0])
        return int(connection.execute(sa.select(sa.func.count()).select_from(dag_file)).scalar_one())

    assert await database.write(transaction) == 1
    assert len(tries) == 2
    await database.close()


async def test_connection_cut_before_commit_is_not_repeated(server_url: str) -> None:
    """Nobody can know whether such a COMMIT arrived: the caller has to look."""
    database = Database(parse(server_url))
    await database.open()
    tries: list[int] = []

    def transaction(connection: Connection) -> None:
        tries.append(own_number(connection))
        connection.execute(dag_file.insert(), {"id": "x", "path": "x", "dag_ids": "[]", "parsed_at": 0.0})
        kill(server_url, tries[0])

    with pytest.raises(StoreUnavailable, match="may or may not"):
        await database.write(transaction)
    assert len(tries) == 1
    await database.close()


async def test_deadlock_is_resolved_by_a_retry(server_url: str) -> None:
    databases = [Database(parse(server_url)) for _ in range(2)]
    for database in databases:
        await database.open()
    rows = [{"id": name, "path": name, "dag_ids": "[]", "parsed_at": 0.0} for name in ("a", "b")]
    await databases[0].write(lambda c: c.execute(dag_file.insert(), rows))
    both_hold_one = threading.Barrier(2)
    tries: list[str] = []

    def locking(first: str, second: str) -> Callable[[Connection], None]:
        def transaction(connection: Connection) -> None:
            tries.append(first)
            add_one = sa.update(dag_file).values(parsed_at=dag_file.c.parsed_at + 1)
            connection.execute(add_one.where(dag_file.c.id == first))
            if tries.count(first) == 1:
                both_hold_one.wait(30)
            connection.execute(add_one.where(dag_file.c.id == second))

        return transaction

    await asyncio.gather(databases[0].write(locking("a", "b")), databases[1].write(locking("b", "a")))
    assert len(tries) == 3
    times = await databases[0].read(lambda c: c.execute(sa.select(dag_file.c.parsed_at)).scalars().all())
    assert times == [2.0, 2.0]
    for database in databases:
        await database.close()


async def test_lock_that_is_never_freed_is_reported(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.store.engine.make_writer", lambda url: make_writer(url, timeout=1))
    monkeypatch.setattr(retry, "RETRY_TIME", 0.1)
    database = Database(parse(server_url))
    await database.open()
    row = {"id": "a", "path": "a", "dag_ids": "[]", "parsed_at": 0.0}
    await database.write(lambda c: c.execute(dag_file.insert(), row))
    holder = sa.create_engine(parse(server_url))
    with holder.connect() as connection:
        connection.execute(sa.update(dag_file).values(parsed_at=5.0))
        with pytest.raises(StoreUnavailable):
            await database.write(lambda c: c.execute(sa.update(dag_file).values(parsed_at=6.0)))
    holder.dispose()
    await database.close()
