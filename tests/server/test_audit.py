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


async def test_variables_and_connections_by_name_never_by_value(studio: Running) -> None:
    await studio.http.put("/api/variables/plain", json={"value": "canary", "description": "canary"})
    await studio.http.put("/api/variables/hidden", json={"value": "canary", "secret": True})
    body = {"type": "http", "password": "canary", "extra": {"token": "canary"}}
    await studio.http.put("/api/connections/web", json=body)
    assert (await studio.http.delete("/api/connections/nothing")).status_code == 404
    assert (await studio.http.post("/api/secrets/rotate")).status_code == 200
    assert (await studio.http.delete("/api/connections/web")).status_code == 204
    assert (await studio.http.delete("/api/variables/hidden")).status_code == 204
    answer = await studio.http.get("/api/audit")
    assert [(each["action"], each["about"]) for each in answer.json()["entries"]] == [
        ("delete_variable", {"name": "hidden"}),
        ("delete_connection", {"name": "web"}),
        ("rotate_secrets", {"connections": 1, "variables": 1}),
        ("set_connection", {"name": "web", "fields": ["type", "password", "extra"]}),
        ("set_variable", {"name": "hidden", "secret": True}),
        ("set_variable", {"name": "plain", "secret": False}),
    ]
    assert "canary" not in answer.text


async def test_of_one_actor(studio: Running) -> None:
    await studio.http.put("/api/pools/p", json={"slots": 1})
    actor = (await studio.http.get("/api/audit")).json()["entries"][0]["actor"]
    assert len((await studio.http.get("/api/audit", params={"actor": actor})).json()["entries"]) == 1
    assert (await studio.http.get("/api/audit", params={"actor": "nobody"})).json()["entries"] == []
