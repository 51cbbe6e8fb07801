"""Wiring: which handlers there are, and the studio server that stands behind them."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from studio.api.routes import STREAM_PATH
from studio.client.endpoint import Endpoint, ensure_server
from studio.jupyter.http_proxy import MAX_ANSWER, ApiProxy
from studio.jupyter.pages import StudioAsset, StudioHelp, StudioPage
from studio.jupyter.stream_proxy import StreamProxy
from studio.jupyter.upstream import Upstream
from studio.settings import Settings

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

PREFIX = "studio"  # below Jupyter's base URL


def load_extension(server: ServerApp) -> None:
    """Add the handlers and start the studio server in the background. Never keeps Jupyter from starting."""
    upstream = Upstream(partial(_ensure_server, server.root_dir), server.log)
    # Its own: Tornado's default client is shared with everybody and takes ten requests at once.
    client = SimpleAsyncHTTPClient(
        force_instance=True, max_clients=100, max_buffer_size=MAX_ANSWER, max_body_size=MAX_ANSWER
    )
    prefix = url_path_join(server.base_url, PREFIX)
    root = re.escape(prefix)
    # The server may have been started elsewhere: by a kernel, in a terminal, by another Jupyter.
    notebooks = None if os.environ.get("STUDIO_NOTEBOOKS") else os.path.abspath(server.root_dir)
    api = {"upstream": upstream, "client": client, "prefix": prefix, "notebooks": notebooks}
    server.web_app.add_handlers(  # type: ignore[no-untyped-call]
        ".*$",
        [
            (root + re.escape(STREAM_PATH), StreamProxy, {"upstream": upstream}),
            (root + "/?", StudioPage),
            (root + r"/assets/([a-z.]+)", StudioAsset),
            (root + r"/help/([a-z0-9/.-]+)", StudioHelp),
            (root + "/api/(.*)", ApiProxy, api),
        ],
    )
    IOLoop.current().add_callback(upstream.begin)


def _ensure_server(root: str) -> Endpoint:
    # Settings that cannot be read are a failure of the start too: it is shown to who opens the studio.
    settings = Settings.from_environment()
    if not os.environ.get(
        "STUDIO_NOTEBOOKS"
    ):  # a server that is started from here looks where JupyterLab does
        settings = replace(settings, notebook_root=Path(root).absolute())
    return ensure_server(settings)
