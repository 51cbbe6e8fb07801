"""The notebook behind a notebook task: found, read and judged where the task is defined, read again on publishing."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from studio.artifacts.kernelspecs import kernel_warning
from studio.artifacts.notebook_files import read_bytes
from studio.artifacts.revisions import read_at_revision
from studio.core.cell_tags import check_controls
from studio.core.names import shown
from studio.core.notebook_format import parse_notebook
from studio.core.notebook_parameters import NotebookParameters
from studio.errors import InvalidInput, NotebookNotFound, StudioWarning


@dataclass(frozen=True, slots=True)
class NotebookSource:
    """The content of a notebook at one moment."""

    path: Path  # absolute
    content: bytes
    digest: str  # sha256 of the content

    def check(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """`parameters` as JSON if the notebook takes them; raises `InvalidParameter` otherwise.

        And `InvalidInput` if a cell has a tag that no run would understand.
        """
        check_controls(parse_notebook(self.content, str(self.path))["cells"])
        return self._parameters().check_written(parameters)

    def check_names(self, names: Iterable[str]) -> None:
        """Raise `InvalidParameter` unless the notebook takes parameters of these names."""
        self._parameters().check_names(dict.fromkeys(names))

    def check_required(self, names: Iterable[str]) -> None:
        """Raise `InvalidParameter` if a parameter without a value in the notebook is not among `names`."""
        self._parameters().check_required(names)

    def warn_of_kernel(self, name: str | None) -> None:
        """Warn if the kernel `name`, by default the notebook's own, is not installed here; a worker may have it."""
        notebook = parse_notebook(self.content, str(self.path))
        text = kernel_warning(name or notebook["metadata"].get("kernelspec", {}).get("name"))
        if text is not None:
            warnings.warn(f"{self.path.name}: {text}", StudioWarning, stacklevel=2)

    def _parameters(self) -> NotebookParameters:
        return NotebookParameters(parse_notebook(self.content, str(self.path)), self.path.name)


def resolve(path: str | os.PathLike[str], directory: Path, *, is_there: bool = True) -> Path:
    """The absolute path of a notebook that a file in `directory` names.

    `is_there`: unless it is of a git revision, which may have what the directory does not. Raises `InvalidInput` with
    the nearest name.
    """
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
    if is_there and not full.exists():
        raise NotebookNotFound(
            f"There is no notebook {shown(str(path))}: looked for {full}.", hint=_near(full), field="path"
        )
    return full


def read(path: Path, revision: str | None = None) -> NotebookSource:
    """The content of a notebook as of now, or of a git revision. Raises `InvalidInput` if it cannot be read."""
    content = read_bytes(str(path)) if revision is None else read_at_revision(str(path), revision).content
    return NotebookSource(path, content, hashlib.sha256(content).hexdigest())


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
