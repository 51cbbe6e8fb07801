"""Values that tasks leave for others, variables, connections."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, oracle

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Written out, not taken from `studio.store.tables`: a revision never changes, the tables do.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: sa.types.TypeEngine[float] = sa.Double().with_variant(oracle.BINARY_DOUBLE(), "oracle")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
NAME = sa.String(200)
HASH = sa.String(64)
WORD = sa.String(20)
TEXT = sa.String(250)

OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}


def upgrade() -> None:
    op.add_column("dag_run", sa.Column("refresh", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("task_instance", sa.Column("keeps", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "saved_value",
        sa.Column("attempt", ID, primary_key=True, autoincrement=False),
        sa.Column("name", NAME, primary_key=True),
        sa.Column("digest", HASH, nullable=False),
        sa.Column("format", WORD, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("byte_size", ID, nullable=False),
        sa.Column("description", LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["attempt"], ["attempt.id"], name="fk_saved_value_attempt"),
        **OPTIONS,
    )
    op.create_index("ix_saved_value_digest", "saved_value", ["digest"])
    op.create_table(
        "variable",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("value", LONG_TEXT, nullable=False),
        sa.Column("secret", sa.Boolean, nullable=False),
        sa.Column("description", LONG_TEXT),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("rev", ID, nullable=False),
        **OPTIONS,
    )
    op.create_table(
        "connection",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("data", LONG_TEXT, nullable=False),
        sa.Column("description", LONG_TEXT),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("rev", ID, nullable=False),
        **OPTIONS,
    )
