"""A notebook task beside itself in another run, and a task that is ended while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from studio import DAG, notebook, shell
from studio.client import Client
from tests.browser.cell_views import METADATA
from tests.browser.conftest import command, picture
from tests.browser.test_journey import use_theme

pytestmark = pytest.mark.browser

SOURCES = (
    "import pandas as pd",
    "table = pd.DataFrame({'hour': range(24), 'flights': [rows] * 24})\nprint(rows, 'rows')",
    "studio.save('table', table)",
)


@pytest.fixture
def compared(client: Client, tmp_path: Path) -> Iterator[list[str]]:
    """The ids of two runs with other params, the older one first."""
    cells = [nbformat.v4.new_code_cell("rows = 1", metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source) for source in ("import studio", *SOURCES)]
    path = tmp_path / "report.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), path)
    with DAG("compared", params={"rows": 3}) as dag:
        notebook(str(path), parameters={"rows": "{{ params.rows }}"}, task_id="report")
    snapshot = dag.snapshot()
    for content in snapshot.sources.values():
        client.put_source(content)
    client.publish_dag(snapshot.spec)
    runs = []
    for rows in (3, 4):
        run_id = client.trigger_run("compared", params={"rows": rows}).run.run_id
        assert client.wait_for_run("compared", run_id, timeout=120).run.state.value == "success"
        runs.append(run_id)
    yield runs
    client.delete_dag("compared")


def card_of(page: Page, dag_id: str, run_id: str, task_id: str) -> Locator:
    command(page, "pipeline-studio:open-dag", dagId=dag_id, runId=run_id, taskId=task_id)
    card = page.locator(".jp-MainAreaWidget:visible .jp-Studio-card")
    expect(card.get_by_role("heading", name=task_id)).to_be_visible()
    return card


def test_a_task_is_compared_with_that_of_another_run(page: Page, compared: list[str]) -> None:
    card = card_of(page, "compared", compared[1], "report")
    card.get_by_role("tab", name="Compare").click()
    comparison = card.get_by_role("region", name="This task in another run")
    # The run before it is suggested.
    told = comparison.get_by_role("region", name="What it was told")
    expect(told.locator(".jp-mod-removed").first).to_contain_text('"rows": 3')
    expect(told.locator(".jp-mod-added").first).to_contain_text('"rows": 4')
    outputs = comparison.get_by_role("region", name="Outputs")
    expect(outputs.locator(".jp-mod-removed")).to_contain_text("3 rows")
    expect(outputs.locator(".jp-mod-added")).to_contain_text("4 rows")
    expect(comparison).to_contain_text("The same code ran.")
    table = comparison.get_by_role("row").filter(has=page.get_by_role("rowheader", name="table", exact=True))
    expect(table).to_contain_text("differs")
    cells = comparison.get_by_role("rowheader", name="import pandas as pd", exact=False)
    expect(cells).to_have_count(1)
    told.scroll_into_view_if_needed()
    picture(page, "task-comparison-light")
    use_theme(page, "Dark")
    picture(page, "task-comparison-dark")
    use_theme(page, "Light")


def test_a_task_that_goes_on_is_cancelled(page: Page, client: Client) -> None:
    with DAG("endless") as dag:
        shell("sleep 600", task_id="wait") >> shell("echo after", task_id="after")
    client.publish_dag(dag.snapshot().spec)
    run_id = client.trigger_run("endless").run.run_id
    card = card_of(page, "endless", run_id, "wait")
    expect(card.locator(".jp-Studio-cardHeader .jp-Studio-badge")).to_contain_text("running")
    card.get_by_role("button", name="Cancel…").click()
    form = card.get_by_role("form", name="Mark")
    expect(form.get_by_role("status")).to_contain_text(
        "1 task will count as failed; what runs of them is ended."
    )
    form.get_by_role("button", name="Mark as failed").click()
    expect(card.locator(".jp-Studio-cardHeader .jp-Studio-badge")).to_contain_text("failed")
    expect(card.get_by_role("button", name="Cancel…")).to_have_count(0)
    ended = client.wait_for_run("endless", run_id, timeout=60)
    assert {task.task_id: task.state.value for task in ended.tasks} == {
        "wait": "failed",
        "after": "upstream_failed",
    }
    client.delete_dag("endless")
