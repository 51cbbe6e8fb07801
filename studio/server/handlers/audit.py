"""Who asked for what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from studio.api import models as m
from studio.core.model import Command
from studio.core.names import shown
from studio.errors import InvalidInput
from studio.server.request import Request
from studio.server.services import Services
from studio.server.views import when

_MAX_TEXT: Final = 200  # characters of a value
_MAX_LIST: Final = 10  # elements


async def list_audit(request: Request, services: Services) -> m.AuditPage:
    limit = request.whole("limit", 50, 1, 500)
    before = request.query.get("before")
    if before is not None and not re.fullmatch(r"[0-9]{1,16}", before):
        raise InvalidInput(
            f"before is {shown(before)}; it must be `next` of the page before.", field="before"
        )
    found = await services.store.commands(
        request.query.get("dag_id"),
        actor=request.query.get("actor"),
        before=None if before is None else int(before),
        limit=limit + 1,
    )
    page = found[:limit]
    return m.AuditPage(
        entries=[_entry(command) for command in page], next=str(page[-1].id) if len(found) > limit else None
    )


def _entry(command: Command) -> m.AuditEntry:
    return m.AuditEntry(
        id=command.id,
        at=when(command.created_at),
        actor=command.actor,
        dag_id=command.dag_id,
        action=command.kind,
        state=command.state,
        about={**_short(command.payload), **_made(command)},
        error=str(command.result.get("message", "")) if command.state == "refused" else None,
    )


def _made(command: Command) -> dict[str, Any]:
    """The run that came of it."""
    run_id = command.result.get("run_id")
    return {} if not isinstance(run_id, str) or command.state != "done" else {"run_id": run_id}


def _short(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What fits in a line. Values of params and of tasks are left out: they may be confidential."""
    found: dict[str, Any] = {}
    for name, value in payload.items():
        if isinstance(value, str) and value:
            found[name] = value[:_MAX_TEXT]
        elif isinstance(value, bool | int | float) and name != "value":
            found[name] = value
        elif isinstance(value, list) and value and all(isinstance(part, str) for part in value):
            found[name] = [part[:_MAX_TEXT] for part in value[:_MAX_LIST]]
        elif isinstance(value, Mapping) and name == "params" and value:
            found[name] = sorted(value)[:_MAX_LIST]
    return found
