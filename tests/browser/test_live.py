"""Live views where our JupyterLab extension is not, as widgets whose kernel asks the server."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page, expect

from studio.pages.files import ASSETS
from tests.browser.conftest import Lab, command, open_lab, picture, running_lab
from tests.browser.test_journey import run_all, use_theme

pytestmark = pytest.mark.browser

METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
RUNS_MAY_TAKE = 120_000  # milliseconds
DEFINE = """\
from studio import DAG, Param, shell
with DAG("twin", schedule="@daily", start_date="2013-01-01", end_date="2013-01-31") as dag:
    extract = shell("echo {{ ds }}", task_id="extract")
    wait = shell("until test -e go; do sleep 0.05; done", task_id="wait", use_shell=True, cwd=".", after=extract)
    shell("echo report of {{ ds }}", task_id="report", after=wait)
print(dag.publish())
dag
"""
TRIGGER = 'run = dag.trigger(logical_date="2013-01-01")'
FORM = 'dag.backfill_form("2013-01-02", "2013-01-04")'


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Lab]:
    base = tmp_path_factory.mktemp("lab")
    with running_lab(base, repository, "pipeline-studio", STUDIO_LIVE="on") as running:
        yield running


@pytest.fixture
def notebook(page: Page, lab: Lab) -> str:
    cells = [nbformat.v4.new_code_cell(source) for source in (DEFINE, TRIGGER, FORM)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), lab.root / "twin.ipynb")
    command(page, "docmanager:open", path="twin.ipynb")
    return "twin.ipynb"


def nodes(view: Locator, state: str) -> Locator:
    return view.locator(f".jp-Studio-node.jp-Studio-is-{state}")


def test_a_run_is_watched_and_a_backfill_is_started_in_widgets(page: Page, lab: Lab, notebook: str) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    run_all(page)
    graph = page.locator(".jp-Notebook:visible .jp-Studio-live .jp-Studio-cellGraph").first
    expect(graph).to_be_visible()
    expect(nodes(graph, "running")).to_have_count(1, timeout=RUNS_MAY_TAKE)
    expect(nodes(graph, "success")).to_have_count(1)
    picture(page, "live-running")
    (lab.root / "go").touch()
    expect(nodes(graph, "success")).to_have_count(3, timeout=RUNS_MAY_TAKE)

    graph.locator("[data-task='report']").click()
    card = graph.get_by_label("Task report")
    expect(card).to_contain_text("report of 2013-01-01")
    expect(card.get_by_role("button", name="Open notebook")).to_have_count(0)  # there are no tabs

    form = page.locator(".jp-Studio-live .jp-Studio-cellView").last
    form.get_by_role("button", name="Start 3 runs").click()
    expect(form.locator(".jp-Studio-cellHeader .jp-Studio-badge")).to_have_text("done", timeout=RUNS_MAY_TAKE)
    form.scroll_into_view_if_needed()
    picture(page, "live-done-light")
    use_theme(page, "Dark")
    picture(page, "live-done-dark")
    use_theme(page, "Light")

    another_server_takes_over(page, lab)
    saved_notebook_is_small_and_shows_the_picture(page, lab, notebook)
    kernel_is_restarted(page)
    assert errors == []


def another_server_takes_over(page: Page, lab: Lab) -> None:
    """After `kill -9` the next one is found, and its runs are seen."""
    [endpoint] = (lab.home.parent / "runtime").glob("pipeline-studio-*.json")
    os.kill(json.loads(endpoint.read_text())["pid"], signal.SIGKILL)
    command(
        page, "notebook:run-all-cells"
    )  # `publish` starts the next one; a run of the day is there already
    expect(nodes(page.locator(".jp-Studio-live .jp-Studio-cellGraph").first, "success")).to_have_count(
        3, timeout=RUNS_MAY_TAKE
    )


def saved_notebook_is_small_and_shows_the_picture(page: Page, lab: Lab, notebook: str) -> None:
    command(page, "docmanager:save")
    saved = nbformat.read(lab.root / notebook, as_version=4)
    graph = saved.cells[0].outputs[-1]
    assert {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"} <= graph.data.keys()
    assert graph.data["text/html"].startswith('<img src="data:image/svg+xml;base64,')
    assert (lab.root / notebook).stat().st_size < 100_000
    exported, _ = HTMLExporter().from_notebook_node(saved)
    assert graph.data["text/html"].split('"')[1] in exported  # the attributes may be in another order


def kernel_is_restarted(page: Page) -> None:
    """What is there stays as it was; run again, the cells are live again."""
    page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
    )
    command(page, "notebook:clear-all-cell-outputs")
    expect(page.locator(".jp-Studio-live")).to_have_count(0)
    run_all(page)
    graph = page.locator(".jp-Notebook:visible .jp-Studio-live .jp-Studio-cellGraph").first
    expect(nodes(graph, "success")).to_have_count(3, timeout=RUNS_MAY_TAKE)
    graph.locator("[data-task='extract']").click()
    expect(graph.get_by_label("Task extract")).to_contain_text("echo 2013-01-0")


def test_where_our_extension_is_there_are_no_widgets_even_if_they_are_offered(
    browser: Browser, tmp_path: Path, repository: Path
) -> None:
    """A notebook that was run in VS Code, and is opened in JupyterLab."""
    with running_lab(tmp_path, repository, STUDIO_LIVE="on") as lab, browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        open_lab(page, lab)
        cell = nbformat.v4.new_code_cell(DEFINE)
        nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=METADATA), lab.root / "both.ipynb")
        command(page, "docmanager:open", path="both.ipynb")
        run_all(page)
        expect(page.locator(".jp-Studio-cellGraph [data-task]")).to_have_count(3, timeout=RUNS_MAY_TAKE)
        expect(page.locator(".jp-Studio-live")).to_have_count(0)
        command(page, "docmanager:save")
        saved = nbformat.read(lab.root / "both.ipynb", as_version=4)
        assert "application/vnd.jupyter.widget-view+json" in saved.cells[0].outputs[-1].data


#: As VS Code: its variables, a page of another origin, no Jupyter. The kernel of the model has
#: files only, and none at all if it is not alive.
FOREIGN = """async ([loader, shown, isAlive]) => {
    const handlers = new Set();
    const model = {
        get: name => ({ version: 'test', shown })[name],
        on: (event, handler) => { if (event === 'msg:custom') handlers.add(handler); },
        off: (event, handler) => handlers.delete(handler),
        send: async message => {
            const answer = buffers => handlers.forEach(handler => handler({ id: message.id, status: 200 }, buffers));
            if (message.do === 'ping' && isAlive) {
                answer([]);
            } else if (message.do === 'asset') {
                answer([new DataView(await (await fetch(`/assets/${message.name}`)).arrayBuffer())]);
            }
        }
    };
    const module = await import(URL.createObjectURL(new Blob([loader], { type: 'text/javascript' })));
    const el = document.body.appendChild(document.createElement('div'));
    window.rendered = module.default.render({ model, el }); // not waited for: without a kernel it takes for ever
}"""
TRIAL = {
    "version": 1, "dag_id": "tried", "states": {"load": "success", "divide": "failed"}, "runs": 1, "run_id": None,
    "tasks": [
        {"id": "load", "kind": "function", "upstream": [], "label": "load"},
        {"id": "divide", "kind": "function", "upstream": ["load"], "label": "divide"},
        {"id": "report", "kind": "notebook", "upstream": ["divide"], "label": "report.ipynb"},
    ],
    "trial": {"state": "failed", "tasks": {"divide": {"error": "ZeroDivisionError: division by zero"}}},
}  # fmt: skip
PLACES = {
    "code-light": (
        "vscode-light",
        "transparent",
        {"--vscode-editor-background": "#fff", "--vscode-editor-foreground": "#3b3b3b"},
    ),
    "code-dark": (
        "vscode-dark",
        "transparent",
        {"--vscode-editor-background": "#1f1f1f", "--vscode-editor-foreground": "#ccc"},
    ),
    "plain-light": ("", "#fff", {}),
    "plain-dark": ("", "#111", {}),
}


@pytest.mark.parametrize("place", PLACES)
def test_in_a_page_without_jupyter(place: str, browser: Browser, repository: Path) -> None:
    kind, background, variables = PLACES[place]
    attribute = f' data-vscode-theme-kind="{kind}"' if kind else ""
    style = "; ".join(f"{name}: {value}" for name, value in variables.items())
    html = f'<html style="{style}"><body style="background: {background}"{attribute}></body></html>'
    context = browser.new_context(viewport={"width": 900, "height": 500})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("http://page.test/", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route(
        "http://page.test/assets/*",
        lambda route: route.fulfill(path=ASSETS / route.request.url.rpartition("/")[2]),
    )
    page.goto("http://page.test/")
    loader = (repository / "studio" / "widgets" / "loader.js").read_text()
    page.evaluate(FOREIGN, [loader, {"graph": TRIAL}, False])  # it is the first, and holds up nobody
    page.evaluate(FOREIGN, [loader, {"graph": TRIAL}, True])
    graph = page.locator(".jp-Studio-cellGraph")
    expect(graph.locator("[data-task]")).to_have_count(3)
    graph.locator("[data-task='divide']").click()
    expect(graph.get_by_label("Task divide")).to_contain_text("division by zero")
    is_dark = place.endswith("dark")
    frame = page.locator(".jp-Studio-foreign")
    expect(frame).to_have_attribute("data-jp-theme-light", str(not is_dark).lower())
    picture(page, f"live-{place}")
    other = "light" if is_dark else "dark"
    page.evaluate("kind => { document.body.dataset.vscodeThemeKind = kind; }", f"vscode-{other}")
    expect(frame).to_have_attribute("data-jp-theme-light", str(is_dark).lower())
    expect(page.get_by_text("the kernel does not answer")).to_have_count(1, timeout=RUNS_MAY_TAKE)
    page.evaluate("async () => (await window.rendered)()")
    expect(page.locator(".jp-Studio")).to_have_count(0)
    assert errors == []
    context.close()
