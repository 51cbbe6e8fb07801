"""The command line runs against a real server; its fixture is the client's."""

from __future__ import annotations

from ..client.conftest import settings

__all__ = ["settings"]
