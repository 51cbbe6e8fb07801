"""JSON Schema of everything on the wire: what OpenAPI and the TypeScript types are both made from."""

from __future__ import annotations

import datetime
import types
import typing
from enum import Enum
from typing import Any, Final

import msgspec

from studio.api import models
from studio.core.spec import DagSpec
from studio.core.states import AttemptState, RunState, TaskState

Schema = dict[str, Any]

REF: Final = "#/components/schemas/"

_ENUMS: Final[tuple[type[Enum], ...]] = (TaskState, RunState, AttemptState)


def wire_types() -> list[type[msgspec.Struct]]:
    """Every struct of `studio.api.models`, and the spec."""
    found = [
        value
        for value in vars(models).values()
        if isinstance(value, type)
        and issubclass(value, msgspec.Struct)
        and value.__module__.startswith(models.__name__)
        and value not in (models.Model, models.Body)
    ]
    return [*found, DagSpec]


def components() -> dict[str, Schema]:
    """Name → JSON Schema. What msgspec says, and what it leaves out: formats, the order of enums, sent defaults."""
    _, found = msgspec.json.schema_components([*wire_types(), *_ENUMS], ref_template=REF + "{name}")
    schemas: dict[str, Schema] = dict(found)
    for enum in _ENUMS:
        schemas[enum.__name__]["type"] = "string"
        schemas[enum.__name__]["enum"] = [member.value for member in enum]
    for struct in _structs():
        _complete(schemas[struct.__name__], struct)
    return schemas


def schema_of(annotation: Any) -> Schema:
    """The schema of an answer: a reference for a struct."""
    (schema,), _ = msgspec.json.schema_components([annotation], ref_template=REF + "{name}")
    return dict(schema)


def _structs() -> list[type[msgspec.Struct]]:
    """The wire types and the structs that they hold."""
    seen: dict[type[msgspec.Struct], None] = {}
    todo: list[Any] = list(wire_types())
    while todo:
        entry = todo.pop(0)
        if isinstance(entry, type) and issubclass(entry, msgspec.Struct):
            if entry not in seen:
                seen[entry] = None
                todo.extend(typing.get_type_hints(entry).values())
        else:
            todo.extend(typing.get_args(entry))
    return list(seen)


def _complete(schema: Schema, struct: type[msgspec.Struct]) -> None:
    """Formats of times; an answer's fields are all sent, whether they have a default or not."""
    for name, annotation in typing.get_type_hints(struct).items():
        if _holds_time(annotation):
            field = schema["properties"][name]
            for part in field.get("anyOf", [field]):
                if part.get("type") == "string":
                    part["format"] = "date-time"
    if _is_answer(struct):
        schema["required"] = list(schema["properties"])
        for field in schema["properties"].values():
            field.pop("default", None)


def _is_answer(struct: type[msgspec.Struct]) -> bool:
    return issubclass(struct, models.Model) or struct in typing.get_args(models.ServerMessage)


def _holds_time(annotation: Any) -> bool:
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return datetime.datetime in typing.get_args(annotation)
    return annotation is datetime.datetime
