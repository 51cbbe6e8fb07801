"""Databases for the tests of the store's own parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from studio.store.engine import parse
from tests.databases import empty_mariadb, empty_postgresql, sqlite_template, sqlite_url

__all__ = ["empty_mariadb", "empty_postgresql", "sqlite_template", "sqlite_url"]


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables, left so again."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/studio.db"
        return
    url = request.getfixturevalue(f"empty_{request.param}")
    yield url
    engine = sa.create_engine(parse(url))
    with engine.begin() as connection:
        left = sa.MetaData()
        left.reflect(connection)
        left.drop_all(connection)
    engine.dispose()
