"""Wiring: which handlers there are, and the studio server that stands behind them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from studio.api.routes import STREAM_PATH
from studio.client.endpoint import Endpoint, ensure_server
from studio.jupyter.http_proxy import MAX_ANSWER, ApiProxy
from studio.jupyter.stream_proxy import StreamProxy
from studio.jupyter.upstream import Upstream
from studio.settings import Settings

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

PREFIX = "studio"  # below Jupyter's base URL


def load_extension(server: ServerApp) -> None:
    """Add the handlers and start the studio server in the background. Never keeps Jupyter from starting."""
    upstream = Upstream(_ensure_server, server.log)
    # Its own: Tornado's default client is shared with everybody and takes ten requests at once.
    client = SimpleAsyncHTTPClient(
        force_instance=True, max_clients=100, max_buffer_size=MAX_ANSWER, max_body_size=MAX_ANSWER
    )
    prefix = url_path_join(server.base_url, PREFIX)
    root = re.escape(prefix)
    server.web_app.add_handlers(  # type: ignore[no-untyped-call]
        ".*$",
        [
            (root + re.escape(STREAM_PATH), StreamProxy, {"upstream": upstream}),
            (root + "/api/(.*)", ApiProxy, {"upstream": upstream, "client": client, "prefix": prefix}),
        ],
    )
    IOLoop.current().add_callback(upstream.begin)


def _ensure_server() -> Endpoint:
    # Settings that cannot be read are a failure of the start too: it is shown to who opens the studio.
    return ensure_server(Settings.from_environment())
