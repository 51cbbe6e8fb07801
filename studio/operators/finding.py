"""Operators by name: those of the studio, and those that installed packages offer."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from studio.core.names import nearest, shown
from studio.errors import InvalidInput, NotFound
from studio.operators.base import Operator, checked

#: Where packages say which operators they have: `shout = "shouting.operators:Shout"`.
ENTRY_POINTS: Final = "studio.operators"

#: Name → module and class. What comes with the studio cannot be replaced by a package.
BUILT_IN: Final = {
    "shell": "studio.operators.shell:Shell",
    "sql": "studio.operators.sql:Sql",
    "http": "studio.operators.http:Http",
    "file_sensor": "studio.operators.file_sensor:FileSensor",
    "sql_sensor": "studio.operators.sql_sensor:SqlSensor",
    "http_sensor": "studio.operators.http_sensor:HttpSensor",
}


def operator_named(name: str) -> type[Operator]:
    """The operator of that name. Raises `NotFound`, and `InvalidInput` for something that is none."""
    if name in BUILT_IN:
        return _built_in(name)
    installed = _installed()
    if name not in installed:
        raise NotFound(
            f"There is no operator {shown(name)}.",
            hint=nearest(name, [*BUILT_IN, *installed])
            + " Operators of packages are found where they are installed: in the environment of the workers, too.",
        )
    point = installed[name]
    try:
        kind = point.load()
    except Exception as error:
        raise InvalidInput(
            f"The operator {shown(name)} cannot be imported from {point.value}: {type(error).__name__}: {error}.",
            hint="It is an entry point of a package that is installed; the package is broken.",
            field="operator",
        ) from error
    return checked(kind, f"{shown(name)} ({point.value})")


def name_of(kind: type[Operator]) -> str | None:
    """The name under which workers find the class; None if it has none."""
    value = f"{kind.__module__}:{kind.__qualname__}"
    for name, home in BUILT_IN.items():
        if home == value:
            return name
    return next((name for name, point in _installed().items() if point.value.replace(" ", "") == value), None)


def _built_in(name: str) -> type[Operator]:
    module, _, attribute = BUILT_IN[name].partition(":")
    kind: Any = getattr(import_module(module), attribute)
    return checked(kind, name)


def _installed() -> dict[str, EntryPoint]:
    """Read anew each time: a package may have been installed since."""
    return {point.name: point for point in entry_points(group=ENTRY_POINTS) if point.name not in BUILT_IN}
