"""Without a mouse: from the list of DAGs to a task that runs again, in JupyterLab and in the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from studio import DAG, shell
from studio.client import Client
from tests.browser.conftest import picture

pytestmark = pytest.mark.browser

#: The grid marks the cell that it is at instead of itself.
OUTLINE = """() => {
    const at = document.activeElement;
    const shown = at.querySelector('[role=gridcell].jp-mod-cursor') ?? at;
    const style = getComputedStyle(shown);
    // The link past the menu is on the page only while it has the focus.
    const isNew = at.matches('.jp-Studio-skip') && at.getBoundingClientRect().top >= 0;
    return style.outlineStyle !== 'none' || style.boxShadow !== 'none' || isNew;
}"""


@pytest.fixture
def typed(client: Client, tmp_path: Path) -> Iterator[str]:
    """A DAG with a run that has failed, and would succeed now."""
    flag = tmp_path / "flag"
    with DAG("typed", params={"who": "me"}) as dag:
        shell(f"test -e {flag}", task_id="check") >> shell("echo done", task_id="after")
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    run_id = client.trigger_run("typed").run.run_id
    client.wait_for_run("typed", run_id, timeout=60)
    flag.touch()
    yield run_id
    client.delete_dag("typed")


def tab_to(page: Page, name: str, *, backwards: bool = False) -> None:
    """Press Tab until what has this name (or begins with it) has the focus. It must be seen to have it."""
    for _ in range(60):
        now = page.evaluate(
            "() => { const at = document.activeElement; if (at === document.body) { return ''; }"
            " return at.getAttribute('aria-label') || at.innerText || at.title || ''; }"
        )
        if now.startswith(name):
            assert page.evaluate(OUTLINE), f"nothing shows that {name} has the focus"
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    pytest.fail(f"Tab does not lead to {name}")


def run_again(page: Page) -> None:
    """From the DAG's page: the grid, a cell, its card, clear with a preview; then the focus is where it was."""
    tab_to(page, "Graph")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Grid", exact=True)).to_be_focused()
    grid = page.get_by_role("grid")
    expect(grid).to_be_visible()
    tab_to(page, "Runs and tasks of typed")
    page.keyboard.press("Enter")
    card = page.get_by_role("region", name="Task check")
    expect(card.locator(".jp-Studio-cardHeader .jp-Studio-badge")).to_contain_text("failed")
    tab_to(page, "Clear")
    page.keyboard.press("Enter")
    form = page.get_by_role("form", name="Run again")
    expect(form.get_by_role("checkbox").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(card).to_be_visible()
    clear = page.get_by_role("button", name="Clear", exact=True)
    expect(clear).to_be_focused()
    page.keyboard.press("Enter")
    expect(form.get_by_role("status")).to_contain_text("2 tasks will run again")
    tab_to(page, "Run again")
    page.keyboard.press("Enter")
    expect(card.locator(".jp-Studio-cardHeader .jp-Studio-badge")).to_contain_text("success")
    expect(clear).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(grid).to_be_focused()
    tab_to(page, "Trigger with…", backwards=True)
    page.keyboard.press("Enter")
    trigger = page.get_by_role("form", name="Trigger a run")
    expect(trigger.locator("input").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(trigger).to_have_count(0)
    expect(page.get_by_role("button", name="Trigger with…")).to_be_focused()


def test_in_jupyterlab(page: Page, typed: str) -> None:
    page.keyboard.press("Control+Alt+p")
    tab_to(page, "Filter DAGs")
    page.keyboard.type("type")
    row = page.locator(".jp-Studio-row[data-dag='typed'] .jp-Studio-rowMain")
    expect(row).to_be_visible()
    tab_to(page, "typed")
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="typed")).to_be_visible()
    run_again(page)
    picture(page, "keyboard-lab")


def test_in_the_dashboard(browser: Browser, client: Client, typed: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.goto(client.new_login())
    tab_to(page, "Log in")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    tab_to(page, "To the content")
    tab_to(page, "DAGs")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="typed", exact=True)).to_be_visible()
    tab_to(page, "typed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="typed")).to_be_visible()
    run_again(page)
    picture(page, "keyboard-dashboard")
    context.close()
