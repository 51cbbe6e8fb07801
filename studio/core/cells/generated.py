"""The notebook that runs as a task of marked cells.

Its cells: %%setup, the `parameters` (tagged for papermill), hidden ones that load what other tasks give, the body, and
hidden ones that keep what other tasks read. A body has the lines of the user's cell, its magic line as a comment, so
that line 7 of an error is line 7 of the cell. Ids and hidden cells do not depend on where a cell stands: moving one
makes no new version of the DAG.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from studio.core.cells.flow import CellFlow, TaskFlow, flow_of
from studio.core.cells.marks import MarkedCell, read_cell
from studio.core.cells.passing import Passing, passing_of
from studio.core.hidden_cells import HIDDEN_TAG
from studio.core.parameter_cell import TAG
from studio.core.template_names import DATES

#: Marks the cells that the user did not write.

_CLASS: Final = re.compile(r"\bclass\b|\b(namedtuple|NamedTuple|\w*Enum|\w*Flag|make_dataclass|type)\(")


def task_notebook(
    flow: CellFlow, task: TaskFlow, cell: MarkedCell, passing: Passing, metadata: Mapping[str, Any]
) -> bytes:
    """The notebook of `task`, whose body is `cell`, as the bytes of an .ipynb.

    `metadata`: of the notebook that holds the cell; its kernel is taken over.
    """
    made = [_code(f"setup-{n}", as_code(setup)) for n, setup in enumerate(flow.setup, start=1)]
    parameters = _parameters(flow, task, passing)
    if parameters:
        made.append(_code("parameters", "\n".join(parameters), TAG, HIDDEN_TAG))
    if inputs := _inputs(flow, task, passing):
        made.append(_code("inputs", "\n".join(inputs), HIDDEN_TAG))
    made.append(_code("task", as_code(cell)))
    if outputs := _outputs(task, passing):
        made.append(_code("outputs", "\n".join(outputs), HIDDEN_TAG))
    kernel = {name: metadata[name] for name in ("kernelspec", "language_info") if name in metadata}
    notebook = {"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True).encode()


def marked_cells(document: Mapping[str, Any]) -> list[MarkedCell]:
    """The code cells of a notebook, in order, counted from 0."""
    sources = [cell.get("source", "") for cell in document["cells"] if cell.get("cell_type") == "code"]
    texts = [source if isinstance(source, str) else "".join(source) for source in sources]
    return [read_cell(text, index) for index, text in enumerate(texts)]


def made_of(document: Mapping[str, Any], task_id: str) -> bytes | None:
    """What a task of the marked cells of a notebook would run now; None if there is no such task."""
    cells = marked_cells(document)
    flow = flow_of(cells)
    passing, _ = passing_of(flow, cells)
    for task in flow.tasks:
        if task.id == task_id:
            return task_notebook(flow, task, cells[task.cell], passing[task_id], document["metadata"])
    return None


def parameters_of(flow: CellFlow, task: TaskFlow) -> dict[str, Any]:
    """What the notebook of `task` is given: templates of the params and names of the run's context that it reads."""
    found = {name: "{{ params." + name + " }}" for name in task.params}
    return found | {name: "{{ " + name + " }}" for name in task.context}


def as_code(cell: MarkedCell) -> str:
    """The source with its magic as a comment: as many lines as before.

    Before a body that begins with a cell magic, such as %%time, the lines are empty: nothing else may stand there.
    """
    lines = cell.source.split("\n")
    head = [""] * (cell.body_line - 1)
    if head and not cell.body.lstrip().startswith("%%"):
        head = ["#" for _ in head]  # IPython would take empty lines away, and count without them
        head[-1] = f"# %%{cell.kind} {cell.name}".rstrip()
    return "\n".join([*head, *lines[cell.body_line - 1 :]])


def _parameters(flow: CellFlow, task: TaskFlow, passing: Passing) -> list[str]:
    lines = []
    for name in task.params:
        annotation = flow.param_annotations.get(name)
        lines.append(
            f"{name}: {annotation} = {flow.params[name]!r}"
            if annotation
            else f"{name} = {flow.params[name]!r}"
        )
    given = dict.fromkeys([*task.context, *(each.variable for each in passing.over)])
    return [*lines, *(f"{name} = None" for name in given if name not in task.params)]


def _inputs(flow: CellFlow, task: TaskFlow, passing: Passing) -> list[str]:
    dates = [name for name in task.context if name in DATES]
    lines = [f"{name} = _cells.moment({name})" for name in dates]
    if (passing.loads or passing.keeps or passing.returns) and any(
        _makes_classes(cell) for cell in flow.setup
    ):
        said = "\n".join(cell.body for cell in flow.setup)
        lines.append(
            f"_cells.share_classes(globals(), {_text(hashlib.sha256(said.encode()).hexdigest()[:16])})"
        )
    if lines:
        lines.insert(0, "import studio.values.cells as _cells")
    if passing.loads:
        lines.append("import studio as _studio")
    return lines + [
        f"{given.name} = _studio.load({_text(given.by)}, {_text(given.name)})" for given in passing.loads
    ]


def _makes_classes(cell: MarkedCell) -> bool:
    return bool(_CLASS.search(cell.python))


def _outputs(task: TaskFlow, passing: Passing) -> list[str]:
    lines = []
    if passing.keeps:
        names = ", ".join(f"{_text(name)}: {_texts(readers)}" for name, readers in passing.keeps.items())
        lines.append(f"_cells.give({_text(task.id)}, globals(), {{{names}}})")
    if passing.returns:
        call = "give_item" if passing.is_mapped else "give_items"
        lines.append(f"_cells.{call}({_text(task.id)}, globals(), {_text(passing.returns)})")
    return ["import studio.values.cells as _cells", *lines] if lines else []


def _code(cell_id: str, source: str, *tags: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": list(tags)} if tags else {}
    if HIDDEN_TAG in tags:
        metadata["jupyter"] = {"source_hidden": True}
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def _text(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _texts(names: Iterable[str]) -> str:
    return "[" + ", ".join(map(_text, names)) + "]"
