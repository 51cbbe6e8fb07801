"""Which code a task runs, as a hash: its own, and that of the modules beside it, as far as they import each other.

Read, never imported. What is installed does not count: its version is part of the environment, which people change
knowingly (`Cache(version=…)`).
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path


def digest_of_module(name: str, path: Sequence[str]) -> str:
    """Of the module `package.module`: of its file, wherever it is, and of what it imports from `path`."""
    file = _on_path(name, path) or _installed(name)
    found = {name: file.read_bytes()} if file is not None else {}
    for content in list(found.values()):
        _follow(content.decode("utf-8", "replace"), name, path, found)
    return _digest(found)


def digest_of_source(source: str, path: Sequence[str]) -> str:
    """Of source text, and of what it imports from `path`."""
    found = {"": source.encode()}
    _follow(source, "", path, found)
    return _digest(found)


def _follow(source: str, module: str, path: Sequence[str], found: dict[str, bytes]) -> None:
    """Add to `found` what `source` imports from `path`, and what that imports."""
    waiting = [(source, module)]
    while waiting:
        text, where = waiting.pop()
        for name in _imports(text, where):
            if name in found or (file := _on_path(name, path)) is None:
                continue
            found[name] = file.read_bytes()
            waiting.append((found[name].decode("utf-8", "replace"), name))


def _imports(source: str, module: str) -> Iterator[str]:
    """Names of modules, and what may be names of modules; also of those packages that they are in."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_packages(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # from where the module is, whether it is a package or not
                parts = module.split(".")
                for above in (parts[: len(parts) - node.level], parts[: len(parts) - node.level + 1]):
                    start = ".".join([*above, *([base] if base else [])])
                    yield from _with_packages(start)
                    yield from (f"{start}.{alias.name}".strip(".") for alias in node.names)
            else:
                yield from _with_packages(base)
                yield from (f"{base}.{alias.name}" for alias in node.names)


def _with_packages(name: str) -> Iterator[str]:
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])


def _on_path(name: str, path: Sequence[str]) -> Path | None:
    if not name or not all(part.isidentifier() for part in name.split(".")):
        return None
    relative = name.replace(".", "/")
    for directory in path:
        for candidate in (f"{relative}.py", f"{relative}/__init__.py"):
            file = Path(directory, candidate)
            if file.is_file():
                return file
    return None


def _installed(name: str) -> Path | None:
    """Found without importing the packages that it is in."""
    search: list[str] | None = None
    origin = None
    for part in name.split("."):
        spec = PathFinder.find_spec(part, search)
        if spec is None:
            return None
        origin, search = spec.origin, list(spec.submodule_search_locations or ())
    return Path(origin) if origin and os.path.isfile(origin) else None


def _digest(found: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(f"{name}\0{hashlib.sha256(found[name]).hexdigest()}\n".encode())
    return digest.hexdigest()
