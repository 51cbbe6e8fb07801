"""Conversions as processes: their end, their limits, and what is kept of them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from studio.errors import ExportFailed, ExportUnavailable, NotFound
from studio.exports import Exports, conversion, convert
from studio.exports.kept import AT_ONCE

from .conftest import HOSTILE_HTML, Write, display, notebook


def _conversions() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "studio.exports" in process.cmdline() or "chrom" in process.name():
                found.append(process)
        except psutil.Error:
            continue
    return found


async def _until(condition: Callable[[], object]) -> None:
    while True:
        if condition():
            return
        await asyncio.sleep(0.01)


async def test_a_pdf_is_printed_whatever_its_outputs_do(write: Write, chromium: str) -> None:
    content = await convert(write(notebook(display(text_html=HOSTILE_HTML))), "pdf")
    assert content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")


async def test_without_chromium_it_is_said_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(ExportUnavailable) as caught:
        await convert(write(notebook()), "pdf")
    assert "/nowhere/chromium" in caught.value.message and "apt install chromium" in str(caught.value.hint)


async def test_a_script_that_does_not_end_is_stopped(
    write: Write, chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(conversion.TIME_LIMITS, "pdf", 8.0)
    with pytest.raises(ExportFailed, match="took more than 8 s"):
        await convert(write(notebook(display(text_html="<script>while (true) {}</script>"))), "pdf")
    await _until(lambda: not _conversions())


async def test_cancelling_kills_the_process(write: Write) -> None:
    work = asyncio.create_task(convert(write(notebook()), "html"))
    await _until(_conversions)
    processes = _conversions()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert [process for process in processes if process.is_running()] == []


def test_memory_is_limited(write: Write, tmp_path: Path) -> None:
    path = write(notebook(much=[[]] * 5_000_000))
    code = "import sys, studio.exports.__main__ as m; m.MEMORY = 400 << 20; sys.exit(m.main(*sys.argv[1:]))"
    arguments = ["html", str(path), str(tmp_path / "output.html"), "title", ""]
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, check=False, text=True
    )
    assert ended.returncode == 1
    assert "of memory" in json.loads(ended.stdout)["message"]


async def test_an_export_is_kept_while_its_notebook_is_the_same(write: Write) -> None:
    exports, path = Exports(), write(notebook(text="first"))
    first = await exports.export(path, "html", is_final=True)
    kept = path.with_name("output.html")
    assert kept.read_bytes() == first and b"first" in first
    assert kept.stat().st_mode & 0o777 == 0o600
    before = kept.stat().st_ino
    assert await exports.export(path, "html", is_final=True) == first
    assert kept.stat().st_ino == before  # not made again

    write(notebook(text="second"))
    assert b"second" in await exports.export(path, "html", is_final=True)
    kept.write_bytes(b"somebody else's")
    assert b"second" in await exports.export(path, "html", is_final=True)


async def test_what_still_grows_is_not_kept(write: Write) -> None:
    path = write(notebook(text="so far"))
    assert b"so far" in await Exports().export(path, "html", is_final=False)
    assert os.listdir(path.parent) == ["output.ipynb"]


async def test_a_link_is_not_followed(write: Write, tmp_path: Path) -> None:
    exports, path = Exports(), write(notebook(text="own"))
    await exports.export(path, "html", is_final=True)
    other = tmp_path / "other.html"
    other.write_text("another's")
    kept = path.with_name("output.html")
    kept.unlink()
    kept.symlink_to(other)
    assert b"own" in await exports.export(path, "html", is_final=True)
    assert other.read_text() == "another's" and not kept.is_symlink()
    path.unlink()
    path.symlink_to(other)
    with pytest.raises(NotFound):
        await exports.export(path, "html", is_final=True)


async def test_who_asks_for_the_same_waits_for_it_and_few_are_made_at_once(
    write: Callable[..., Path],
) -> None:
    exports, paths = Exports(), [write(notebook(text=f"n{n}"), f"attempt{n}") for n in range(4)]
    work = asyncio.gather(*(exports.export(path, "html", is_final=True) for path in [*paths, paths[0]]))
    most = 0
    seen: set[int] = set()
    while not work.done():
        now = [process.pid for process in _conversions()]
        most, seen = max(most, len(now)), seen | set(now)
        await asyncio.sleep(0.01)
    pages = await work
    assert pages[0] == pages[-1]
    assert most <= AT_ONCE
    assert len(seen) == len(paths)


async def test_a_failed_conversion_leaves_nobody_waiting(write: Write) -> None:
    exports, path = Exports(), write("no notebook")
    work = [asyncio.create_task(exports.export(path, "html", is_final=True)) for _ in range(2)]
    assert [type(error) for error in await asyncio.gather(*work, return_exceptions=True)] == [
        ExportFailed
    ] * 2
    write(notebook(text="better"))
    assert b"better" in await exports.export(path, "html", is_final=True)
