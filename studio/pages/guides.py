"""The guides of `docs/` as pages of help: what a view is for, beside the view.

The wheel has copies of them; a checkout has them where they are written.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, Final

import mistune

from studio.pages.files import PageFile, page_file

#: Name → what the menu of the pages calls it. The order is that of the menu.
GUIDES: Final = {
    "panels": "The panels",
    "dashboard": "The dashboard",
    "cells": "DAGs in cells",
    "notebooks": "Notebook tasks",
    "widgets": "Views in cells",
    "operators": "Tasks of other kinds",
    "values": "Values",
    "states": "States and rules",
    "secrets": "Variables and secrets",
    "testing": "Testing",
    "airflow": "From Airflow",
}

#: As that of the dashboard, without scripts; JupyterLab shows it in a frame.
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)

_PACKED: Final = Path(__file__).with_name("guides")
_WRITTEN: Final = Path(__file__).resolve().parents[2] / "docs"
_PAGE: Final = Path(__file__).with_name("guide.html")
_IMAGE: Final = re.compile(r"images/([a-z0-9-]+\.png)")
_GUIDE: Final = re.compile(r"([a-z]+)\.md(#[\w-]+)?")


def guide(name: str, theme: str = "") -> PageFile | None:
    """A guide, or a picture in one (`images/NAME.png`); None if there is no such thing.

    `theme`: "light" or "dark", as the view is that leads here; whatever else means as the system has it.
    """
    folder = _WRITTEN if (_WRITTEN / "panels.md").is_file() else _PACKED
    if name in GUIDES:
        path = folder / f"{name}.md"
        if not path.is_file():
            return None
        return _page(name, path, path.stat().st_mtime, theme if theme in ("light", "dark") else "")
    path = folder / name
    if _IMAGE.fullmatch(name) is None or not path.is_file():
        return None
    return page_file(path.read_bytes(), "image/png")


@lru_cache(maxsize=3 * len(GUIDES))
def _page(name: str, path: Path, _changed: float, theme: str) -> PageFile:
    query = f"?theme={theme}" if theme else ""
    markdown = mistune.create_markdown(renderer=_Renderer(query), plugins=["table", "strikethrough"])
    links = (
        f'<li><a href="{other}{query}"{" aria-current=page" * (other == name)}>{escape(title)}</a></li>'
        for other, title in GUIDES.items()
    )
    filled = _PAGE.read_text(encoding="utf-8")
    parts = {
        "theme": theme,
        "title": escape(GUIDES[name]),
        "guides": "\n".join(links),
        "text": str(markdown(path.read_text(encoding="utf-8"))),
    }
    for part, value in parts.items():
        filled = filled.replace(f"<!--{part}-->", value)
    return page_file(filled.encode(), "text/html; charset=utf-8")


def anchor(heading: str) -> str:
    """The id of a heading, as GitHub makes it, so that a link means the same in both places."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


class _Renderer(mistune.HTMLRenderer):
    """With ids at headings, and links that lead to the pages."""

    def __init__(self, query: str) -> None:
        super().__init__()
        self._query = query

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        plain = re.sub(r"<[^>]+>", "", text)
        return f'<h{level} id="{anchor(plain)}">{text}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        found = _GUIDE.fullmatch(url)
        if found is not None and found[1] in GUIDES:
            return f'<a href="{found[1]}{self._query}{found[2] or ""}">{text}</a>'
        if url.startswith(("https://", "http://")):
            return f'<a href="{escape(url)}" target="_blank" rel="noopener">{text}</a>'
        return text if not url.startswith("#") else f'<a href="{escape(url)}">{text}</a>'
