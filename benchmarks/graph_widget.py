"""The graph in the output of a cell, in a real JupyterLab and browser: until it is drawn, recoloured, and its memory.

The studio server is played by the browser's test tool, so that nothing but the front end is measured.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.workloads import Row

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route, WebSocketRoute

SIZES: Final = (10, 100, 1000)
REPEATS: Final = 5
TOKEN: Final = "bench"
WIDTH: Final = 10  # tasks side by side
MIME: Final = "application/vnd.pipeline-studio.graph+json"
AT: Final = "2013-01-01T00:00:00Z"

#: Makes the output as a notebook does; milliseconds until all nodes are on the screen.
DRAW = """async ([mime, data]) => {
    const { content } = window.jupyterapp.shell.currentWidget;
    const renderer = content.rendermime.createRenderer(mime);
    const start = performance.now();
    const host = document.createElement('div');
    document.querySelector('.jp-WindowedPanel-outer, .jp-Notebook').appendChild(host);
    host.appendChild(renderer.node);
    renderer.onAfterAttach({ type: 'after-attach' });
    await renderer.renderModel({ data: { [mime]: data }, metadata: {}, trusted: false, setData() {} });
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    while (renderer.node.querySelectorAll('[data-task]').length < data.tasks.length) {
        await frame();
    }
    await frame();
    window.benchRenderer = renderer;
    return performance.now() - start;
}"""
#: Milliseconds from the message of the stream until all nodes have their new colour and are painted.
AWAIT_COLOUR = """async ([state, count]) => {
    const { node } = window.benchRenderer;
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    while (node.querySelectorAll(`[data-task][data-state="${state}"]`).length < count) {
        await frame();
    }
    await frame();
    return performance.now() - window.benchArrived;
}"""
#: Notes when a message arrives, before the page's own listener does.
WATCH_SOCKET = """
const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
    constructor(...given) {
        super(...given);
        this.addEventListener('message', () => { window.benchArrived = performance.now(); });
    }
};
"""


def graph_widget(home: Path) -> list[Row]:
    """10, 100 and 1,000 tasks."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only here
    except ImportError:
        return [("Graph in a cell", "not measured", "playwright is missing")]
    chromium = shutil.which("chromium")
    if chromium is None:
        return [("Graph in a cell", "not measured", "no Chromium at hand")]
    rows: list[Row] = []
    with _lab(home) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for size in SIZES:
            drawn, coloured, megabytes = [], [], []
            for _ in range(REPEATS):
                page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
                once = _measured(page, url, size)
                drawn.append(once[0])
                coloured += once[1]
                megabytes.append(once[2])
                page.context.close()
            rows.append(
                (
                    f"Graph in a cell, {size:,} tasks: drawn · all recoloured · memory",
                    f"{statistics.median(drawn):.0f} ms · {statistics.median(coloured):.0f} ms · "
                    f"{statistics.median(megabytes):.1f} MB",
                    "two frames of the screen are 33 ms",
                )
            )
        browser.close()
    return rows


def _measured(page: Page, url: str, size: int) -> tuple[float, list[float], float]:
    """Milliseconds to the first picture, of each recolouring, and megabytes that the graph takes."""
    page.set_default_timeout(60_000)
    sockets: list[WebSocketRoute] = []
    tasks = [_task(number) for number in range(size)]
    page.route("**/studio/api/**", lambda route: _answer(route, tasks))
    page.route_web_socket("**/studio/api/stream*", lambda socket: _listen(socket, sockets))
    page.add_init_script(WATCH_SOCKET)  # after the line above, which puts a class of its own there
    page.goto(f"{url}/lab?token={TOKEN}&reset")
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    page.evaluate(
        "async () => { await window.jupyterapp.commands.execute('docmanager:open', { path: 'bench.ipynb' }); }"
    )
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.content?.rendermime !== undefined"
        " && window.jupyterapp.shell.currentWidget.context.isReady"
    )
    session = page.context.new_cdp_session(page)
    before = _heap(session)
    data = {"version": 1, "dag_id": "bench", "tasks": tasks, "run_id": None, "runs": 1, "states": {}}
    drawn = float(page.evaluate(DRAW, [MIME, data]))
    page.wait_for_function(
        "() => window.benchRenderer.node.querySelectorAll('[data-state=none]').length > 0", timeout=60_000
    )
    coloured = []
    for number, state in enumerate(("queued", "running", "success", "failed")):
        message = {"type": "run", "run": _run(number + 2), "tasks": _states(tasks, state, number + 2)}
        sockets[-1].send(json.dumps([message]))
        coloured.append(float(page.evaluate(AWAIT_COLOUR, [state, size])))
    return drawn, coloured, (_heap(session) - before) / 1e6


