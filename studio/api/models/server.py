"""Errors, and the server itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from studio.api.models.base import Model


class ErrorDetail(Model, frozen=True, kw_only=True):
    """What was wrong and what to do next."""

    code: str
    message: str
    hint: str | None = None
    field: str | None = None
    request_id: str | None = None


class ErrorAnswer(Model, frozen=True, kw_only=True):
    """Every answer with a status of 400 or more."""

    error: ErrorDetail


class AuditEntry(Model, frozen=True, kw_only=True):
    """What somebody asked for."""

    id: int
    at: datetime
    actor: str
    dag_id: str  # empty: it was not about a DAG
    action: str  # publish, pause, trigger, clear, mark, …
    state: Literal["pending", "done", "refused"]
    about: dict[str, Any]  # of the request what is short: runs, tasks, states, notes
    error: str | None  # why it was refused


class AuditPage(Model, frozen=True, kw_only=True):
    """Newest first. `next` is the `before` of the next page, or null at the end."""

    entries: list[AuditEntry]
    next: str | None


class LoginLink(Model, frozen=True, kw_only=True):
    """Where a browser becomes logged in. It works once."""

    path: str  # below the address of the server
    seconds: float  # for which it is valid


class ServerInfo(Model, frozen=True, kw_only=True):
    """Who answers."""

    version: str
    pid: int
    started_at: datetime
    scheduling: bool  # False while another server holds the lease
    database: str  # kind and place, never with a password
    workers: int
    slots: int
    running: int  # attempts alive
    dag_folder: str | None = None
