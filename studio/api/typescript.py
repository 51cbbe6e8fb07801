"""TypeScript types of the wire, from the same schemas as OpenAPI; committed as `labextension/src/api/schema.ts`."""

from __future__ import annotations

import json
import typing
from typing import Any, Final

from studio.api import models
from studio.api.openapi import path_parameters
from studio.api.routes import ROUTES, STREAM_PATH, Route
from studio.api.schema import REF, Schema, components, schema_of
from studio.core.states import ATTEMPT_TERMINAL, RUN_TERMINAL, TERMINAL, AttemptState, RunState, TaskState

_HEADER: Final = """\
// Generated from studio/api by scripts/generate.py. Do not edit: change the Python models and run `make generate`.
"""

_ENUMS: Final = (
    (TaskState, TERMINAL, "TASK"),
    (RunState, RUN_TERMINAL, "RUN"),
    (AttemptState, ATTEMPT_TERMINAL, "ATTEMPT"),
)


def typescript() -> str:
    """The whole file."""
    schemas = components()
    parts = [_HEADER]
    for enum, terminal, word in _ENUMS:
        values = [member.value for member in enum]
        ended = [member.value for member in enum if member in terminal]
        parts.append(
            f"{_comment(enum.__doc__)}export type {enum.__name__} = {_union(values)};\n"
            f"export const {word}_STATES: readonly {enum.__name__}[] = {_list(values)};\n"
            f"/** The {enum.__name__}s in which nothing more happens by itself. */\n"
            f"export const {word}_TERMINAL: readonly {enum.__name__}[] = {_list(ended)};\n"
        )
        del schemas[enum.__name__]
    parts.extend(_interface(name, schema) for name, schema in schemas.items())
    messages = [message.__name__ for message in typing.get_args(models.ServerMessage)]
    parts.append(
        f"/** Server → client on the stream. */\nexport type ServerMessage = {' | '.join(messages)};\n"
    )
    parts.append(
        f"/** Client → server on the stream. */\nexport type ClientMessage = {models.ClientMessage.__name__};\n"
    )
    parts.append(_routes())
    return "\n".join(parts)


def _interface(name: str, schema: Schema) -> str:
    required = set(schema.get("required", ()))
    lines = [
        f"  {key}{'' if key in required else '?'}: {_type(value)};"
        for key, value in schema.get("properties", {}).items()
    ]
    body = "{\n" + "\n".join(lines) + "\n}" if lines else "{}"
    return f"{_comment(schema.get('description'))}export interface {name} {body}\n"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REF)
    if "anyOf" in schema:
        return " | ".join(_type(part) for part in schema["anyOf"])
    if "enum" in schema:
        return _union(schema["enum"])
    match schema.get("type"):
        case "string":
            return "string"
        case "integer" | "number":
            return "number"
        case "boolean":
            return "boolean"
        case "null":
            return "null"
        case "array" if "prefixItems" in schema:
            return "[" + ", ".join(_type(part) for part in schema["prefixItems"]) + "]"
        case "array":
            item = _type(schema.get("items", {}))  # a list of anything has no items
            return f"({item})[]" if " | " in item else f"{item}[]"
        case "object":
            extra = schema.get("additionalProperties")
            return f"Record<string, {_type(extra) if isinstance(extra, dict) else 'unknown'}>"
    return "unknown"


def _routes() -> str:
    rows = [f"  {route.name}: {{ method: '{route.method}', path: '{route.path}' }}" for route in ROUTES]
    calls = [_call(route) for route in ROUTES]
    return (
        "/** Operation id → method and path; `{name}` is one URL-encoded segment. */\n"
        "export const routes = {\n" + ",\n".join(rows) + "\n} as const;\n\n"
        f"export const STREAM_PATH = '{STREAM_PATH}';\n\n"
        "export type Operation = keyof typeof routes;\n\n"
        "/** What each operation takes and answers with. */\n"
        "export interface Operations {\n" + "\n".join(calls) + "\n}\n"
    )


def _call(route: Route) -> str:
    path = _record([f"{name}: string" for name in path_parameters(route)])
    query = _record([f"{name}?: string | number | undefined" for name in route.query])
    body = "Uint8Array" if route.name == "put_source" else route.body.__name__ if route.body else "undefined"
    return f"  {route.name}: {{ path: {path}; query: {query}; body: {body}; answer: {_answer(route)} }};"


def _answer(route: Route) -> str:
    if route.answer is None:
        return "undefined"
    if route.answer is bytes:
        return "Blob"
    return _type(schema_of(route.answer))


def _record(fields: list[str]) -> str:
    return "{ " + "; ".join(fields) + " }" if fields else "Record<string, never>"


def _union(values: list[Any]) -> str:
    return " | ".join(_literal(value) for value in values)


def _list(values: list[Any]) -> str:
    return "[" + ", ".join(_literal(value) for value in values) + "]"


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


def _comment(text: str | None) -> str:
    if not text:
        return ""
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    return "/**\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"
