"""What a published DAG and its runs can be told from Python, on a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from studio import DAG
from studio.authoring import handles
from studio.authoring.actions import Actions
from studio.client import backfill_of, connect
from studio.core.spec import DagSpec, TaskSpec
from studio.errors import Conflict, InvalidInput, NotFound
from studio.settings import Settings


@pytest.fixture
def dag(settings: Settings) -> Iterator[DAG]:
    """Published with tasks that need no worker."""
    handles.client.cache_clear()
    tasks = (
        TaskSpec(id="start", kind="empty"),
        TaskSpec(
            id="ask",
            kind="approval",
            upstream=("start",),
            config={"subject": "Go?", "options": ["Yes", "No"]},
        ),
        TaskSpec(id="end", kind="empty", upstream=("ask",)),
    )
    with connect() as client:
        client.publish_dag(DagSpec(id="asking", tasks=tasks, params={"day": "1"}))
    yield DAG("asking")
    if handles.client.cache_info().currsize:
        handles.client().close()
        handles.client.cache_clear()


def test_a_dag_and_its_runs_are_told_what_to_do(dag: DAG) -> None:
    dag.pause()
    with pytest.raises(Conflict, match="paused"):
        dag.trigger()
    assert dag.trigger(run_id="waits", if_paused="queue", note="later").state == "queued"
    dag.unpause()
    assert dag.next_runs().words == "by hand only"

    run = dag.trigger(run_id="r", params={"day": "2"})
    while run.why("ask") != ["It waits for a person to answer."]:
        pass
    assert run.why()[0] == "It waits for a person to answer."
    with pytest.raises(InvalidInput, match="Maybe"):
        run.respond("ask", "Maybe")
    assert run.respond("ask", "Yes").wait(timeout=60).state == "success"

    assert [task.task_id for task in run.would_clear("ask")] == ["ask", "end"]
    assert run.clear(["ask"], downstream=False, params={"day": "3"}).mark("success", "ask").state == "success"
    assert run.refresh().run.params == {"day": "3"}
    assert run.note("all well").note("by hand", "ask").refresh().run.note == "all well"
    assert run.mark("failed").state == "failed"
    with pytest.raises(InvalidInput, match="Only tasks"):
        run.mark("skipped")
    run.delete()
    with pytest.raises(NotFound):
        run.refresh()


def test_backfills_from_python(dag: DAG) -> None:
    several = [{"day": name} for name in "abc"]
    plan = dag.preview_backfill(params_list=several)
    assert (plan.counts, len(plan), plan[0].decision) == ({"create": 3, "clear": 0, "skip": 0}, 3, "create")
    assert repr(plan).startswith("3 runs to make, 0 to repeat, 0 left alone.\n  create  without a date")

    backfill = dag.backfill(params_list=several, max_active_runs=1, note="several")
    assert backfill.pause().state == "paused"
    assert backfill.limit(2).resume().refresh().max_active_runs == 2
    assert [found.id for found in dag.backfills()] == [backfill.id]
    assert len(backfill.runs()) == 3
    assert backfill.cancel(stop_running=True).wait(timeout=60).state == "cancelled"
    assert repr(backfill) == f"asking / backfill {backfill.id}: cancelled, 3 of 3 runs ended (3 cancelled)"
    with pytest.raises(InvalidInput, match="schedule"):
        dag.backfill("2013-01-01", "2013-01-02")


def test_backfill_takes_what_the_client_takes() -> None:
    import inspect

    taken = set(inspect.signature(Actions.backfill).parameters) - {"self"}
    assert taken == set(inspect.signature(backfill_of).parameters) - {"key", "version"}
