"""Wiring: which handlers there are, and the studio server that stands behind them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop

from studio.api.routes import STREAM_PATH
from studio.errors import StudioError
from studio.jupyter.http_proxy import ApiProxy
from studio.jupyter.stream_proxy import StreamProxy
from studio.jupyter.upstream import Upstream
from studio.settings import Settings

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

PREFIX = "studio"  # below Jupyter's base URL


def load_extension(server: ServerApp) -> None:
    """Add the handlers and start the studio server in the background. Never keeps Jupyter from starting."""
    try:
        upstream = Upstream(Settings.from_environment())
    except StudioError as error:
        server.log.error("Pipeline Studio is off: %s", error)
        return
    base = url_path_join(server.base_url, PREFIX)
    options = {"upstream": upstream, "prefix": base.rstrip("/")}
    server.web_app.add_handlers(  # type: ignore[no-untyped-call]
        ".*$",
        [
            (url_path_join(base, STREAM_PATH), StreamProxy, {"upstream": upstream}),
            (url_path_join(base, "api", "(.*)"), ApiProxy, options),
        ],
    )

    async def start() -> None:
        try:
            endpoint = await upstream.endpoint()
            server.log.info("Pipeline Studio: server at %s", endpoint.url)
        except StudioError as error:
            server.log.warning("Pipeline Studio: %s It is tried again when it is needed.", error)

    IOLoop.current().add_callback(lambda: asyncio.ensure_future(start()))
