"""The bytes of an .ipynb as a notebook of format 4, checked as far as executing it needs.

The same rules hold where a task is defined, where a server is asked about a file, and before a kernel starts.
"""

from __future__ import annotations

import json
from typing import Any, Final

from studio.core.names import shown
from studio.errors import InvalidNotebook, NotANotebook

_OLD_FORMATS: Final = (1, 2, 3)


def parse_notebook(content: bytes, name: str) -> dict[str, Any]:
    """The JSON of a notebook; `name` is how errors call it.

    Raises `NotANotebook` for what is no JSON (with line and column) and `InvalidNotebook` for other JSON.
    """
    if not content.strip():
        raise NotANotebook(
            f"{name} is not a notebook: the file is empty.",
            hint="Is it still being written? Open and save it in JupyterLab.",
            field="path",
        )
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotANotebook(
            f"{name} is not a notebook: it is not UTF-8 text (byte {error.start}).", field="path"
        ) from error
    except (ValueError, RecursionError) as error:
        raise NotANotebook(
            f"{name} is not a notebook: it is not JSON ({error}).",
            hint="Is it still being written? Open and save it in JupyterLab.",
            field="path",
        ) from error
    fault = _fault(notebook)
    if fault:
        raise InvalidNotebook(f"{name} is not a notebook that can be run: {fault}.", field="path")
    return notebook  # type: ignore[no-any-return]


def _fault(notebook: Any) -> str:
    if not isinstance(notebook, dict):
        return "it is not a JSON object"
    fault = _format_fault(notebook) or _metadata_fault(notebook.get("metadata"))
    if fault:
        return fault
    if not isinstance(notebook.get("cells"), list):
        return "its `cells` are not a list"
    found = (_cell_fault(index, cell) for index, cell in enumerate(notebook["cells"]))
    return next(filter(None, found), "")


def _format_fault(notebook: dict[str, Any]) -> str:
    version, minor = notebook.get("nbformat"), notebook.get("nbformat_minor")
    if version in _OLD_FORMATS:
        return (
            f"it has the old notebook format {version}; open it in JupyterLab and save it, which converts it"
        )
    if version != 4 or isinstance(version, bool):
        return f"its notebook format is {shown(version)}, not 4; open it in JupyterLab and save it"
    if not isinstance(minor, int) or isinstance(minor, bool):
        return "it has no number `nbformat_minor`"
    return ""


def _metadata_fault(metadata: Any) -> str:
    if not isinstance(metadata, dict):
        return "its `metadata` is not an object"
    for name in ("kernelspec", "language_info"):
        part = metadata.get(name, {})
        if not isinstance(part, dict):
            return f"its `metadata.{name}` is not an object"
        for field in ("name", "language"):
            if not _is_text(part.get(field) or ""):
                return f"its `metadata.{name}.{field}` is not text"
    return ""


def _is_text(value: Any) -> bool:
    """Whether it is text that can be written anywhere: JSON can hold half a character (a lone surrogate)."""
    return isinstance(value, str) and value.encode(errors="replace").decode() == value


def _cell_fault(index: int, cell: Any) -> str:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return f"cell {index} has no known `cell_type`"
    source, metadata = cell.get("source"), cell.get("metadata")
    is_text = isinstance(source, str) or (
        isinstance(source, list) and all(isinstance(line, str) for line in source)
    )
    if not is_text or not isinstance(metadata, dict) or not isinstance(metadata.get("tags", []), list):
        return f"the `source`, `metadata` or `tags` of cell {index} are malformed"
    outputs = cell.get("outputs", [])
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        return f"the `outputs` of cell {index} are malformed"
    return ""
