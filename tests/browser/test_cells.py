"""A pipeline made of marked cells: tried, published, watched, backfilled with a day that fails and is repaired.

In JupyterLab, then the same notebook in Notebook 7. Real flights, real kernels.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import TOKEN, Lab, command, picture
from tests.browser.test_journey import run_all, use_theme

pytestmark = pytest.mark.browser

MAY_TAKE = 120_000  # milliseconds: pandas in many kernels on a busy machine
NAME = "journey.ipynb"


@pytest.fixture
def journey(lab: Lab) -> Path:
    """The example without its outputs; the file of one day is broken until it is mended."""
    notebook = nbformat.read(lab.root / "02_cells.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            if cell.source.startswith("%%setup"):
                cell.source += "\nfrom pathlib import Path\nMENDED = Path('mended')"
            if cell.source.startswith("%%task extract"):
                mark, _, body = cell.source.partition("\n")
                broken = "assert ds != '2013-01-03' or MENDED.exists(), 'the file of this day is broken'"
                cell.source = f"{mark.removesuffix(' --retries 1')}\n{broken}\n{body}"
    form = nbformat.v4.new_code_cell("dag.backfill_form('2013-01-01', '2013-01-07', max_active_runs=2)")
    notebook.cells.append(form)
    nbformat.write(notebook, lab.root / NAME)
    return lab.root


def output_of(page: Page, source: str) -> Locator:
    """What the cell with this text shows."""
    cell = page.locator(".jp-Notebook:visible .jp-CodeCell", has=page.locator(".cm-content", has_text=source))
    return cell.last.locator(".jp-Cell-outputArea")


def days(view: Locator, state: str) -> Locator:
    return view.locator(f".jp-Studio-day[data-state='{state}']")


def test_cells_are_tried_published_watched_and_backfilled(page: Page, lab: Lab, journey: Path) -> None:
    command(page, "docmanager:open", path=NAME)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    run_all(page)

    # Tried here: the cell's own output, and a line that says what it reads and gives.
    extract = output_of(page, "%%task extract")
    expect(extract.locator("table").first).to_be_visible(timeout=MAY_TAKE)
    expect(extract).to_contain_text("flights")
    expect(extract).to_contain_text("origins")
    report = output_of(page, "%%task report")
    expect(report.locator("img").first).to_be_visible(timeout=MAY_TAKE)
    report.scroll_into_view_if_needed()
    picture(page, "cells-tried")

    # The graph of %dag: edges by names, without a word about wiring.
    graph = output_of(page, "%load_ext studio").locator(".jp-Studio-cellGraph")
    expect(graph.locator("[data-task]")).to_have_count(3)
    expect(graph.locator(".jp-Studio-problems")).to_have_count(0)
    graph.locator("[data-task='delays']").hover()
    expect(graph.locator(".jp-Studio-edgeName").first).to_be_visible()

    # Published and run: watched where it is drawn, and a task's output opened.
    watched = page.locator(".jp-Notebook:visible .jp-Studio-cellGraph").last
    for task in ("extract", "delays", "report"):
        expect(watched.locator(f"[data-task='{task}']")).to_have_attribute(
            "data-state", "success", timeout=MAY_TAKE
        )
    watched.locator("[data-task='report']").click()
    card = watched.locator(".jp-Studio-card")
    expect(card.locator(".jp-OutputArea img").first).to_be_visible()
    card.scroll_into_view_if_needed()
    picture(page, "cells-watched-light")
    use_theme(page, "Dark")
    picture(page, "cells-watched-dark")
    use_theme(page, "Light")

    # A week: one day fails on purpose, its output says why, and it is repaired.
    form = page.locator(".jp-Notebook:visible .jp-Studio-cellView")
    expect(days(form, "create")).to_have_count(7)
    form.get_by_role("button", name="Start 7 runs").click()
    expect(days(form, "failed")).to_have_count(1, timeout=MAY_TAKE)
    expect(days(form, "success")).to_have_count(6, timeout=MAY_TAKE)
    form.locator(".jp-Studio-blamed").get_by_role("button", name="extract").click()
    expect(form.locator(".jp-Studio-card")).to_contain_text("the file of this day is broken")
    picture(page, "cells-failed")
    (journey / "mended").touch()
    form.get_by_role("button", name="Run the failed again").click()
    expect(days(form, "success")).to_have_count(7, timeout=MAY_TAKE)
    command(page, "docmanager:save")

    # The saved notebook in Notebook 7: what it showed is live again.
    page.goto(f"{lab.url}/notebooks/{NAME}?token={TOKEN}")
    again = page.locator(".jp-Studio-cellGraph").first
    expect(again.locator("[data-task='report']")).to_have_attribute("data-state", "success", timeout=60_000)
    again.locator("[data-task='report']").click()
    expect(again.locator(".jp-Studio-card .jp-OutputArea img").first).to_be_visible()
    expect(page.locator(".jp-Studio-cellView")).to_be_visible()
    picture(page, "cells-notebook7")
