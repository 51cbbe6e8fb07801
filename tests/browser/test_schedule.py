"""Notebooks without a DAG, in JupyterLab: scheduled, run as a task, sent to the background; what is told of them."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from studio import DAG, shell
from studio.client import Client
from tests.browser.conftest import Lab, command, picture
from tests.operators.web import serving

pytestmark = pytest.mark.browser


@pytest.fixture
def notebook(lab: Lab, client: Client) -> str:
    """A notebook with parameters, in the folder of JupyterLab."""
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "source": "who = 'nobody'\ntimes: int = 2",
        },
        {"cell_type": "code", "metadata": {}, "source": "print('hello', who, times)"},
    ]
    for cell in cells:
        cell.update(outputs=[], execution_count=None)
    kernel = {"name": "python3", "display_name": "Python 3"}  # or JupyterLab asks for one
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    (lab.root / "greet.ipynb").write_text(json.dumps(content))
    return "greet.ipynb"


def test_a_notebook_is_scheduled_from_the_file_browser(page: Page, client: Client, notebook: str) -> None:
    page.locator(".jp-DirListing-item", has_text=notebook).click(button="right")
    page.get_by_role("menuitem", name="Schedule…").click()
    form = page.get_by_role("form", name=f"Schedule {notebook}")
    runs = form.get_by_role("status", name="Next runs")
    expect(runs.locator("li")).to_have_count(5)
    form.get_by_text("Cron", exact=True).click()
    form.get_by_label("Cron expression").fill("every day")
    expect(form.get_by_role("alert")).to_be_visible()
    expect(form.get_by_role("button", name="Schedule", exact=True)).to_be_disabled()
    form.get_by_label("Cron expression").fill("0 0 1 3,4 *")
    form.get_by_label("Time zone").fill("Europe/Vienna")
    expect(runs).to_contain_text("the clocks have changed")
    form.get_by_text("Weekly", exact=True).click()
    form.get_by_label("Day of the week").select_option("Friday")
    form.locator("[data-param='who'] input").fill("{{ ds }}")
    expect(runs.locator("li").first).to_contain_text("Fri")
    picture(page, "schedule")
    form.get_by_role("button", name="Schedule", exact=True).click()
    expect(page.locator(".jp-Studio-page h2")).to_have_text("greet")
    spec = client.get_dag("greet").spec
    assert spec.timezone == "Europe/Vienna"
    assert spec.tasks[0].config["parameters"] == {"who": "{{ ds }}", "times": "{{ params.times }}"}
    command(page, "pipeline-studio:schedule-notebook", path=notebook)
    expect(page.get_by_text("It is scheduled already")).to_be_visible()
    expect(page.get_by_label("Day of the week")).to_have_value("5")
    client.delete_dag("greet")


def test_an_open_notebook_runs_as_a_task_with_other_parameters(
    page: Page, client: Client, notebook: str
) -> None:
    command(page, "docmanager:open", path=notebook)
    expect(page.locator("[data-jp-item-name='pipeline-studio:schedule']")).to_be_visible()
    command(page, "pipeline-studio:run-notebook")
    form = page.get_by_role("form", name=f"Schedule {notebook}")
    form.locator("[data-param='who'] input").fill("world")
    form.get_by_role("button", name="Run now").click()
    page.locator("[data-task='greet']").click()
    expect(page.locator(".jp-Studio-card .jp-Studio-output")).to_contain_text("hello world 2")
    client.wait_for_run("greet", client.list_runs("greet").runs[0].run_id, timeout=60)
    client.delete_dag("greet")


def test_a_notebook_goes_on_in_the_background(page: Page, client: Client, notebook: str) -> None:
    command(page, "docmanager:open", path=notebook)
    command(page, "pipeline-studio:send-to-background")
    toast = page.locator(".jp-toast, .Toastify__toast", has_text="runs on the server now")
    toast.get_by_role("button", name="Watch").click()
    expect(page.locator(".jp-Studio-page h2")).to_have_text("greet_background")
    client.wait_for_run("greet_background", client.list_runs("greet_background").runs[0].run_id, timeout=60)
    client.delete_dag("greet_background")


def test_a_run_that_fails_is_told_and_leads_there(page: Page, client: Client) -> None:
    with DAG("fails") as dag:
        shell("false", task_id="fails")
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    status = page.locator(".jp-Studio-statusItem")
    expect(status).to_be_visible()
    client.trigger_run("fails")
    toast = page.locator(".jp-toast, .Toastify__toast", has_text="fails")
    expect(toast).to_contain_text("has failed")
    toast.get_by_role("button", name="Open").click()
    expect(page.locator(".jp-Studio-page h2")).to_have_text("fails")
    status.click()
    page.locator(".jp-Studio-row[data-dag='fails']").click(button="right")
    page.get_by_role("menuitem", name="Pause or Unpause").click()
    expect(page.locator(".jp-Studio-row[data-dag='fails']")).to_have_class(re.compile("jp-mod-paused"))
    client.delete_dag("fails")


def test_who_is_told_and_where_copies_go(page: Page, lab: Lab, client: Client, notebook: str) -> None:
    with serving() as web:
        web.pages["/hook"] = (200, "text/plain", b"ok")
        client.set_connection("alerts", f"{web.url}/hook")
        command(page, "pipeline-studio:run-notebook", path=notebook)
        form = page.get_by_role("form", name=re.compile(re.escape(notebook)))
        form.get_by_label("Connection for notifications").select_option("alerts")
        form.get_by_label("a run succeeds").check()
        form.get_by_label("Folder for copies").fill("copies/{{ params.who }}")
        form.locator("[data-param='who'] input").fill("world")
        form.get_by_label("a run succeeds").scroll_into_view_if_needed()
        picture(page, "schedule-notify")
        form.get_by_role("button", name="Run now").click()
        expect(page.locator(".jp-Studio-page h2")).to_have_text("greet")
        (run,) = client.list_runs(dag_id="greet").runs
        client.wait_for_run("greet", run.run_id, timeout=60)
        expect(page.locator("[data-task='greet']")).to_have_attribute("data-state", "success")
        assert "hello world 2" in (lab.root / "copies" / "world" / "greet.ipynb").read_text()
        page.wait_for_timeout(100)
        for _ in range(300):  # a worker tells it after the run has ended
            if web.asked:
                break
            page.wait_for_timeout(100)
        (asked,) = web.asked
        assert json.loads(asked["body"])["text"].startswith(f"greet succeeded\nRun: {run.run_id}")
    # It is remembered.
    command(page, "pipeline-studio:schedule-notebook", path=notebook)
    again = page.get_by_role("form", name=f"Schedule {notebook}")
    expect(again.get_by_label("Connection for notifications")).to_have_value("alerts")
    expect(again.get_by_label("a run succeeds")).to_be_checked()
    expect(again.get_by_label("Folder for copies")).to_have_value("copies/{{ params.who }}")
    client.delete_dag("greet")
    client.delete_connection("alerts")
