"""The parameters of a notebook task of a DAG, for the form that starts a run: cell and DAG say their parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from studio.core.notebook_parameters import is_filled_in
from studio.core.parameter_schema import INFERRED, Schema
from studio.core.spec import DagSpec, TaskSpec

#: A value that is the param of a run and nothing else; the run's form sets it.
_PARAM: Final = re.compile(
    r"\{\{-?\s*params\.([^\W\d]\w*)\s*-?\}\}|\{\{-?\s*params\[(['\"])([^\W\d]\w*)\2\]\s*-?\}\}"
)
FROM_PARAM: Final = "x-studio-param"
FILLED_IN: Final = "x-studio-filled-in"


def task_parameters_schema(schema: Schema, dag: DagSpec, task: TaskSpec) -> Schema:
    """The notebook's own `schema` with what the DAG gives to the parameters.

    A property whose value is one param of the run (`{{ params.day }}`) has that param's name as `x-studio-param`, its
    default, and its rules over those of the cell. One that is filled in otherwise when the task runs is `readOnly` and
    shows how (`x-studio-filled-in`). Any other given value is the default.
    """
    given: Mapping[str, Any] = task.config.get("parameters") or {}
    properties = {
        name: _described(described, given[name], dag, task) if name in given else described
        for name, described in schema["properties"].items()
    }
    for name in given:  # of a language whose cells cannot be read
        if name not in properties:
            properties[name] = _described({"title": name}, given[name], dag, task)
    required = [name for name in schema["required"] if name not in given]
    return {**schema, "properties": properties, "required": required}


def _described(described: Schema, value: Any, dag: DagSpec, task: TaskSpec) -> Schema:
    param = _param_of(value)
    if param is not None:
        return _with_param(described, param, dag, task)
    rest = {key: part for key, part in described.items() if key != "default"}
    if is_filled_in(value):
        return {**rest, "readOnly": True, FILLED_IN: value}
    return {**rest, "default": value}


def _with_param(described: Schema, param: str, dag: DagSpec, task: TaskSpec) -> Schema:
    schema = {**dag.param_schemas, **task.param_schemas}.get(param, {})
    values = {**dag.params, **task.params}
    merged = {**{key: part for key, part in described.items() if key != "default"}, **schema}
    if "type" in schema:
        merged.pop(INFERRED, None)
    if param in values:
        merged["default"] = values[param]
    return {**merged, FROM_PARAM: param}


def _param_of(value: Any) -> str | None:
    match = _PARAM.fullmatch(value.strip()) if isinstance(value, str) else None
    return None if match is None else match[1] or match[3]
