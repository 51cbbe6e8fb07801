"""The dashboard through Jupyter: Jupyter's login in front, below its base URL; the API beside it is the proxy's."""

from __future__ import annotations

from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from studio.pages import files, guides
from studio.pages.files import PageFile


class StudioPage(JupyterHandler):
    """`<base>/studio/`"""

    auth_resource = "studio"

    @web.authenticated
    def get(self) -> None:
        if not self.request.path.endswith("/"):
            # What the page loads is named relative to it.
            self.redirect(f"{self.request.path}/", permanent=False)
            return
        self.xsrf_token  # noqa: B018 - sets the cookie that the page's requests repeat
        self.send(files.page())

    def send(self, file: PageFile, *, policy: str = files.POLICY) -> None:
        self.set_header("Content-Type", file.media)
        self.set_header("Content-Security-Policy", policy)
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Etag", file.etag)
        self.set_header("X-Content-Type-Options", "nosniff")
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
        else:
            self.finish(file.content)


class StudioAsset(StudioPage):
    """`<base>/studio/assets/NAME`"""

    @web.authenticated
    def get(self, name: str) -> None:
        file = files.asset(name)
        if file is None:
            raise web.HTTPError(404)
        self.send(file)


class StudioHelp(StudioPage):
    """`<base>/studio/help/NAME`"""

    @web.authenticated
    def get(self, name: str) -> None:
        file = guides.guide(name, self.get_query_argument("theme", ""))
        if file is None:
            raise web.HTTPError(404)
        self.send(file, policy=guides.POLICY)
