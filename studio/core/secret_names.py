"""Connections and variables by name: which ones a task's templates ask for, and what those templates are given."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from studio.core.names import nearest, shown
from studio.errors import InvalidInput, NotFound

_NAME: Final = (
    r"""(?:\.\s*(?!get\b)([A-Za-z_]\w*)|\[\s*["']([^"']+)["']|\.\s*get\(\s*["']([^"']+)["']\s*(,)?)"""
)
_CONNECTION: Final = re.compile(r"\bconn\s*" + _NAME)
_VARIABLE: Final = re.compile(r"\bvar\s*\.\s*(?:value|json)\s*" + _NAME)
_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class SecretNames:
    """What an attempt is given; `optional`: of the variables, those that may be missing because a default is given."""

    connections: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def secrets_named(
    config: Mapping[str, Any], connections: tuple[str, ...], variables: tuple[str, ...]
) -> SecretNames:
    """Those that are declared, and those that templates of `config` name as text."""
    conns, required, optional = dict.fromkeys(connections), dict.fromkeys(variables), dict[str, None]()
    stack: list[Any] = [config]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, str) and ("{{" in value or "{%" in value):
            for attribute, item, got, _ in _CONNECTION.findall(value):
                conns[attribute or item or got] = None
            for attribute, item, got, default in _VARIABLE.findall(value):
                (optional if default else required)[attribute or item or got] = None
    return SecretNames(
        tuple(conns),
        tuple({**required, **optional}),
        tuple(name for name in optional if name not in required),
    )


class _Named:
    """Things by name, as `things.name`, `things["name"]` and `things.get("name", default)`."""

    def __init__(self, values: Mapping[str, Any], what: str) -> None:
        self._values = values
        self._what = what

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            raise NotFound(
                f"The {self._what} {shown(name)} was not given to this task.",
                hint=nearest(name, self._values)
                or f"Declare it where the task is defined: {self._what}s=[{name!r}].",
            )
        return self._shown(name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def get(self, name: str, default: Any = _NOTHING) -> Any:
        return default if default is not _NOTHING and name not in self._values else self[name]

    def _shown(self, name: str) -> Any:
        return self._values[name]


class Connections(_Named):
    """`conn`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values, "connection")

    def _shown(self, name: str) -> Any:
        return ConnectionView(**self._values[name])


class _Decoded(_Named):
    """`var.json`: text is read as JSON."""

    def _shown(self, name: str) -> Any:
        value = self._values[name]
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise InvalidInput(
                f"The variable {shown(name)} is not JSON.", hint=f"Use var.value.{name}."
            ) from None


class Variables:
    """`var`: `var.value.x`, `var.json.x`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.value = _Named(values, "variable")
        self.json = _Decoded(values, "variable")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """`conn.x`, with Airflow's other names of its fields."""

    type: str
    host: str = ""
    port: int | None = None
    login: str = ""
    password: str = ""
    schema: str = ""
    extra: Mapping[str, Any]
    url: str

    @property
    def conn_type(self) -> str:
        return self.type

    @property
    def extra_dejson(self) -> Mapping[str, Any]:
        return self.extra

    def get_uri(self) -> str:
        return self.url

    def __repr__(self) -> str:
        return f"the connection of type {self.type}"
