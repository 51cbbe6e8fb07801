"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, oracle

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out, not taken from `studio.store.tables`: a revision never changes, the tables do.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: sa.types.TypeEngine[float] = sa.Double().with_variant(oracle.BINARY_DOUBLE(), "oracle")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
DAG_ID = sa.String(200)
RUN_ID = sa.String(250)
HASH = sa.String(64)
WORD = sa.String(20)

OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}


def upgrade() -> None:
    _create(
        "scheduler",
        sa.Column("id", ID, sa.Identity(), primary_key=True),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("beat", ID, nullable=False),
        sa.Column("fenced", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    _create(
        "dag",
        sa.Column("dag_id", DAG_ID, primary_key=True),
        sa.Column("version", HASH, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("last_tick", TIME),
        sa.Column("next_due", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("rev", ID, nullable=False),
        sa.Column("owner", ID),
    )
    op.create_index("ix_dag_owner", "dag", ["owner"])
    _create(
        "dag_version",
        sa.Column("dag_id", DAG_ID, primary_key=True),
        sa.Column("version", HASH, primary_key=True),
        sa.Column("spec", LONG_TEXT, nullable=False),
        sa.Column("spec_hash", HASH, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["dag_id"], ["dag.dag_id"], name="fk_dag_version_dag_id"),
    )
    _create(
        "dag_run",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("dag_id", DAG_ID, nullable=False),
        sa.Column("run_id", RUN_ID, nullable=False),
        sa.Column("run_type", WORD, nullable=False),
        sa.Column("version", HASH, nullable=False),
        sa.Column("run_after", TIME, nullable=False),
        sa.Column("logical_date", TIME),
        sa.Column("interval_start", TIME),
        sa.Column("interval_end", TIME),
        sa.Column("state", WORD, nullable=False),
        sa.Column("cancelling", sa.Boolean, nullable=False),
        sa.Column("with_failures", sa.Boolean, nullable=False),
        sa.Column("params", LONG_TEXT, nullable=False),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("triggered_by", sa.String(250)),
        sa.Column("rev", ID, nullable=False),
        sa.Column("scheduled_key", sa.String(230)),
        sa.UniqueConstraint("dag_id", "run_id", name="uq_dag_run_dag_id"),
        sa.UniqueConstraint("scheduled_key", name="uq_dag_run_scheduled_key"),
        sa.ForeignKeyConstraint(
            ["dag_id", "version"], ["dag_version.dag_id", "dag_version.version"], name="fk_dag_run_dag_id"
        ),
    )
    op.create_index("ix_dag_run_newest", "dag_run", ["dag_id", "run_after", "id"])
    op.create_index("ix_dag_run_after", "dag_run", ["run_after", "id"])
    op.create_index("ix_dag_run_state", "dag_run", ["state", "run_after", "id"])
    _create(
        "task_instance",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("run", ID, nullable=False),
        sa.Column("task_id", DAG_ID, nullable=False),
        sa.Column("map_index", sa.Integer, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("try_number", sa.Integer, nullable=False),
        sa.Column("max_tries", sa.Integer, nullable=False),
        sa.Column("lost_count", sa.Integer, nullable=False),
        sa.Column("attempt", ID),
        sa.Column("retry_at", TIME),
        sa.Column("started_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("rev", ID, nullable=False),
        sa.UniqueConstraint("run", "task_id", "map_index", name="uq_task_instance_run"),
        sa.ForeignKeyConstraint(["run"], ["dag_run.id"], name="fk_task_instance_run"),
    )
    _create(
        "attempt",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("task_instance", ID, nullable=False),
        sa.Column("try_number", sa.Integer, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("worker", sa.String(250)),
        sa.Column("directory", LONG_TEXT),
        sa.Column("error", LONG_TEXT),
        sa.Column("value", LONG_TEXT, nullable=False),
        sa.Column("details", LONG_TEXT, nullable=False),
        sa.UniqueConstraint("task_instance", "try_number", name="uq_attempt_task_instance"),
        sa.ForeignKeyConstraint(["task_instance"], ["task_instance.id"], name="fk_attempt_task_instance"),
    )
    op.create_index("ix_attempt_state", "attempt", ["state"])
    _create(
        "command",
        sa.Column("id", ID, sa.Identity(), primary_key=True),
        sa.Column("dag_id", DAG_ID, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("payload", LONG_TEXT, nullable=False),
        sa.Column("actor", sa.String(250)),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("idem_key", sa.String(250)),
        sa.Column("state", WORD, nullable=False),
        sa.Column("result", LONG_TEXT, nullable=False),
        sa.Column("handled_at", TIME),
        sa.UniqueConstraint("idem_key", name="uq_command_idem_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_command_state", "command", ["state", "id"])
    _create(
        "dag_file",
        sa.Column("id", HASH, primary_key=True),
        sa.Column("path", LONG_TEXT, nullable=False),
        sa.Column("digest", HASH),
        sa.Column("dag_ids", LONG_TEXT, nullable=False),
        sa.Column("error", LONG_TEXT),
        sa.Column("error_line", sa.Integer),
        sa.Column("parsed_at", TIME, nullable=False),
    )


def _create(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    op.create_table(name, *parts, **OPTIONS, **options)
