"""The code of a task's function, as it travels to a worker: by name, as source, or pickled.

What a module defines is looked up there when the task runs, so the module has to be there. What a cell defines, or
another function, travels as source if that says all (`studio.authoring.captured`); lambdas and closures are pickled.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

from studio.authoring.captured import capture, is_writable, search_path
from studio.authoring.places import here
from studio.core.names import FUNCTION, shown
from studio.errors import InvalidInput, TooLarge

MAX_PICKLE: Final = 16 << 20  # bytes

Target = str | Callable[..., Any]


class Code(Protocol):
    """A function, and how a worker comes by it."""

    @property
    def name(self) -> str:
        """`module:function`."""

    def config(self, sources: dict[str, bytes]) -> dict[str, Any]:
        """What of the task's config says it, as of now; contents that it needs are added to `sources` by SHA-256."""


@dataclass(frozen=True, slots=True)
class Named:
    """A module has it."""

    name: str
    path: tuple[str, ...]  # directories where the module is looked for first

    def config(self, sources: dict[str, bytes]) -> dict[str, Any]:
        return {"function": self.name, "path": list(self.path)}


@dataclass(frozen=True, slots=True)
class Written:
    """Its source says all."""

    function: Callable[..., Any]
    with_module: bool
    directory: str  # what is imported inside of the function is looked for here, too

    @property
    def name(self) -> str:
        return f"__main__:{self.function.__name__}"

    def config(self, sources: dict[str, bytes]) -> dict[str, Any]:
        captured = capture(self.function, with_module=self.with_module)
        path = list(dict.fromkeys([*captured.path, self.directory]))
        return {"function": self.name, "source": captured.source, "path": path}


@dataclass(frozen=True, slots=True)
class Pickled:
    """With the variables that it has of functions around it."""

    function: Callable[..., Any]
    directory: str

    @property
    def name(self) -> str:
        own = getattr(self.function, "__name__", type(self.function).__name__)
        return f"__main__:{own.strip('<>')}"

    def config(self, sources: dict[str, bytes]) -> dict[str, Any]:
        import cloudpickle  # noqa: PLC0415 - for the few that are pickled

        try:
            content = cloudpickle.dumps(self.function)
        except Exception as error:  # of a class of the user
            raise InvalidInput(
                f"{self.name.partition(':')[2]} is not at the top level of a module, and it cannot be pickled: "
                f"{type(error).__name__}: {error}.",
                hint="Make what it holds inside of it, or give it as an argument.",
                field="target",
            ) from error
        if len(content) > MAX_PICKLE:
            raise TooLarge(
                f"{self.name.partition(':')[2]} has {len(content) >> 20} MiB with all that it holds; "
                f"{MAX_PICKLE >> 20} MiB are allowed.",
                hint="Pass large data on as the value of a task.",
                field="target",
            )
        digest = hashlib.sha256(content).hexdigest()
        sources[digest] = content
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return {"function": self.name, "pickled": python, "digest": digest, "path": [self.directory]}


def code_of(target: object, *, travels: bool = False) -> Code:
    """How a worker shall come by `target`. Raises `InvalidInput` if it is no function and no name of one.

    `travels`: to another Python environment, where what the function's module imports may not be there.
    """
    if getattr(target, "is_studio_task_function", False):
        target = target.function  # type: ignore[attr-defined]  # what `@task` decorates
    is_named = isinstance(target, str) or _is_importable(target)
    if not is_named and not callable(target):
        raise InvalidInput(f"{shown(target)} is no function and no name of one.", field="target")
    if is_named and not (travels and _is_of_user(target) and is_writable(target)):
        return Named(*named(target))
    directory = str(here().directory)
    assert callable(target)
    if is_writable(target):
        return Written(inspect.unwrap(target), travels, directory)
    return Pickled(target, directory)


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
    if module == "__main__":
        if not _is_of_script(target):
            raise InvalidInput(
                f"{qualified} is defined in a cell, where a worker cannot import it.",
                hint="Put it into a module next to the notebook and import it, or make it a notebook task.",
                field=field,
            )
        script = sys.modules[module].__file__
        return f"{Path(str(script)).stem}:{qualified}", search_path(module)
    return f"{module}:{qualified}", search_path(module)


def short_name(name: str) -> str:
    """The function's own name in `module:Class.function`."""
    return name.rpartition(":")[2].rpartition(".")[2]


def _is_importable(target: object) -> bool:
    qualified, module = getattr(target, "__qualname__", None), getattr(target, "__module__", None)
    if not callable(target) or not isinstance(qualified, str) or not isinstance(module, str):
        return False
    owner = getattr(target, "__self__", None)
    is_bound = not (owner is None or isinstance(owner, (type, ModuleType)))
    return "<" not in qualified and not is_bound and (module != "__main__" or _is_of_script(target))


def _is_of_script(target: object) -> bool:
    """Of `__main__`: whether a file is, which a worker can import."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return isinstance(file, str) and getattr(target, "__globals__", {}).get("__file__") == file


def _is_of_user(target: object) -> bool:
    return bool(search_path(getattr(target, "__module__", None) or ""))
