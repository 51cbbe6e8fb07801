"""Runs as a table."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from studio.api.models import RunSummary
from studio.core.states import RunState
from studio.widgets.runs import RunTable

NOON = datetime(2013, 1, 1, 12, tzinfo=timezone.utc)


def _run(run_id: str, state: RunState, seconds: float | None) -> RunSummary:
    return RunSummary(
        dag_id="flights",
        run_id=run_id,
        run_type="manual",
        state=state,
        cancelling=False,
        with_failures=False,
        version="1a2b",
        run_after=NOON,
        logical_date=NOON,
        queued_at=NOON,
        started_at=NOON,
        ended_at=None if seconds is None else NOON + timedelta(seconds=seconds),
        triggered_by="",
        params={},
        counts={"success": 2, "running": 1},
        rev=1,
    )


def test_table_as_text() -> None:
    table = RunTable("flights", [_run("b", RunState.RUNNING, None), _run("a<1>", RunState.SUCCESS, 75.0)])
    assert repr(table) == (
        "run   state      tasks   started              took\n"
        "b     ▶ running  2 of 3  2013-01-01 12:00:00\n"
        "a<1>  ✓ success  2 of 3  2013-01-01 12:00:00  1 min 15 s"
    )
    assert [run.run_id for run in table] == ["b", "a<1>"]


def test_table_as_html_escapes() -> None:
    html = RunTable("flights", [_run("a<1>", RunState.FAILED, 0.25)])._repr_html_()
    assert "a&lt;1&gt;" in html and "✗ failed" in html and "<1>" not in html


def test_no_runs_say_what_to_do() -> None:
    assert repr(RunTable("flights", [])) == "The DAG flights has no runs yet; start one with dag.trigger()."
