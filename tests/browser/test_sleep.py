"""A computer that slept: the pages wake, notice that their connections are dead, and show what is true by then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from studio import DAG, shell
from studio.client import Client, backfill_of
from tests.browser.conftest import TOKEN, Lab, command, picture
from tests.browser.relay import Relay

pytestmark = pytest.mark.browser


def publish(client: Client, name: str, gate: Path, last: str = "echo reported") -> None:
    with DAG(name, schedule="@daily", start_date="2013-01-01", end_date="2013-01-10", catchup="skip") as dag:
        first = shell(f"until test -e {gate}; do sleep 0.05; done", task_id="waits", use_shell=True)
        first >> shell(last, task_id="report")
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def relays(lab: Lab, client: Client) -> Iterator[tuple[Relay, Relay]]:
    """To JupyterLab and to the studio server."""
    made = Relay(urlsplit(lab.url).port or 0), Relay(urlsplit(client.url).port or 0)
    yield made
    for relay in made:
        relay.close()


def asleep(context: BrowserContext, *relays: Relay) -> None:
    """Frozen, and off the network; connections are cut where nobody sees it."""
    for relay in relays:
        relay.sleep()
    context.set_offline(True)
    _lifecycle(context, "frozen")


def awake(context: BrowserContext, *relays: Relay) -> None:
    for relay in relays:
        relay.wake()
    context.set_offline(False)
    _lifecycle(context, "active")


def _lifecycle(context: BrowserContext, state: str) -> None:
    for page in context.pages:
        session = context.new_cdp_session(page)
        session.send("Page.setWebLifecycleState", {"state": state})
        session.detach()


def at(context: BrowserContext, relay: Relay, place: str) -> Page:
    """A page of the dashboard, in a tab of its own."""
    page = context.new_page()
    page.goto(f"{relay.url}/#/{place}")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    return page


def row(page: Page, dag_id: str) -> Locator:
    return page.locator(f".jp-Studio-row[data-dag='{dag_id}']")


def test_what_happened_during_sleep_is_shown_after_it(
    context: BrowserContext, relays: tuple[Relay, Relay], client: Client, tmp_path: Path
) -> None:
    to_lab, to_studio = relays
    gate = tmp_path / "gate"
    for name in ("sleeper", "leaving"):
        publish(client, name, gate)
    gate.touch()
    former = client.trigger_run("sleeper", note="former").run.run_id
    client.wait_for_run("sleeper", former, timeout=60)
    gate.unlink()
    run_id = client.trigger_run("sleeper").run.run_id

    lab = context.new_page()
    lab.goto(f"{to_lab.url}/lab?token={TOKEN}&reset")
    lab.wait_for_function("() => window.jupyterapp !== undefined")
    lab.evaluate("async () => { await window.jupyterapp.restored; }")
    command(lab, "pipeline-studio:show-pipelines")
    command(lab, "pipeline-studio:open-dag", dagId="sleeper", tab="grid", runId=run_id, taskId="waits")
    expect(row(lab, "leaving")).to_be_visible()
    expect(row(lab, "sleeper")).to_contain_text("1 running")
    grid = lab.get_by_role("grid")
    expect(grid.locator("[role=gridcell][aria-label$=': running']")).to_have_count(1)
    expect(grid.locator("[role=gridcell][aria-label^='waits,']")).to_have_count(2)

    login = context.new_page()
    login.goto(client.new_login().replace(client.url, to_studio.url))
    login.get_by_role("button", name="Log in").click()
    expect(login.get_by_role("heading", name="Overview")).to_be_visible()
    login.close()
    graph = at(context, to_studio, f"dags/sleeper/graph?run={quote(run_id)}&task=waits")
    badge = graph.locator(".jp-Studio-cardHeader .jp-Studio-badge")
    expect(badge).to_contain_text("running")
    newest = at(context, to_studio, "dags/sleeper/graph")
    runs = at(context, to_studio, "dags/sleeper/runs")
    rows = runs.locator(".jp-Studio-runList tbody tr[data-run]")
    expect(rows).to_have_count(2)
    backfills = at(context, to_studio, "dags/sleeper/backfills")
    expect(backfills.get_by_text("No backfill of this DAG was made yet.")).to_be_visible()
    overview = at(context, to_studio, "overview")
    expect(overview.get_by_role("region", name="Running now (1)")).to_contain_text("sleeper")
    pools = at(context, to_studio, "pools")
    expect(pools.locator("tbody tr", has_text="default")).to_be_visible()

    asleep(context, to_lab, to_studio)
    gate.touch()
    client.wait_for_run("sleeper", run_id, timeout=60)
    client.delete_runs("sleeper", [former])
    client.delete_dag("leaving")
    publish(client, "arriving", gate)
    publish(client, "sleeper", gate, last="exit 1")
    later = client.trigger_run("sleeper").run.run_id
    client.wait_for_run("sleeper", later, timeout=60)
    made = client.create_backfill("sleeper", backfill_of("2013-01-01", "2013-01-02"))
    while client.get_backfill(made.id).state == "running":
        time.sleep(0.1)
    client.set_pool("night", slots=2)
    client.update_dag("sleeper", paused=True)
    awake(context, to_lab, to_studio)

    expect(row(lab, "arriving")).to_be_visible()
    expect(row(lab, "leaving")).to_have_count(0)
    expect(row(lab, "sleeper")).to_contain_text("paused")
    expect(row(lab, "sleeper")).not_to_contain_text("running")
    cells = grid.locator("[role=gridcell][aria-label^='waits,']")
    expect(cells).to_have_count(4)  # the former is deleted; two of the backfill have come
    expect(grid.locator("[role=gridcell][aria-label$=': running']")).to_have_count(0)
    expect(lab.locator(".jp-Studio-cardHeader .jp-Studio-badge")).to_contain_text("success")
    expect(lab.locator(".jp-Studio-page .jp-Studio-error")).to_have_count(0)
    picture(lab, "awake-lab")

    expect(badge).to_contain_text("success")
    expect(graph.locator("[data-task='report']")).to_contain_text("success")
    expect(newest.locator("[data-task='report']")).to_contain_text("failed")
    choices = newest.get_by_role("combobox", name="Run").locator("option")
    expect(choices).to_have_count(5)  # four, and the newest whichever it is
    expect(rows).to_have_count(4)
    expect(runs.locator(f"[data-run='{former}']")).to_have_count(0)
    expect(runs.locator(f"[data-run='{run_id}'] .jp-Studio-badge")).to_have_text("success")
    listed = backfills.get_by_role("navigation", name="Backfills")
    expect(listed).to_contain_text("2 of 2 runs")
    expect(overview.get_by_role("region", name="Running now (0)")).to_be_visible()
    expect(pools.locator("tbody tr", has_text="night")).to_be_visible()
    for name in ("sleeper", "arriving"):
        client.delete_dag(name)
    client.delete_pool("night")
