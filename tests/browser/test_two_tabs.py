"""Two people, or one with two tabs: what one does the other sees, and nothing is lost without a word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from studio import DAG, shell
from studio.client import Client
from tests.browser.conftest import command

pytestmark = pytest.mark.browser


@pytest.fixture
def other(browser: Browser, client: Client) -> Iterator[Page]:
    """The dashboard, beside JupyterLab."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.goto(client.new_login())
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    yield page
    context.close()


@pytest.fixture
def shared(client: Client, tmp_path: Path) -> Iterator[Path]:
    """A DAG with a run that has failed; the task succeeds once there is the file."""
    flag = tmp_path / "flag"
    with DAG("shared", schedule="@daily", catchup="skip") as dag:
        shell(f"test -e {flag}", task_id="check") >> shell("echo done", task_id="after")
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    run_id = client.trigger_run("shared").run.run_id
    client.wait_for_run("shared", run_id, timeout=60)
    yield flag
    client.delete_dag("shared")


def opened(form: Locator, button: Locator, ready: str) -> Locator:
    button.click()
    expect(form).to_contain_text(ready)
    return form


def test_both_act_on_one_run(page: Page, other: Page, client: Client, shared: Path) -> None:
    command(page, "pipeline-studio:show-pipelines")
    command(page, "pipeline-studio:open-dag", dagId="shared", tab="graph", taskId="check")
    other.goto(f"{client.url}/#/dags/shared/graph?task=check")
    badges = [each.locator(".jp-Studio-cardHeader .jp-Studio-badge") for each in (page, other)]
    for badge in badges:
        expect(badge).to_contain_text("failed")
    forms = [
        opened(
            each.get_by_role("form", name="Run again"),
            each.get_by_role("button", name="Clear", exact=True),
            "2 tasks will run again",
        )
        for each in (page, other)
    ]
    shared.touch()
    forms[0].get_by_role("button", name="Run again").click()
    for badge in badges:
        expect(badge).to_contain_text("success")
    # The other form is still open. Its preview was of the state before; what it does now is said by both.
    forms[1].get_by_role("button", name="Run again").click()
    expect(forms[1]).to_have_count(0)
    for badge in badges:
        expect(badge).to_contain_text("success")
    run = client.list_runs("shared").runs[0]
    assert client.wait_for_run("shared", run.run_id, timeout=60).run.state.value == "success"

    page.get_by_role("button", name="Mark…").click()
    mark = page.get_by_role("form", name="Mark")
    mark.get_by_text("skipped").click()
    mark.get_by_role("button", name="Mark as skipped").click()
    expect(badges[1]).to_contain_text("skipped")

    other.get_by_role("button", name="Pause").first.click()
    expect(page.locator(".jp-Studio-row[data-dag='shared']")).to_contain_text("paused")
    expect(page.locator(".jp-Studio-pageTitle")).to_contain_text("paused")

    other.get_by_role("tab", name="Runs", exact=True).click()
    other.get_by_label(f"Choose {run.run_id}").check()
    other.get_by_role("button", name="Delete").click()
    other.get_by_role("group", name="Confirm").get_by_role("button", name="Delete for good").click()
    # It is gone from the other's page, too, which says so and does not draw what was.
    expect(page.get_by_role("combobox", name="Run").locator("option")).not_to_contain_text([run.run_id])
    expect(badges[0]).to_have_count(0)
    expect(
        page.locator(".jp-Studio-row[data-dag='shared']").get_by_role("img", name="no runs yet")
    ).to_be_visible()


def test_a_run_that_somebody_else_has_ended_meanwhile(other: Page, client: Client, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with DAG("ending") as dag:
        shell(f"until test -e {gate}; do sleep 0.05; done", task_id="waits", use_shell=True)
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    run_id = client.trigger_run("ending").run.run_id
    other.goto(f"{client.url}/#/dags/ending/runs")
    other.get_by_label(f"Choose {run_id}").check()
    other.get_by_role("button", name="Mark failed").click()
    confirm = other.get_by_role("group", name="Confirm")
    expect(confirm).to_be_visible()
    client.cancel_run("ending", run_id)
    client.wait_for_run("ending", run_id, timeout=60)
    badge = other.locator(f"[data-run='{run_id}'] .jp-Studio-badge")
    expect(badge).to_have_text("cancelled")
    confirm.get_by_role("button", name="Mark as failed").click()
    # Both were carried out, one after the other; the page shows what the server has.
    expect(confirm).to_have_count(0)
    state = client.get_run("ending", run_id).run.state.value
    expect(badge).to_have_text(state)
    assert state in ("cancelled", "failed")
    gate.touch()
    client.delete_dag("ending")


def test_a_variable_that_somebody_else_has_changed_is_not_overwritten_without_a_word(
    other: Page, client: Client
) -> None:
    client.set_variable("limit", 1)
    other.goto(f"{client.url}/#/variables")
    row = other.locator("tbody tr", has_text="limit")
    row.get_by_role("button", name="Change limit…").click()
    other.get_by_label("Value").fill("2")
    client.set_variable("limit", 3)
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("alert")).to_contain_text("changed it meanwhile")
    expect(row).to_contain_text("3")
    expect(other.get_by_label("Value")).to_have_value("2")  # nothing typed is lost
    assert client.get_variable("limit").value == 3
    other.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("2")
    assert client.get_variable("limit").value == 2

    other.get_by_role("button", name="New").click()
    other.get_by_label("Name").fill("limit")
    other.get_by_label("Value").fill("4")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("alert")).to_contain_text("one of this name already")
    assert client.get_variable("limit").value == 2
    client.delete_variable("limit")
