"""Function tasks: import `package.module:name` and call it with keyword arguments.

config: `{"function": "package.module:name", "args": {name: JSON, text may be a template}, "path": [directories]}`.
The runner lives on, so whatever the call changes of the process (path, environment, directory, standard streams,
modules found on its `path`) is put back.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any

from studio.core.names import nearest, shown
from studio.core.parameters import check_value
from studio.core.templating import render_all
from studio.errors import InvalidInput, InvalidParameter, NotFound
from studio.settings import PARSING
from studio.worker.function_modules import forget_stale_modules, remember_modules
from studio.worker.task import Emit, Rendered, TaskRequest, TaskResult, failure
from studio.worker.task_log import TaskLog


def run_function(request: TaskRequest, emit: Emit) -> TaskResult:
    """Run a function task. Errors of the function are a failed result with the tail of its traceback."""
    config = request.config
    path = [os.path.abspath(entry) for entry in config.get("path") or ()]
    arguments = render_all(config.get("args") or {}, request.context, "argument")
    if arguments:
        emit(Rendered(parameters=arguments))
    log = TaskLog(os.path.join(request.directory, "log.txt"))
    with log, _put_back(path, request.env):
        try:
            function = _load(config.get("function"), path)
            value = function(**arguments)
            if inspect.iscoroutine(value):
                value = asyncio.run(value)
            return TaskResult(state="success", value=_json(value, config["function"]))
        except (InvalidInput, NotFound) as error:
            return failure(f"{type(error).__name__}: {error}")
        except BaseException as error:  # the user's SystemExit must not end the runner
            told = _told(error)
            log.write(told)
            head = told.rstrip().rsplit("\n", 1)[-1] if not str(error) else f"{type(error).__name__}: {error}"
            return failure(f"{head}\n{told}")
        finally:
            remember_modules(path)


def _load(name: object, path: list[str]) -> Callable[..., Any]:
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


def _json(value: Any, name: str) -> Any:
    try:
        return check_value(value, f"The value returned by {name}")
    except InvalidParameter as error:
        raise InvalidInput(
            error.message, hint=f"{error.hint or ''} Write large data to a file and return its path.".strip()
        ) from error


@contextmanager
def _put_back(path: list[str], env: dict[str, str]) -> Iterator[None]:
    """Put `path` and `env` into the process, and afterwards everything as it was."""
    saved_path, saved_env = sys.path[:], _environment().copy()
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


def _told(error: BaseException) -> str:
    """The traceback as text, from the user's first frame on."""
    return "".join(traceback.format_exception(type(error), error, _user_frames(error.__traceback__)))


def _user_frames(start: TracebackType | None) -> TracebackType | None:
    frame = start
    while frame is not None and frame.tb_frame.f_code.co_filename in (__file__, importlib.__file__):
        frame = frame.tb_next
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.tb_next
    return frame or start
