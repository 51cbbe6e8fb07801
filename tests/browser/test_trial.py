"""`dag.test()` in a cell: its graph is alive while the kernel is busy, and says why a task failed."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Lab, command, picture
from tests.browser.test_journey import run_all, use_theme

pytestmark = pytest.mark.browser

METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELL = """\
import pathlib, time
from studio import DAG, function

def wait():
    while not pathlib.Path("go").exists():
        time.sleep(0.05)

with DAG("tried") as dag:
    load = function(lambda: 1, task_id="load")
    wait = function(wait, task_id="wait", after=load)
    function(lambda: 1 / 0, task_id="divide", after=wait)
run = dag.test()
"""

MARK = """graph => graph.querySelectorAll('[data-task]').forEach(node => {
    node.place = node.getAttribute('transform');
})"""
PLACES = """graph => [...graph.querySelectorAll('[data-task]')].map(
    node => node.place === node.getAttribute('transform')
)"""


def test_a_trial_is_watched_while_it_runs_and_says_what_failed(page: Page, lab: Lab) -> None:
    cell = nbformat.v4.new_code_cell(CELL)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=METADATA), lab.root / "tried.ipynb")
    command(page, "docmanager:open", path="tried.ipynb")
    run_all(page)
    graph = page.locator(".jp-Notebook:visible .jp-Studio-cellGraph")
    expect(graph.locator(".jp-Studio-node.jp-Studio-is-success")).to_have_count(1, timeout=60_000)
    expect(graph.locator(".jp-Studio-node.jp-Studio-is-running")).to_have_count(1)
    expect(graph.get_by_role("status").first).to_contain_text("running")
    graph.evaluate(MARK)
    (lab.root / "go").touch()
    expect(graph.get_by_role("status").first).to_contain_text("failed", timeout=60_000)
    # Nothing was laid out or made anew for that: the same nodes stand where they stood.
    assert graph.evaluate(PLACES) == [True, True, True]
    graph.locator(".jp-Studio-node.jp-Studio-is-failed").click()
    card = graph.get_by_label("Task divide")
    expect(card).to_contain_text("ZeroDivisionError")
    picture(page, "trial-light")
    use_theme(page, "Dark")
    picture(page, "trial-dark")
    use_theme(page, "Light")
