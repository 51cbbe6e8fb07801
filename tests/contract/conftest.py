"""The implementations that a contract suite runs over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from studio.ports import Lease, Store
from studio.store import open_store
from studio.testing import MemoryStore
from tests.contract.records import Scribe
from tests.databases import (  # noqa: F401 -- fixtures
    empty_mariadb,
    empty_postgresql,
    mariadb_session,
    mariadb_url,
    postgresql_session,
    postgresql_url,
    sqlite_template,
    sqlite_url,
)

Connect = Callable[[], Store]


@pytest.fixture(
    params=[
        "memory",
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def connect(request: pytest.FixtureRequest) -> Connect:
    """Makes a store over the database of this test. Several of them share it, as several servers do."""
    if request.param == "memory":
        store = MemoryStore()
        return lambda: store
    url: str = request.getfixturevalue(f"{request.param}_url")
    return lambda: open_store(url)


@pytest.fixture
async def store(connect: Connect) -> AsyncIterator[Store]:
    async with connect() as store:
        yield store


@pytest.fixture
async def other_store(connect: Connect) -> AsyncIterator[Store]:
    """A second server on the same database."""
    async with connect() as store:
        yield store


@pytest.fixture
async def lease(store: Store) -> Lease:
    return await store.register_scheduler("first")


@pytest.fixture
def scribe(lease: Lease) -> Scribe:
    return Scribe(lease)
