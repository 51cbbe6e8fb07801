"""What an attempt is given of the connections and variables that it declares. It travels by pipe, and nowhere else."""

from __future__ import annotations

from typing import Any

import msgspec


class Delivered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For one attempt; `hidden` are the texts that must not be seen in anything it leaves behind."""

    connections: dict[str, dict[str, Any]] = {}  # name → fields, as of `studio.secrets.connection.Connection`
    variables: dict[str, Any] = {}  # name → value, JSON
    hidden: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Names only."""
        return f"Delivered(connections={list(self.connections)}, variables={list(self.variables)})"
