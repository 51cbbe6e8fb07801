"""Versions of a DAG."""

from __future__ import annotations

import asyncio

from studio.api import models as m
from studio.core.model import Dag
from studio.core.names import nearest, shown
from studio.errors import NotFound
from studio.ports import VersionInfo
from studio.server.lookup import find_dag, find_spec
from studio.server.request import Request
from studio.server.services import Services
from studio.server.version_code import code_of
from studio.server.views import when


async def list_versions(request: Request, services: Services) -> m.VersionList:
    dag = await find_dag(services, request.dag_id)
    return m.VersionList(versions=[_summary(dag, info) for info in await services.store.versions(dag.dag_id)])


async def get_version(request: Request, services: Services) -> m.VersionDetail:
    dag = await find_dag(services, request.dag_id)
    asked = request.path["version"]
    versions = await services.store.versions(dag.dag_id)
    for info in versions:
        if info.version == asked:
            spec = await find_spec(services, dag.dag_id, asked)
            return m.VersionDetail(version=_summary(dag, info), spec=spec)
    hint = nearest(asked, [info.version for info in versions])
    raise NotFound(f"The DAG {shown(dag.dag_id)} has no version {shown(asked)}.", hint=hint)


async def get_code(request: Request, services: Services) -> m.VersionCode:
    dag = await find_dag(services, request.dag_id)
    spec = await find_spec(services, dag.dag_id, request.path["version"])
    return await asyncio.to_thread(code_of, spec, services.artifacts)


def _summary(dag: Dag, info: VersionInfo) -> m.VersionSummary:
    return m.VersionSummary(
        version=info.version,
        created_at=when(info.created_at),
        runs=info.runs,
        current=info.version == dag.version,
    )
