"""The database of Pipeline Studio: the only code that knows SQL.

Everything else takes a `studio.ports.Store`. SQLAlchemy is loaded by the first call, not by the import.
"""

from __future__ import annotations

from studio.ports import Store

__all__ = ["check", "describe", "open_store", "upgrade"]


def open_store(url: str) -> Store:
    """A store over the database `url`, to be used as `async with open_store(url) as store:`.

    Entering it makes file and schema if there are none yet.

    Raises:
        InvalidInput: `url` is no database URL, or its database is not supported.
        StoreError: the driver of that database is not installed.
        SchemaMismatch, StoreUnavailable: on entering.
    """
    from studio.store.sql import SqlStore  # noqa: PLC0415 -- loads SQLAlchemy

    return SqlStore(url)


def check(url: str) -> str:
    """The schema revision of the database; `SchemaMismatch` unless this version works with it. Blocks."""
    from studio.store import schema  # noqa: PLC0415 -- loads SQLAlchemy

    return schema.check(url)


def upgrade(url: str) -> str:
    """Bring the database to the schema of this version and return its revision. Blocks; may take minutes."""
    from studio.store import schema  # noqa: PLC0415 -- loads SQLAlchemy

    return schema.upgrade(url)


def describe(url: str) -> str:
    """The URL for people and logs: passwords are `***`."""
    from studio.store import engine  # noqa: PLC0415 -- loads SQLAlchemy

    return engine.describe(url)
