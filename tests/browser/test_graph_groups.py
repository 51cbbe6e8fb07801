"""Groups in the graph of a DAG, in JupyterLab: frames that fold to one node."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from studio import DAG, TaskGroup, empty, shell
from studio.client import Client
from tests.browser.conftest import command, picture

pytestmark = pytest.mark.browser

LONG = "a_name_that_goes_on_" * 7
BOXES = "graph => [...graph.querySelectorAll('[data-key]')].map(e => e.getAttribute('transform')).join()"


def publish(client: Client, dag: DAG) -> None:
    client.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())


def opened(page: Page, dag_id: str) -> Locator:
    command(page, "pipeline-studio:open-dag", dagId=dag_id, tab="graph")
    graph = page.locator(".jp-MainAreaWidget:not(.lm-mod-hidden) .jp-Studio-graph")
    expect(graph.locator(".jp-Studio-node").first).to_be_visible()
    return graph


@pytest.fixture
def grouped(client: Client) -> Iterator[str]:
    with DAG("grouped") as dag:
        begin = shell("echo begin", task_id="begin")
        with TaskGroup("outer") as outer:
            first = shell("echo first", task_id="first")
            with TaskGroup("inner", label="The inner part"):
                last = shell("exit 1", task_id="last")
                each = shell.partial(task_id="each").expand(command=["echo 1", "echo 2", "echo 3"])
            first >> last
            first >> each
        with TaskGroup(LONG):
            end = shell("echo end", task_id="end")
        begin >> outer
        last >> end
    publish(client, dag)
    yield "grouped"
    client.delete_dag("grouped")


def test_groups_fold_by_mouse_and_keys_and_stay_so(page: Page, client: Client, grouped: str) -> None:
    graph = opened(page, grouped)
    expect(graph.locator(".jp-Studio-groupFrame")).to_have_count(3)
    inner = graph.locator("[data-group='outer.inner']")
    expect(inner).to_have_attribute("aria-expanded", "true")
    expect(graph.locator("[data-task='outer.inner.last'] .jp-Studio-nodeName")).to_have_text("last")
    picture(page, "graph-groups")
    inner.click()
    expect(inner).to_have_attribute("aria-expanded", "false")
    expect(inner).to_have_class(re.compile("jp-Studio-node"))
    expect(inner).to_be_focused()
    expect(graph.locator("[data-task='outer.inner.last']")).to_have_count(0)

    # What becomes of its tasks is seen in it, and nothing is laid out for that.
    places = graph.evaluate(BOXES)
    run_id = client.trigger_run(grouped).run.run_id
    client.wait_for_run(grouped, run_id, timeout=120)
    expect(inner).to_have_attribute("data-state", "failed")
    expect(inner).to_contain_text("4/4")  # one, and three of a mapped task
    assert graph.evaluate(BOXES) == places
    picture(page, "graph-groups-folded")

    # With keys: to the group around it, and fold that; then unfold both.
    outer = graph.locator("[data-group='outer']")
    outer.focus()
    page.keyboard.press("Enter")
    expect(outer).to_have_attribute("aria-expanded", "false")
    expect(outer).to_be_focused()
    expect(outer).to_contain_text("5/5")
    expect(inner).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(outer).not_to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(outer).to_be_focused()
    page.keyboard.press("Space")
    expect(inner).to_have_attribute("aria-expanded", "false")

    # They are as they were left, in another tab of the DAG and in another page.
    page.get_by_role("tab", name="Grid", exact=True).click()
    page.get_by_role("tab", name="Graph", exact=True).click()
    expect(inner).to_have_attribute("aria-expanded", "false")
    page.reload()
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    graph = opened(page, grouped)
    inner = graph.locator("[data-group='outer.inner']")
    expect(inner).to_have_attribute("aria-expanded", "false")
    graph.hover()
    graph.get_by_title("Unfold all groups").click()
    expect(inner).to_have_attribute("aria-expanded", "true")
    graph.get_by_title("Fold all groups", exact=True).click()
    expect(graph.locator(".jp-Studio-node")).to_have_count(3)


def test_the_folded_group_of_a_chosen_task_is_marked(page: Page, client: Client, grouped: str) -> None:
    graph = opened(page, grouped)
    graph.locator("[data-task='outer.first']").click()
    expect(page.locator(".jp-Studio-card h3")).to_have_text("outer.first")
    outer = graph.locator("[data-group='outer']")
    outer.click()
    expect(outer).to_have_class(re.compile("jp-mod-selected"))
    expect(page.locator(".jp-Studio-card h3")).to_have_text("outer.first")
    outer.click()
    expect(graph.locator("[data-task='outer.first']")).to_have_class(re.compile("jp-mod-selected"))


def test_a_large_graph_begins_folded(page: Page, client: Client) -> None:
    with DAG("large_grouped") as dag:
        before = None
        for part in range(20):
            with TaskGroup(f"part_{part:02}") as group:
                empty("begin") >> [empty(f"step_{each:02}") for each in range(13)] >> empty("end")
            if before is not None and part % 4:
                before >> group
            before = group
    publish(client, dag)
    try:
        graph = opened(page, "large_grouped")
        expect(graph.locator(".jp-Studio-node")).to_have_count(20)
        picture(page, "graph-groups-large")
        graph.locator("[data-group='part_03']").click()
        expect(graph.locator(".jp-Studio-node")).to_have_count(19 + 15)
        graph.hover()
        graph.get_by_title("Unfold all groups").click()
        expect(graph.locator(".jp-Studio-node")).to_have_count(300)
        picture(page, "graph-groups-large-unfolded")
        command(page, "apputils:change-theme", theme="JupyterLab Dark")
        expect(page.locator("body[data-jp-theme-light='false']")).to_have_count(1)
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        picture(page, "graph-groups-dark")
    finally:
        client.delete_dag("large_grouped")
