"""The dashboard's page and what it loads, with what a browser must be told about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

#: `live.*`: views of cells where our labextension is not; `dashboard.*`: the page; `layout.js`: the worker of both.
ASSETS: Final = Path(__file__).with_name("assets")

#: What the page may do: nothing from elsewhere, no script that is not one of its files.
POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_SERVED: Final = {
    "dashboard.css": "text/css; charset=utf-8",
    "dashboard.js": "text/javascript; charset=utf-8",
    "layout.js": "text/javascript; charset=utf-8",
}
_PAGE: Final = Path(__file__).with_name("page.html")
_NOTE: Final = Path(__file__).with_name("note.html")


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file for a browser."""

    content: bytes
    media: str
    etag: str


def asset(name: str) -> PageFile | None:
    """A file that the page loads; None if it loads no such file, or the front end is not built."""
    media = _SERVED.get(name)
    path = ASSETS / name
    return None if media is None or not path.is_file() else page_file(path.read_bytes(), media)


def page() -> PageFile:
    """The dashboard. It finds the API beside itself, whatever it is served below."""
    if not (ASSETS / "dashboard.js").is_file():
        return note("The front end is not built", "Run `make install` in the checkout, or install a wheel.")
    return page_file(_PAGE.read_bytes(), "text/html; charset=utf-8")


def login(ticket: str) -> PageFile:
    """A page whose button logs in by this ticket; it needs no script."""
    form = (
        '<form method="post" action="login">'
        f'<input type="hidden" name="ticket" value="{escape(ticket)}">'
        "<button autofocus>Log in</button></form>"
    )
    return _few_words("Log in to Pipeline Studio", "This browser is then logged in for 30 days.", body=form)


def note(title: str, text: str, *, onward: str | None = None) -> PageFile:
    """A page of a few words. `onward`: where the browser goes by itself, in a navigation that this page begins."""
    go = "" if onward is None else f'<meta http-equiv="refresh" content="0; url={escape(onward)}">'
    return _few_words(title, text, head=go)


def _few_words(title: str, text: str, *, head: str = "", body: str = "") -> PageFile:
    """`head` and `body` are HTML."""
    filled = _NOTE.read_text(encoding="utf-8")
    for name, value in (("title", escape(title)), ("text", escape(text)), ("onward", head), ("form", body)):
        filled = filled.replace(f"<!--{name}-->", value)
    return page_file(filled.encode(), "text/html; charset=utf-8")


def page_file(content: bytes, media: str) -> PageFile:
    """With the ETag of its content."""
    return PageFile(content, media, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
