"""Forms for runs, runs, tasks and outputs in the outputs of cells; and a graph that follows while one types."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from studio import DAG, Param, shell
from studio.client import Client, connect
from tests.browser.cell_views import METADATA, notebook, open_notebook, press_until, publish
from tests.browser.conftest import Lab, command, open_lab, picture
from tests.browser.test_journey import run_all, use_theme

pytestmark = pytest.mark.browser

RUNS_MAY_TAKE = 120_000  # milliseconds


def test_a_run_is_started_with_typed_params(page: Page, lab: Lab, client: Client) -> None:
    params = {
        "airport": Param("JFK", enum=["EWR", "JFK", "LGA"], description="Where the flights start"),
        "rows": Param(100, type="integer", minimum=1, maximum=1000),
        "day": Param("2013-01-01", type="string", format="date"),
        "dry": Param(False, type="boolean"),
        "tags": Param([], type="array", items={"type": "string"}),
        "note": Param(None, type=["null", "string"]),
    }
    with DAG("typed", params=params) as dag:
        shell("echo {{ params.rows }} of {{ params.airport }} on {{ params.day }}", task_id="extract")
    publish(client, dag)
    notebook(lab, "typed.ipynb", view="params", dag_id="typed", options={"params": {"rows": 7}})
    form = open_notebook(page, "typed.ipynb")
    rows = form.locator("[data-param='rows']")
    expect(rows.get_by_role("textbox")).to_have_value("7")
    rows.get_by_role("textbox").fill("5000")
    expect(rows.get_by_role("alert")).to_contain_text("1000")
    picture(page, "params-wrong")
    form.get_by_role("button", name="Start the run").click()
    expect(rows.get_by_role("textbox")).to_be_focused()  # nothing was started
    rows.get_by_role("textbox").fill("12")
    expect(rows.get_by_role("alert")).to_have_count(0)
    form.locator("[data-param='airport'] select").select_option(label="LGA")
    form.locator("[data-param='day'] input").fill("2013-02-03")
    form.locator("[data-param='dry'] input").check()
    form.locator("[data-param='tags'] textarea").fill("a\nb")
    form.locator("[data-param='airport'] select").focus()
    picture(page, "params-light")
    use_theme(page, "Dark")
    picture(page, "params-dark")
    use_theme(page, "Light")
    form.locator("[data-param='airport'] select").focus()
    press_until(page, "Start the run", "Enter")
    started = form.get_by_label("The run that was started")
    expect(started.locator("[data-task='extract']")).to_have_attribute(
        "data-state", "success", timeout=RUNS_MAY_TAKE
    )
    [run] = client.list_runs("typed").runs
    assert run.params == {
        "airport": "LGA", "rows": 12, "day": "2013-02-03", "dry": True, "tags": ["a", "b"], "note": None,
    }  # fmt: skip


def test_runs_and_a_task_are_watched_repaired_and_survive_their_server(
    page: Page, lab: Lab, client: Client, tmp_path: Path
) -> None:
    mended = tmp_path / "mended"
    with DAG("watched") as dag:
        first = shell("echo the first", task_id="first")
        script = f"echo looking; test -e {mended} || (echo no file; exit 3)"
        first >> shell(script, task_id="second", use_shell=True) >> shell("echo the end", task_id="third")
    publish(client, dag)
    notebook(lab, "card.ipynb", view="task", dag_id="watched", task_id="second")
    card = open_notebook(page, "card.ipynb")
    expect(card).to_contain_text("no run yet")
    picture(page, "card-empty")
    client.trigger_run("watched")
    expect(card.locator(".jp-Studio-badge").first).to_contain_text("failed", timeout=RUNS_MAY_TAKE)
    expect(card).to_contain_text("no file")
    picture(page, "card-failed-light")
    use_theme(page, "Dark")
    picture(page, "card-failed-dark")
    use_theme(page, "Light")

    # The server goes, and another one comes: the view is live again by itself.
    [endpoint] = (lab.home.parent / "runtime").glob("pipeline-studio-*.json")
    os.kill(json.loads(endpoint.read_text())["pid"], signal.SIGKILL)
    with connect() as again:
        mended.touch()
        card.get_by_role("button", name="Clear").click()
        card.get_by_role("button", name="Run again").click()
        expect(card.locator(".jp-Studio-badge").first).to_contain_text("success", timeout=RUNS_MAY_TAKE)
        [run] = again.list_runs("watched").runs
        again.wait_for_run("watched", run.run_id, timeout=60)

    for view, name in (("output", "output.ipynb"), ("runs", "runs.ipynb")):
        notebook(lab, name, view=view, dag_id="watched", task_id="third" if view == "output" else None)
    output = open_notebook(page, "output.ipynb")
    expect(output).to_contain_text("the end")
    picture(page, "output-light")
    runs = open_notebook(page, "runs.ipynb")
    expect(runs.get_by_role("row")).to_have_count(2)  # with the heads of columns
    with connect() as again:
        again.trigger_run("watched")
    expect(runs.get_by_role("row")).to_have_count(3)
    picture(page, "runs-light")
    use_theme(page, "Dark")
    picture(page, "runs-dark")
    use_theme(page, "Light")
    open_lab(page, lab)  # after a reload they show the same, with a kernel that knows nothing
    expect(open_notebook(page, "runs.ipynb").get_by_role("row")).to_have_count(3)


def test_the_graph_follows_while_one_types_and_leads_to_what_is_wrong(page: Page, lab: Lab) -> None:
    sources = ["%load_ext studio", "%dag typing", "%%task load\nrows = [1, 2]", "%%task report\nprint(rows)"]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), lab.root / "typing.ipynb")
    command(page, "docmanager:open", path="typing.ipynb")
    run_all(page)
    graph = page.locator(".jp-Notebook:visible .jp-Studio-cellGraph").first
    expect(graph.locator("[data-task]")).to_have_count(2)
    problems = graph.get_by_role("list", name="Problems")
    expect(problems).to_have_count(0)

    # A name that nobody gives: told at once, and a click leads to its line.
    last = page.locator(".jp-Notebook:visible .jp-CodeCell").nth(3)
    last.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nprint(clean)")
    expect(problems).to_contain_text("'report' reads 'clean', which nobody gives.")
    graph.scroll_into_view_if_needed()
    picture(page, "typing-problem")
    page.locator(".jp-Notebook:visible .jp-CodeCell").nth(0).locator(".cm-content").click()
    problems.get_by_role("button", name="clean").click()
    expect(last.locator(".cm-content")).to_be_focused()
    page.keyboard.type("rows; ")  # in the line that it is about
    assert "rows; print(clean)" in last.locator(".cm-content").inner_text()

    # Another cell gives it: the problem goes, and there is a third task, without anything having been run.
    first = page.locator(".jp-Notebook:visible .jp-CodeCell").nth(2)
    first.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nclean = rows")
    expect(problems).to_have_count(0)
    command(page, "notebook:enter-command-mode")
    command(page, "notebook:insert-cell-below")
    page.keyboard.press("Enter")
    page.keyboard.type("%%task middle\nsmall = clean")
    expect(graph.locator("[data-task]")).to_have_count(3)
    picture(page, "typing-third")
