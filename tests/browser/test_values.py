"""What tasks of every kind show and leave, in JupyterLab: cells of a shell command, tables, pictures, long names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio import DAG, function, shell
from studio.client import Client, connect
from tests.browser.conftest import Lab, command, open_lab, picture

pytestmark = pytest.mark.browser

MODULE = """
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import studio

def describe():
    rows = 250_000
    flights = pd.DataFrame(
        {
            "carrier": np.array(["UA", "AA", "B6"])[np.arange(rows) % 3],
            "dep_delay": np.where(np.arange(rows) % 7, np.arange(rows) / 3, np.nan),
            "time_hour": pd.date_range("2013-01-01", periods=rows, freq="min", tz="America/New_York"),
        },
        index=pd.RangeIndex(rows, name="flight"),
    )
    figure, axes = plt.subplots(figsize=(6, 3))
    axes.plot(flights["dep_delay"].iloc[:200])
    studio.save("delays_over_the_first_two_hundred_flights_of_the_year_in_one_picture", figure)
    studio.save("weights", np.linspace(0, 1, 12).reshape(3, 4))
    studio.save("model", {"a": {1, 2}})
    studio.save("readme", "# Flights\\n" * 40)
    return {"flights": flights, "count": rows, "note": "ok"}
"""


@pytest.fixture
def client(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("STUDIO_HOME", str(lab.home))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(lab.home.parent / "runtime"))
    (tmp_path / "described.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import described  # type: ignore[import-not-found]

    with DAG("kinds") as dag:
        listing = shell("printf 'first\\nsecond\\n'", task_id="listing")
        listing >> function(described.describe, cache=True)
    with connect() as made:
        made.publish_dag(dag.snapshot().spec, dag.snapshot().sources.values())
        for _ in range(2):
            ended = made.wait_for_run("kinds", made.trigger_run("kinds").run.run_id, timeout=120)
            assert ended.run.state.value == "success"
        yield made


def test_values_and_outputs_of_every_kind(page: Page, lab: Lab, client: Client) -> None:
    open_lab(page, lab)
    page.get_by_role("tab", name="Pipelines").click()
    page.locator(".jp-Studio-row", has_text="kinds").locator(".jp-Studio-rowMain").click()
    panel = page.locator(".jp-MainAreaWidget .jp-Studio-page")
    card = panel.locator(".jp-Studio-card")
    panel.locator("[data-task='listing']").click()
    expect(card.locator(".jp-Studio-outputs")).to_contain_text("second")
    picture(page, "shell-output")
    card.get_by_role("tab", name="Values").click()
    expect(card.locator(".jp-Studio-values")).to_contain_text("second")
    panel.locator("[data-task='describe']").click()
    first = client.list_runs("kinds").runs[1].run_id
    expect(card.locator(".jp-Studio-facts")).to_contain_text(f"cached{first}")
    card.get_by_role("tab", name="Values").click()
    expect(card.get_by_role("region", name="First rows")).to_be_visible()
    table = card.get_by_label("Value returned.flights")
    expect(table).to_contain_text("250,000 rows × 3 columns")
    expect(table.locator("td.jp-mod-missing").first).to_have_text("null")
    expect(card.locator("img.jp-Studio-thumbnail")).to_be_visible()
    expect(card.get_by_label("Value weights")).to_contain_text("3 × 4 float64")
    picture(page, "values-light")
    with page.expect_download() as download:
        card.get_by_label("Value weights").get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "weights.npy"
    assert Path(download.value.path()).read_bytes().startswith(b"\x93NUMPY")
    card.get_by_role("button", name=first).click()
    expect(panel.locator("select").first).to_have_value(first)
    card.get_by_role("tab", name="Values").click()
    command(page, "apputils:change-theme", theme="JupyterLab Dark")
    page.wait_for_timeout(500)
    picture(page, "values-dark")
