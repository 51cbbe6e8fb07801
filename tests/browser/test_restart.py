"""A studio server that is replaced, or a login that expires, below pages that are open."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from studio import DAG, shell
from studio.client import Client, connect
from studio.client.endpoint import read_endpoint
from studio.settings import Settings
from tests.browser.conftest import Lab, command, picture

pytestmark = pytest.mark.browser


def publish(client: Client, name: str, gate: Path) -> None:
    with DAG(name, schedule="@daily", catchup="skip", params={"who": "me"}) as dag:
        shell(f"until test -e {gate}; do sleep 0.05; done", task_id="waits", use_shell=True) >> shell(
            "echo {{ params.who }}", task_id="tells"
        )
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())


@pytest.fixture
def held(client: Client, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A run of the DAG `held` whose first task ends when there is the file."""
    gate = tmp_path / "gate"
    publish(client, "held", gate)
    run_id = client.trigger_run("held").run.run_id
    yield run_id, gate
    gate.touch()
    with connect() as there:
        there.wait_for_run("held", run_id, timeout=60)
        there.delete_dag("held")


def kill() -> None:
    endpoint = read_endpoint(Settings.from_environment())
    assert endpoint is not None
    os.kill(endpoint.pid, signal.SIGKILL)


def test_a_home_that_was_replaced_shows_nothing_of_the_former(
    page: Page, lab: Lab, client: Client, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    for name in ("both", "former"):
        publish(client, name, gate)
    for _ in range(3):
        client.wait_for_run("both", client.trigger_run("both").run.run_id, timeout=60)
        client.update_dag("both", paused=True)
        client.update_dag("both", paused=False)
    command(page, "pipeline-studio:show-pipelines")
    command(page, "pipeline-studio:open-dag", dagId="both", tab="grid", taskId="waits")
    panel = page.locator(".jp-MainAreaWidget .jp-Studio-page")
    expect(panel.locator("[role=gridcell][aria-label^='waits,']")).to_have_count(3)
    kill()
    home = Settings.from_environment().home
    for path in home.glob("studio.db*"):
        path.unlink()
    with connect() as there:
        publish(there, "both", gate)
        run_id = there.trigger_run("both").run.run_id
        there.wait_for_run("both", run_id, timeout=60)
        there.update_dag("both", paused=True)
        expect(page.locator(".jp-Studio-row[data-dag='former']")).to_have_count(0)
        expect(page.locator(".jp-Studio-row[data-dag='both']")).to_contain_text("paused")
        expect(panel.locator("[role=gridcell][aria-label^='waits,']")).to_have_count(1)
        expect(panel.locator(".jp-Studio-cardHeader .jp-Studio-badge")).to_contain_text("success")
        expect(panel.get_by_role("combobox", name="Run").locator("option")).to_have_count(2)
        there.delete_dag("both")


def test_a_login_to_jupyter_that_has_expired_is_said_so(
    page: Page, client: Client, held: tuple[str, Path]
) -> None:
    command(page, "pipeline-studio:open-dag", dagId="held", tab="graph")
    panel = page.locator(".jp-MainAreaWidget .jp-Studio-page")
    expect(panel.locator("[data-task='waits']")).to_contain_text("running")
    page.context.clear_cookies()
    page.evaluate("() => { window.jupyterapp.serviceManager.serverSettings.token = ''; }")
    panel.get_by_role("button", name="Pause").click()
    expect(panel.get_by_role("alert")).to_contain_text("not logged in to Jupyter any more")
    picture(page, "expired")
    assert not client.get_dag("held").dag.paused


def test_jupyterlab_goes_on_after_the_server_was_killed(
    page: Page, lab: Lab, client: Client, held: tuple[str, Path]
) -> None:
    run_id, gate = held
    command(page, "pipeline-studio:show-pipelines")
    command(page, "pipeline-studio:open-dag", dagId="held", tab="graph", taskId="waits", taskTab="log")
    panel = page.locator(".jp-MainAreaWidget .jp-Studio-page")
    badge = panel.locator(".jp-Studio-cardHeader .jp-Studio-badge")
    expect(badge).to_contain_text("running")
    panel.get_by_role("button", name="Trigger with…").click()
    form = panel.get_by_role("form", name="Trigger a run")
    form.locator("[data-param='who'] input").fill("her")
    panel.get_by_role("button", name="Mark…").click()
    mark = panel.get_by_role("form", name="Mark")
    mark.get_by_text("skipped").click()
    command(page, "pipeline-studio:schedule-notebook", path="report.ipynb")
    schedule = page.locator(".jp-Studio-scheduleForm")
    expect(page.get_by_role("status", name="Next runs")).to_be_visible()
    name = schedule.get_by_label("Name of the DAG")
    name.fill("kept_name")

    status = page.locator(".jp-Studio-statusItem")
    former = read_endpoint(Settings.from_environment())
    kill()
    with connect() as there:  # whoever notices first starts another; it has another token
        latter = read_endpoint(Settings.from_environment())
        assert former is not None and latter is not None
        assert (former.pid, former.token) != (latter.pid, latter.token)
        gate.touch()
        assert there.wait_for_run("held", run_id, timeout=60).run.state.value == "success"
        expect(name).to_have_value("kept_name")
        command(page, "pipeline-studio:open-dag", dagId="held")
        expect(badge).to_contain_text("success")
        expect(panel.locator("[data-task='tells']")).to_contain_text("success")
        expect(panel.locator(".jp-Studio-error")).to_have_count(0)
        expect(form.locator("[data-param='who'] input")).to_have_value("her")
        expect(mark.locator("input[value='skipped'], :checked").first).to_be_checked()
        picture(page, "restarted-lab")
        form.get_by_role("button", name="Start the run").click()
        expect(form).to_have_count(0)
        assert len(there.list_runs("held").runs) == 2
        newest = there.list_runs("held").runs[0]
        assert newest.params["who"] == "her"
        expect(panel.get_by_role("combobox", name="Run")).to_contain_text("Newest")
    expect(status).to_have_attribute("title", re.compile("active"))


def test_who_is_logged_in_stays_so_after_a_restart_and_returns_to_the_same_place(
    browser: Browser, client: Client, held: tuple[str, Path]
) -> None:
    run_id, _ = held
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.goto(client.new_login())
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto(f"{client.url}/#/dags/held/graph?run={quote(run_id)}&task=waits")
    badge = page.locator(".jp-Studio-cardHeader .jp-Studio-badge")
    expect(badge).to_contain_text("running")
    page.evaluate("() => { window.isSame = true; }")
    kill()
    expect(page.get_by_text("connection lost")).to_be_visible()
    with connect() as there:
        expect(page.get_by_text("live", exact=True)).to_be_visible()
        expect(badge).to_contain_text("running")
        assert page.evaluate("() => window.isSame")  # nothing was loaded anew

        page.get_by_role("tab", name="Details", exact=True).click()
        (Settings.from_environment().home / "session.key").unlink()
        page.reload()
        expect(page.get_by_text("studio dashboard")).to_be_visible()
        assert "#/dags/held/" in page.url
        picture(page, "logged-out")
        other = context.new_page()
        other.goto(there.new_login())
        other.get_by_role("button", name="Log in").click()
        expect(other.get_by_role("heading", name="Overview")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="held")).to_be_visible()
        expect(page.get_by_role("tab", name="Details", exact=True)).to_have_attribute("aria-selected", "true")
        page.get_by_role("tab", name="Graph", exact=True).click()
        expect(page.locator(".jp-Studio-card").get_by_role("heading", name="waits")).to_be_visible()
    context.close()
