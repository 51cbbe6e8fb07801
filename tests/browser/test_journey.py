"""The whole path in JupyterLab: define, publish, trigger three days, watch, read the report's plots inline."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Lab, command, open_lab, picture

pytestmark = pytest.mark.browser

TASKS = ("extract", "clean", "delays_ewr", "delays_jfk", "delays_lga", "report")
RUNS_MAY_TAKE = 300_000  # milliseconds: 18 notebooks on a busy machine


def graph_of(page: Page) -> Locator:
    """The first live graph in the notebook."""
    return page.locator(".jp-Notebook .jp-Studio-cellGraph").first


def open_example(page: Page) -> None:
    command(page, "docmanager:open", path="01_flights.ipynb")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()


def run_all(page: Page) -> None:
    """Run all cells, once their kernel has answered; returns at once."""
    page.evaluate(
        """async () => {
            const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
            await Promise.all([context.ready, sessionContext.ready]);
            await sessionContext.session.kernel.info;
            void window.jupyterapp.commands.execute('notebook:run-all-cells');
        }"""
    )


def chips(graph: Locator) -> Locator:
    return graph.locator(".jp-Studio-chip[class*='jp-Studio-is-']")


def use_theme(page: Page, name: str) -> None:
    command(page, "apputils:change-theme", theme=f"JupyterLab {name}")
    page.locator(f"body[data-jp-theme-name='JupyterLab {name}']").wait_for(state="attached")
    page.locator("#jupyterlab-splash").wait_for(state="detached")


def test_three_days_turn_green_and_the_report_is_read_inline(page: Page, lab: Lab) -> None:
    open_example(page)
    run_all(page)
    graph = graph_of(page)
    expect(graph.locator("[data-task]")).to_have_count(len(TASKS))
    picture(page, "1-drawn")

    expect(chips(graph)).to_have_count(3, timeout=120_000)
    picture(page, "2-running")
    expect(graph.locator(".jp-Studio-chip.jp-Studio-is-success")).to_have_count(3, timeout=RUNS_MAY_TAKE)
    for i in range(3):  # every task of every run, without a reload of the page
        chips(graph).nth(i).click()
        for task in TASKS:
            expect(graph.locator(f"[data-task='{task}']")).to_have_attribute("data-state", "success")
            # Readable without colour, and by a screen reader.
            expect(graph.locator(f"[data-task='{task}']")).to_have_attribute("aria-label", f"{task}, success")

    graph.locator("[data-task='report']").click()
    card = graph.locator(".jp-Studio-card")
    expect(card).to_be_visible()
    image = card.locator(".jp-OutputArea img").first
    expect(image).to_be_visible()
    assert image.evaluate("image => image.complete && image.naturalWidth > 300")
    image.scroll_into_view_if_needed()
    picture(page, "3-report-light")
    use_theme(page, "Dark")
    picture(page, "4-report-dark")
    use_theme(page, "Light")

    saved_notebook_shows_the_graph_elsewhere(page, lab)
    reopened_page_shows_the_same(page, lab)
    sidebar_and_panel_show_it_too(page)


def saved_notebook_shows_the_graph_elsewhere(page: Page, lab: Lab) -> None:
    command(page, "docmanager:save")
    notebook = nbformat.read(lab.root / "01_flights.ipynb", as_version=4)
    outputs = [
        output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output
    ]
    drawn = next(data for data in outputs if "application/vnd.pipeline-studio.graph+json" in data)
    assert "<img" in drawn["text/html"] and "data:image/svg+xml;base64," in drawn["text/html"]
    assert "report" in drawn["text/plain"]


def reopened_page_shows_the_same(page: Page, lab: Lab) -> None:
    """State is in the database: a new page, with no kernel having run a cell, is live again."""
    open_lab(page, lab)
    open_example(page)
    graph = graph_of(page)
    expect(graph.locator(".jp-Studio-chip.jp-Studio-is-success")).to_have_count(3)
    expect(graph.locator("[data-task='report']")).to_have_attribute("data-state", "success")


def sidebar_and_panel_show_it_too(page: Page) -> None:
    page.get_by_role("tab", name="Pipelines").click()
    row = page.locator(".jp-Studio-row", has_text="flights")
    expect(row).to_be_visible()
    expect(row.locator(".jp-Studio-bar.jp-Studio-is-success")).to_have_count(3)
    row.locator(".jp-Studio-rowMain").click()
    panel = page.locator(".jp-MainAreaWidget .jp-Studio-page")
    expect(panel.locator("[data-task]")).to_have_count(len(TASKS))
    panel.locator("[data-task='report']").click()
    image = panel.locator(".jp-Studio-card .jp-OutputArea img").first
    expect(image).to_be_visible()
    image.scroll_into_view_if_needed()
    picture(page, "5-panel-light")  # the one in the README
    use_theme(page, "Dark")
    picture(page, "6-panel-dark")


def test_launcher_has_a_card(page: Page) -> None:
    card = page.locator(".jp-LauncherCard", has_text="Pipelines")
    expect(card).to_be_visible()
    picture(page, "0-launcher")
    card.click()
    expect(page.locator(".jp-Studio-list")).to_be_visible()
