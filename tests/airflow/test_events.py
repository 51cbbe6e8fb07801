"""Airflow's examples of assets and callbacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.airflow.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_assets(stage: Stage) -> None:
    # Airflow's example_assets: a DAG with a list of assets (or `&`) runs once all of them were made since its last
    # run, one with `|` when any was; a condition that never becomes true never runs; AssetOrTimeSchedule runs for
    # the assets, too. The run knows the events that triggered it.
    dag_ids = await stage.load("example_assets")
    produced = await stage.run("asset_produces_1", params={"rows": 7})
    assert produced.state == "success"
    first = {"dag1_output": [["producing_task_1", {"rows": 7}]]}
    second = {"dag2_output": [["producing_task_2", {}]]}
    for dag_id in ("asset_consumes_1", "asset_consumes_1_or_2"):
        [ended] = await stage.runs(dag_id, 1)
        assert (ended.state, ended.run.run_type, ended.run.logical_date) == ("success", "asset", None)
        assert ended.run.run_id.startswith("asset__")
        assert ended.values == {"consuming": first}
    nothing = await stage.run("asset_produces_2", params={"works": False})  # skipped: no event
    assert nothing.states == {"producing_task_2": "skipped"}
    assert await stage.store.runs("asset_consumes_1_and_2") == []

    assert (await stage.run("asset_produces_2")).state == "success"
    for dag_id in ("asset_consumes_1_and_2", "asset_consumes_nested", "asset_or_time"):
        [ended] = await stage.runs(dag_id, 1)
        assert (ended.state, ended.run.run_type) == ("success", "asset")
        assert ended.values == {"consuming": first | second}
    either = await stage.runs("asset_consumes_1_or_2", 2)
    assert [each.values["consuming"] for each in either] == [first, second]
    counts = {dag_id: len(await stage.store.runs(dag_id)) for dag_id in dag_ids}
    assert counts == {
        "asset_produces_1": 1,
        "asset_produces_2": 2,
        "asset_consumes_1": 1,
        "asset_consumes_1_and_2": 1,
        "asset_consumes_1_never_scheduled": 0,
        "asset_consumes_1_or_2": 2,
        "asset_consumes_nested": 1,
        "asset_or_time": 1,
    }


async def test_callbacks(stage: Stage, tmp_path: Path) -> None:
    # Airflow documents: on_success, on_failure (for good), on_retry and on_skipped (the task itself raised it) are
    # called for a task, and on_success or on_failure for the run, each once, with the context. A task that could not
    # run calls nobody. A callback that fails changes nothing.
    await stage.load("example_on_failure_callback")
    file = tmp_path / "told"
    ended = await stage.run("example_on_failure_callback", params={"file": str(file)})
    assert ended.state == "failed"
    assert ended.states == {
        "good": "success",
        "skipped": "skipped",
        "failed": "failed",
        "next": "upstream_failed",
        "retried": "failed",
    }

    async def all_called() -> bool:
        return stage.scheduler.running == 0

    await stage.until(all_called)
    assert sorted(file.read_text().splitlines()) == [
        "DAG: failure of the run, try -: task_failure",
        "failure of failed, try 1: -",
        "failure of retried, try 2: -",
        "retry of retried, try 1: -",
        "skipped of skipped, try 1: -",
        "success of good, try 1: -",
    ]


async def test_success_callback(stage: Stage, tmp_path: Path) -> None:
    # Of a run that succeeded only on_success is called.
    await stage.load("example_on_failure_callback")
    file = tmp_path / "told"
    ended = await stage.run("example_on_success_callback", params={"file": str(file)})
    assert ended.state == "success"

    async def all_called() -> bool:
        return stage.scheduler.running == 0

    await stage.until(all_called)
    assert len(file.read_text().splitlines()) == 1
    assert file.read_text().startswith("success of the run")
