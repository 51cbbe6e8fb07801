"""The server itself, and uploads."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Final

from studio._version import __version__
from studio.api import models as m
from studio.api.openapi import openapi_document
from studio.executors.settlement import identify
from studio.server.request import Request
from studio.server.services import Services
from studio.server.sessions import TICKET_LIFE
from studio.server.views import when
from studio.store import describe

_LAST_WORD: Final = 0.1  # seconds for the answer to leave before connections are closed


async def server_info(request: Request, services: Services) -> m.ServerInfo:
    return m.ServerInfo(
        version=__version__,
        pid=os.getpid(),
        started_at=when(services.started_at),
        scheduling=services.scheduler.active,
        database=describe(services.settings.database),
        workers=await asyncio.to_thread(_workers, services.settings.worker_root),
        slots=services.settings.slots,
        running=services.scheduler.running,
        dag_folder=str(services.settings.dag_folder),
    )


async def openapi(request: Request, services: Services) -> dict[str, Any]:
    return openapi_document()


async def stop_server(request: Request, services: Services) -> None:
    asyncio.get_running_loop().call_later(_LAST_WORD, services.stop)


async def new_login(request: Request, services: Services) -> m.LoginLink:
    return m.LoginLink(path=f"/login?ticket={services.sessions.new_ticket()}", seconds=TICKET_LIFE)


async def end_logins(request: Request, services: Services) -> None:
    services.sessions.end_all()


async def put_source(request: Request, services: Services) -> None:
    await asyncio.to_thread(services.artifacts.put_source, request.path["digest"], request.content)


def _workers(root: Path) -> int:
    """Workers of this machine that are alive. Blocking."""
    return sum(identify(directory) is not None for directory in root.glob("*/"))
