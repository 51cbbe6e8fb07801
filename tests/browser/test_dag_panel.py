"""The tabs of a DAG and of a task, in JupyterLab: a real server, real runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from studio import DAG, TaskGroup, shell
from studio.client import Client
from tests.browser.conftest import Lab, command, open_lab, picture

pytestmark = pytest.mark.browser


def containing(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def ending(text: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(text)}$")


@dataclass
class Panel:
    """The page of the DAG `panel`, opened at a tab."""

    page: Page
    client: Client
    flag: Path  # while it is missing, the task `check` fails

    def at(self, tab: str, **place: object) -> Locator:
        command(self.page, "pipeline-studio:open-dag", dagId="panel", tab=tab, **place)
        found = self.page.locator(".jp-MainAreaWidget .jp-Studio-page")
        expect(found.get_by_role("tab", name=tab.capitalize(), exact=True)).to_have_attribute(
            "aria-selected", "true"
        )
        return found

    def run(self, state: str, **options: object) -> str:
        run_id = self.client.trigger_run("panel", **options).run.run_id  # type: ignore[arg-type]
        assert self.client.wait_for_run("panel", run_id, timeout=120).run.state.value == state
        return run_id


def publish(client: Client, flag: Path, last: str = "echo reported") -> None:
    with DAG(
        "panel",
        schedule="@daily",
        start_date="2013-01-01",
        end_date="2013-01-10",
        catchup="skip",
        params={"who": "me"},
    ) as dag:
        load = shell("echo loaded {{ params.who }}", task_id="load")
        check = shell(f"test -e {flag}", task_id="check", retries=1, retry_delay=0)
        load >> check >> shell(last, task_id="report")
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())


@pytest.fixture
def panel(page: Page, client: Client, tmp_path: Path) -> Iterator[Panel]:
    made = Panel(page, client, tmp_path / "flag")
    publish(client, made.flag)
    yield made
    client.delete_dag("panel")


def test_grid_is_live_and_leads_to_tasks_by_mouse_and_by_keyboard(panel: Panel) -> None:
    run_id = panel.run("failed")
    at = panel.at("grid")
    grid = at.get_by_role("grid")
    failed = grid.locator("[role=gridcell][aria-label^='check,']")
    expect(failed).to_have_attribute("aria-label", ending(": failed"))
    panel.flag.touch()
    panel.run("success")
    # The newest run is at the right; it came by itself.
    expect(grid.locator("[role=gridcell][aria-label^='check,']")).to_have_count(2)
    expect(grid.locator("[role=gridcell][aria-label$=': success']")).to_have_count(4)
    picture(panel.page, "grid-live")
    grid.locator("[data-line='1'] > [data-column='1']").click()
    card = at.locator(".jp-Studio-card")
    expect(card.get_by_role("heading", name="check")).to_be_visible()
    expect(card.locator(".jp-Studio-badge").first).to_contain_text("failed")
    assert run_id in (at.locator(".jp-Studio-gridRun.jp-mod-shown").get_attribute("title") or "")
    grid.focus()
    panel.page.keyboard.press("ArrowRight")
    panel.page.keyboard.press("ArrowUp")
    panel.page.keyboard.press("Enter")
    expect(card.get_by_role("heading", name="load")).to_be_visible()
    expect(at.locator("[data-line='0'] > .jp-Studio-gridCell.jp-mod-chosen[data-column='0']")).to_have_count(
        1
    )


def test_a_group_folds_to_what_tells_most_of_it(panel: Panel) -> None:
    with DAG("panel") as dag, TaskGroup("part"):
        shell("echo good", task_id="good")
        shell("exit 1", task_id="bad")
    panel.client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    panel.run("failed")
    grid = panel.at("grid").get_by_role("grid")
    lines = grid.locator(".jp-Studio-gridLine")
    expect(lines).to_have_count(3)
    grid.get_by_title("Fold part").click()
    expect(lines).to_have_count(1)
    expect(grid.locator("[role=gridcell][aria-label^='part,']")).to_have_attribute(
        "aria-label", containing("failed")
    )
    grid.get_by_title("Unfold part").click()
    expect(lines).to_have_count(3)


def test_gantt_and_calendar_show_when(panel: Panel) -> None:
    panel.run("failed", logical_date="2013-01-03")
    at = panel.at("gantt")
    bars = at.locator(".jp-Studio-ganttBar")
    expect(bars).to_have_count(3)  # load once, check twice
    expect(bars.nth(1)).to_have_attribute("aria-label", containing("failed"))
    at.get_by_role("button", name="check").click()
    expect(at.locator(".jp-Studio-card h3")).to_have_text("check")
    picture(panel.page, "gantt")
    at = panel.at("calendar")
    for year in range(2025, 2012, -1):
        if at.get_by_text("The last twelve months").count() or not at.locator(f"b:text-is('{year}')").count():
            at.get_by_role("button", name=containing("‹")).click()
        if at.locator("b:text-is('2013')").count():
            break
    at.locator("[data-day='2013-01-03']").click()
    expect(at.get_by_role("region", name="Runs of 2013-01-03").locator("tbody tr")).to_have_count(1)
    picture(panel.page, "calendar")


def test_runs_are_found_compared_repeated_marked_and_deleted(panel: Panel) -> None:
    first = panel.run("failed", note="without the flag")
    panel.flag.touch()
    second = panel.run("success", params={"who": "you"})
    at = panel.at("runs")
    rows = at.locator(".jp-Studio-runList tbody tr[data-run]")
    expect(rows).to_have_count(2)
    at.get_by_label("Part of the run id or the note").fill("FLAG")
    expect(rows).to_have_count(1)
    at.get_by_role("button", name="All runs").click()
    at.get_by_role("group", name="States").get_by_role("button", name="success").click()
    expect(rows).to_have_count(1)
    expect(rows).to_have_attribute("data-run", second)
    at.get_by_role("button", name="All runs").click()
    for run_id in (first, second):
        at.get_by_label(f"Choose {run_id}").check()
    at.get_by_role("button", name="Compare").click()
    compared = at.get_by_role("region", name="Two runs compared")
    expect(compared.locator(".jp-mod-added")).to_contain_text('"you"')
    expect(compared.locator("tr.jp-mod-differs")).to_have_count(2)  # check, report
    picture(panel.page, "runs-compared")
    at.get_by_label(f"Choose {second}").uncheck()
    at.get_by_role("button", name="Repeat failed tasks").click()
    expect(at.get_by_role("group", name="Confirm")).to_contain_text("will run again")
    at.get_by_role("group", name="Confirm").get_by_role("button", name="Run again").click()
    expect(at.locator(f"[data-run='{first}'] .jp-Studio-badge")).to_have_text("success")
    at.get_by_label(f"Choose {first}").check()
    at.get_by_role("button", name="Mark failed").click()
    at.get_by_role("group", name="Confirm").get_by_role("button", name="Mark as failed").click()
    expect(at.locator(f"[data-run='{first}'] .jp-Studio-badge")).to_have_text("failed")
    at.get_by_label(f"Choose {first}").check()
    at.get_by_role("button", name="Delete").click()
    at.get_by_role("group", name="Confirm").get_by_role("button", name="Delete for good").click()
    expect(rows).to_have_count(1)
    assert [run.run_id for run in panel.client.list_runs("panel").runs] == [second]


def test_backfills_are_started_and_listed(panel: Panel) -> None:
    panel.flag.touch()
    at = panel.at("backfills")
    days = at.locator("input[type=date]")
    days.nth(0).fill("2013-01-01")
    days.nth(1).fill("2013-01-02")
    at.locator("form button[type=submit]").click()
    listed = at.get_by_role("navigation", name="Backfills").get_by_role(
        "button", name=containing("2013-01-01")
    )
    expect(listed).to_contain_text("2 of 2 runs")
    picture(panel.page, "backfills")


def test_code_of_versions_and_what_changed(panel: Panel) -> None:
    publish(panel.client, panel.flag, last="echo reported twice")
    at = panel.at("code")
    versions = at.get_by_role("navigation", name="Versions").get_by_role("button")
    expect(versions).to_have_count(2)
    expect(at.locator(".jp-Studio-parts")).to_contain_text("echo reported twice")
    at.get_by_label(containing("Compare with")).select_option(index=1)
    expect(at.locator(".jp-Studio-diff .jp-mod-added").first).to_contain_text("twice")
    picture(panel.page, "code-diff")


def test_details_say_when_it_runs_and_delete_asks_first(panel: Panel) -> None:
    at = panel.at("details")
    expect(at.get_by_role("region", name="Schedule")).to_contain_text("every day")
    at.get_by_role("button", name="Delete the DAG…").click()
    at.get_by_role("button", name="Leave").click()
    assert panel.client.get_dag("panel").dag.dag_id == "panel"
    at.get_by_role("button", name="Delete the DAG…").click()
    at.get_by_role("button", name="Delete for good").click()
    expect(panel.page.get_by_text("The server knows no DAG “panel” at present.")).to_be_visible()
    publish(panel.client, panel.flag)  # for the fixture's end; the page comes alive by itself
    expect(at.get_by_role("tab", name="Details")).to_be_visible()


def test_a_task_tells_all_there_is_and_runs_again_with_other_params(panel: Panel) -> None:
    panel.run("failed")
    at = panel.at("graph", taskId="check")
    card = at.locator(".jp-Studio-card")
    card.get_by_role("tab", name="Tries").click()
    expect(card.locator("tbody tr")).to_have_count(2)
    card.get_by_label(containing("Compare try 2 with")).select_option("1")
    card.get_by_role("tab", name="Why").click()
    expect(card.get_by_role("region", name="Why")).to_contain_text("failed in try 2 of 2")
    card.get_by_role("region", name="Upstream").get_by_role("button", name="load").click()
    expect(card.get_by_role("heading", name="load")).to_be_visible()
    card.get_by_role("tab", name="Params").click()
    expect(card.get_by_role("region", name="Params of the run")).to_contain_text('"me"')
    card.get_by_role("tab", name="Resources").click()
    expect(card.get_by_role("region", name="In all")).to_contain_text("worker")
    picture(panel.page, "task-resources")
    panel.flag.touch()
    card.get_by_role("button", name="Re-run with…").click()
    form = card.get_by_role("form", name="Run again")
    form.locator("[data-param='who'] input").fill("her")
    expect(form.get_by_role("status")).to_contain_text("3 tasks will run again")
    form.get_by_role("button", name="Run again").click()
    expect(card.locator(".jp-Studio-cardHeader .jp-Studio-badge")).to_contain_text("success")
    card.get_by_role("tab", name="Log").click()
    expect(card.get_by_role("log")).to_contain_text("loaded her")
    card.get_by_role("button", name="Mark…").click()
    form = card.get_by_role("form", name="Mark")
    form.get_by_text("skipped").click()
    form.get_by_role("button", name="Mark as skipped").click()
    expect(card.locator(".jp-Studio-cardHeader .jp-Studio-badge")).to_contain_text("skipped")


def test_a_panel_reopens_where_it_was(panel: Panel, lab: Lab) -> None:
    run_id = panel.run("failed")
    at = panel.at("graph", taskId="check", runId=run_id, taskTab="tries")
    expect(at.locator(".jp-Studio-card").get_by_role("tab", name="Tries")).to_have_attribute(
        "aria-selected", "true"
    )
    panel.page.wait_for_timeout(2000)  # the layout is saved a second after its last change
    panel.page.goto(f"{lab.url}/lab")
    page = panel.page.locator(".jp-MainAreaWidget .jp-Studio-page")
    card = page.locator(".jp-Studio-card")
    expect(card.get_by_role("heading", name="check")).to_be_visible()
    expect(card.get_by_role("tab", name="Tries")).to_have_attribute("aria-selected", "true")
    open_lab(panel.page, lab)


def test_help_tells_of_the_view_that_is_shown(panel: Panel) -> None:
    at = panel.at("calendar")
    at.get_by_role("button", name="Help", exact=True).first.click()
    frame = panel.page.frame_locator("iframe[src*='/studio/help/panels']")
    expect(frame.get_by_role("heading", name="Calendar")).to_be_in_viewport()
    assert "#calendar" in (panel.page.locator("iframe[src*='/studio/help/']").get_attribute("src") or "")
    picture(panel.page, "help")
    frame.get_by_role("link", name="Variables and secrets").click()
    expect(frame.get_by_role("heading", level=1)).to_contain_text("ecrets")
    panel.page.locator(".lm-TabBar-tab:has-text('panel')").first.click()
    at.get_by_role("tab", name="Grid", exact=True).click()
    at.get_by_role("button", name="Help", exact=True).first.click()
    expect(panel.page.locator("iframe")).to_have_count(1)  # the same tab
    expect(frame.get_by_role("heading", name="Grid")).to_be_in_viewport()


def test_shortcuts_palette_and_settings(panel: Panel) -> None:
    page = panel.page
    page.evaluate(
        """async () => {
            const { serviceManager } = window.jupyterapp;
            await serviceManager.settings.save('pipeline-studio:panel', '{"view": "runs", "placement": "beside"}');
        }"""
    )
    page.reload()
    page.wait_for_function("window.jupyterapp?.commands.hasCommand('pipeline-studio:open-dag')")
    page.locator("#jupyterlab-splash").wait_for(state="detached")

    def shown(tab: str) -> None:
        expect(page.get_by_role("tab", name=tab, exact=True)).to_have_attribute("aria-selected", "true")

    command(page, "pipeline-studio:open-dag", dagId="panel")
    shown("Runs")
    page.keyboard.press("Control+Alt+2")
    shown("Grid")
    page.keyboard.press("Control+Alt+8")
    shown("Details")
    assert panel.client.list_runs(dag_id="panel").runs == []
    page.keyboard.press("Control+Shift+Enter")
    expect(page.get_by_role("combobox", name="Run").locator("option")).not_to_have_count(1)
    (run,) = panel.client.list_runs(dag_id="panel").runs
    panel.client.wait_for_run("panel", run.run_id, timeout=120)

    command(page, "apputils:activate-command-palette")
    page.locator(".lm-CommandPalette-input").fill("Pause or Unpause")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Unpause", exact=False).first).to_be_visible()
    assert panel.client.get_dag("panel").dag.paused
    page.evaluate("window.jupyterapp.serviceManager.settings.save('pipeline-studio:panel', '{}')")
