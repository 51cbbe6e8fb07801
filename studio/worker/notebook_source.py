"""The notebook that an attempt executes: which bytes, from where, and the file of them that papermill is given."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from studio.artifacts.local import write_atomically
from studio.artifacts.notebook_files import read_bytes
from studio.artifacts.revisions import read_at_revision
from studio.core.inspection import about_cells
from studio.core.names import nearest, shown
from studio.core.notebook_config import SOURCES
from studio.core.notebook_format import parse_notebook
from studio.errors import InvalidInput

COPY: Final = "source.ipynb"  # in the attempt's directory


@dataclass(frozen=True, slots=True)
class SourceNotebook:
    """A notebook at one moment: `notebook` is what the bytes of the file at `path` say, and they do not change."""

    notebook: dict[str, Any]
    path: str
    record: dict[str, Any]  # for `details["source"]`: mode, path, digest, revision, dirty
    warnings: list[str]


def read_source(config: Mapping[str, Any], directory: str) -> SourceNotebook:
    """The notebook of a task, read once, as its config asks: see `source` in `studio.worker.notebook`.

    `directory` is the attempt's; a notebook that is not a published one is copied there, so that what is checked,
    recorded and executed are the same bytes. `record["dirty"]` says, for "git", whether the file at `path` differs
    now from what is executed (None if there is none). Raises `InvalidInput` that says what cannot be read.
    """
    mode = config.get("source") or "snapshot"
    path = str(config.get("path") or config.get("content") or "")
    if mode == "snapshot":
        return _snapshot(config, path)
    if mode == "latest":
        content = read_bytes(path)
        return _copied(content, directory, _record(mode, path, content))
    if mode == "git":
        found = read_at_revision(path, config.get("revision"))
        dirty = _differs(path, found.content)
        record = _record(mode, path, found.content, revision=found.commit, dirty=dirty)
        return _copied(found.content, directory, record)
    raise InvalidInput(
        f"The source of the notebook {shown(path, 300)} is {shown(mode)}, which there is not.",
        hint=nearest(str(mode), SOURCES),
        field="source",
    )


def _snapshot(config: Mapping[str, Any], path: str) -> SourceNotebook:
    stored, digest = str(config.get("content") or ""), config.get("digest")
    content = read_bytes(stored)
    record = _record("snapshot", path, content)
    if digest is not None and digest != record["digest"]:
        raise InvalidInput(
            f"The stored content of the notebook {shown(path, 300)} was changed: {stored} does not have the hash "
            f"{shown(digest)} any more.",
            hint="Publish the DAG again.",
            field="digest",
        )
    notebook = parse_notebook(content, shown(path, 300))
    return SourceNotebook(notebook, stored, record, list(about_cells(notebook)))


def _copied(content: bytes, directory: str, record: dict[str, Any]) -> SourceNotebook:
    notebook = parse_notebook(content, shown(record["path"], 300))
    copy = os.path.join(directory, COPY)
    write_atomically(Path(copy), content)
    return SourceNotebook(notebook, copy, record, list(about_cells(notebook)))


def _record(
    mode: str, path: str, content: bytes, revision: str | None = None, dirty: bool | None = None
) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"mode": mode, "path": path, "digest": digest, "revision": revision, "dirty": dirty}


def _differs(path: str, content: bytes) -> bool | None:
    try:
        return read_bytes(path) != content
    except InvalidInput:
        return None
