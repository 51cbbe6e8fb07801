"""The server's operations from Python: `connect()` in a notebook, in scripts, in the CLI and the widgets."""

from __future__ import annotations

from studio.client.backfill_calls import backfill_of
from studio.client.client import Client, connect
from studio.client.endpoint import Endpoint, ensure_server, find_server

__all__ = ["Client", "Endpoint", "backfill_of", "connect", "ensure_server", "find_server"]
