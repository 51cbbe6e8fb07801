"""Functions of users in a process that lives on: found by name, and nothing of what they do to it stays."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any, Final

from studio.core.names import nearest, shown
from studio.errors import InvalidInput, NotFound
from studio.settings import PARSING
from studio.worker.function_modules import forget_stale_modules

_OURS: Final = os.path.join(os.path.dirname(__file__), "")


def absolute(path: Sequence[str] | None) -> list[str]:
    """The directories to import from."""
    return [os.path.abspath(entry) for entry in path or ()]


def load(name: object, path: list[str]) -> Callable[..., Any]:
    """The function `package.module:name`; imported afresh if its files on `path` have changed."""
    if not isinstance(name, str) or name.count(":") != 1 or not all(name.split(":")):
        raise InvalidInput(f"A function task names `package.module:function`, not {shown(name)}.")
    module_name, attribute = name.split(":")
    forget_stale_modules(path)
    module = sys.modules.get(module_name)
    if module is None:
        try:
            module = _import(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
                raise  # the module is there; something it imports is not
            where = ", ".join(path) or "the worker's own path"
            raise NotFound(
                f"There is no module {shown(error.name)} for the function {shown(name)} (looked in {where})."
            ) from error
    target: Any = module
    for part in attribute.split("."):
        if not hasattr(target, part):
            raise NotFound(
                f"Module {module_name} has no {shown(attribute)}.",
                hint=nearest(attribute, [n for n, v in vars(module).items() if callable(v) and n[0] != "_"]),
            )
        target = getattr(target, part)
    if getattr(target, "is_studio_task_function", False):
        target = target.function  # what `@task` decorates: calling the rest would make a task
    if not callable(target):
        raise InvalidInput(f"{name} is {shown(target)}, which cannot be called.")
    return target  # type: ignore[no-any-return]


def _import(name: str) -> ModuleType:
    """Import a module that may be a DAG file: what it says about publishing is not meant for now."""
    os.environ[PARSING] = "1"
    try:
        return importlib.import_module(name)
    finally:
        del os.environ[PARSING]


@contextmanager
def process_restored(path: list[str], env: dict[str, str]) -> Iterator[None]:
    """Put `path` and `env` into the process, and afterwards everything as it was."""
    saved_path, saved_env = sys.path[:], _environment().copy()
    saved_main = sys.modules["__main__"]
    try:
        saved_directory = os.getcwd()
    except FileNotFoundError:  # removed under us
        saved_directory = "/"
    sys.path[:0] = path
    if env:
        os.environ.update(env)
    try:
        yield
    finally:
        sys.path[:] = saved_path
        sys.modules["__main__"] = saved_main
        _restore_environment(saved_env)
        if _current_directory() != saved_directory:
            os.chdir(saved_directory)


def _environment() -> dict[bytes, bytes]:
    """What stands behind `os.environ`, as bytes. Copying `os.environ` itself decodes each name and value: 0.3 ms."""
    return os.environ._data  # type: ignore[attr-defined,no-any-return]


def _restore_environment(saved: dict[bytes, bytes]) -> None:
    now = _environment()
    if now == saved:
        return
    for name in now.keys() - saved.keys():
        del os.environb[name]
    for name, value in saved.items():
        if now.get(name) != value:
            os.environb[name] = value


def _current_directory() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


def told(error: BaseException) -> str:
    """The traceback as text, from the user's first frame on."""
    return "".join(traceback.format_exception(type(error), error, _user_frames(error.__traceback__)))


def _user_frames(start: TracebackType | None) -> TracebackType | None:
    frame = start
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(
        (_OURS, str(importlib.__file__))
    ):
        frame = frame.tb_next
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.tb_next
    return frame or start
