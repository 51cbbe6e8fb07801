"""The OpenAPI 3.1 document, made from `ROUTES` and the models. `docs/openapi.json` is a committed copy."""

from __future__ import annotations

import re
from typing import Any, Final

from studio._version import __version__
from studio.api.models import ErrorAnswer
from studio.api.routes import ROUTES, Route
from studio.api.schema import REF, Schema, components, schema_of

_QUERY: Final[dict[str, Schema]] = {
    "runs": {"type": "integer", "minimum": 0, "maximum": 100, "description": "Newest runs per DAG."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 500, "description": "Entries per page."},
    "before": {"type": "string", "description": "`next` of the page before."},
    "state": {"type": "string", "description": "Run states, separated by commas."},
    "list_backfills.state": {
        "type": "string",
        "description": "Separated by commas: running, paused, cancelled, done.",
    },
    "type": {
        "type": "string",
        "description": "Run types, separated by commas: scheduled, manual, backfill, asset, operator.",
    },
    "since": {
        "type": "string",
        "description": "Runs for this ISO 8601 date or later; without offset in the DAG's zone, or UTC.",
    },
    "until": {"type": "string", "description": "Runs for dates before this one."},
    "list_days.since": {
        "type": "string",
        "description": "A year before `until` without it; in the DAG's zone.",
    },
    "list_days.until": {"type": "string", "description": "Tomorrow without it; in the DAG's zone."},
    "dag_id": {"type": "string", "description": "Only of this DAG."},
    "actor": {"type": "string", "description": "Only what this one asked for."},
    "backfill": {"type": "integer", "minimum": 1, "description": "Only runs of this backfill."},
    "count": {
        "type": "integer",
        "minimum": 1,
        "maximum": 100,
        "description": "Runs to look ahead; 5 without it.",
    },
    "asset": {"type": "string", "description": "The name of an asset; without it, all."},
    "version": {"type": "string", "description": "Content hash of a version; without it, the current one."},
    "map_index": {
        "type": "integer",
        "minimum": -1,
        "description": "-1 (and without it) for a task that is not mapped.",
    },
    "format": {"type": "string", "enum": ["html", "pdf"], "description": "Without it, html."},
    "try_number": {"type": "integer", "minimum": 1, "description": "Without it, the latest."},
    "level": {
        "type": "string",
        "enum": ["debug", "info", "warning", "error", "critical"],
        "description": "Records of this level and above.",
    },
    "source": {"type": "string", "description": "stdout, stderr, studio, kernel, or the name of a logger."},
    "search": {"type": "string", "description": "Part of the text, in upper or lower case."},
    "after": {
        "type": "integer",
        "minimum": 0,
        "description": "Records from this byte on; the first of them.",
    },
    "get_log.before": {
        "type": "integer",
        "minimum": 0,
        "description": "Records that stand before this byte.",
    },
    "tail": {
        "type": "integer",
        "minimum": 1,
        "maximum": 5000,
        "description": "The last of the records, so many; without it and `after`, 1000.",
    },
}


def openapi_document() -> dict[str, Any]:
    """The whole document as JSON values."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pipeline Studio",
            "version": __version__,
            "description": "The API of the studio server. It listens on this machine only and wants a token.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`Authorization: token …` is taken too.",
                }
            },
            "schemas": components(),
        },
    }


def path_parameters(route: Route) -> list[str]:
    """The names in `{…}` of a route's path, in order."""
    return re.findall(r"\{(\w+)\}", route.path)


def _query(route: Route, name: str) -> Schema:
    return dict(_QUERY.get(f"{route.name}.{name}") or _QUERY[name])


def _operation(route: Route) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in path_parameters(route)
    ]
    parameters += [{"name": name, "in": "query", "schema": _query(route, name)} for name in route.query]
    operation: dict[str, Any] = {"operationId": route.name, "summary": route.summary}
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        schema = {"$ref": REF + route.body.__name__}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif route.name == "put_source":
        binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
    operation["responses"] = {str(route.status): _answer(route), "default": _error()}
    return operation


def _answer(route: Route) -> dict[str, Any]:
    if route.answer is None:
        return {"description": "Done."}
    if route.answer is bytes:
        return {
            "description": "The file.",
            "content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in route.media},
        }
    return {"description": "Done.", "content": {"application/json": {"schema": schema_of(route.answer)}}}


def _error() -> dict[str, Any]:
    return {
        "description": "Refused, or failed.",
        "content": {"application/json": {"schema": {"$ref": REF + ErrorAnswer.__name__}}},
    }
