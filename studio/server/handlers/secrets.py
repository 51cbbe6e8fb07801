"""Connections and variables. No handler answers with a secret."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec

from studio.api import models as m
from studio.core.model import ConnectionRow, Variable
from studio.core.names import check_name, nearest, shown
from studio.errors import InvalidInput, NotFound, StudioError
from studio.secrets.connection import Connection, connection_from, connection_of
from studio.server.limits import check_note
from studio.server.request import Request
from studio.server.services import Services

_FIELDS = ("type", "host", "port", "login", "password", "schema", "extra")


async def list_connections(request: Request, services: Services) -> m.ConnectionList:
    rows = await services.store.connections()
    return m.ConnectionList(connections=[await _connection(services, row) for row in rows])


async def get_connection(request: Request, services: Services) -> m.ConnectionInfo:
    name = check_name(request.path["name"], "connection")
    row = await services.store.connection(name)
    if row is None:
        raise await _no_connection(services, name)
    return await _connection(services, row)


async def set_connection(request: Request, services: Services) -> m.ConnectionInfo:
    body: m.SetConnection = request.body
    name = check_name(request.path["name"], "connection")
    check_note(body.description)
    given = {field: value for field in _FIELDS if (value := getattr(body, field)) is not None}
    if body.url is not None:
        made = msgspec.structs.replace(connection_of(body.url), **given)
    elif "type" in given:
        made = connection_from(given)
    else:
        raise InvalidInput(
            "A connection has a url or a type.", hint='For example {"type": "http"}.', field="type"
        )
    async with services.sealing:
        data = await _sealed(services, msgspec.to_builtins(made))
        about = {"name": name, "fields": _set_fields(made)}
        row = await services.store.set_connection(
            ConnectionRow(name, data, description=body.description, updated_at=services.clock.now()),
            services.noted("set_connection", about, actor=request.actor),
        )
    return await _connection(services, row)


async def delete_connection(request: Request, services: Services) -> None:
    name = check_name(request.path["name"], "connection")
    noted = services.noted("delete_connection", {"name": name}, actor=request.actor)
    if not await services.store.delete_connection(name, noted):
        raise await _no_connection(services, name)


async def list_variables(request: Request, services: Services) -> m.VariableList:
    return m.VariableList(variables=[_variable(each) for each in await services.store.variables()])


async def get_variable(request: Request, services: Services) -> m.VariableInfo:
    name = check_name(request.path["name"], "variable")
    found = await services.store.variable(name)
    if found is None:
        raise await _no_variable(services, name)
    return _variable(found)


async def set_variable(request: Request, services: Services) -> m.VariableInfo:
    body: m.SetVariable = request.body
    name = check_name(request.path["name"], "variable")
    check_note(body.description)
    async with services.sealing:
        value = await _sealed(services, body.value) if body.secret else json.dumps(body.value)
        kept = await services.store.set_variable(
            Variable(
                name,
                value,
                secret=body.secret,
                description=body.description,
                updated_at=services.clock.now(),
            ),
            services.noted("set_variable", {"name": name, "secret": body.secret}, actor=request.actor),
        )
    return _variable(kept)


async def delete_variable(request: Request, services: Services) -> None:
    name = check_name(request.path["name"], "variable")
    noted = services.noted("delete_variable", {"name": name}, actor=request.actor)
    if not await services.store.delete_variable(name, noted):
        raise await _no_variable(services, name)


async def rotate_secrets(request: Request, services: Services) -> m.SecretsRotated:
    """The old key is forgotten last: whatever happens in between, everything can be opened."""
    vault, store = services.vault, services.store
    async with services.sealing:
        rows = await store.connections()
        variables = [each for each in await store.variables() if each.secret]
        texts = await asyncio.to_thread(lambda: [vault.open(row.data) for row in rows])
        values = await asyncio.to_thread(lambda: [vault.open(each.value) for each in variables])
        if not rows and not variables:
            return m.SecretsRotated(connections=0, variables=0)
        vault.begin_rotation()
        for row, text in zip(rows, texts, strict=True):
            await store.set_connection(
                ConnectionRow(row.name, vault.seal(text), row.description, row.updated_at)
            )
        for each, text in zip(variables, values, strict=True):
            await store.set_variable(
                Variable(each.name, vault.seal(text), True, each.description, each.updated_at)
            )
        vault.end_rotation()
        about = {"connections": len(rows), "variables": len(variables)}
        await store.note(services.noted("rotate_secrets", about, actor=request.actor))
    return m.SecretsRotated(connections=len(rows), variables=len(variables))


async def _sealed(services: Services, value: Any) -> str:
    store = services.store
    has_secrets = bool(await store.connections()) or any(each.secret for each in await store.variables())
    text = json.dumps(value)
    return await asyncio.to_thread(lambda: services.vault.seal(text, has_secrets=has_secrets))


async def _connection(services: Services, row: ConnectionRow) -> m.ConnectionInfo:
    fields: list[str] = []
    problem = None
    try:
        known = json.loads(await asyncio.to_thread(services.vault.open, row.data))
        made = msgspec.convert(known, Connection)
        fields = _set_fields(made)
    except StudioError as error:
        problem = str(error)
    return m.ConnectionInfo(
        name=row.name, description=row.description, updated_at=row.updated_at, fields=fields, error=problem
    )


def _set_fields(connection: Connection) -> list[str]:
    return [field for field in _FIELDS if getattr(connection, field) not in ("", None, {})]


def _variable(variable: Variable) -> m.VariableInfo:
    return m.VariableInfo(
        name=variable.name,
        value=None if variable.secret else json.loads(variable.value),
        secret=variable.secret,
        description=variable.description,
        updated_at=variable.updated_at,
    )


async def _no_connection(services: Services, name: str) -> NotFound:
    known = [row.name for row in await services.store.connections()]
    return NotFound(f"There is no connection {shown(name)}.", hint=nearest(name, known))


async def _no_variable(services: Services, name: str) -> NotFound:
    known = [each.name for each in await services.store.variables()]
    return NotFound(f"There is no variable {shown(name)}.", hint=nearest(name, known))
