"""The notebook that a task executes, as a file."""

from __future__ import annotations

import json
from typing import Any

from studio.core.names import shown
from studio.errors import InvalidInput


def read_notebook(path: str) -> dict[str, Any]:
    """The parsed .ipynb at `path`, checked as far as executing it needs; raises `InvalidInput`."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            notebook = json.load(file)
    except FileNotFoundError:
        raise InvalidInput(f"There is no notebook {shown(path, 300)}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The notebook {shown(path, 300)} cannot be read: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{shown(path, 300)} is not a notebook: it is not JSON ({error}).") from error
    fault = _fault(notebook)
    if fault:
        raise InvalidInput(f"{shown(path, 300)} is not a notebook that can be run: {fault}.")
    return notebook  # type: ignore[no-any-return]


def _fault(notebook: Any) -> str:
    if not isinstance(notebook, dict):
        return "it is not a JSON object"
    if notebook.get("nbformat") != 4:
        version = notebook.get("nbformat")
        if version in (1, 2, 3):
            return f"it has the old notebook format {version}; open it in JupyterLab and save it, which converts it"
        return f"its notebook format is {shown(version)}, not 4"
    if not isinstance(notebook.get("nbformat_minor"), int):
        return "it has no number `nbformat_minor`"
    if not isinstance(notebook.get("metadata"), dict):
        return "its `metadata` is not an object"
    for name in ("kernelspec", "language_info"):
        if not isinstance(notebook["metadata"].get(name, {}), dict):
            return f"its `metadata.{name}` is not an object"
    if not isinstance(notebook.get("cells"), list):
        return "its `cells` are not a list"
    for index, cell in enumerate(notebook["cells"]):
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            return f"cell {index} has no known `cell_type`"
        source, metadata = cell.get("source"), cell.get("metadata")
        is_text = isinstance(source, str) or (
            isinstance(source, list) and all(isinstance(line, str) for line in source)
        )
        if not is_text or not isinstance(metadata, dict) or not isinstance(metadata.get("tags", []), list):
            return f"the `source`, `metadata` or `tags` of cell {index} are malformed"
    return ""