def _heap(session: Any) -> float:
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize"))


# --- the server's part ----------------------------------------------------------------------------------------------


def _task(number: int) -> dict[str, Any]:
    upstream = (
        [] if number < WIDTH else [f"task_{number - WIDTH}", f"task_{number - WIDTH + (number % WIDTH == 0)}"]
    )
    return {
        "id": f"task_{number}",
        "kind": "notebook",
        "upstream": sorted(set(upstream)),
        "label": "a.ipynb",
        "trigger_rule": "all_success",
        "retries": 0,
        "group": "",
        "role": "work",
        "mapped": False,
        "pool": "default",
    }


def _run(rev: int) -> dict[str, Any]:
    return {
        "dag_id": "bench", "run_id": "r", "run_type": "manual", "state": "running", "cancelling": False,
        "with_failures": False, "version": "v", "run_after": AT, "logical_date": AT, "queued_at": AT,
        "started_at": AT, "ended_at": None, "triggered_by": "", "params": {}, "counts": {}, "rev": rev,
        "ending": None, "reason": "", "interval_start": None, "interval_end": None, "backfill": None, "subset": [],
        "note": "", "triggered_by_task": None,
    }  # fmt: skip


def _states(tasks: list[dict[str, Any]], state: str, rev: int) -> list[dict[str, Any]]:
    return [
        {
            "task_id": task["id"], "map_index": -1, "state": state, "try_number": 1, "max_tries": 1,
            "started_at": None, "ended_at": None, "retry_at": None, "rev": rev, "map_path": [], "label": "",
            "note": "", "waiting_since": None, "looks": 0,
        }
        for task in tasks
    ]  # fmt: skip


def _answer(route: Route, tasks: list[dict[str, Any]]) -> None:
    path = _path_of(route.request.url)
    if path.endswith("/runs/r"):
        answer: dict[str, Any] = {"run": _run(1), "tasks": _states(tasks, "none", 1)}
    elif path.endswith("/api/runs"):
        answer = {"runs": [_run(1)], "next": None}
    elif path.endswith("/dags/bench"):
        dag = {
            "dag_id": "bench", "description": "", "tags": [], "paused": False, "schedule": None, "timezone": "UTC",
            "next_run": None, "version": "v", "task_count": len(tasks), "runs": [], "error": None, "rev": 1,
            "failures": 0,
        }  # fmt: skip
        answer = {"dag": dag, "tasks": tasks, "spec": {"id": "bench", "tasks": []}}
    else:
        answer = {"dags": [], "files": []}
    route.fulfill(json=answer)


def _path_of(url: str) -> str:
    return url.partition("?")[0]


def _listen(socket: WebSocketRoute, sockets: list[WebSocketRoute]) -> None:
    hello = json.dumps({"type": "hello", "server": "bench"})
    socket.on_message(lambda _: socket.send(hello))
    sockets.append(socket)
    socket.send(hello)


@contextmanager
def _lab(home: Path) -> Iterator[str]:
    """A JupyterLab of its own."""
    root = home / "notebooks"
    root.mkdir(parents=True)
    empty = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (root / "bench.ipynb").write_text(json.dumps(empty))
    news = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    places = {
        "STUDIO_HOME": "home", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
        f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True",
        "--ServerApp.jpserver_extensions=studio.jupyter=False",
    ]  # fmt: skip
    environment = {**os.environ, **{name: str(home / place) for name, place in places.items()}}
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(
        command, env=environment, cwd=root, stdin=nothing, stdout=nothing, stderr=nothing
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(f"{url}/api?token={TOKEN}")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_up(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("JupyterLab did not start.")
