"""Notebooks nobody has run here, with a view as their output; and what one does with it."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from studio import DAG
from studio.client import Client
from tests.browser.conftest import Lab, command

MIME = "application/vnd.pipeline-studio.view+json"
METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def publish(client: Client, dag: DAG) -> None:
    snapshot = dag.snapshot()
    client.publish_dag(snapshot.spec, snapshot.sources.values())


def notebook(lab: Lab, name: str, **view: Any) -> None:
    """A notebook nobody has run here, with a view as its output."""
    data = {
        "version": 1, "run_id": None, "task_id": None, "map_index": -1, "backfill_id": None, "options": {}, **view,
    }  # fmt: skip
    output = nbformat.v4.new_output("display_data", data={MIME: data, "text/plain": "a view"})
    cell = nbformat.v4.new_code_cell("view", outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=METADATA), lab.root / name)


def open_notebook(page: Page, name: str) -> Locator:
    command(page, "docmanager:open", path=name)
    view = page.locator(".jp-Notebook:visible .jp-Studio-cellView")
    expect(view).to_be_visible()
    # A notebook takes the focus once more when its kernel is there.
    page.evaluate(
        """async () => {
            const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
            await Promise.all([context.ready, sessionContext.ready]);
        }"""
    )
    return view


def press_until(page: Page, name: str, key: str) -> None:
    """Go on with the tab key to what has this name, and press `key` there."""
    for _ in range(60):
        focused = page.evaluate(
            "() => { const e = document.activeElement; return e.getAttribute('aria-label') ?? e.textContent.trim(); }"
        )
        if focused == name:
            page.keyboard.press(key)
            return
        page.keyboard.press("Tab")
    pytest.fail(f"The tab key does not lead to {name!r}.")
