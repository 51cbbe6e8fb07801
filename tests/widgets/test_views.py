"""Views in a cell: data for our front end, stills for everybody else, and the call that each stands for."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

from studio import DAG, Param, function
from studio.api.models import BackfillInfo, CellOutput, RunSummary, TaskOutput
from studio.core.states import RunState, TaskState
from studio.errors import InvalidInput, InvalidParameter
from studio.settings import Settings
from studio.widgets.cells_html import outputs_html, outputs_text
from studio.widgets.output import OutputView
from studio.widgets.runs import RunTable
from studio.widgets.stills import backfill_still
from studio.widgets.views import MIME, Still, View, call_text

NOON = datetime(2013, 1, 1, 12, tzinfo=timezone.utc)


def dag() -> DAG:
    with DAG(
        "flights", params={"airport": "JFK", "top": Param(5, minimum=1, description="How <many>")}
    ) as made:
        function(print, task_id="report")
    return made


def cell(*outputs: dict[str, Any]) -> CellOutput:
    return CellOutput(
        index=0,
        cell_type="code",
        source="",
        state="success",
        execution_count=1,
        outputs=list(outputs),
        duration=1.0,
    )


def test_a_call_is_python() -> None:
    text = call_text("f", 'a"b', 1, only=None, deep={"x": [True, 1.5, "é"]})
    assert text == 'f("a\\"b", 1, only=None, deep={"x": [True, 1.5, "é"]})'
    assert eval(text, {"f": lambda *a, **k: (a, k)}) == (
        ('a"b', 1),
        {"only": None, "deep": {"x": [True, 1.5, "é"]}},
    )


def test_backfill_form_of_nothing() -> None:
    bundle = dag().backfill_form()._repr_mimebundle_()
    assert bundle[MIME] == {
        "version": 1,
        "view": "backfill",
        "dag_id": "flights",
        "run_id": None,
        "task_id": None,
        "map_index": -1,
        "backfill_id": None,
        "options": {},
    }
    assert bundle["text/plain"] == (
        "Backfill of flights: not started\n"
        "field         value\n"
        "from          the first date of the schedule\n"
        "to            now\n"
        "which         dates without a run\n"
        "tasks         all\n"
        "order         the oldest first\n"
        "runs at once  10\n"
        "In Python: dag.backfill()"
    )


def test_backfill_form_with_everything() -> None:
    form = dag().backfill_form(
        "2013-01-01", "2013-01-07", only="failed", reverse=True, max_active_runs=3, tasks=["report"],
        params={"top": 2},
    )  # fmt: skip
    assert dict(form.options) == {
        "start": "2013-01-01",
        "end": "2013-01-07",
        "only": "failed",
        "newest_first": True,
        "max_active_runs": 3,
        "tasks": ["report"],
        "params": {"top": 2},
    }
    assert form.call == (
        'dag.backfill("2013-01-01", "2013-01-07", only="failed", reverse=True, max_active_runs=3, '
        'tasks=["report"], params={"top": 2})'
    )


def test_backfill_form_with_an_end_alone() -> None:
    assert dag().backfill_form(end="2013-01-07").call == 'dag.backfill(end="2013-01-07")'


def test_backfill_form_refuses_what_is_no_date() -> None:
    with pytest.raises(InvalidInput, match="start"):
        dag().backfill_form(object())  # type: ignore[arg-type]


def test_params_form_shows_fields_defaults_and_rules() -> None:
    form = dag().params_form({"airport": "EWR"})
    assert form.data["options"] == {"params": {"airport": "EWR"}}
    assert repr(form) == (
        "Run flights with\n"
        "param    type     value  what it is\n"
        'airport  string   "EWR"\n'
        "top      integer  5      How <many>; at least 1\n"
        'In Python: dag.trigger(params={"airport": "EWR"})'
    )
    assert "How &lt;many&gt;" in form._repr_mimebundle_()["text/html"]


def test_params_form_of_no_params() -> None:
    with DAG("bare") as bare:
        pass
    assert repr(bare.params_form()) == "Run bare: it takes no params\nIn Python: dag.trigger()"


def test_params_form_refuses_what_json_cannot_hold() -> None:
    with pytest.raises(InvalidParameter, match="top"):
        dag().params_form({"top": object()})


def test_card_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    card = dag()["report"].card()
    assert repr(card) == 'report (print()): no run yet\nIn Python: dag["report"].card()'
    assert (card.data["view"], card.data["task_id"], card.data["run_id"]) == ("task", "report", None)
    assert not Settings.from_environment().runtime_file.exists(), "showing a card starts no server"


def test_how_far_a_backfill_is() -> None:
    info = BackfillInfo(
        id=3, dag_id="flights", state="running", start=NOON, end=NOON, reprocess="missing", reverse=False,
        max_active_runs=10, tasks=[], params={}, note="", created_at=NOON, ended_at=None, actor="me", runs=4,
        counts={"success": 2, "running": 1, "queued": 1}, ended=2, seconds_left=90.0, rev=1,
    )  # fmt: skip
    assert backfill_still(info).text == (
        "Backfill 3 of flights: running, 2 of 4 runs ended, about 1 min 30 s left\n"
        "███████████████░░░░░░░░░░░░░░░\n"
        "✓ 2 success, ▶ 1 running, … 1 queued"
    )


def test_runs_of_a_dag_are_followed_and_those_of_a_backfill_are_not() -> None:
    run = RunSummary(
        dag_id="flights", run_id="a", run_type="manual", state=RunState.SUCCESS, cancelling=False,
        with_failures=False, version="1a2b", run_after=NOON, logical_date=NOON, queued_at=NOON, started_at=NOON,
        ended_at=NOON, triggered_by="", params={}, counts={"success": 2}, rev=1,
    )  # fmt: skip
    followed = RunTable("flights", [run], 7)._repr_mimebundle_()
    assert followed[MIME]["options"] == {"limit": 7}
    assert "<code>dag.runs(7)</code>" in followed["text/html"]
    assert MIME not in RunTable("flights", [run])._repr_mimebundle_()


def test_outputs_as_html_have_pictures_text_and_no_script() -> None:
    cells = [
        cell(
            {"output_type": "stream", "name": "stdout", "text": ["1 < 2\n", "\x1b[31mred\x1b[0m\n"]},
            {
                "output_type": "display_data",
                "data": {"image/png": "AA\nBB", "text/plain": "<Figure>"},
                "metadata": {},
            },
            {
                "output_type": "execute_result",
                "execution_count": 1,
                "metadata": {},
                "data": {
                    "text/html": "<style>b{}</style><b>x</b><SCRIPT>alert(1)</SCRIPT>",
                    "text/plain": "x",
                },
            },
        ),
        cell({"output_type": "error", "ename": "E", "evalue": "", "traceback": ["\x1b[0;31mE\x1b[0m: no"]}),
    ]
    assert outputs_html(cells) == (
        "<pre>1 &lt; 2\nred\n</pre>"
        '<p><img src="data:image/png;base64,AABB" alt="&lt;Figure&gt;" style="max-width:100%"></p>'
        "<div><b>x</b></div>"
        "<pre>E: no</pre>"
    )
    assert outputs_text(cells) == "1 < 2\nred\n<Figure>\nx\nE: no"


def test_outputs_too_large_for_a_notebook_are_left_out() -> None:
    large = {"output_type": "display_data", "data": {"image/png": "A" * (1 << 20)}, "metadata": {}}
    assert outputs_html([cell(large)]) == "<p>… and more, in the task's notebook.</p>"


def test_output_of_the_server_is_one_live_display(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.publish_display_data", shown.append)
    hello = {"output_type": "stream", "name": "stdout", "text": "hello\n"}
    output = TaskOutput(
        attempt_id=1, try_number=1, state=TaskState.RUNNING, cells=[cell(hello)], cells_done=0, cells_total=1,
        path=None, rev=1,
    )  # fmt: skip
    OutputView("report", output, dag_id="flights", run_id="a")._ipython_display_()
    assert [(each[MIME]["view"], each[MIME]["run_id"], each[MIME]["task_id"]) for each in shown] == [
        ("output", "a", "report")
    ]
    assert "<pre>hello\n</pre>" in shown[0]["text/html"]
    assert "\nhello\n" in shown[0]["text/plain"]

    shown.clear()
    OutputView("report", output)._ipython_display_()  # of a run in this process
    assert [list(each) for each in shown] == [["text/plain"], ["text/plain"]]


def test_a_view_in_a_saved_notebook_is_shown_by_nbconvert() -> None:
    view = View("runs", "flights", "dag.runs(7)", Still("<p>✓ all well</p>", "✓ all well"))
    output = nbformat.v4.new_output("display_data", view._repr_mimebundle_())
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("view", outputs=[output])])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    html, _ = HTMLExporter().from_notebook_node(notebook)
    assert "<p>✓ all well</p><p>In Python: <code>dag.runs(7)</code></p>" in html
