"""Connections and variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import models as m
from studio.client.calls import Calls


class SecretCalls(Calls):
    """This part of `Client`. Secrets go to the server and never come back."""

    def list_connections(self) -> m.ConnectionList:
        return self._call("list_connections")  # type: ignore[no-any-return]

    def get_connection(self, name: str) -> m.ConnectionInfo:
        """Which of its fields are set."""
        return self._call("get_connection", {"name": name})  # type: ignore[no-any-return]

    def set_connection(
        self,
        name: str,
        url: str | None = None,
        *,
        type: str | None = None,
        host: str | None = None,
        port: int | None = None,
        login: str | None = None,
        password: str | None = None,
        schema: str | None = None,
        extra: Mapping[str, Any] | None = None,
        description: str = "",
    ) -> m.ConnectionInfo:
        """Make it, or replace it as a whole, by `url` or by fields; those beside a `url` come before its own."""
        body = m.SetConnection(
            url=url,
            type=type,
            host=host,
            port=port,
            login=login,
            password=password,
            schema=schema,
            extra=None if extra is None else dict(extra),
            description=description,
        )
        return self._call("set_connection", {"name": name}, body=body)  # type: ignore[no-any-return]

    def connection_uses(self, name: str) -> m.Uses:
        """The tasks that declare it, or whose templates name it, whether there is one or not."""
        return self._call("connection_uses", {"name": name})  # type: ignore[no-any-return]

    def delete_connection(self, name: str) -> None:
        self._call("delete_connection", {"name": name})

    def list_variables(self) -> m.VariableList:
        return self._call("list_variables")  # type: ignore[no-any-return]

    def get_variable(self, name: str) -> m.VariableInfo:
        """With its value, unless it is secret."""
        return self._call("get_variable", {"name": name})  # type: ignore[no-any-return]

    def set_variable(
        self, name: str, value: Any, *, secret: bool = False, description: str = ""
    ) -> m.VariableInfo:
        """Make it, or replace it; `value` is JSON."""
        body = m.SetVariable(value=value, secret=secret, description=description)
        return self._call("set_variable", {"name": name}, body=body)  # type: ignore[no-any-return]

    def variable_uses(self, name: str) -> m.Uses:
        """As `connection_uses`."""
        return self._call("variable_uses", {"name": name})  # type: ignore[no-any-return]

    def delete_variable(self, name: str) -> None:
        self._call("delete_variable", {"name": name})

    def rotate_secrets(self) -> m.SecretsRotated:
        """Seal all of them with a new key, and forget the old one."""
        return self._call("rotate_secrets")  # type: ignore[no-any-return]
