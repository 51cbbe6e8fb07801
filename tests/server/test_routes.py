"""The routes from outside: what is answered, and that what was done is there."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from studio.api.routes import ROUTES
from studio.core.spec import DagSpec, TaskSpec
from studio.server.handlers import HANDLERS

from .conftest import CHAIN, DIGEST, NOTEBOOK, Running, function


async def _until_over(studio: Running, dag_id: str, run_id: str) -> dict[str, Any]:
    import asyncio

    while True:
        detail = (await studio.http.get(f"/api/dags/{dag_id}/runs/{run_id}")).json()
        if detail["run"]["state"] in ("success", "failed", "cancelled"):
            return dict(detail)
        await asyncio.sleep(0.01)


def test_every_route_has_a_handler_and_every_handler_a_route() -> None:
    assert set(HANDLERS) == {route.name for route in ROUTES}


async def test_server_info(studio: Running) -> None:
    info = (await studio.http.get("/api/server")).json()
    assert info["scheduling"] is True
    assert info["slots"] == 2
    assert info["database"].startswith("sqlite")


async def test_openapi_is_the_generated_document(studio: Running) -> None:
    document = (await studio.http.get("/api/openapi.json")).json()
    assert len(document["paths"]) == len({route.path for route in ROUTES})


async def test_published_dag_is_listed_with_its_graph(studio: Running) -> None:
    published = await studio.publish(CHAIN)
    assert [(task["id"], task["upstream"], task["label"]) for task in published["tasks"]] == [
        ("a", [], "a"),
        ("b", ["a"], "b"),
    ]
    listed = (await studio.http.get("/api/dags")).json()
    assert [dag["dag_id"] for dag in listed["dags"]] == ["chain"]
    assert (await studio.http.get("/api/dags/chain")).json() == published


async def test_an_old_version_can_be_read(studio: Running) -> None:
    first = await studio.publish(CHAIN)
    await studio.publish(msgspec.structs.replace(CHAIN, tasks=(function("only"),)))
    version = first["dag"]["version"]
    old = (await studio.http.get("/api/dags/chain", params={"version": version})).json()
    assert [task["id"] for task in old["tasks"]] == ["a", "b"]


async def test_triggered_run_succeeds(studio: Running) -> None:
    await studio.publish(CHAIN)
    run = await studio.trigger("chain", params={"day": "2013-01-02"})
    over = await _until_over(studio, "chain", run["run"]["run_id"])
    assert over["run"]["counts"] == {"success": 2}
    assert over["run"]["params"] == {"day": "2013-01-02"}
    page = (await studio.http.get("/api/runs", params={"dag_id": "chain"})).json()
    assert [found["run_id"] for found in page["runs"]] == [run["run"]["run_id"]]


async def test_logical_date_without_offset_is_in_the_zone_of_the_dag(studio: Running) -> None:
    await studio.publish(CHAIN)
    run = await studio.trigger("chain", logical_date="2013-07-01")
    assert run["run"]["logical_date"] == "2013-07-01T04:00:00Z"


async def test_the_same_key_gives_the_same_run(studio: Running) -> None:
    await studio.publish(CHAIN)
    first = await studio.trigger("chain", key="once")
    second = await studio.trigger("chain", key="once")
    assert first["run"]["run_id"] == second["run"]["run_id"]


async def test_pages_of_runs(studio: Running) -> None:
    await studio.publish(CHAIN)
    made = [(await studio.trigger("chain", run_id=f"r{n}"))["run"]["run_id"] for n in range(5)]
    seen: list[str] = []
    before = None
    while True:
        params = {"limit": 2} if before is None else {"limit": 2, "before": before}
        page = (await studio.http.get("/api/runs", params=params)).json()
        seen += [run["run_id"] for run in page["runs"]]
        before = page["next"]
        if before is None:
            break
    assert seen == made[::-1]


async def test_pause_and_delete(studio: Running) -> None:
    await studio.publish(CHAIN)
    paused = (await studio.http.patch("/api/dags/chain", json={"paused": True})).json()
    assert paused["dag"]["paused"] is True
    assert (await studio.http.delete("/api/dags/chain")).status_code == 204
    assert (await studio.http.get("/api/dags/chain")).status_code == 404


async def test_task_with_its_attempts(studio: Running) -> None:
    await studio.publish(CHAIN)
    run_id = (await studio.trigger("chain"))["run"]["run_id"]
    await _until_over(studio, "chain", run_id)
    task = (await studio.http.get(f"/api/dags/chain/runs/{run_id}/tasks/a")).json()
    assert [attempt["state"] for attempt in task["attempts"]] == ["success"]
    assert (task["task"]["state"], task["node"]["id"], task["why"]) == ("success", "a", [])
    output = (await studio.http.get(f"/api/dags/chain/runs/{run_id}/tasks/a/output")).json()
    assert (output["cells"], output["try_number"]) == ([], 1)
    log = (await studio.http.get(f"/api/dags/chain/runs/{run_id}/tasks/a/log")).json()
    assert (log["records"], log["size"], log["ended"]) == ([], 0, True)


async def test_clear_runs_again(studio: Running) -> None:
    await studio.publish(CHAIN)
    run_id = (await studio.trigger("chain"))["run"]["run_id"]
    await _until_over(studio, "chain", run_id)
    answer = await studio.http.post(f"/api/dags/chain/runs/{run_id}/clear", json={"task_ids": ["b"]})
    assert answer.status_code == 200
    over = await _until_over(studio, "chain", run_id)
    assert {task["task_id"]: task["try_number"] for task in over["tasks"]} == {"a": 1, "b": 2}


async def test_notebooks_must_be_uploaded_before_they_are_published(studio: Running) -> None:
    task = TaskSpec(
        id="report", kind="notebook", config={"path": "/x/report.ipynb", "digest": DIGEST, "cwd": "/x"}
    )
    spec = DagSpec(id="nb", tasks=(task,))
    body = msgspec.to_builtins({"spec": spec})
    refused = await studio.http.put("/api/dags/nb", json=body)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["code"], error["field"]) == ("invalid_dag", "spec.tasks[0].config.digest")
    assert "'report'" in error["message"]

    octets = {"Content-Type": "application/octet-stream"}
    assert (
        await studio.http.put(f"/api/sources/{DIGEST}", content=NOTEBOOK, headers=octets)
    ).status_code == 204
    published = await studio.http.put("/api/dags/nb", json=body)
    assert published.status_code == 200
    assert published.json()["tasks"][0]["label"] == "report.ipynb"


async def test_source_must_have_the_hash_it_is_named_by(studio: Running) -> None:
    octets = {"Content-Type": "application/octet-stream"}
    wrong = await studio.http.put(f"/api/sources/{'0' * 64}", content=NOTEBOOK, headers=octets)
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "digest")


async def test_stop_is_asked_for(studio: Running) -> None:
    assert (await studio.http.post("/api/server/stop")).status_code == 202
    await asyncio.wait_for(studio.server.stopped.wait(), 30)


@pytest.mark.parametrize("script", [lambda launch: None])
async def test_cancel_ends_what_runs(studio: Running) -> None:
    await studio.publish(CHAIN)
    run_id = (await studio.trigger("chain"))["run"]["run_id"]
    why = (await studio.http.get(f"/api/dags/chain/runs/{run_id}/tasks/b")).json()["why"]
    assert why and "a" in why[0]
    answer = await studio.http.post(f"/api/dags/chain/runs/{run_id}/cancel")
    assert answer.status_code == 200
    over = await _until_over(studio, "chain", run_id)
    assert over["run"]["state"] == "cancelled"
    again = await studio.http.post(f"/api/dags/chain/runs/{run_id}/cancel")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
