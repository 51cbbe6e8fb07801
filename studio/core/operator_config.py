"""The config of an operator's task: which operator, and what it is given.

    {"operator": "shell" | name of an entry point | "package.module:Class", "args": {field: JSON, templates, markers},
     "path": directories to import from, "directory": where relative paths start,
     "source": of a module that defines the class, if none that can be imported does}

What an operator takes is known to its class, which is looked at where the DAG is defined, and where the task runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from studio.core.names import FUNCTION, nearest, shown
from studio.errors import InvalidDag

_KEYS: Final = ("operator", "args", "path", "directory", "source")
_NAME: Final = re.compile(r"[A-Za-z_][\w.-]{0,199}", re.ASCII)


def check_operator_config(config: Mapping[str, Any], where: str) -> None:
    """Raise `InvalidDag` unless a worker can look the operator up. `where`: "The task 'x'"."""
    for key in config:
        if key not in _KEYS:
            raise InvalidDag(
                f"{where} is an operator with {shown(key)} in its config.",
                hint=nearest(str(key), _KEYS),
                field="config",
            )
    name = config.get("operator")
    if not isinstance(name, str) or not (FUNCTION.fullmatch(name) or _NAME.fullmatch(name)):
        raise InvalidDag(
            f"{where} names the operator {shown(name)}.",
            hint="Write its name, such as 'shell', or module and class, like 'package.module:Class'.",
            field="config",
        )
    path = config.get("path", [])
    if not isinstance(path, list) or not all(isinstance(entry, str) for entry in path):
        raise InvalidDag(f"{where}: path is {shown(path)}; it must be a list of directories.", field="config")
    for key in ("directory", "source"):
        if not isinstance(config.get(key, ""), str):
            raise InvalidDag(f"{where}: {key} is {shown(config[key])}; it must be text.", field="config")


def operator_title(config: Mapping[str, Any]) -> str:
    """What people call the kind of such a task: "shell", or the class's own name."""
    return str(config.get("operator") or "operator").rpartition(":")[2].rpartition(".")[2]
