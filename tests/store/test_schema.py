"""Creating, migrating and refusing schemas, on real databases."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import studio.store.schema as schema
from studio.errors import SchemaMismatch, StoreError
from studio.store import check, open_store, upgrade
from studio.store.engine import parse
from studio.store.tables import metadata


def set_revision(url: str, revision: str) -> None:
    engine = sa.create_engine(parse(url))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE studio_schema SET version_num = :r"), {"r": revision})
    engine.dispose()


def test_migrated_schema_is_the_metadata(empty_url: str) -> None:
    assert upgrade(empty_url) == schema.HEAD
    engine = sa.create_engine(parse(empty_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


@pytest.mark.mariadb
def test_mariadb_compares_with_case_whatever_the_database(empty_mariadb: str) -> None:
    engine = sa.create_engine(parse(empty_mariadb))
    upgrade(empty_mariadb)
    with engine.begin() as connection:
        found = connection.execute(
            sa.text(
                "SELECT DISTINCT c.collation_name FROM information_schema.columns c WHERE c.table_schema = DATABASE() "
                "AND c.collation_name IS NOT NULL AND c.table_name <> 'studio_schema'"
            )
        )
        assert found.scalars().all() == ["utf8mb4_bin"]
        metadata.drop_all(connection)
        connection.execute(sa.text("DROP TABLE studio_schema"))
    engine.dispose()


def test_revisions_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(schema.REVISIONS)
    assert list(schema.REVISIONS) == sorted(schema.REVISIONS)  # older and newer are told by their order


async def test_opening_an_empty_database_creates_it(empty_url: str) -> None:
    async with open_store(empty_url) as store:
        assert await store.dags() == []
    assert check(empty_url) == schema.HEAD


async def test_three_servers_open_an_empty_database_at_once(empty_url: str) -> None:
    async def serve() -> None:
        async with open_store(empty_url) as store:
            await store.register_scheduler("x")

    await asyncio.gather(serve(), serve(), serve())
    async with open_store(empty_url) as store:
        assert len(await store.schedulers()) == 3


@pytest.mark.parametrize(("revision", "words"), [("0000", "needs"), ("9999", "newer than")])
async def test_another_schema_is_refused(empty_url: str, revision: str, words: str) -> None:
    upgrade(empty_url)
    set_revision(empty_url, revision)
    with pytest.raises(SchemaMismatch, match=f"(?s){revision}.*{words}.*{schema.HEAD}.*studio db upgrade"):
        async with open_store(empty_url):
            pass
    with pytest.raises(SchemaMismatch):
        check(empty_url)


def test_check_of_nothing(empty_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="studio db upgrade"):
        check(empty_url)


def test_upgrade_refuses_a_newer_schema(empty_url: str) -> None:
    upgrade(empty_url)
    assert upgrade(empty_url) == schema.HEAD  # nothing to do
    set_revision(empty_url, "9999")
    with pytest.raises(SchemaMismatch, match="newer"):
        upgrade(empty_url)


def test_tables_of_something_else_are_left_alone(empty_url: str) -> None:
    engine = sa.create_engine(parse(empty_url))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE dag (whose VARCHAR(9))"))
    engine.dispose()
    with pytest.raises(StoreError, match="dag"):
        upgrade(empty_url)


def test_upgrade_copies_sqlite_first(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_revision(sqlite_url, "0000")
    monkeypatch.setattr(schema, "REVISIONS", ("0000", "0001"))
    with pytest.raises(StoreError, match="0000"):  # there is no such revision to migrate from
        upgrade(sqlite_url)
    (copy,) = tmp_path.glob("studio.db.0000.*.bak")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT version_num FROM studio_schema").fetchone() == ("0000",)
    connection.close()


async def test_sqlite_files_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "home"
    async with open_store(f"sqlite:///{folder}/studio.db") as store:
        await store.register_scheduler("x")
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert files == dict.fromkeys(("studio.db", "studio.db-wal", "studio.db-shm"), 384)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_sqlite_file_that_is_too_open_is_closed(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "studio.db").chmod(0o644)
    async with open_store(sqlite_url):
        pass
    assert stat.S_IMODE((tmp_path / "studio.db").stat().st_mode) == 0o600


def test_alembic_is_loaded_only_to_migrate(sqlite_url: str) -> None:
    code = f"""
import asyncio, sys
from studio.store import open_store
assert "sqlalchemy" not in sys.modules
async def main():
    async with open_store({sqlite_url!r}) as store:
        await store.dags()
asyncio.run(main())
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
