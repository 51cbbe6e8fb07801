"""The dashboard in a plain browser: logged in by a link, live, with everything that is managed there."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Browser, Page, expect

from studio import DAG, Asset, approval, shell
from studio import notebook as notebook_task
from studio.client import Client, backfill_of, connect
from studio.client.endpoint import read_endpoint
from studio.settings import Settings
from tests.browser.conftest import SCREENSHOTS, TOKEN, picture, running_lab

pytestmark = pytest.mark.browser


def publish(client: Client, gate: Path) -> None:
    with DAG("board", params={"who": "me"}, tags=["shown"]) as dag:
        hello = shell("echo hello {{ params.who }}", task_id="hello", outlets=[Asset("greeting")])
        hello >> shell(f"until test -e {gate}; do sleep 0.05; done", task_id="waits", use_shell=True)
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())


@pytest.fixture
def dashboard(browser: Browser, client: Client) -> Iterator[Page]:
    """A page that is logged in, at the overview."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(client.new_login())
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{client.url}/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    yield page
    context.close()


def go(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Pipeline Studio").get_by_role("link", name=name, exact=True).click()


def test_a_browser_that_is_not_logged_in_is_told_how(browser: Browser, client: Client) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(client.url)
    expect(page.get_by_text("studio dashboard")).to_be_visible()
    link = client.new_login()
    preview = browser.new_context()  # of a chat program, that looks at the link before
    preview.new_page().goto(link)
    preview.close()
    page.goto(link)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto(link)
    expect(page.get_by_role("heading", name="not valid")).to_be_visible()
    page.goto(client.url)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()  # still logged in
    client.end_logins()
    page.reload()
    expect(page.get_by_text("studio dashboard")).to_be_visible()
    context.close()


def test_a_run_from_its_trigger_to_its_end(dashboard: Page, client: Client, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    publish(client, gate)
    page = dashboard
    go(page, "DAGs")
    page.get_by_role("searchbox").fill("boa")
    page.get_by_role("button", name="board", exact=True).click()
    expect(page.get_by_role("heading", name="board")).to_be_visible()
    page.get_by_role("button", name="Trigger with…").click()
    page.locator("[data-param='who'] input").fill("her")
    page.get_by_role("button", name="Start the run").click()
    page.locator("[data-task='hello']").click()
    card = page.locator(".jp-Studio-card")
    expect(card.locator(".jp-Studio-cardHeader .jp-Studio-badge")).to_contain_text("success")
    card.get_by_role("tab", name="Output").click()
    expect(card).to_contain_text("hello her")
    picture(page, "dashboard-dag")
    address = page.url
    assert "/dags/board/graph?run=" in address and "task=hello" in address
    page.reload()
    expect(card.get_by_role("heading", name="hello")).to_be_visible()
    go(page, "Overview")
    expect(page.get_by_role("region", name="Running now (1)")).to_contain_text("board")
    gate.touch()
    expect(page.get_by_role("region", name="Running now (0)")).to_be_visible()
    picture(page, "dashboard-overview")
    page.go_back()
    expect(page.get_by_role("heading", name="board")).to_be_visible()
    go(page, "Runs")
    expect(page.locator("tbody tr[data-run]").first).to_contain_text("board")
    go(page, "Assets")
    expect(page.get_by_role("heading", name="greeting")).to_be_visible()
    page.get_by_role("button", name="Emit an event").click()
    expect(page.get_by_role("status").filter(has_text="Noted")).to_be_visible()
    go(page, "Audit")
    expect(page.locator("tbody tr").first).to_contain_text("asset event")
    expect(page.locator("tbody tr", has_text="trigger").first).to_contain_text("params: who")
    client.set_variable("who_did", "hidden words")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("tbody tr").first).to_contain_text("set variable")
    expect(page.locator("tbody tr").first).to_contain_text("name: who_did")
    page.get_by_label("Who", exact=True).fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("nobody asked for nothing.")).to_be_visible()
    page.get_by_label("Who", exact=True).fill("")
    expect(page.locator("tbody tr").first).to_contain_text("set variable")
    client.delete_variable("who_did")


