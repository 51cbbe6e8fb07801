"""A studio server that is replaced, or a login that expires, below pages that are open."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

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
