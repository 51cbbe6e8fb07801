"""%%params as the params of a DAG: defaults, and rules from their annotations and comments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.authoring.params import Param
from studio.core.cells.flow import CellFlow
from studio.core.cells.marks import MarkedCell
from studio.core.parameter_cell import TAG, DetectedParameter, detect_parameters
from studio.core.parameter_schema import property_schema, rule_of
from studio.errors import InvalidParameter


def cell_params(flow: CellFlow, cells: Sequence[MarkedCell]) -> dict[str, Any]:
    """By name: the value, or a `Param` where the cell says more than that."""
    detected: dict[str, DetectedParameter] = {}
    for cell in cells:
        if cell.kind == "params":
            tagged = {"cell_type": "code", "metadata": {"tags": [TAG]}, "source": cell.python}
            try:
                detected |= detect_parameters({"cells": [tagged]})
            except InvalidParameter:  # the flow has told it, with its line
                continue
    return {name: _param(value, detected.get(name)) for name, value in flow.params.items()}


def _param(value: Any, detected: DetectedParameter | None) -> Any:
    if detected is None:
        return value
    schema = property_schema(detected)
    rules = rule_of(schema)
    if "description" in schema:
        rules["description"] = schema["description"]
    return Param(value, **rules) if rules else value
