"""The views of a large studio in a browser, and what the server takes to answer them.

A real server on a database with 102 DAGs, of which one has 1,000 runs of 100 tasks; the dashboard in Chromium, whose
views are those of JupyterLab.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from benchmarks.workloads import Row
from studio.client import Client, connect
from studio.client.endpoint import Endpoint, ensure_server
from studio.pages.files import ASSETS
from studio.settings import Settings
from studio.store import open_store
from studio.testing import history

if TYPE_CHECKING:
    from playwright.sync_api import Page

DAG: Final = "flights_daily"
REQUESTS: Final = 40
OPENINGS: Final = 5
CHANGES: Final = 20

#: API paths that views begin with.
ASKED: Final = {
    "grid, 100 tasks × 100 runs": f"/api/dags/{DAG}/grid?limit=100",
    "grid, 100 tasks × 365 runs": f"/api/dags/{DAG}/grid?limit=365",
    "runs of a DAG, 100": f"/api/runs?dag_id={DAG}&limit=100",
    "runs of all, failed, 100": "/api/runs?state=failed&limit=100",
    "DAGs, 102, with 14 runs each": "/api/dags?runs=14",
    "days of a year": f"/api/dags/{DAG}/days",
    "audit": "/api/audit",
}

#: Tab → what is on the screen when the view is there.
VIEWS: Final = {
    "graph": "[data-task]",
    "grid": ".jp-Studio-gridCell",
    "runs": ".jp-Studio-runList tr[data-run]",
    "calendar": "[data-day]",
}
#: Milliseconds from the end of the last answer of the API until the view is painted.
DRAWN: Final = """async selector => {
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    while (document.querySelector(selector) === null) {
        await frame();
    }
    await frame();
    const shown = performance.now();
    const ends = performance.getEntriesByType('resource')
        .filter(entry => entry.name.includes('/api/'))
        .map(entry => entry.responseEnd)
        .filter(end => end > 0 && end <= shown);
    return shown - Math.max(...ends);
}"""
#: Scrolls through all columns as a hand does; the long tasks of the main thread meanwhile, in milliseconds.
SCROLLED: Final = """async columns => {
    const grid = document.querySelector('.jp-Studio-grid');
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    const long = [];
    const observer = new PerformanceObserver(list => list.getEntries().forEach(entry => long.push(entry.duration)));
    while (grid.scrollWidth < columns * 20) {
        grid.scrollLeft = -grid.scrollWidth;
        await frame();
    }
    await new Promise(resolve => setTimeout(resolve, 500));
    observer.observe({ type: 'longtask' });
    const times = [];
    let before = await frame();
    for (let left = 0; left < columns * 20; left += 60) {
        grid.scrollLeft = -left;
        grid.scrollTop = (left / 4) % 1200;
        const now = await frame();
        times.push(now - before);
        before = now;
    }
    await new Promise(resolve => setTimeout(resolve, 200));
    observer.disconnect();
    times.sort((a, b) => a - b);
    return [long, times[Math.floor(times.length * 0.95)]];
}"""
#: Milliseconds from the answer that says that it is committed until it is on the screen.
CHANGED: Final = """async ([path, body, glyph]) => {
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    const headers = { 'Content-Type': 'application/json' };
    const sent = fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }).then(() => performance.now());
    const find = () => document.querySelector('[data-line="0"] > [data-column="0"]')?.textContent;
    while (find() !== glyph) {
        await frame();
    }
    const shown = performance.now();
    return Math.max(0, shown - (await sent));
}"""


def panels(home: Path) -> list[Row]:
    """The API, the bundles, and the views."""
    with _server(home) as endpoint:
        rows = [*_answers(endpoint), *_bundles()]
        try:
            from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only here
        except ImportError:
            return [*rows, ("Views in a browser", "not measured", "playwright is missing")]
        chromium = shutil.which("chromium")
        if chromium is None:
            return [*rows, ("Views in a browser", "not measured", "no Chromium at hand")]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
            page.set_default_timeout(60_000)
            with connect(endpoint.url, endpoint.token) as client:
                page.goto(client.new_login())
                page.get_by_role("button", name="Log in").click()
                page.wait_for_url(f"{endpoint.url}/")
                rows += _views(page, endpoint.url)
                rows += _grid(page, endpoint.url, client)
            browser.close()
    return rows


@contextmanager
def _server(home: Path) -> Iterator[Endpoint]:
    os.environ["STUDIO_HOME"] = str(home)
    os.environ["JUPYTER_RUNTIME_DIR"] = str(home / "runtime")
    database = f"sqlite:///{home}/studio.db"

    async def fill() -> None:
        async with open_store(database) as store:
            await history.fill(store)

    asyncio.run(fill())
    endpoint = ensure_server(Settings.from_environment())
    try:
        yield endpoint
    finally:
        with connect(endpoint.url, endpoint.token) as client:
            client.stop_server()
        time.sleep(1)


def _answers(endpoint: Endpoint) -> list[Row]:
    rows: list[Row] = []
    headers = {"Authorization": f"token {endpoint.token}"}
    with httpx.Client(base_url=endpoint.url, headers=headers, timeout=60, trust_env=False) as http:
        run_id = http.get(f"/api/runs?dag_id={DAG}&limit=1").json()["runs"][0]["run_id"]
        asked = {**ASKED, "attempts of a run, 100 tasks": f"/api/dags/{DAG}/runs/{run_id}/attempts"}
        for name, path in asked.items():
            times = _timed(lambda path=path: http.get(path).raise_for_status())  # type: ignore[misc]
            rows.append(
                (
                    f"API with 100,000 task instances: {name}",
                    f"median {statistics.median(times):.0f} ms, p95 {times[int(len(times) * 0.95)]:.0f} ms",
                    "target: p95 50 ms",
                )
            )
    return rows


def _timed(work: Callable[[], Any]) -> list[float]:
    """Milliseconds, sorted."""
    work()
    times = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return sorted(times)


def _bundles() -> list[Row]:
    rows: list[Row] = []
    for name in ("dashboard.js", "dashboard.css", "live.js", "layout.js"):
        content = (ASSETS / name).read_bytes()
        rows.append(
            (
                f"Bundle {name}",
                f"{len(content) / 1000:,.0f} kB",
                f"{len(gzip.compress(content)) / 1000:,.0f} kB as gzip",
            )
        )
    return rows


def _views(page: Page, url: str) -> list[Row]:
    rows: list[Row] = []
    for tab, selector in VIEWS.items():
        times = []
        for _ in range(OPENINGS):
            page.goto("about:blank")
            page.goto(f"{url}/#/dags/{DAG}/{tab}")
            times.append(float(page.evaluate(DRAWN, selector)))
        rows.append(
            (
                f"First view of the {tab} of a DAG with 1,000 runs, after its data arrived",
                f"{statistics.median(times):.0f} ms",
                "target: 300 ms",
            )
        )
    return rows


def _grid(page: Page, url: str, client: Client) -> list[Row]:
    page.goto("about:blank")
    page.goto(f"{url}/#/dags/{DAG}/grid")
    page.wait_for_selector(".jp-Studio-gridCell")
    long, frame = page.evaluate(SCROLLED, 365)
    worst = f", the longest {max(long):.0f} ms" if long else ""
    rows: list[Row] = [
        (
            "Grid of 100 tasks × 365 runs, scrolled through: frames · long tasks of more than 50 ms",
            f"p95 {frame:.0f} ms · {len(long)}{worst}",
            "a frame of the screen is 17 ms",
        )
    ]
    page.evaluate("() => { document.querySelector('.jp-Studio-grid').scrollTo(0, 0); }")
    page.wait_for_selector('[data-line="0"] > [data-column="0"]')
    run_id = client.list_runs(DAG, limit=1).runs[0].run_id
    task_id = client.get_dag(DAG).tasks[0].id
    path = f"/api/dags/{DAG}/mark"
    times = []
    for number in range(CHANGES):
        state, glyph = (("failed", "✗"), ("success", "✓"))[number % 2]
        body = {"run_ids": [run_id], "task_ids": [task_id], "state": state}
        times.append(float(page.evaluate(CHANGED, [path, body, glyph])))
    rows.append(
        (
            "A changed state on the screen, after its commit",
            f"median {statistics.median(times):.0f} ms, the slowest {max(times):.0f} ms",
            "target: 300 ms",
        )
    )
    return rows
