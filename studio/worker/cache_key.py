"""The key of a result: everything that it is said to depend on, as one hash.

Code, arguments as they are after templating, the values of the tasks directly before (which the code may load), what is
not secret of the connections and variables that the task has, and the version that its author gave. Values that are
files count by their content.

Secrets do not count, not even as a hash: a key is a file name that many can read, and a password that is guessed could
be tried against it. And a new password for the same database is no reason to compute everything again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, Final

from studio._version import __version__
from studio.artifacts.notebook_files import read_bytes
from studio.artifacts.revisions import read_at_revision
from studio.core.templating import TemplateError
from studio.errors import StudioError
from studio.operators.finding import ENTRY_POINTS
from studio.secrets.masking import Masker
from studio.values.reference import reference_in
from studio.worker.arguments import arguments_of
from studio.worker.attempt_values import as_json
from studio.worker.code_digest import digest_of_module, digest_of_source
from studio.worker.task import TaskRequest
from studio.worker.user_code import absolute

FORMAT: Final = 1
_HIDDEN: Final = "•"
#: Of the config: what counts otherwise, or is about this attempt only.
_LEFT_OUT: Final = frozenset(
    {"args", "parameters", "content", "live", "environments", "source", "digest", "path"}
)


def key_of(request: TaskRequest) -> str:
    """64 hexadecimal digits. Raises `StudioError` and `OSError` for code or arguments that cannot be had."""
    config = request.config
    context = request.context
    parts = {
        "format": FORMAT,
        "kind": request.kind,
        "code": code_digest(request),
        "config": {name: value for name, value in config.items() if name not in _LEFT_OUT},
        "arguments": _arguments(request),
        "inputs": {name: context.get(name) or {} for name in ("outputs", "saved")},
        "params": context.get("params") or {} if request.kind == "operator" else {},
        "connections": {name: _identity(each) for name, each in request.secrets.connections.items()},
        "variables": request.secrets.variables,
        "version": request.cache.version if request.cache is not None else "",
    }
    hidden = request.secrets.hidden
    return digest_of(Masker(hidden).value(parts), hidden)  # short ones, too, which the masker leaves


def digest_of(parts: Any, hidden: tuple[str, ...] = ()) -> str:
    """Of JSON, whatever the order of the keys in its dicts. `hidden`: texts that do not count."""
    text = json.dumps(_plain(parts, sorted(hidden, key=len, reverse=True)), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def code_digest(request: TaskRequest) -> str:
    """Of what the task runs. Raises `StudioError` and `OSError`."""
    config = request.config
    path = absolute(config.get("path")) if request.kind != "notebook" else []
    if request.kind == "notebook":
        return notebook_digest(config)
    name = str(config.get("operator") if request.kind == "operator" else config.get("function"))
    if "source" in config:
        return digest_of_source(str(config["source"]), path)
    if "pickled" in config:
        return str(config.get("digest"))
    if ":" in name:
        return digest_of_module(name.partition(":")[0], path)
    return f"{name} {_version(name)}"


def notebook_digest(config: Mapping[str, Any]) -> str:
    """Of the bytes that run."""
    match config.get("source") or "snapshot":
        case "snapshot":
            return str(config.get("digest"))
        case "git":
            content = read_at_revision(str(config.get("path")), config.get("revision")).content
        case _:
            content = read_bytes(str(config.get("path")))
    return hashlib.sha256(content).hexdigest()


def _arguments(request: TaskRequest) -> dict[str, Any]:
    written = request.config.get("parameters" if request.kind == "notebook" else "args") or {}
    if request.kind != "operator":
        return arguments_of(written, request.context, "argument", as_json)
    found = arguments_of({}, request.context, "argument", as_json)  # those that are mapped
    for name, value in written.items():
        try:
            found |= arguments_of({name: value}, {**request.context, "mapped_args": {}}, "argument", as_json)
        except TemplateError:  # verbatim text need not be a template
            found[name] = value
    return found


def _identity(connection: Mapping[str, Any]) -> dict[str, Any]:
    """Where it leads to, and as whom."""
    return {name: connection.get(name) for name in ("type", "host", "port", "schema", "login")}


def _version(operator: str) -> str:
    """Of the distribution that has it."""
    for point in entry_points(group=ENTRY_POINTS, name=operator):
        if point.dist is not None:
            return f"{point.dist.name} {point.dist.version}"
    return __version__


def _plain(value: Any, hidden: list[str]) -> Any:
    """As JSON that says the same about equal values: files by content, secrets by nothing."""
    if isinstance(value, str):
        for text in hidden:
            value = value.replace(text, _HIDDEN) if text else value
        return value
    if isinstance(value, Mapping):
        if (reference := reference_in(dict(value))) is not None:
            return {"$value": reference.digest, "format": reference.format, "type": reference.type}
        return {str(name): _plain(item, hidden) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, hidden) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise StudioError(f"An argument of the type {type(value).__name__} cannot be part of a key.")
