"""The notebook behind a notebook task: found, read and judged where the task is defined, read again on publishing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from studio.core.names import shown
from studio.core.parameters import check_notebook_parameters
from studio.errors import InvalidInput

MAX_BYTES = 64 << 20  # a source notebook; outputs that are this large do not belong into one


@dataclass(frozen=True, slots=True)
class NotebookSource:
    """The content of a notebook at one moment."""

    path: Path  # absolute
    content: bytes
    digest: str  # sha256 of the content

    def check(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """`parameters` as JSON if the notebook takes them; raises `InvalidParameter` otherwise."""
        return check_notebook_parameters(
            parameters, parse_notebook(self.path, self.content), f"{self.path.name}"
        )


def resolve(path: str | os.PathLike[str], directory: Path) -> Path:
    """The absolute path of a notebook that a file in `directory` names. Raises `InvalidInput` with the nearest name."""
    try:
        given = Path(path).expanduser()
    except (TypeError, RuntimeError) as error:
        raise InvalidInput(f"The path of a notebook is text, not {shown(path)}.", field="path") from error
    full = Path(os.path.normpath(directory / given))
    if full.suffix != ".ipynb":
        raise InvalidInput(
            f"{shown(str(path))} is no notebook: its name does not end with .ipynb.",
            hint=_near(full),
            field="path",
        )
    if not full.is_file():
        raise InvalidInput(
            f"There is no notebook {shown(str(path))}: looked for {full}.", hint=_near(full), field="path"
        )
    return full


def read(path: Path) -> NotebookSource:
    """The content of a notebook. Raises `InvalidInput` if it cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidInput(
                f"The notebook {path} has more than {MAX_BYTES >> 20} MB.",
                hint="Clear its outputs and save it.",
                field="path",
            )
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"The notebook {path} cannot be read: {error.strerror}.", field="path") from error
    return NotebookSource(path, content, hashlib.sha256(content).hexdigest())


def parse_notebook(path: Path, content: bytes) -> dict[str, Any]:
    """The JSON of a notebook. Raises `InvalidInput` unless it is a notebook of format 4."""
    try:
        notebook = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{path} is no notebook: {error}.",
            hint="Is it still being written? Open and save it in JupyterLab.",
            field="path",
        ) from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise InvalidInput(
            f"{path} is no notebook of format 4: it has no list of cells.",
            hint="Open and save it in JupyterLab.",
            field="path",
        )
    return notebook


def _near(full: Path) -> str:
    """A hint naming what the directory has instead."""
    folder = full.parent
    if not folder.is_dir():
        return f"There is no directory {folder}."
    names = sorted(entry.name for entry in folder.iterdir() if entry.suffix == ".ipynb")
    close = get_close_matches(full.stem + ".ipynb", names, n=1)
    if close:
        return f"Did you mean {shown(close[0])}?"
    if not names:
        return f"There is no notebook in {folder}."
    return f"Notebooks there: {', '.join(names[:8])}{', …' if len(names) > 8 else ''}."
