"""alembic's entry point. It is only ever called by `studio.store.schema`, with a connection that holds the lock."""

from __future__ import annotations

from alembic import context

from studio.store.schema import VERSION_TABLE
from studio.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
