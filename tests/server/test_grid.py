"""The grid: runs × tasks, page by page."""

from __future__ import annotations

from studio.core.map_spec import ExpandSpec, Items
from studio.core.spec import DagSpec

from .conftest import CHAIN, Running, function
from .test_actions import error_of, over


async def test_grid_shows_the_states_of_all_tasks_newest_run_first(studio: Running) -> None:
    await studio.publish(CHAIN)
    for name in ("r1", "r2", "r3"):
        await over(studio, name, subset=["a"] if name == "r2" else [])
    grid = (await studio.http.get("/api/dags/chain/grid")).json()
    assert (grid["tasks"], grid["next"]) == (["a", "b"], None)
    assert [row["run"]["run_id"] for row in grid["rows"]] == ["r3", "r2", "r1"]
    whole, part = _success(0, 1), _success(0)
    assert [row["cells"] for row in grid["rows"]] == [whole, part, whole]


async def test_grid_page_by_page_and_by_state(studio: Running) -> None:
    await studio.publish(CHAIN)
    for name in ("r1", "r2", "r3"):
        await over(studio, name)
    shown, before = [], None
    while True:
        query = {"limit": "2", "state": "success"} | ({} if before is None else {"before": before})
        page = (await studio.http.get("/api/dags/chain/grid", params=query)).json()
        shown.append([row["run"]["run_id"] for row in page["rows"]])
        before = page["next"]
        if before is None:
            break
    assert shown == [["r3", "r2"], ["r1"]]
    none = (await studio.http.get("/api/dags/chain/grid", params={"state": "failed"})).json()
    assert none == {"tasks": ["a", "b"], "rows": [], "next": None}


async def test_grid_counts_mapped_instances_and_keeps_former_tasks(studio: Running) -> None:
    each = function("each", expand=ExpandSpec(over={"x": Items([1, 2, 3])}))
    await studio.publish(DagSpec(id="d", tasks=(function("old"), each)))
    await over(studio, "r1", "d")
    await studio.publish(DagSpec(id="d", tasks=(each,)))
    grid = (await studio.http.get("/api/dags/d/grid")).json()
    assert grid["tasks"] == ["each", "old"]
    cells = grid["rows"][0]["cells"][0]
    assert dict(zip(cells["tasks"], cells["counts"], strict=True)) == {0: 3, 1: 1}


async def test_grid_of_no_dag(studio: Running) -> None:
    error = error_of(await studio.http.get("/api/dags/nothing/grid"), 404)
    assert error["code"] == "not_found"


def _success(*tasks: int) -> list[dict[str, object]]:
    return [{"state": "success", "tasks": list(tasks), "counts": []}]


async def test_days_count_runs_by_state_in_the_zone_of_the_dag(studio: Running) -> None:
    await studio.publish(CHAIN)  # of New York
    for run_id, date in (("r1", "2013-01-01T23:00"), ("r2", "2013-01-01"), ("r3", "2013-02-01")):
        await over(studio, run_id, logical_date=date)
    asked = {"since": "2013-01-01", "until": "2013-02-01"}
    days = (await studio.http.get("/api/dags/chain/days", params=asked)).json()["days"]
    assert days == [{"day": "2013-01-01", "counts": {"success": 2}}]
    assert (await studio.http.get("/api/dags/chain/days")).json() == {"days": []}  # none in the last year
    for bad in ({"since": "2013"}, {"since": "soon"}, {"since": "2013-01-02", "until": "2013-01-01"}):
        error_of(await studio.http.get("/api/dags/chain/days", params=bad), 400)


async def test_attempts_of_a_run_with_their_times(studio: Running) -> None:
    await studio.publish(CHAIN)
    await over(studio, "r1")
    attempts = (await studio.http.get("/api/dags/chain/runs/r1/attempts")).json()["attempts"]
    assert [(each["task_id"], each["try_number"], each["state"]) for each in attempts] == [
        ("a", 1, "success"),
        ("b", 1, "success"),
    ]
    assert all(
        each[name] is not None for each in attempts for name in ("queued_at", "started_at", "ended_at")
    )
    error_of(await studio.http.get("/api/dags/chain/runs/none/attempts"), 404)


async def test_runs_by_type_time_and_text(studio: Running) -> None:
    await studio.publish(CHAIN)
    await over(studio, "one", note="with the new file")
    await over(studio, "two")

    async def of(**query: str) -> list[str]:
        answer = await studio.http.get("/api/runs", params=query)
        return [run["run_id"] for run in answer.json()["runs"]]

    assert await of(type="manual,backfill") == ["two", "one"]
    assert await of(type="scheduled") == []
    assert await of(search="NEW file") == ["one"]
    assert await of(since="2013-01-01") == ["two", "one"]
    assert await of(until="2013-01-01T00:00:00Z") == []
    for bad in ({"type": "hand"}, {"since": "soon"}, {"search": "x" * 201}):
        error = error_of(await studio.http.get("/api/runs", params=bad), 400)
        assert error["field"] == next(iter(bad))
