"""A log in JupyterLab: as it grows, by level, searched; and while a task floods it the page stays usable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from studio.client import Client, connect
from studio.core.spec import DagSpec, TaskSpec
from tests.browser.conftest import Lab, open_lab, picture

pytestmark = pytest.mark.browser

STEPS = """
import logging, time
from pathlib import Path

def talk():
    for number in range(5):
        print("tick", number)
        time.sleep(0.2)
    logging.getLogger("loader").warning("the disk is nearly full")
    logging.getLogger("loader").error("a row was left out\\nit had no date")
    time.sleep(4)
    print("done")

def flood():
    print("before")
    while not (Path(__file__).parent / "gate").exists():
        time.sleep(0.05)
    begun = time.monotonic()
    for number in range(300_000):
        print("line", number)
        time.sleep(max(0, begun + number / 100_000 - time.monotonic()))
    print("the end")
"""

THE_END = (
    """() => [...document.querySelectorAll('.jp-Studio-logRecord')].at(-1)?.textContent.endsWith('the end')"""
)

LONGEST = """() => {
    window.longest = 0;
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) { window.longest = Math.max(window.longest, entry.duration); }
    }).observe({ type: 'longtask' });
}"""


@pytest.fixture
def client(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("STUDIO_HOME", str(lab.home))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(lab.home.parent / "runtime"))
    (tmp_path / "talking.py").write_text(STEPS)
    with connect() as made:
        for name in ("talk", "flood"):
            config = {"function": f"talking:{name}", "args": {}, "path": [str(tmp_path)]}
            made.publish_dag(DagSpec(id=name, tasks=(TaskSpec(id="speak", kind="function", config=config),)))
        yield made


def _open_log(page: Page, lab: Lab, dag_id: str) -> Locator:
    open_lab(page, lab)
    page.get_by_role("tab", name="Pipelines").click()
    page.locator(".jp-Studio-row", has_text=dag_id).locator(".jp-Studio-rowMain").click()
    panel = page.locator(".jp-MainAreaWidget .jp-Studio-page")
    panel.locator("[data-task='speak']").click()
    return panel.locator(".jp-Studio-card")


def test_a_log_is_read_while_it_grows(page: Page, lab: Lab, client: Client) -> None:
    client.trigger_run("talk")
    card = _open_log(page, lab, "talk")
    rows = card.locator(".jp-Studio-logRecord")
    expect(rows.filter(has_text="tick 4")).to_be_visible()
    expect(rows.filter(has_text="nearly full")).to_contain_text("WARNING loader")
    expect(rows.filter(has_text="it had no date")).to_have_class("jp-Studio-logRecord jp-mod-error")
    expect(rows.filter(has_text="done")).to_be_visible()
    picture(page, "log-all")
    expect(rows).to_have_count(8)
    card.get_by_label("Lowest level").select_option("WARNING")
    expect(rows).to_have_count(2)
    card.get_by_label("Search the log").fill("DISK")
    expect(rows).to_have_count(1)
    picture(page, "log-filtered")
    card.get_by_label("Search the log").fill("ducks")
    expect(card).to_contain_text("No record fits.")


def test_a_flood_does_not_hold_up_the_page(page: Page, lab: Lab, client: Client, tmp_path: Path) -> None:
    client.trigger_run("flood")
    card = _open_log(page, lab, "flood")
    rows = card.locator(".jp-Studio-logRecord")
    expect(rows.filter(has_text="before")).to_be_visible()
    page.evaluate(LONGEST)
    (tmp_path / "gate").touch()
    page.wait_for_function(THE_END, polling=250)  # cheap: what waits for it shall not be what is measured
    longest = page.evaluate("window.longest")
    print(f"longest task: {longest:.0f} ms, {rows.count()} rows")
    assert rows.count() <= 500
    expect(card).to_contain_text("The beginning is left out.")
