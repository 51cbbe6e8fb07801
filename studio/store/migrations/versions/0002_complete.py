"""Backfills, pools, assets, callbacks; what mapping, sensors, branches and approvals need of a task instance."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, oracle

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Written out, not taken from `studio.store.tables`: a revision never changes, the tables do.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: sa.types.TypeEngine[float] = sa.Double().with_variant(oracle.BINARY_DOUBLE(), "oracle")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
DAG_ID = sa.String(200)
RUN_ID = sa.String(250)
WORD = sa.String(20)
TEXT = sa.String(250)
ASSET = sa.String(500)

OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}


def upgrade() -> None:
    _add(
        "dag",
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("queued_events", LONG_TEXT),
    )
    _create_backfill()
    _change_runs()
    _add(
        "task_instance",
        sa.Column("map_path", TEXT),
        sa.Column("waiting_since", TIME),
        sa.Column("looks", sa.Integer, nullable=False, server_default="0"),
        sa.Column("stop_as", WORD),
        sa.Column("length", sa.Integer),
        sa.Column("decision", LONG_TEXT),
        sa.Column("resume", LONG_TEXT),
        sa.Column("label", TEXT),
        sa.Column("note", LONG_TEXT),
    )
    _create_callbacks()
    _create_pool()
    _create_assets()


def _create_backfill() -> None:
    _create(
        "backfill",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("dag_id", DAG_ID, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("asked", LONG_TEXT, nullable=False),
        sa.Column("max_active_runs", sa.Integer, nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("actor", TEXT),
        sa.Column("rev", ID, nullable=False),
        sa.ForeignKeyConstraint(["dag_id"], ["dag.dag_id"], name="fk_backfill_dag_id"),
    )
    op.create_index("ix_backfill_newest", "backfill", ["dag_id", "created_at", "id"])
    op.create_index("ix_backfill_created", "backfill", ["created_at", "id"])
    op.create_index("ix_backfill_state", "backfill", ["state"])


def _change_runs() -> None:
    """`cancelling` becomes `ending`: a run may also be about to succeed or to fail."""
    _add(
        "dag_run",
        sa.Column("ending", WORD),
        sa.Column("reason", TEXT),
        sa.Column("backfill", ID),
        sa.Column("ordinal", sa.Integer, nullable=False, server_default="0"),
        sa.Column("subset", LONG_TEXT),
        sa.Column("events", LONG_TEXT),
        sa.Column("deadlines", LONG_TEXT),
        sa.Column("note", LONG_TEXT),
    )
    run = sa.table("dag_run", sa.column("cancelling", sa.Boolean), sa.column("ending", WORD))
    op.execute(run.update().where(run.c.cancelling == sa.true()).values(ending="cancelled"))
    # SQLite copies the table for this: it adds no foreign keys, and before 3.35 it drops no columns.
    with op.batch_alter_table("dag_run") as batch:
        batch.drop_column("cancelling")
        batch.create_foreign_key("fk_dag_run_backfill", "backfill", ["backfill"], ["id"])
    op.create_index("ix_dag_run_date", "dag_run", ["dag_id", "logical_date", "id"])
    op.create_index("ix_dag_run_state_date", "dag_run", ["dag_id", "state", "logical_date", "id"])
    op.create_index("ix_dag_run_backfill", "dag_run", ["backfill", "run_after", "id"])
    op.create_index("ix_dag_run_version", "dag_run", ["dag_id", "version"])


def _create_callbacks() -> None:
    _create(
        "callback_request",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("dag_id", DAG_ID, nullable=False),
        sa.Column("run", ID, nullable=False),
        sa.Column("task_instance", ID),
        sa.Column("event", WORD, nullable=False),
        sa.Column("function_path", LONG_TEXT, nullable=False),
        sa.Column("args", LONG_TEXT, nullable=False),
        sa.Column("path", LONG_TEXT, nullable=False),
        sa.Column("context", LONG_TEXT, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("directory", LONG_TEXT),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("error", LONG_TEXT),
        sa.ForeignKeyConstraint(["run"], ["dag_run.id"], name="fk_callback_request_run"),
    )
    op.create_index("ix_callback_request_run", "callback_request", ["run"])
    op.create_index("ix_callback_request_state", "callback_request", ["state"])


def _create_pool() -> None:
    _create(
        "pool",
        sa.Column("name", DAG_ID, primary_key=True),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("description", LONG_TEXT),
        sa.Column("include_deferred", sa.Boolean, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("rev", ID, nullable=False),
    )
    names = ("name", "slots", "include_deferred", "used", "rev")
    pool = sa.table("pool", *(sa.column(name) for name in names))
    default = {"name": "default", "slots": -1, "include_deferred": sa.false(), "used": 0, "rev": 1}
    op.execute(pool.insert().values(default))


def _create_assets() -> None:
    _create(
        "asset",
        sa.Column("name", ASSET, primary_key=True),
        sa.Column("uri", LONG_TEXT),
        sa.Column("asset_group", TEXT),
        sa.Column("extra", LONG_TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    _create(
        "asset_event",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("asset", ASSET, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("extra", LONG_TEXT, nullable=False),
        sa.Column("dag_id", DAG_ID),
        sa.Column("run_id", RUN_ID),
        sa.Column("task_id", DAG_ID),
        sa.Column("map_index", sa.Integer, nullable=False),
        sa.Column("actor", TEXT),
    )
    op.create_index("ix_asset_event_asset", "asset_event", ["asset", "id"])


def _create(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(name, *parts, **OPTIONS)


def _add(table: str, *columns: sa.Column[Any]) -> None:
    for column in columns:
        op.add_column(table, column)
