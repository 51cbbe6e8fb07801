"""The toolbar of a %%task cell: run here, run on the server with all that it needs, and how it went."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from studio.client import Client
from tests.browser.conftest import Lab, command, picture
from tests.browser.test_journey import use_theme

pytestmark = pytest.mark.browser

MAY_TAKE = 120_000  # milliseconds, on a busy machine
SOURCES = (
    "%load_ext studio\n%dag toolbar_cells",
    "%%task extract\nnumbers = [1, 2, 3]",
    "%%task report\nprint('the sum is', sum(numbers))",
    "%%task other\nprint(numbers[0])",
    "# an ordinary cell\nprint('plain')",
)


def write(lab: Lab, name: str, *sources: str) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), lab.root / name)


def cell_of(page: Page, source: str) -> Locator:
    """The cell with this text, active, as after a click into it."""
    cells = page.locator(".jp-Notebook:visible .jp-CodeCell")
    cell = cells.filter(has=page.locator(".cm-content", has_text=source))
    cell.locator(".cm-content").click()
    return cell


def test_a_task_is_run_from_its_cell(page: Page, lab: Lab, client: Client) -> None:
    write(lab, "toolbar.ipynb", *SOURCES)
    command(page, "docmanager:open", path="toolbar.ipynb")
    report = cell_of(page, "%%task report")
    bar = report.get_by_role("group", name="The task of this cell")
    last = bar.locator(".jp-Studio-taskBarLast")
    on_server = bar.get_by_role("button", name="Run on the server, with all that it needs")
    expect(on_server).to_be_enabled(timeout=60_000)
    expect(last).to_have_count(0)  # it has not run yet
    expect(cell_of(page, "an ordinary cell").get_by_role("group")).to_have_count(0)

    # What is on the screen runs, saved or not, and with what it needs only.
    cell_of(page, "%%task extract").locator(".cm-line").last.click()
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    page.keyboard.type(", 36]")
    cell_of(page, "%%task report")
    on_server.click()
    expect(last).to_contain_text("s", timeout=MAY_TAKE)
    expect(bar.get_by_role("button", name="Success in the run")).to_be_visible(timeout=MAY_TAKE)
    (run,) = client.list_runs(dag_id="toolbar_cells").runs
    assert set(run.subset) == {"extract", "report"}
    assert run.note == "From the cell of report"
    other = cell_of(page, "%%task other")
    expect(other.locator(".jp-Studio-taskBarLast")).to_have_count(0)
    cell_of(page, "%%task report")
    picture(page, "task-cell-light")
    use_theme(page, "Dark")
    picture(page, "task-cell-dark")
    use_theme(page, "Light")

    # It leads to the task of that run.
    last.click()
    card = page.locator(".jp-Studio-card:visible")
    expect(card).to_contain_text("the sum is 42", timeout=MAY_TAKE)
    page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text="toolbar.ipynb").click()

    # Here, in the kernel of the notebook.
    cell_of(page, "%load_ext studio")
    command(page, "notebook:run-cell")
    cell_of(page, "%%task extract").get_by_role("button", name="Run here").click()
    cell_of(page, "%%task report").get_by_role("button", name="Run here").click()
    expect(report.locator(".jp-Cell-outputArea")).to_contain_text("the sum is 42", timeout=MAY_TAKE)


def test_a_cell_that_is_wrong_says_so_and_starts_nothing(page: Page, lab: Lab, client: Client) -> None:
    write(lab, "broken_toolbar.ipynb", "%dag broken_cells", "%%task extract\nnumbers = unknown")
    command(page, "docmanager:open", path="broken_toolbar.ipynb")
    bar = cell_of(page, "%%task extract").get_by_role("group", name="The task of this cell")
    on_server = bar.get_by_role("button", name="Run on the server, with all that it needs")
    on_server.click(timeout=60_000)
    told = page.locator(".Toastify__toast", has_text="'extract' reads 'unknown', which nobody gives")
    expect(told).to_be_visible(timeout=60_000)
    expect(on_server).to_be_enabled()
    assert client.list_runs(dag_id="broken_cells").runs == []
