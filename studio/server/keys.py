"""Idempotency keys: those of the client, kept apart by DAG and by what is asked for."""

from __future__ import annotations

from typing import Final

from studio.core.model import CommandKind
from studio.core.names import shown
from studio.errors import InvalidInput

MAX_KEY: Final = 200  # characters


def command_key(dag_id: str, kind: CommandKind, key: str | None) -> str | None:
    """The key of a command; None without one. Raises `InvalidInput`."""
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise InvalidInput(f"The key {shown(key)} is not 1 to {MAX_KEY} printable characters.", field="key")
    return f"{dag_id}:{kind}:{key}"
