"""axe-core over every view, light and dark: no serious violation; and what reduced motion asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from studio import DAG, shell
from studio.client import Client
from tests.browser.conftest import Lab, command, open_lab, picture

pytestmark = pytest.mark.browser

DAG_TABS = ("graph", "grid", "gantt", "calendar", "runs", "backfills", "code", "details")
TASK_TABS = ("output", "log", "params", "values", "resources", "tries", "why")
PAGES = (
    "overview",
    "dags",
    "runs",
    "backfills",
    "approvals",
    "assets",
    "pools",
    "variables",
    "connections",
    "audit",
)


@pytest.fixture(scope="module")
def axe(repository: Path) -> str:
    script = repository / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("axe-core is not installed: run `jlpm install` in labextension/")
    return script.read_text(encoding="utf-8")


@pytest.fixture
def seen(client: Client) -> Iterator[str]:
    """A DAG with runs that succeeded and failed."""
    with DAG("seen", schedule="@daily", catchup="skip", tags=["a tag"], params={"who": "me"}) as dag:
        first = shell("echo {{ params.who }}", task_id="first")
        first >> shell("test {{ params.who }} != none", task_id="second")
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    for who in ("me", "none"):
        run_id = client.trigger_run("seen", params={"who": who}).run.run_id
        client.wait_for_run("seen", run_id, timeout=120)
    yield run_id
    client.delete_dag("seen")


def violations(page: Page, axe: str, scope: str) -> list[str]:
    """Serious and critical ones within `scope`, with where they are."""
    page.evaluate(f"() => {{ {axe} }}")
    found: list[dict[str, Any]] = page.evaluate(
        "async scope => (await axe.run(scope, {resultTypes: ['violations']})).violations", scope
    )
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def test_the_check_can_fail(page: Page, axe: str) -> None:
    page.evaluate("() => { document.body.innerHTML = '<div id=bad><button></button></div>'; }")
    assert [fault.partition(":")[0] for fault in violations(page, axe, "#bad")] == ["button-name"]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_views_in_jupyterlab(page: Page, lab: Lab, seen: str, axe: str, theme: str) -> None:
    command(page, "apputils:change-theme", theme=theme)
    command(page, "pipeline-studio:show-pipelines")
    expect(page.locator(".jp-Studio-row", has_text="seen")).to_be_visible()
    faults = {"sidebar": violations(page, axe, ".jp-Studio-sidebar")}
    panel = page.locator(".jp-MainAreaWidget .jp-Studio-page")
    for tab in DAG_TABS:
        command(page, "pipeline-studio:open-dag", dagId="seen", tab=tab, runId=seen, taskId=None)
        expect(panel.locator(".jp-Studio-tabPanel").first).not_to_contain_text("Fetching")
        faults[tab] = violations(page, axe, ".jp-Studio-page")
        picture(page, f"axe-{theme.split()[1].lower()}-{tab}")
    for tab in TASK_TABS:
        command(page, "pipeline-studio:open-dag", dagId="seen", tab="graph", taskId="second", taskTab=tab)
        expect(panel.locator(".jp-Studio-cardBody")).not_to_contain_text("Fetching")
        faults[f"task {tab}"] = violations(page, axe, ".jp-Studio-page")
    page.get_by_role("button", name="Re-run with…").click()
    page.get_by_role("button", name="Trigger with…").click()
    faults["forms"] = violations(page, axe, ".jp-Studio-page")
    command(page, "pipeline-studio:schedule-notebook", path="report.ipynb")
    expect(page.get_by_role("status", name="Next runs")).to_be_visible()
    faults["schedule"] = violations(page, axe, ".jp-Studio-scheduleForm")
    picture(page, f"axe-{theme.split()[1].lower()}-schedule")
    assert {view: found for view, found in faults.items() if found} == {}
    open_lab(page, lab)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_the_dashboard(browser: Browser, client: Client, seen: str, axe: str, scheme: Any) -> None:
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(client.new_login())
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{client.url}/")
    faults = {}
    for name in (*PAGES, "dags/seen/graph", "dags/seen/grid?task=second"):
        page.goto(f"{client.url}/#/{name}")
        expect(page.get_by_role("main")).not_to_contain_text("Fetching")
        expect(page.get_by_text("live", exact=True)).to_be_visible()
        faults[name] = violations(page, axe, "#studio")
    assert {view: found for view, found in faults.items() if found} == {}
    context.close()


def test_nothing_turns_where_motion_is_unwanted(browser: Browser, client: Client, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with DAG("moving") as dag:
        shell(f"until test -e {gate}; do sleep 0.05; done", task_id="waits", use_shell=True)
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    run_id = client.trigger_run("moving").run.run_id
    for motion, expected in (("reduce", 0), ("no-preference", 1)):
        context = browser.new_context(reduced_motion=motion)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(client.new_login())
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{client.url}/")
        page.goto(f"{client.url}/#/dags/moving/graph")
        expect(page.locator("[data-task='waits']")).to_contain_text("running")
        moving = page.evaluate(
            "() => document.getAnimations().filter(each => each.playState === 'running'"
            " && each.effect.getComputedTiming().iterations === Infinity).length"
        )
        assert (motion, min(moving, 1)) == (motion, expected)
        context.close()
    gate.touch()
    client.wait_for_run("moving", run_id, timeout=60)
    client.delete_dag("moving")
