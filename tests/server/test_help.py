"""The guides as pages: what a view's help button leads to is there."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from studio.pages.guides import GUIDES, anchor, guide

from .conftest import Running

SOURCES = Path(__file__).resolve().parents[2] / "labextension" / "src"


async def test_guides_are_shown_to_anybody_and_lead_to_each_other(studio: Running) -> None:
    async with httpx.AsyncClient(base_url=studio.url, trust_env=False, timeout=30) as browser:
        for name in GUIDES:
            page = await browser.get(f"/help/{name}", params={"theme": "dark"})
            assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8"), name
            assert 'data-theme="dark"' in page.text
            assert "script-src" not in page.headers["Content-Security-Policy"]  # so there are none
            assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
            assert "<script" not in page.text
            for link in re.findall(r'(?:href|src)="([^"#]*)', page.text):
                if link and not link.startswith(("https:", "data:")):
                    assert (await browser.get(f"/help/{link}")).status_code == 200, (name, link)
        etag = (await browser.get("/help/panels")).headers["Etag"]
        again = await browser.get("/help/panels", headers={"If-None-Match": etag})
        assert again.status_code == 304


@pytest.mark.parametrize(
    "name", ["decisions", "panels.md", "../pyproject", "images/../panels", "images/none.png", "x"]
)
async def test_nothing_else_is(studio: Running, name: str) -> None:
    assert guide(name) is None
    host, port = studio.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))  # a browser would take the dots away
    writer.write(f"GET /help/{name} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    status = (await asyncio.wait_for(reader.readline(), 30)).split()[1]
    writer.close()
    assert status == b"404"


def test_there_is_a_section_for_each_view() -> None:
    """Of the tabs and pages that the front end has."""

    def names(file: str, constant: str) -> list[str]:
        found = re.search(rf"{constant} = \[(.*?)\]", (SOURCES / file).read_text(encoding="utf-8"), re.S)
        assert found is not None
        return re.findall(r"'(\w+)'", found[1])

    tabs = names("models/place.ts", "DAG_TABS")
    task_tabs = names("models/place.ts", "TASK_TABS")
    pages = names("dashboard/address.ts", "PAGES")
    assert "graph" in tabs and "log" in task_tabs and "pools" in pages
    wanted = {
        "panels": [*tabs, *(f"task-{tab}" for tab in task_tabs)],
        "dashboard": pages,
    }
    for name, sections in wanted.items():
        file = guide(name)
        assert file is not None
        ids = set(re.findall(r'<h\d id="([^"]+)"', file.content.decode()))
        assert set(sections) <= ids, name


def test_an_anchor_is_that_of_github() -> None:
    assert anchor("Task: Params") == "task-params"
    assert anchor("What `dag.test()` does") == "what-dagtest-does"
