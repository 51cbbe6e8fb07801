"""Putting one server together: store, executor, scheduler, stream and routes. Composition happens here only."""

from __future__ import annotations

import asyncio
import getpass
import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Any, Protocol

from tornado import httpserver, netutil, web
from typing_extensions import Self

from studio.api.routes import ROUTES, STREAM_PATH, Route
from studio.artifacts.local import LocalArtifacts
from studio.executors.pool import PoolExecutor
from studio.exports import Exports
from studio.ports import Executor, Store
from studio.scheduler.clock import SystemClock
from studio.scheduler.delivering import Delivery
from studio.scheduler.loop import Scheduler
from studio.secrets.backends import backends_of
from studio.secrets.vault import Vault
from studio.server.base import MAX_DRAINED, Api, Handler, NothingHere, path_pattern
from studio.server.cleaning import Cleaning
from studio.server.dag_folder import dag_folder
from studio.server.gate import Gate
from studio.server.handlers import HANDLERS
from studio.server.hub import Hub
from studio.server.outputs import LiveOutputs
from studio.server.pages import Asset, Dashboard, Help, Login, Logout
from studio.server.runtime import Endpoint, is_gone, is_of, last_port, only_server, process_name, published
from studio.server.services import Services
from studio.server.sessions import Sessions
from studio.server.source_changes import SourceDigests
from studio.server.stream import MAX_MESSAGE, Stream
from studio.settings import Settings
from studio.store import open_store

PING_INTERVAL = 30  # seconds


class ExecutorFactory(Protocol):
    """Makes the executor; `outputs.observe` takes what workers tell of running attempts."""

    def __call__(self, settings: Settings, outputs: LiveOutputs, artifacts: LocalArtifacts) -> Executor: ...


class StudioServer:
    """One server, from `async with` to its end. `store` and `executor` are for tests; else those of the settings."""

    def __init__(
        self, settings: Settings, *, store: Store | None = None, executor: ExecutorFactory | None = None
    ) -> None:
        self.settings = settings
        self.stopped = asyncio.Event()  # set: somebody asked for an orderly stop
        self._store = store
        self._make_executor = executor or pool
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _start(self, stack: AsyncExitStack) -> None:
        settings, clock = self.settings, SystemClock()
        home = stack.enter_context(only_server(settings))
        artifacts = LocalArtifacts(settings.source_root, settings.artifact_root, settings.value_url)
        self.store = await stack.enter_async_context(self._store or open_store(settings.database))
        vault = Vault(settings.home)
        hub = await stack.enter_async_context(Hub(self.store, artifacts))
        executor = self._make_executor(settings, hub.outputs, artifacts)
        self.scheduler = await stack.enter_async_context(
            Scheduler(
                self.store,
                executor,
                clock,
                name=process_name(home),
                publish=hub.publish,
                gone=partial(is_gone, home=home),
                ours=partial(is_of, home=home),
                deliver=Delivery(self.store, vault, backends_of()),
            )
        )
        hub.why = partial(_why, self.scheduler)
        cleaning = await stack.enter_async_context(Cleaning(self.store, artifacts, clock))
        sessions = Sessions(settings.home, clock)
        services = Services(
            settings=settings,
            store=self.store,
            scheduler=self.scheduler,
            artifacts=artifacts,
            outputs=hub.outputs,
            logs=hub.logs,
            sources=SourceDigests(),
            exports=Exports(),
            cleaning=cleaning,
            vault=vault,
            sealing=asyncio.Lock(),
            sessions=sessions,
            clock=clock,
            started_at=clock.now(),
            actor=_actor(),
            stop=self.stopped.set,
        )
        await stack.enter_async_context(dag_folder(services, hub.files_changed))
        token = secrets.token_urlsafe(32)
        port = await self._listen(stack, application(services, hub, Gate(token, sessions)))
        self.endpoint: Endpoint = stack.enter_context(published(settings, f"http://127.0.0.1:{port}", token))

    async def _listen(self, stack: AsyncExitStack, routes: web.Application) -> int:
        server = httpserver.HTTPServer(routes, max_body_size=MAX_DRAINED)
        sockets = _bound(self.settings.port or last_port(self.settings), self.settings.port)
        server.add_sockets(sockets)

        async def close() -> None:
            server.stop()
            await server.close_all_connections()

        stack.push_async_callback(close)
        return int(sockets[0].getsockname()[1])


def _why(scheduler: Scheduler, topic: str) -> list[str]:
    dag_id, run_id, task_id, map_index = topic.split("/")
    return scheduler.why(dag_id, run_id, task_id, int(map_index))


def _bound(wanted: int, otherwise: int) -> list[socket.socket]:
    """Listening on `wanted`, or if somebody else does, on `otherwise`."""
    try:
        return netutil.bind_sockets(wanted, "127.0.0.1")
    except OSError:
        if wanted == otherwise:
            raise
        return netutil.bind_sockets(otherwise, "127.0.0.1")


def pool(settings: Settings, outputs: LiveOutputs, artifacts: LocalArtifacts) -> Executor:
    """The executor of a normal server."""
    return PoolExecutor(settings, observe=outputs.observe, artifacts=artifacts)


def application(services: Services, hub: Hub, gate: Gate) -> web.Application:
    """The Tornado application: every route, the stream, and an answer to every other path."""
    paths: dict[str, dict[str, tuple[Route, Handler]]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = (route, HANDLERS[route.name])
    rules: list[tuple[str, type[web.RequestHandler], Mapping[str, Any]]] = [
        (path_pattern(path), Api, {"gate": gate, "routes": routes, "services": services})
        for path, routes in paths.items()
    ]
    stream = {"gate": gate, "hub": hub, "server": secrets.token_hex(8)}
    public = {"gate": gate, "sessions": services.sessions}
    pages = [
        ("/", Dashboard, public),
        (r"/assets/([a-z.]+)", Asset, public),
        (r"/help/([a-z0-9/.-]+)", Help, public),
        ("/login", Login, public),
        ("/logout", Logout, public),
    ]
    return web.Application(
        [*rules, (path_pattern(STREAM_PATH), Stream, stream), *pages],  # type: ignore[list-item]
        default_handler_class=NothingHere,
        default_handler_args={"gate": gate},
        log_function=lambda handler: None,
        websocket_ping_interval=PING_INTERVAL,
        websocket_max_message_size=MAX_MESSAGE,
    )


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for this user
        return f"uid {os.getuid()}"
