"""Connections and variables. What is secret comes in and never goes out."""

from __future__ import annotations

from typing import Any

from studio.api.models.base import Body, Model

# --- requests ------------------------------------------------------------------------------------------------


class SetConnection(Body, frozen=True, kw_only=True):
    """Make a connection, or replace it: by `url`, or by the other fields. Those beside a `url` come before its own."""

    url: str | None = None  # type://login:password@host:port/schema
    type: str | None = None
    host: str | None = None
    port: int | None = None
    login: str | None = None
    password: str | None = None
    schema: str | None = None
    extra: dict[str, Any] | None = None
    description: str = ""

    def __repr__(self) -> str:
        return "SetConnection(***)"


class SetVariable(Body, frozen=True, kw_only=True):
    """Make a variable, or replace it."""

    value: Any
    secret: bool = False  # encrypted, masked, and never shown again
    description: str = ""

    def __repr__(self) -> str:
        return "SetVariable(***)"


# --- answers -------------------------------------------------------------------------------------------------


class ConnectionInfo(Model, frozen=True, kw_only=True):
    """That there is a connection, and which of its fields are set. Their values stay in the server."""

    name: str
    description: str
    updated_at: float
    fields: list[str]  # of those of `SetConnection`
    error: str | None = None  # why it cannot be used: its key is gone


class ConnectionList(Model, frozen=True, kw_only=True):
    connections: list[ConnectionInfo]


class VariableInfo(Model, frozen=True, kw_only=True):
    """A variable; `value` is null if it is secret."""

    name: str
    value: Any
    secret: bool
    description: str
    updated_at: float


class VariableList(Model, frozen=True, kw_only=True):
    variables: list[VariableInfo]


class SecretsRotated(Model, frozen=True, kw_only=True):
    """How many were sealed with the new key."""

    connections: int
    variables: int
