"""Pools."""

from __future__ import annotations

from typing import Any

from studio.api import models as m
from studio.core.model import Pool
from studio.core.names import check_name, nearest, shown
from studio.errors import NotFound
from studio.server.limits import check_note
from studio.server.request import Request
from studio.server.services import Services


async def list_pools(request: Request, services: Services) -> m.PoolList:
    return m.PoolList(pools=[_info(pool) for pool in await services.store.pools()])


async def set_pool(request: Request, services: Services) -> m.PoolInfo:
    body: m.SetPool = request.body
    name = check_name(request.path["name"], "pool")
    check_note(body.description)
    payload: dict[str, Any] = {"name": name, "slots": body.slots}
    if body.description is not None:
        payload["description"] = body.description
    if body.include_deferred is not None:
        payload["include_deferred"] = body.include_deferred
    await services.command("", "set_pool", payload, actor=request.actor)
    return _info(await _find(services, name))


async def delete_pool(request: Request, services: Services) -> None:
    pool = await _find(services, check_name(request.path["name"], "pool"))
    await services.command("", "delete_pool", {"name": pool.name}, actor=request.actor)


async def _find(services: Services, name: str) -> Pool:
    pools = await services.store.pools()
    for pool in pools:
        if pool.name == name:
            return pool
    raise NotFound(f"There is no pool {shown(name)}.", hint=nearest(name, [pool.name for pool in pools]))


def _info(pool: Pool) -> m.PoolInfo:
    return m.PoolInfo(
        name=pool.name,
        slots=pool.slots,
        used=pool.used,
        free=None if pool.slots < 0 else max(0, pool.slots - pool.used),
        description=pool.description,
        include_deferred=pool.include_deferred,
    )
