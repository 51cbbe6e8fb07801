"""What the parts of the client are built on: a call of a route by its name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from studio.client.transport import Transport


class Calls:
    """One part of `Client`; its methods are named as the routes of `studio.api.routes`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _call(self, name: str, path: Mapping[str, str] | None = None, **given: Any) -> Any:
        return self._transport.call(name, path, **given)


def a_key(key: str | None) -> str:
    """`key`, or a new one: with a key of its own, a call whose answer was lost can be made again."""
    return key or secrets.token_hex(16)


def run_path(dag_id: str, run_id: str) -> dict[str, str]:
    return {"dag_id": dag_id, "run_id": run_id}


def task_path(dag_id: str, run_id: str, task_id: str) -> dict[str, str]:
    return {"dag_id": dag_id, "run_id": run_id, "task_id": task_id}
