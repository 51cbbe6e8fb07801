"""The DAG folder of a server: files are read in processes of their own, and published like those of the API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from studio.core.spec import DagSpec
from studio.errors import StoreUnavailable
from studio.scheduler.dag_files import DagFolder
from studio.scheduler.parsing import parse_file_async
from studio.server.handlers.dags import publish_spec
from studio.server.services import Services


def dag_folder(services: Services, changed: Callable[[], None]) -> DagFolder:
    """Watches `settings.dag_folder` from `async with` on; calls `changed` when what is known of a file has."""

    async def publish(spec: DagSpec, sources: dict[str, bytes], actor: str) -> None:
        if not services.scheduler.active:
            raise StoreUnavailable("The scheduler of this server is not active.")
        for digest, content in sources.items():
            await asyncio.to_thread(services.artifacts.put_source, digest, content)
        await publish_spec(services, spec, actor=actor)

    settings = services.settings
    return DagFolder(
        settings.dag_folder,
        services.store,
        services.clock,
        parse=parse_file_async,
        publish=publish,
        changed=changed,
    )
