"""The client has a method for each route, and the method has an argument for each field of the route's body."""

from __future__ import annotations

import inspect

import msgspec
import pytest

from studio.api.openapi import path_parameters
from studio.api.routes import ROUTES, Route
from studio.client import Client, backfill_of

OTHER_NAMES = {"reprocess": "only", "spec": "spec", "digest": "content"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_each_route_is_a_method(route: Route) -> None:
    method = inspect.signature(getattr(Client, route.name))
    wanted = [*path_parameters(route), *route.query]
    fields = [] if route.body is None else [field.name for field in msgspec.structs.fields(route.body)]
    if "body" in method.parameters:
        taken = set(inspect.signature(backfill_of).parameters)
        assert {OTHER_NAMES.get(name, name) for name in fields} == taken
    else:
        wanted += fields
    given = set(method.parameters)
    if route.name == "publish_dag":
        wanted.remove("dag_id")
    assert {OTHER_NAMES.get(name, name) for name in wanted} - given == set()
