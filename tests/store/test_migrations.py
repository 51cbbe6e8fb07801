"""A database of each earlier schema, with something in every table, becomes one of today's and keeps what it held."""

from __future__ import annotations

import asyncio
import importlib
import io
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations

import studio.store.schema as schema
from studio.core.model import Attempt, Pool, Run, TaskInstance
from studio.core.spec import DagSpec, TaskSpec, encode, version_of
from studio.core.states import AttemptState, RunState, TaskState
from studio.errors import StoreError
from studio.ports import Store
from studio.store import open_store, upgrade
from studio.store.engine import make_writer, parse, prepare_file
from studio.store.tables import metadata

NOW = 1_750_000_000.125
SPEC = DagSpec(id="d", tasks=(TaskSpec(id="t", kind="notebook"),), schedule=None)
VERSION = version_of(SPEC)


def make_0001(url: str) -> None:
    """As the first release made it."""
    prepare_file(parse(url))
    engine = make_writer(parse(url))
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        fill_0001(connection)
    engine.dispose()


def fill_0001(connection: sa.Connection) -> None:
    tables = sa.MetaData()
    tables.reflect(connection)

    def add(table: str, **values: Any) -> None:
        connection.execute(tables.tables[table].insert().values(values))

    add("scheduler", name="host", beat=7, fenced=False)
    add(
        "dag",
        dag_id="d",
        version=VERSION,
        paused=True,
        last_tick=NOW,
        created_at=NOW,
        updated_at=NOW,
        rev=3,
        owner=1,
    )
    add(
        "dag_version",
        dag_id="d",
        version=VERSION,
        spec=encode(SPEC).decode(),
        spec_hash="0" * 64,
        created_at=NOW,
    )
    for number, cancelling in ((1, False), (2, True)):
        add(
            "dag_run",
            id=number,
            dag_id="d",
            run_id=f"r{number}",
            run_type="scheduled",
            version=VERSION,
            run_after=NOW + number,
            logical_date=NOW + number,
            state="running",
            cancelling=cancelling,
            with_failures=not cancelling,
            params='{"x":[1,"🦆"]}',
            queued_at=NOW,
            triggered_by="Zoë",
            rev=4,
            scheduled_key=f"d@{NOW + number!r}",
        )
    add(
        "task_instance",
        id=3,
        run=1,
        task_id="t",
        map_index=-1,
        state="up_for_retry",
        try_number=1,
        max_tries=3,
        lost_count=1,
        attempt=4,
        retry_at=NOW,
        rev=5,
    )
    add(
        "attempt",
        id=4,
        task_instance=3,
        try_number=1,
        state="failed",
        queued_at=NOW,
        directory="d/r1/t/1",
        error="🧨",
        value="null",
        details="{}",
    )
    add(
        "command",
        dag_id="d",
        kind="pause",
        payload="{}",
        created_at=NOW,
        idem_key="k",
        state="done",
        result="{}",
    )
    add("dag_file", id="0" * 64, path="a.py", digest="1" * 64, dag_ids='["d"]', parsed_at=NOW)


async def assert_kept(store: Store) -> None:
    values: dict[str, Any] = {
        "params": {"x": [1, "🦆"]},
        "queued_at": NOW,
        "triggered_by": "Zoë",
        "rev": 4,
        "state": RunState.RUNNING,
    }
    first, second = (
        Run(n, "d", f"r{n}", "scheduled", VERSION, NOW + n, logical_date=NOW + n, **values) for n in (1, 2)
    )
    first.with_failures, second.ending = True, RunState.CANCELLED
    task = TaskInstance(
        3, 1, "t", -1, (), TaskState.UP_FOR_RETRY, 1, 3, lost_count=1, attempt=4, retry_at=NOW, rev=5
    )
    assert await store.run("d", "r1") == (first, [task])
    assert await store.run("d", "r2") == (second, [])
    attempt = Attempt(4, 3, 1, AttemptState.FAILED, NOW, directory="d/r1/t/1", error="🧨")
    assert await store.attempts(3) == [attempt]
    (dag,) = await store.dags()
    assert (dag.dag_id, dag.spec, dag.paused, dag.cursor, dag.rev) == ("d", SPEC, True, NOW, 3)
    assert (dag.failures, dag.queued_events) == (0, {})
    found = await store.command(1)
    assert found is not None and (found.kind, found.key, found.state) == ("pause", "k", "done")
    assert [file.path for file in await store.dag_files()] == ["a.py"]
    assert [(row.number, row.beat) for row in await store.schedulers()] == [(1, 7)]
    assert await store.pools() == [Pool("default", -1, rev=1)]


def shapes(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """What alembic does not compare: keys, and on SQLite whatever a copied table may have lost."""
    inspector = sa.inspect(connection)
    return {
        table: {
            "columns": {
                (c["name"], str(c["type"]), c["nullable"], str(c["default"]).strip("'"))
                for c in inspector.get_columns(table)
            },
            "primary": inspector.get_pk_constraint(table)["constrained_columns"],
            "foreign": {
                (f["name"], *f["constrained_columns"], f["referred_table"], *f["referred_columns"])
                for f in inspector.get_foreign_keys(table)
            },
            "unique": {(u["name"], *u["column_names"]) for u in inspector.get_unique_constraints(table)},
            "indexes": {(i["name"], *i["column_names"]) for i in inspector.get_indexes(table)},
        }
        for table in inspector.get_table_names()
        if table != schema.VERSION_TABLE
    }


async def test_a_filled_0001_becomes_the_schema_of_today(empty_url: str) -> None:
    make_0001(empty_url)
    assert await asyncio.to_thread(upgrade, empty_url) == schema.HEAD
    async with open_store(empty_url) as store:
        await assert_kept(store)
        lease = await store.register_scheduler("later")
        assert lease.number == 2  # the epoch goes on

    engine = sa.create_engine(parse(empty_url))
    with engine.begin() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []
        migrated = shapes(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert migrated == shapes(connection)
    engine.dispose()


async def test_sqlite_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    make_0001(f"sqlite:///{tmp_path}/studio.db")
    await asyncio.to_thread(upgrade, f"sqlite:///{tmp_path}/studio.db")
    (copy,) = tmp_path.glob("studio.db.0001.*.bak")
    old = sqlite3.connect(copy)
    assert old.execute("SELECT cancelling FROM dag_run ORDER BY id").fetchall() == [(0,), (1,)]
    old.close()


def test_a_damaged_sqlite_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "studio.db"
    make_0001(f"sqlite:///{file}")
    connection = sqlite3.connect(file)
    connection.execute("UPDATE attempt SET task_instance = 99")
    connection.commit()
    with pytest.raises(StoreError, match="row 4 of attempt, about task_instance"):
        upgrade(f"sqlite:///{file}")
    assert connection.execute("SELECT version_num FROM studio_schema").fetchall() == [("0001",)]
    assert connection.execute("SELECT cancelling FROM dag_run ORDER BY id").fetchall() == [(0,), (1,)]
    connection.close()


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb", "oracle"])
@pytest.mark.parametrize("revision", ["0001_first", "0002_complete", "0003_values", "0004_actors"])
def test_migration_compiles(dialect: str, revision: str) -> None:
    """Also for databases without a server at hand."""
    script = importlib.import_module(f"studio.store.migrations.versions.{revision}")
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect, opts={"as_sql": True, "output_buffer": written}
    )
    with Operations.context(context):
        run: Callable[[], None] = script.upgrade
        run()
    text = written.getvalue()
    assert "CREATE INDEX" in text
    if revision == "0002_complete":
        assert "ADD" in text and "DROP COLUMN cancelling" in text
