"""Who asked for what."""

from __future__ import annotations

from .conftest import CHAIN, Running
from .test_actions import error_of, over


async def test_what_was_asked_for_newest_first(studio: Running) -> None:
    await studio.publish(CHAIN)
    await over(studio, "r1", note="by hand", params={"day": "secret-ish"})
    await studio.http.patch("/api/dags/chain", json={"paused": True})
    refused = await studio.http.post("/api/dags/chain/clear", json={"run_ids": ["r1"], "task_ids": ["none"]})
    assert refused.status_code in (400, 404)
    page = (await studio.http.get("/api/audit")).json()
    assert [(each["action"], each["state"], each["dag_id"]) for each in page["entries"]] == [
        ("clear", "refused", "chain"),
        ("pause", "done", "chain"),
        ("trigger", "done", "chain"),
        ("publish", "done", "chain"),
    ]
    assert page["entries"][0]["error"]
    asked = page["entries"][2]["about"]
    assert (asked["run_id"], asked["note"], asked["params"]) == ("r1", "by hand", ["day"])
    assert all(each["actor"] for each in page["entries"])


async def test_page_by_page_and_of_one_dag(studio: Running) -> None:
    await studio.publish(CHAIN)
    await studio.http.put("/api/pools/p", json={"slots": 1})
    first = (await studio.http.get("/api/audit?limit=1")).json()
    assert [each["action"] for each in first["entries"]] == ["set_pool"]
    second = (await studio.http.get("/api/audit", params={"before": first["next"]})).json()
    assert ([each["action"] for each in second["entries"]], second["next"]) == (["publish"], None)
    of_dag = (await studio.http.get("/api/audit?dag_id=chain")).json()
    assert [each["action"] for each in of_dag["entries"]] == ["publish"]
    for query in ("before=x", "limit=0", "sort=id"):
        error_of(await studio.http.get(f"/api/audit?{query}"), 400)
