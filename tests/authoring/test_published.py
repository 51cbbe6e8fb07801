"""A cell, a real server, real kernels: published, triggered, watched, read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio import DAG, notebook
from studio.authoring import handles
from studio.client import connect
from studio.errors import NotFound
from studio.settings import Settings
from studio.widgets.graph import MIME
from studio.widgets.views import MIME as VIEW_MIME


@pytest.fixture
def dag(settings: Settings, work: Path) -> Iterator[DAG]:
    handles.client.cache_clear()
    with DAG("flights") as dag:
        extract = notebook(work / "extract.ipynb", parameters={"day": "{{ ds }}"})
        notebook(work / "report.ipynb", after=extract)
    yield dag
    if handles.client.cache_info().currsize:
        handles.client().close()
        handles.client.cache_clear()


def test_from_cell_to_output(dag: DAG, settings: Settings) -> None:
    assert dag._repr_mimebundle_()[MIME]["published"] is False
    assert not settings.runtime_file.exists(), "showing a DAG starts no server"

    published = dag.publish()
    with connect(start=False) as client:
        version = client.get_dag("flights").dag.version[:8]
    assert (
        repr(published) == f"flights is published: 2 tasks, version {version}; it runs when it is triggered."
    )
    assert dag._repr_mimebundle_()[MIME]["published"] is True
    assert "no runs yet" in repr(dag.runs())
    with pytest.raises(NotFound, match="no run yet"):
        dag["report"].output()

    run = dag.trigger(logical_date="2013-01-02", run_id="second")
    assert run.wait(timeout=120).state == "success"
    assert repr(run) == "flights / second: ✓ success"
    assert [row.run_id for row in dag.runs()] == ["second"]
    assert dag._repr_mimebundle_()[MIME]["states"] == {"extract": "success", "report": "success"}
    assert "✓ report" in dag._repr_mimebundle_()["text/plain"]

    output = dag["extract"].output()
    assert repr(output).startswith("<output of extract: success, ")
    assert "2013-01-02" in str([cell.outputs for cell in output.cells])
    assert run.output("report").cells

    card = run.card("extract")
    assert card.call == 'studio.connect().get_task("flights", "second", "extract")'
    assert card.still.text.startswith("extract in second: ✓ success, try 1 of 1")
    assert "2013-01-02" in card.still.html
    assert dag["extract"].card().still == card.still, "the newest run is that one"
    assert dag.runs(3)._repr_mimebundle_()[VIEW_MIME]["options"] == {"limit": 3}

    assert "INFO studio: The kernel" in repr(run.log("report", level="info"))
    assert [record.source for record in run.log("report", tail=1).records] == ["studio"]


def test_a_run_of_nothing_published(dag: DAG) -> None:
    with pytest.raises(NotFound, match="Publish it first"):
        dag.trigger()
