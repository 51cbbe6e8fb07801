"""What can be said of a notebook without running it: for forms, for `studio notebook`, for a look before publishing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from studio.core.cell_tags import check_controls
from studio.core.names import shown
from studio.core.notebook_format import parse_notebook
from studio.core.notebook_parameters import NotebookParameters
from studio.core.parameter_cell import language_of, tagged_cells
from studio.core.parameter_schema import Schema, rule_of
from studio.core.params import check_against
from studio.errors import InvalidInput, InvalidParameter

MANY_CELLS: Final = 5000  # more make every view of the notebook slow


@dataclass(frozen=True, slots=True)
class Inspection:
    """`parameters` is the JSON Schema of an object; `kernel_name` None: the notebook names none."""

    language: str
    kernel_name: str | None
    parameters: Schema
    cells: int
    warnings: tuple[str, ...]
    digest: str  # SHA-256

    def with_warning(self, warning: str) -> Inspection:
        """The same, with one more."""
        return replace(self, warnings=(*self.warnings, warning))


def inspection_of(content: bytes, name: str) -> Inspection:
    """Of the bytes of an .ipynb; `name` is what it is called. Raises `NotANotebook` and `InvalidNotebook`."""
    notebook = parse_notebook(content, name)
    parameters = NotebookParameters(notebook, name)
    warnings = [*about_cells(notebook), *_about_controls(notebook), *_about_parameters(notebook)]
    try:
        schema = parameters.schema(name)
    except InvalidParameter as error:
        warnings.append(error.message)
        schema = NotebookParameters({"cells": []}, name).schema(name)
    else:
        warnings += _about_defaults(schema)
    return Inspection(
        language=language_of(notebook),
        kernel_name=notebook["metadata"].get("kernelspec", {}).get("name") or None,
        parameters=schema,
        cells=len(notebook["cells"]),
        warnings=tuple(warnings),
        digest=hashlib.sha256(content).hexdigest(),
    )


def about_cells(notebook: Mapping[str, Any]) -> Iterator[str]:
    """What is odd about the cells of a parsed notebook, which runs all the same; a sentence each."""
    cells = notebook["cells"]
    if not cells:
        yield "The notebook has no cells: a task of it succeeds and does nothing."
    elif not any(cell["cell_type"] == "code" for cell in cells):
        yield "The notebook has no code cells: a task of it succeeds and does nothing."
    if len(cells) > MANY_CELLS:
        yield f"The notebook has {len(cells)} cells, which makes it slow to show."
    seen: set[str] = set()
    for cell in cells:
        cell_id = cell.get("id")
        if isinstance(cell_id, str):
            if cell_id in seen:
                yield (
                    f"Several cells have the id {shown(cell_id)}; open the notebook in JupyterLab and save it, "
                    "which gives each its own."
                )
                return
            seen.add(cell_id)


def _about_controls(notebook: Mapping[str, Any]) -> Iterator[str]:
    try:
        check_controls(notebook["cells"])
    except InvalidInput as error:
        yield f"No task can run it. {error}"


def _about_parameters(notebook: Mapping[str, Any]) -> Iterator[str]:
    tagged = tagged_cells(notebook)
    if not tagged:
        yield "No cell is tagged `parameters`: the notebook takes none."
        return
    if len(tagged) > 1:
        others = ", ".join(str(index) for index in tagged[1:])
        yield f"Several cells are tagged `parameters`: cell {tagged[0]} counts, not cell {others} (counted from 0)."
    if language_of(notebook) != "python":
        yield (
            f"The notebook is in {language_of(notebook)}: its `parameters` cell is not read, and any name is taken."
        )


def _about_defaults(schema: Schema) -> Iterator[str]:
    for name, described in schema["properties"].items():
        if "default" not in described:
            continue
        try:
            check_against(
                described["default"],
                rule_of(described),
                f"The default of the parameter {shown(name)}",
                field=name,
            )
        except InvalidParameter as error:
            yield error.message