def test_a_notebook_is_read_like_a_report_and_nothing_in_it_runs(
    dashboard: Page, client: Client, tmp_path: Path
) -> None:
    notebook = new_notebook(
        cells=[
            new_markdown_cell(
                "# The title\n\n**bold** <img src=x onerror='window.fired = 1'>\n\n| a | b |\n|-|-|\n| 1 | 2 |"
            ),
            new_code_cell(
                "from IPython.display import HTML, Markdown, display\ndisplay(Markdown('*slanted*'))"
            ),
            new_code_cell("HTML('<b>table</b><script>window.fired = 1</script>')"),
        ]
    )
    nbformat.write(notebook, tmp_path / "report.ipynb")
    with DAG("reads") as dag:
        notebook_task(tmp_path / "report.ipynb", task_id="report")
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    run_id = client.trigger_run("reads").run.run_id
    assert client.wait_for_run("reads", run_id, timeout=120).run.state.value == "success"
    dashboard.goto(f"{dashboard.url.split('#')[0]}#/dags/reads/graph?task=report")
    output = dashboard.locator(".jp-Studio-output")
    expect(output.get_by_role("heading", name="The title")).to_be_visible()
    expect(output.locator("strong", has_text="bold")).to_be_visible()
    expect(output.get_by_role("cell", name="2")).to_be_visible()
    expect(output.locator("em", has_text="slanted")).to_be_visible()
    expect(output.locator("b", has_text="table")).to_be_visible()
    assert dashboard.evaluate("() => window.fired") is None
    client.delete_dag("reads")


def test_pools_variables_and_connections_are_kept(dashboard: Page, client: Client) -> None:
    page = dashboard
    go(page, "Pools")
    page.get_by_role("button", name="New").click()
    page.get_by_label("Name").fill("small pool")
    page.get_by_label("Slots").fill("3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()  # such a name is refused, and nothing typed is lost
    page.get_by_label("Name").fill("small")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("tbody tr", has_text="small")).to_contain_text("3")
    page.get_by_role("button", name="Change small…").click()
    page.get_by_label("Slots").fill("4")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("tbody tr", has_text="small")).to_contain_text("4")
    page.get_by_role("button", name="Delete small…").click()
    question = page.get_by_role("group", name="Delete small")
    expect(question).to_contain_text("No task of a published DAG uses it.")
    question.get_by_role("button", name="Leave").click()
    with DAG("swims") as dag:
        shell("true", task_id="paddles", pool="small")
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    page.get_by_role("button", name="Delete small…").click()
    expect(question).to_contain_text("1 task uses it:")
    expect(question.get_by_role("listitem")).to_contain_text("paddles")
    picture(page, "dashboard-uses")
    client.delete_dag("swims")
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator("tbody tr", has_text="small")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete default…")).to_have_count(0)

    go(page, "Variables")
    expect(page.get_by_text("There are no variables yet.")).to_be_visible()
    page.get_by_role("button", name="New").click()
    page.get_by_label("Name").fill("threshold")
    page.get_by_label("Value").fill('{"a": 1')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("begins like JSON")
    page.get_by_label("Value").fill('{"a": 1}')
    page.get_by_role("button", name="Save").click()
    expect(page.locator("tbody tr")).to_contain_text('{"a":1}')
    assert client.get_variable("threshold").value == {"a": 1}
    client.delete_variable("threshold")

    go(page, "Connections")
    page.get_by_role("button", name="New").click()
    page.get_by_label("Name").fill("warehouse")
    page.get_by_label("Type").fill("postgresql")
    page.get_by_label("Host").fill("db.example")
    page.get_by_label("Password").fill("very-secret")
    page.get_by_role("button", name="Save").click()
    row = page.locator("tbody tr", has_text="warehouse")
    expect(row).to_contain_text("password")
    assert "very-secret" not in page.content()
    picture(page, "dashboard-connections")
    client.delete_connection("warehouse")


