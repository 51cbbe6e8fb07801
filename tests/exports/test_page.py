"""What a page holds, and that it asks for nothing that it does not hold."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from studio.errors import ExportFailed
from studio.exports import convert

from .conftest import HOSTILE_HTML, HOSTILE_SVG, PICTURE, SECRET, Write, display, notebook

_LOADS = re.compile(
    r"""<(?:script|link|iframe|img|object|embed)\b[^>]*\b(?:src|href|data)=["']?(?!data:)[^"'>]+"""
)


async def _page(path: Path, images: str = "") -> str:
    return (await convert(path, "html", title="etl <load> 1", images=images)).decode()


async def test_cells_outputs_and_pictures_are_in_it(write: Write, tmp_path: Path) -> None:
    (tmp_path / "plot.png").write_bytes(PICTURE)
    figure = base64.b64encode(b"figure").decode()
    page = await _page(write(notebook(display(image_png=figure), text="![plot](plot.png)")), str(tmp_path))
    assert "plot()" in re.sub(r"<[^>]+>", "", page)
    assert f"data:image/png;base64,{figure}" in page
    assert f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}" in page
    assert "<title>etl &lt;load&gt; 1</title>" in page


async def test_it_loads_nothing(write: Write) -> None:
    state = {"state": {"m": {}}, "version_major": 2, "version_minor": 0}
    widget = display(**{"application_vnd.jupyter.widget-view+json": "", "text_plain": "IntSlider(value=7)"})
    widget["data"]["application/vnd.jupyter.widget-view+json"] = {"model_id": "m"}
    content = notebook(
        widget,
        display(text_latex="$x^2$"),
        display(**{"text_vnd.mermaid": "graph TD; A-->B", "text_plain": "A to B"}),
        display(application_javascript="require(['x'])", text_plain="a script"),
        text="Formulas $a$",
        widgets={"application/vnd.jupyter.widget-state+json": state},
    )
    page = await _page(write(content))
    assert _LOADS.findall(page) == []
    assert [
        name for name in ("cdnjs", "unpkg", "mathjax", "mermaid.", "require.min") if name in page.lower()
    ] == []
    assert [text for text in ("IntSlider(value=7)", "A to B", "a script") if text not in page] == []


async def test_its_own_policy_comes_before_anything_else(write: Write) -> None:
    page = await _page(
        write(notebook(display(text_html=HOSTILE_HTML), display(**{"image_svg+xml": HOSTILE_SVG})))
    )
    head = page[page.index("<head>") + len("<head>") :].lstrip()
    assert re.match(r'<meta [^>]*http-equiv="Content-Security-Policy"', head)
    policy = re.search(r'content="([^"]+)"', head)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert [rule for rule, given in rules.items() if re.search(r"https?:|\*|'self'|unsafe-eval", given)] == []
    assert "<circle" not in page  # an SVG is a picture, in which no script runs


async def test_pictures_elsewhere_are_not_taken(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(SECRET)
    (tmp_path / "notebooks").mkdir()
    content = notebook(text=f"![a](../secret.png) ![b]({tmp_path}/secret.png)")
    page = await _page(write(content), str(tmp_path / "notebooks"))
    assert base64.b64encode(SECRET).decode() not in page
    assert base64.b64encode(SECRET).decode() not in await _page(write(content))


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"cells": 1, "nbformat": 4}', "{" * 100_000])
async def test_what_is_no_notebook_is_told(write: Write, content: str) -> None:
    with pytest.raises(ExportFailed, match="cannot be shown as a page"):
        await _page(write(content))
