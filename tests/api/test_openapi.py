"""The generated descriptions say what the routes and models say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.api import models as m
from studio.api.openapi import openapi_document, path_parameters
from studio.api.routes import ROUTES, Route
from studio.api.schema import components, wire_types
from studio.api.typescript import typescript
from studio.core.states import TaskState

ROOT = Path(__file__).parents[2]
DOCUMENT = openapi_document()


def _references(value: Any) -> set[str]:
    return set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(value)))


def test_openapi_names_each_route_once() -> None:
    found = [
        (operation["operationId"], method.upper(), path)
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    ]
    assert sorted(found) == sorted((route.name, route.method, route.path) for route in ROUTES)


def test_openapi_references_exist() -> None:
    assert _references(DOCUMENT) <= set(DOCUMENT["components"]["schemas"])


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_openapi_declares_path_query_and_errors(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    parameters = operation.get("parameters", [])
    assert [p["name"] for p in parameters if p["in"] == "path"] == path_parameters(route)
    assert [p["name"] for p in parameters if p["in"] == "query"] == list(route.query)
    assert set(operation["responses"]) == {str(route.status), "default"}
    assert ("requestBody" in operation) == (route.body is not None or route.name == "put_source")


def test_schema_covers_every_wire_type() -> None:
    assert {struct.__name__ for struct in wire_types()} <= set(components())


def test_schema_times_are_date_times() -> None:
    properties = components()["RunSummary"]["properties"]
    assert properties["run_after"] == {"type": "string", "format": "date-time"}
    assert properties["ended_at"]["anyOf"][0] == {"type": "string", "format": "date-time"}


def test_schema_keeps_the_order_of_states() -> None:
    assert components()["TaskState"]["enum"] == [state.value for state in TaskState]


def test_schema_answers_have_no_optional_field_but_requests_do() -> None:
    schemas = components()
    assert set(schemas["ErrorDetail"]["required"]) == set(m.ErrorDetail.__struct_fields__)
    assert schemas["ClearTasks"]["required"] == ["task_ids"]


def test_typescript_exports_every_type_and_route() -> None:
    text = typescript()
    exported = set(re.findall(r"^export (?:type|interface) (\w+)", text, re.MULTILINE))
    assert set(components()) | {"ServerMessage", "ClientMessage", "Operations"} <= exported
    for route in ROUTES:
        assert f"  {route.name}: {{ method: '{route.method}', path: '{route.path}' }}" in text


def test_typescript_tagged_structs_carry_their_literal() -> None:
    text = typescript()
    assert "export interface RunChanged {\n  type: 'run';\n" in text
    assert "export interface CronSpec {\n  type: 'cron';\n" in text


def test_generated_files_are_in_sync() -> None:
    command = [sys.executable, str(ROOT / "scripts/generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stderr) == (0, "")