def test_backfills_of_all_dags_are_changed_and_lead_to_theirs(
    dashboard: Page, client: Client, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    with DAG("fills", schedule="@daily", start_date="2013-01-01", end_date="2013-01-05") as dag:
        shell(f"until test -e {gate}; do sleep 0.05; done", task_id="waits", use_shell=True)
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    page = dashboard
    go(page, "Backfills")
    expect(page.get_by_text("No backfill was made yet.")).to_be_visible()
    made = client.create_backfill("fills", backfill_of("2013-01-01", "2013-01-03", max_active_runs=1))
    row = page.locator(f"tr[data-backfill='{made.id}']")
    expect(row).to_contain_text("0 of 3 ended")  # the stream told
    row.get_by_role("button", name="Change…").click()
    change = page.get_by_role("group", name=f"Backfill {made.id} of fills")
    change.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused")
    page.get_by_role("button", name="running", exact=True).click()
    expect(page.get_by_text("No backfill is like that.")).to_be_visible()
    page.get_by_role("button", name="running", exact=True).click()
    change.get_by_role("button", name="Resume").click()
    change.get_by_role("button", name="Cancel…").click()
    expect(change).to_contain_text("2 of its runs wait and will not start.")
    picture(page, "dashboard-backfills")
    change.get_by_role("button", name="Cancel what waits").click()
    gate.touch()
    expect(row).to_contain_text("3 of 3 ended")
    expect(row).to_contain_text("cancelled")
    row.get_by_role("button", name="fills", exact=True).click()
    expect(page.locator(".jp-Studio-backfillProgress")).to_contain_text("3 of 3 runs ended")
    assert page.url.endswith(f"/dags/fills/backfills?backfill={made.id}")
    page.reload()
    expect(page.locator(".jp-Studio-backfillProgress")).to_contain_text("3 of 3 runs ended")
    page.get_by_role("button", name="New backfill").click()
    expect(page).to_have_url(re.compile("/dags/fills/backfills$"))
    page.go_back()
    expect(page.locator(".jp-Studio-backfillProgress")).to_contain_text("3 of 3 runs ended")
    client.delete_dag("fills")


def test_a_question_is_answered(dashboard: Page, client: Client) -> None:
    with DAG("asks") as dag:
        approval("Publish the report?", task_id="ask", options=["Yes", "No"])
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    run_id = client.trigger_run("asks").run.run_id
    go(dashboard, "Approvals")
    form = dashboard.get_by_role("form", name="Publish the report?")
    form.get_by_role("button", name="Yes").click()
    expect(dashboard.get_by_text("Nothing waits for a person.")).to_be_visible()
    assert client.wait_for_run("asks", run_id, timeout=60).run.state.value == "success"


def test_an_open_page_finds_the_server_after_it_was_killed(
    dashboard: Page, client: Client, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    publish(client, gate)
    run_id = client.trigger_run("board").run.run_id
    go(dashboard, "Overview")
    expect(dashboard.get_by_role("region", name="Running now (1)")).to_contain_text("board")
    settings = Settings.from_environment()
    former = read_endpoint(settings)
    assert former is not None
    os.kill(former.pid, signal.SIGKILL)
    expect(dashboard.get_by_text("connection lost")).to_be_visible()
    gate.touch()
    with connect() as again:  # another server, another token, the same port
        assert again.url == former.url
        assert again.wait_for_run("board", run_id, timeout=60).run.state.value == "success"
    expect(dashboard.get_by_text("live", exact=True)).to_be_visible()
    expect(dashboard.get_by_role("region", name="Running now (0)")).to_be_visible()


def test_through_jupyter_below_a_base_url(browser: Browser, tmp_path: Path, repository: Path) -> None:
    base = tmp_path / "hub"
    base.mkdir()
    with running_lab(base, repository, base_url="/user/x/") as lab:
        context = browser.new_context(viewport={"width": 1200, "height": 800})
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(f"{lab.url}/user/x/studio")
        expect(page).to_have_url(re.compile("/user/x/login"))
        page.goto(f"{lab.url}/user/x/studio?token={TOKEN}")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        expect(page.get_by_text("live", exact=True)).to_be_visible()
        go(page, "Pools")
        page.get_by_role("button", name="New").click()
        page.get_by_label("Name").fill("far")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("tbody tr", has_text="far")).to_be_visible()
        assert page.url.startswith(f"{lab.url}/user/x/studio/")
        context.close()


def test_the_theme_is_chosen_and_kept(dashboard: Page) -> None:
    dashboard.get_by_label("Theme").select_option("dark")
    assert dashboard.evaluate("() => document.body.dataset.jpThemeLight") == "false"
    for name in ("overview", "dags", "runs", "pools"):
        dashboard.goto(f"{dashboard.url.split('#')[0]}#/{name}")
        if SCREENSHOTS:
            time.sleep(1)
        picture(dashboard, f"dashboard-dark-{name}")
    dashboard.reload()
    assert dashboard.evaluate("() => document.body.dataset.jpThemeLight") == "false"


def test_help_tells_of_the_page_that_is_shown(dashboard: Page) -> None:
    go(dashboard, "Pools")
    with dashboard.context.expect_page() as opened:
        dashboard.get_by_role("button", name="Help").click()
    expect(opened.value.get_by_role("heading", name="Pools")).to_be_in_viewport()
    assert opened.value.url.endswith("#pools")
    picture(opened.value, "help-dashboard")
