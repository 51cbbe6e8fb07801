"""Errors, and the server itself."""

from __future__ import annotations

from datetime import datetime

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
