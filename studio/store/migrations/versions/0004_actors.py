"""What one person asked for is found without reading what all did."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_command_actor", "command", ["actor", "id"])
