"""The files that a task says it makes: they have to be there when it has succeeded."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable
from typing import Any, Final

from studio.core.names import nearest, shown
from studio.errors import StudioError

_MOST: Final = 1000  # files of one task that are recorded
_NEARBY: Final = 8  # names shown of what was found instead


class OutputMissing(StudioError):
    """The task succeeded, but a file that it declares as its output is not there."""

    code = "output_missing"


def record_outputs(declared: Iterable[str], folder: str) -> list[dict[str, Any]]:
    """`{"path": relative to `folder` if in it, "size": bytes, "digest": SHA-256}` of the declared files, each once.

    A path with `*`, `?` or `[` stands for at least one file; `**` for folders at any depth. Of a folder the size is
    that of its files, and it has no digest. Raises `OutputMissing` that says what was found near.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in declared:
        matching = _matching(path, folder)
        if not matching:
            raise _missing(path, folder)
        for each in matching[: _MOST - len(found)]:
            name = os.path.relpath(each, folder) if _is_in(each, folder) else each
            found[name] = {"path": name, **_measured(each)}
    return list(found.values())


def _matching(path: str, folder: str) -> list[str]:
    full = os.path.join(folder, path)
    if os.path.exists(full):  # also if its name has a bracket
        return [full]
    if not glob.has_magic(path):
        return []
    pattern = os.path.join(glob.escape(folder), path) if not os.path.isabs(path) else path
    return sorted(glob.glob(pattern, recursive=True))


def _measured(path: str) -> dict[str, Any]:
    if os.path.isdir(path):
        files = (os.path.join(at, name) for at, _, names in os.walk(path) for name in names)
        return {"size": sum(os.path.getsize(file) for file in files if os.path.isfile(file)), "digest": None}
    if not os.path.isfile(path):  # a pipe, a device: there is nothing to read to its end
        return {"size": None, "digest": None}
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return {"size": size, "digest": digest.hexdigest()}


def _missing(path: str, folder: str) -> OutputMissing:
    above = os.path.dirname(os.path.join(folder, path)) or folder
    while not os.path.isdir(above) and above != os.path.dirname(above):
        above = os.path.dirname(above)
    names = sorted(os.listdir(above)) if os.access(above, os.R_OK) else []
    shown_names = [name for name in names if not name.startswith(".")]
    more = f" and {len(shown_names) - _NEARBY} more" if len(shown_names) > _NEARBY else ""
    inside = f"holds {', '.join(shown_names[:_NEARBY])}{more}" if shown_names else "is empty"
    what = "No file matches" if glob.has_magic(path) else "There is no"
    return OutputMissing(
        f"{what} {shown(path, 300)}, which the task declares as its output. The folder {above} {inside}.",
        hint=nearest(os.path.basename(path), shown_names)
        if not glob.has_magic(path) and shown_names
        else None,
    )


def _is_in(path: str, folder: str) -> bool:
    return os.path.commonpath([os.path.abspath(path), os.path.abspath(folder)]) == os.path.abspath(folder)
