"""Functions by name: what a worker imports. Code never travels; the module is looked up where the task runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.authoring.places import here
from studio.core.names import FUNCTION, shown
from studio.errors import InvalidInput

Target = str | Callable[..., Any]


def named(target: object, field: str = "target") -> tuple[str, tuple[str, ...]]:
    """`module:function` and the directory where the module is, if it is no installed one. Raises `InvalidInput`."""
    if isinstance(target, str):
        if not FUNCTION.fullmatch(target):
            raise InvalidInput(
                f"A function is named by module and name, not {shown(target)}.",
                hint="Write it like 'package.module:function'.",
                field=field,
            )
        return target, (str(here().directory),)
    if getattr(target, "is_studio_task_function", False):
        target = target.function  # type: ignore[attr-defined]  # what `@task` decorates
    qualified = getattr(target, "__qualname__", None)
    module = getattr(target, "__module__", None)
    if not callable(target) or not isinstance(qualified, str) or not isinstance(module, str):
        raise InvalidInput(f"{shown(target)} is no function and no name of one.", field=field)
    if "<" in qualified:
        raise InvalidInput(
            f"{qualified} is not at the top level of its module, so a worker cannot import it.",
            hint="Define it at the top level, with `def`.",
            field=field,
        )
    file = getattr(sys.modules.get(module), "__file__", None)
    if module == "__main__":
        if not isinstance(file, str) or target.__globals__.get("__file__") != file:  # type: ignore[attr-defined]
            raise InvalidInput(
                f"{qualified} is defined in a cell, where a worker cannot import it.",
                hint="Put it into a module next to the notebook and import it, or make it a notebook task.",
                field=field,
            )
        module = Path(file).stem
    return f"{module}:{qualified}", _search_path(module, file)


def short_name(name: str) -> str:
    """The function's own name in `module:Class.function`."""
    return name.rpartition(":")[2].rpartition(".")[2]


def _search_path(module: str, file: object) -> tuple[str, ...]:
    if not isinstance(file, str) or "site-packages" in file or "dist-packages" in file:
        return ()
    location = Path(file).absolute()
    depth = module.count(".") + (1 if location.name == "__init__.py" else 0)
    return (str(location.parents[depth]),)
