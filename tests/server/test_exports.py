"""The export route: what it refuses, and what it does when nobody waits any more."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from studio.core.spec import DagSpec, TaskSpec

from .conftest import DIGEST, NOTEBOOK, Running


async def _ended(studio: Running) -> tuple[str, Path]:
    """The path of the route for a task that has ended, and the directory of its attempt."""
    await studio.http.put(
        f"/api/sources/{DIGEST}", content=NOTEBOOK, headers={"Content-Type": "application/octet-stream"}
    )
    config = {"path": "/notebooks/nb.ipynb", "digest": DIGEST, "cwd": "/notebooks", "parameters": {}}
    await studio.publish(DagSpec(id="nb", tasks=(TaskSpec(id="report", kind="notebook", config=config),)))
    run_id = (await studio.trigger("nb"))["run"]["run_id"]
    path = f"/api/dags/nb/runs/{run_id}/tasks/report"
    while True:
        task: dict[str, Any] = (await studio.http.get(path)).json()
        if task["task"]["state"] == "success":
            break
        await asyncio.sleep(0.01)
    directory = studio.server.settings.artifact_root / task["attempts"][-1]["directory"]
    directory.mkdir(parents=True, exist_ok=True)
    return path + "/export", directory


def _conversions() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        try:
            if "studio.exports" in child.cmdline():
                found.append(child)
        except psutil.Error:  # it has just ended, or is a zombie of another test
            continue
    return found


async def test_what_is_refused(studio: Running) -> None:
    path, directory = await _ended(studio)
    missing = await studio.http.get(path)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    (directory / "output.ipynb").write_bytes(NOTEBOOK)
    wrong = await studio.http.get(path, params={"format": "docx"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "format")
    (directory / "output.ipynb").write_text("no notebook")
    failed = await studio.http.get(path)
    assert (failed.status_code, failed.json()["error"]["code"]) == (422, "export_failed")


async def test_a_page_and_a_file(studio: Running, chromium: str) -> None:
    path, directory = await _ended(studio)
    (directory / "output.ipynb").write_bytes(NOTEBOOK)
    page, paper = await studio.http.get(path), await studio.http.get(path, params={"format": "pdf"})
    assert page.headers["Content-Security-Policy"].startswith("sandbox allow-scripts; default-src 'none'")
    assert paper.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert paper.headers["Content-Type"] == "application/pdf"
    assert paper.headers["Content-Disposition"].startswith('attachment; filename="nb_report_')
    assert paper.content.startswith(b"%PDF-")
    assert {"output.html", "output.pdf"} < {file.name for file in directory.iterdir()}


async def test_nobody_waits_any_more(studio: Running) -> None:
    path, directory = await _ended(studio)
    (directory / "output.ipynb").write_text(json.dumps({**json.loads(NOTEBOOK), "metadata": {"title": "x"}}))
    asked = asyncio.create_task(studio.http.get(path))
    while True:
        if processes := _conversions():
            break
        await asyncio.sleep(0.01)
    asked.cancel()
    with pytest.raises((asyncio.CancelledError, httpx.HTTPError)):
        await asked
    while True:  # not by waiting for them: they are the server's children, which it waits for
        if not any(process.is_running() for process in processes):
            break
        await asyncio.sleep(0.01)
    assert not (directory / "output.html").exists()
    assert (await studio.http.get(path)).status_code == 200
