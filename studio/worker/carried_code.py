"""Functions that travel with their task: as source, or pickled. Stdlib only, because other environments import it.

config: `{"function": "module:name", …}`, and if no module has it
    {"source": text}                              of a module that defines it
    {"pickled": "3.11", "content": path}          by cloudpickle, of this version of Python
A test in this process has the function itself, as "live": debuggers and coverage know its file.
"""

from __future__ import annotations

import hashlib
import linecache
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from studio.core.names import shown
from studio.errors import InvalidInput, NotFound
from studio.worker.function_modules import forget_stale_modules
from studio.worker.user_code import load


def function_of(config: Mapping[str, Any], path: list[str]) -> Callable[..., Any]:
    """The function of a task. Raises `InvalidInput`, `NotFound`, and whatever its module does at the top level."""
    if "live" in config:
        forget_stale_modules(path)
        return config["live"]  # type: ignore[no-any-return]
    name = config.get("function")
    if "source" in config:
        forget_stale_modules(path)
        return _defined(str(config["source"]), str(name).rpartition(":")[2])
    if "pickled" in config:
        forget_stale_modules(path)
        return _unpickled(str(config.get("content")), str(config["pickled"]), str(name))
    return load(name, path)


def _defined(source: str, name: str) -> Callable[..., Any]:
    """As in a session, the module is `__main__`; tracebacks show its lines."""
    digest = hashlib.sha256(source.encode()).hexdigest()
    filename = f"<source of {name}, {digest[:8]}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)
    function = getattr(module, name, None)
    if not callable(function):
        raise NotFound(f"The source that was published does not define {shown(name)}.")
    return function  # type: ignore[no-any-return]


def _unpickled(content: str, version: str, name: str) -> Callable[..., Any]:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    if own != version:
        raise InvalidInput(
            f"{name} was pickled by Python {version}, and this is Python {own}, which cannot read its code.",
            hint="Write it as a `def` without variables of functions around it: then its source travels.",
        )
    try:
        function = pickle.loads(Path(content).read_bytes())
    except ModuleNotFoundError as error:
        raise NotFound(
            f"{name} needs the module {shown(error.name)}, which is not there.",
            hint="The pickled function needs cloudpickle and all that it uses."
            if error.name == "cloudpickle"
            else None,
        ) from error
    return function  # type: ignore[no-any-return]
