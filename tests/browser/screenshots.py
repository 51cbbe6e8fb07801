"""Pictures of every view, for somebody to look at: `python -m tests.browser.screenshots FOLDER [--database small …]`.

JupyterLab and the dashboard, light and dark, wide and narrow, with nothing, a little and a lot in the database.
FOLDER gets `<database>/<place>-<theme>-<width>/<view>.png`; what could not be shown is told at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from studio import DAG, shell
from studio.authoring.parse import parse_file
from studio.client import Client, connect
from studio.store import open_store
from studio.testing.history import LARGE, SMALL, fill
from tests.browser.conftest import FLAGS, Lab, command, open_lab, running_lab

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SHAPES = {"empty": None, "small": SMALL, "large": LARGE}
SIZES = {"wide": (1400, 900), "narrow": (700, 900)}
THEMES = ("light", "dark")
PAGES = ("overview", "dags", "runs", "approvals", "assets", "pools", "variables", "connections", "audit")
DAG_TABS = ("graph", "grid", "gantt", "calendar", "runs", "backfills", "code", "details")
TASK_TABS = ("output", "log", "params", "values", "resources", "tries", "why", "compare")
FORMS = {
    "form-clear": "Clear",
    "form-rerun": "Re-run with…",
    "form-mark": "Mark…",
    "form-trigger": "Trigger with…",
}
_SETTLES = 700  # milliseconds that a view gets after it has fetched


@dataclass
class Camera:
    """Shows a view, waits until it stands still, keeps the picture."""

    page: Page
    folder: Path
    missed: list[str] = field(default_factory=list)

    def take(self, name: str, show: Callable[[], object]) -> None:
        try:
            show()
            expect(self.page.get_by_text("Fetching").locator("visible=true")).to_have_count(0, timeout=15_000)
        except (PlaywrightError, AssertionError) as error:
            self.missed.append(f"{self.folder.name}/{name}: {str(error).splitlines()[0]}")
        self.page.wait_for_timeout(_SETTLES)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(self.folder / f"{name}.png"))


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    missed: list[str] = []
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    for database in asked.database:  # filled before Playwright starts: its event loop counts as running
        with _studio(database) as (lab, client), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
            for theme, size, place in product(asked.theme, asked.size, asked.place):
                folder = asked.folder / database / f"{place}-{theme}-{size}"
                walk = _dashboard if place == "dashboard" else _jupyterlab
                missed += walk(browser, lab, client, folder, theme, SIZES[size])
            browser.close()
    print("\n".join(missed) or "everything was shown", file=sys.stderr)
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    for name, choices in (
        ("database", tuple(SHAPES)),
        ("place", ("jupyterlab", "dashboard")),
        ("theme", THEMES),
        ("size", tuple(SIZES)),
    ):
        parser.add_argument(f"--{name}", nargs="+", choices=choices, default=choices)
    return parser


@contextmanager
def _studio(database: str) -> Iterator[tuple[Lab, Client]]:
    """JupyterLab and its server on such a database, the example run in it unless it is empty."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as base:
        home = Path(base) / "home"
        home.mkdir()
        shape = SHAPES[database]
        if shape is not None:

            async def write() -> None:
                async with open_store(f"sqlite:///{home}/studio.db") as store:
                    await fill(store, shape)

            asyncio.run(write())
        with running_lab(Path(base), REPOSITORY) as lab:
            os.environ["STUDIO_HOME"] = str(lab.home)
            os.environ["JUPYTER_RUNTIME_DIR"] = str(lab.home.parent / "runtime")
            with connect() as client:
                if shape is not None:
                    _run_something(client, lab)
                yield lab, client


def _run_something(client: Client, lab: Lab) -> None:
    """What a made-up history lacks: notebooks with outputs, logs, a failure, a task that waits."""
    parsed = parse_file(lab.root / "01_flights.ipynb")
    [spec] = parsed.specs
    client.publish_dag(spec, parsed.sources.values())
    runs = [client.trigger_run(spec.id, logical_date=day).run for day in ("2013-01-01", "2013-01-02")]
    with DAG("deliveries", tags=["reports"], params={"to": "ann@example.org"}) as dag:
        mail = shell(
            'echo "sending to $TO"; echo no such host >&2; exit 3',
            task_id="mail",
            env={"TO": "{{ params.to }}"},
            use_shell=True,
        )
        mail >> shell("echo done", task_id="tell_the_others")
        shell("sleep 100000", task_id="wait_for_the_answer")
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
    client.trigger_run("deliveries")
    for run in runs:
        client.wait_for_run(spec.id, run.run_id, timeout=600)


def _dashboard(
    browser: Browser, _lab: Lab, client: Client, folder: Path, theme: Any, size: tuple[int, int]
) -> list[str]:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=theme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(client.new_login())
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{client.url}/")
    camera = Camera(page, folder)

    def go(address: str) -> Callable[[], object]:
        return lambda: page.goto(f"{client.url}/#/{address}")

    for name in PAGES:
        camera.take(name, go(name))
    dags = {dag.dag_id for dag in client.list_dags().dags}
    for dag_id in ("flights_daily", "warehouse_nightly"):
        if dag_id in dags:
            for tab in DAG_TABS:
                camera.take(f"{dag_id}-{tab}", go(f"dags/{dag_id}/{tab}"))
    if "flights" in dags:
        for tab in TASK_TABS:
            camera.take(f"task-{tab}", go(f"dags/flights/graph?task=report&show={tab}"))
        for task, tab in (("mail", "log"), ("mail", "tries"), ("tell_the_others", "why")):
            camera.take(f"failed-{tab}", go(f"dags/deliveries/graph?task={task}&show={tab}"))
        for name, button in FORMS.items():
            camera.take(name, go("dags/flights/graph?task=report&show=output"))
            camera.take(name, page.get_by_role("button", name=button).first.click)
            page.reload()
    context.close()
    return camera.missed


def _jupyterlab(
    browser: Browser, lab: Lab, client: Client, folder: Path, theme: str, size: tuple[int, int]
) -> list[str]:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(20_000)
    open_lab(page, lab)
    command(page, "apputils:change-theme", theme=f"JupyterLab {theme.title()}")
    camera = Camera(page, folder)

    def do(name: str, **arguments: object) -> Callable[[], object]:
        return lambda: command(page, f"pipeline-studio:{name}", **arguments)

    camera.take("launcher", lambda: command(page, "launcher:create"))
    camera.take("sidebar", do("show-pipelines"))
    camera.take("schedule", do("schedule-notebook", path="report.ipynb"))
    camera.take("run-as-task", do("run-notebook", path="report.ipynb"))
    dags = {dag.dag_id for dag in client.list_dags().dags}
    for tab in DAG_TABS:
        if "flights_daily" in dags:
            camera.take(tab, do("open-dag", dagId="flights_daily", tab=tab))
    if "warehouse_nightly" in dags:
        camera.take("wide-graph", do("open-dag", dagId="warehouse_nightly", tab="graph"))
    if "flights" in dags:
        for tab in TASK_TABS:
            camera.take(
                f"task-{tab}", do("open-dag", dagId="flights", tab="graph", taskId="report", taskTab=tab)
            )
        for name, button in FORMS.items():
            camera.take(name, page.get_by_role("button", name=button).locator("visible=true").first.click)
    camera.take("settings", lambda: command(page, "settingeditor:open", query="Pipelines"))
    context.close()
    return camera.missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
