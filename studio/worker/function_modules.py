"""Modules of users in a process that lives on: an edited file is imported again, one DAG never sees another's.

A module counts as a user's if its file lies under the `path` of the task that imported it. Modules of installed
packages stay.
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Seen:
    """What this process has imported for tasks. `sys.modules` is one per process, so its memory is too."""

    path: list[str] = field(default_factory=list)
    stamps: dict[str, tuple[str, int, int]] = field(default_factory=dict)  # module -> file, mtime in ns, size
    modules: set[str] = field(default_factory=set)  # every name in sys.modules when last looked


_seen = _Seen()


def forget_stale_modules(path: list[str]) -> None:
    """Drop users' modules from `sys.modules` if they came from another path or if a file of theirs has changed.

    One changed file drops them all: a module that imported the changed one holds its old contents.
    """
    if _seen.stamps and (path != _seen.path or any(_stamp(s[0]) != s for s in _seen.stamps.values())):
        for name in _seen.stamps:
            sys.modules.pop(name, None)
            _seen.modules.discard(name)  # else another module that came meanwhile would make up for it below
            sys.path_importer_cache.clear()
        _seen.stamps.clear()
        importlib.invalidate_caches()
    if path != _seen.path:
        importlib.invalidate_caches()  # a file written a moment ago is not in the finder's listing
        _seen.path = list(path)
    if path and len(_seen.modules) != len(sys.modules):
        _seen.modules = set(sys.modules)


def remember_modules(path: list[str]) -> None:
    """Note which modules the task brought in from `path`."""
    if not path or len(sys.modules) == len(_seen.modules):
        return
    roots = tuple(os.path.join(entry, "") for entry in path)
    for name in set(sys.modules) - _seen.modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file and os.path.abspath(file).startswith(roots) and "site-packages" not in file:
            stamp = _stamp(file)
            if stamp is not None:
                _seen.stamps[name] = stamp
    _seen.modules = set(sys.modules)


def _stamp(file: str) -> tuple[str, int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return file, status.st_mtime_ns, status.st_size
