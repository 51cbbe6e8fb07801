"""Backfills in the output of a cell: from the form to repair and extension, by mouse and by keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from studio import DAG, Param, shell
from studio.client import Client
from tests.browser.cell_views import notebook, open_notebook, press_until, publish
from tests.browser.conftest import Lab, picture
from tests.browser.test_journey import use_theme

pytestmark = pytest.mark.browser

RUNS_MAY_TAKE = 120_000  # milliseconds


def seven_days(dag_id: str, mended: Path) -> DAG:
    """Daily; the third of January fails until there is the file `mended`."""
    params = {
        "airport": Param("JFK", enum=["EWR", "JFK", "LGA"], description="Where the flights start"),
        "rows": Param(100, type="integer", minimum=1, maximum=1000),
    }
    with DAG(dag_id, schedule="@daily", start_date="2013-01-01", end_date="2013-01-31", params=params) as dag:
        extract = shell("echo {{ ds }} {{ params.airport }} {{ params.rows }}", task_id="extract")
        clean = shell(
            f'test "$DAY" != 2013-01-03 -o -e {mended} || (echo broken file; exit 1)',
            task_id="clean",
            use_shell=True,
            env={"DAY": "{{ ds }}"},
        )
        extract >> clean >> shell("echo done", task_id="report")
    return dag


def days(view: Locator, state: str) -> Locator:
    return view.locator(f".jp-Studio-day[data-state='{state}']")


def test_a_week_is_backfilled_one_day_fails_and_is_repaired(
    page: Page, lab: Lab, client: Client, tmp_path: Path
) -> None:
    mended = tmp_path / "mended"
    publish(client, seven_days("week", mended))
    options = {"start": "2013-01-01", "end": "2013-01-07", "max_active_runs": 2}
    notebook(lab, "week.ipynb", view="backfill", dag_id="week", options=options)
    view = open_notebook(page, "week.ipynb")
    expect(days(view, "create")).to_have_count(7)
    expect(view.locator(".jp-Studio-call code")).to_have_text(
        'dag.backfill("2013-01-01", "2013-01-07", max_active_runs=2)'
    )
    picture(page, "backfill-form-light")
    view.get_by_role("button", name="Start 7 runs").click()
    expect(view.locator(".jp-Studio-cellHeader .jp-Studio-badge")).to_have_text(
        "done, with failures", timeout=RUNS_MAY_TAKE
    )
    expect(days(view, "success")).to_have_count(6)
    expect(view.get_by_role("progressbar")).to_have_attribute("aria-valuetext", "7 of 7 runs ended")

    # The failure leads to what its task wrote.
    view.locator(".jp-Studio-blamed").get_by_role("button", name="clean").click()
    expect(view.locator(".jp-Studio-card")).to_contain_text("broken file")
    picture(page, "backfill-failed-light")
    use_theme(page, "Dark")
    picture(page, "backfill-failed-dark")
    use_theme(page, "Light")

    mended.touch()
    view.get_by_role("button", name="Run the failed again").click()
    expect(days(view, "success")).to_have_count(7, timeout=RUNS_MAY_TAKE)
    expect(view.locator(".jp-Studio-failures")).to_have_count(0)
    expect(view.locator(".jp-Studio-inspection .jp-Studio-cellHeader")).to_contain_text("success")
    runs = client.list_runs("week").runs
    assert [run.state.value for run in runs] == ["success"] * 7

    view.get_by_role("button", name="Extend…").click()
    view.get_by_label("From 2013-01-07 up to").fill("2013-01-09")
    view.get_by_role("button", name="Extend", exact=True).click()
    expect(days(view, "success")).to_have_count(9, timeout=RUNS_MAY_TAKE)


def test_with_the_keyboard_alone_tasks_are_chosen_and_a_backfill_is_made_paused_and_cancelled(
    page: Page, lab: Lab, client: Client
) -> None:
    with DAG("keys", schedule="@daily", start_date="2013-01-01", end_date="2013-01-31") as dag:
        shell("sleep 1", task_id="first") >> shell("sleep 1", task_id="second")
    publish(client, dag)
    notebook(lab, "keys.ipynb", view="backfill", dag_id="keys", options={"max_active_runs": 1})
    view = open_notebook(page, "keys.ipynb")
    expect(days(view, "create")).to_have_count(7)
    view.get_by_label("First day").focus()
    press_until(page, "Last 30 days", "Enter")
    expect(days(view, "create")).to_have_count(30)
    press_until(page, "Choose…", "Enter")
    expect(view.locator("[data-task='first']")).to_be_visible()
    for _ in range(3):  # two check boxes, and the graph is one stop
        page.keyboard.press("Tab")
    expect(view.locator("[data-task='first']")).to_be_focused()
    page.keyboard.press("Space")
    expect(view.locator(".jp-Studio-call code")).to_contain_text('tasks=["first"]')
    expect(view.get_by_role("button", name="Start 30 runs")).to_be_enabled()
    press_until(page, "Start 30 runs", "Enter")
    expect(view.get_by_role("progressbar")).to_be_visible()
    press_until(page, "Pause", "Enter")
    expect(view.locator(".jp-Studio-cellHeader .jp-Studio-badge")).to_have_text("paused")
    press_until(page, "Cancel…", "Enter")
    press_until(page, "Cancel what waits", "Enter")
    expect(view.locator(".jp-Studio-cellHeader .jp-Studio-badge")).to_have_text(
        "cancelled", timeout=RUNS_MAY_TAKE
    )
    assert client.list_backfills("keys").backfills[0].state == "cancelled"
