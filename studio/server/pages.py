"""The dashboard: its page, the files that it loads, and the way in and out."""

from __future__ import annotations

from typing import Final

from studio.pages import files, guides
from studio.pages.files import PageFile
from studio.server.base import Gated
from studio.server.gate import Gate, Refusal
from studio.server.sessions import SESSION_DAYS, Sessions

_HOW: Final = "Type `studio dashboard` on the machine that the server runs on: it opens a link that logs in."


class PublicPage(Gated):
    """What is shown to anybody who may send requests here at all: no data is in it."""

    def initialize(self, gate: Gate, sessions: Sessions) -> None:  # type: ignore[override]
        super().initialize(gate)
        self.sessions = sessions

    def prepare(self) -> None:
        refusal = self.gate.host_refusal(self.request)
        if refusal is not None:
            self.refuse(refusal)

    def send(self, file: PageFile, status: int = 200, *, policy: str = files.POLICY) -> None:
        self.set_status(status)
        self.set_header("Content-Type", file.media)
        self.set_header("Content-Security-Policy", policy)
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Etag", file.etag)
        if status == 200 and self.check_etag_header():
            self.set_status(304)
            self.finish()
        else:
            self.finish(file.content)


class Dashboard(PublicPage):
    """`/`"""

    def get(self) -> None:
        refusal: Refusal | None = self.gate.refusal(self.request)
        if refusal is None:
            self.send(files.page())
        else:
            self.send(files.note("Nobody is logged in here", _HOW), 401)


class Asset(PublicPage):
    """`/assets/NAME`"""

    def get(self, name: str) -> None:
        file = files.asset(name)
        if file is None:
            self.send(files.note("There is no such file", "The dashboard does not load it."), 404)
        else:
            self.send(file)


class Help(PublicPage):
    """`/help/NAME`"""

    def get(self, name: str) -> None:
        file = guides.guide(name, self.get_query_argument("theme", ""))
        if file is None:
            self.send(files.note("There is no such guide", f"There are: {', '.join(guides.GUIDES)}."), 404)
        else:
            self.send(file, policy=guides.POLICY)


class Login(PublicPage):
    """`/login?ticket=…`: a page with a button, which logs in.

    Looking at the link uses nothing up: programs that show what a link leads to look at it before the person does.
    """

    def prepare(self) -> None:
        refusal = self.gate.stranger_refusal(self.request)
        if refusal is not None:
            self.refuse(refusal)

    def get(self) -> None:
        ticket = self.get_query_argument("ticket", "")
        if not self.sessions.is_valid(ticket):
            self._refuse_ticket()
            return
        # The form must tell its origin, which it does not below the policy of other pages; and nobody keeps the page.
        self.set_header("Referrer-Policy", "same-origin")
        self.send(files.login(ticket))

    def post(self) -> None:
        cookie = self.sessions.redeem(self.get_body_argument("ticket", ""))
        if cookie is None:
            self._refuse_ticket()
            return
        self.set_cookie(
            self.sessions.cookie,
            cookie,
            expires_days=SESSION_DAYS,
            path="/",
            httponly=True,
            samesite="Strict",
        )
        # Not a redirect: a strict cookie would not be sent if the link stood on a page of somebody else.
        self.send(files.note("Logged in", "The dashboard opens…", onward="./"))

    def _refuse_ticket(self) -> None:
        self.send(
            files.note("This link is not valid (any more)", f"It works once, for five minutes. {_HOW}"), 403
        )


class Logout(PublicPage):
    """`/logout`: of this browser."""

    def prepare(self) -> None:
        refusal = self.gate.refusal(self.request)
        if refusal is not None:
            self.refuse(refusal)

    def post(self) -> None:
        self.clear_cookie(self.sessions.cookie, path="/")
        self.set_status(204)
        self.finish()
