"""A notebook that fails, opened where it failed, repaired, and run again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from studio import DAG, notebook
from studio.client import Client
from tests.browser.cell_views import METADATA
from tests.browser.conftest import Lab, command, picture

pytestmark = pytest.mark.browser

READ = "text = open('data.txt').read()"
TELL = "print(sum(numbers) * rows)"


def write(path: Path, *sources: str) -> None:
    cells = [nbformat.v4.new_code_cell("rows = 1", metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), path)


@pytest.fixture
def broken(lab: Lab, client: Client) -> Iterator[Path]:
    """A notebook below JupyterLab's root, whose last run has failed."""
    folder = lab.root / "broken"
    folder.mkdir()
    (folder / "data.txt").write_text("3,4")
    path = folder / "report.ipynb"
    write(
        path,
        "text = open('data.txt').read()",
        "numbers = [int(each) for each in text]",
        "print(sum(numbers) * rows)",
    )
    with DAG("broken", params={"rows": 7}) as dag:
        notebook(str(path), parameters={"rows": "{{ params.rows }}"}, task_id="report", source="latest")
    snapshot = dag.snapshot()
    for content in snapshot.sources.values():
        client.put_source(content)
    client.publish_dag(snapshot.spec)
    run_id = client.trigger_run("broken").run.run_id
    assert client.wait_for_run("broken", run_id, timeout=120).run.state.value == "failed"
    yield path
    client.delete_dag("broken")


def test_a_failed_notebook_is_opened_repaired_and_run_again(page: Page, client: Client, broken: Path) -> None:
    command(page, "pipeline-studio:open-dag", dagId="broken", taskId="report")
    card = page.locator(".jp-MainAreaWidget:visible .jp-Studio-card")
    card.get_by_role("button", name="Debug").click()
    opened = page.locator(".jp-NotebookPanel:visible")
    # It stands in the folder of the notebook, at the cell that failed, with a kernel of its own.
    active = opened.locator(".jp-Cell.jp-mod-active")
    expect(active).to_contain_text("int(each)")
    expect(active).to_contain_text("ValueError")
    (copy,) = broken.parent.glob("debug-report-*-try1.ipynb")
    expect(opened.locator(".jp-Toolbar-kernelName")).to_contain_text("Python 3")
    expect(opened.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle")
    picture(page, "debug")
    command(page, "notebook:run-all-above")
    expect(opened.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle")
    # The parameters of the run, its folder, and what the cells above made are there.
    command(page, "notebook:insert-cell-below")
    command(page, "notebook:enter-edit-mode")
    page.keyboard.insert_text("rows, text, os.getcwd()")
    command(page, "notebook:run-cell")
    expect(opened.locator(".jp-Cell.jp-mod-active .jp-OutputArea-output")).to_contain_text("(7, '3,4'")
    expect(opened.locator(".jp-Cell.jp-mod-active .jp-OutputArea-output")).to_contain_text(str(broken.parent))
    command(page, "docmanager:save")
    picture(page, "debug-tried")

    # Asked for again, it is as one left it.
    command(page, "pipeline-studio:open-dag", dagId="broken", taskId="report")
    card.get_by_role("button", name="Debug").click()
    expect(opened.locator(".jp-Cell", has_text="getcwd()")).to_have_count(1)
    assert list(broken.parent.glob("debug-*")) == [copy]

    # Repaired in the notebook itself, the task goes well when it is cleared.
    write(
        broken,
        "text = open('data.txt').read()",
        "numbers = [int(each) for each in text.split(',')]",
        "print(sum(numbers) * rows)",
    )
    command(page, "pipeline-studio:open-dag", dagId="broken", taskId="report")
    card.get_by_title("Run this task again…").click()
    card.locator("form button.jp-mod-primary").click()
    expect(card.locator(".jp-Studio-cardHeader .jp-Studio-badge")).to_contain_text("success")
    expect(card.get_by_text("49")).to_be_visible()
    expect(card.get_by_role("button", name="Debug")).to_have_count(0)
