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
