"""What people do to runs and tasks: clear, mark, note, cancel, delete, answer; one by one and in bulk."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from studio.core.schedule_spec import CronSpec
from studio.core.spec import DagSpec, TaskSpec

from .conftest import CHAIN, Running, function


async def until(studio: Running, run_id: str, *states: str, dag_id: str = "chain") -> dict[str, Any]:
    """The run once it is in one of these states (without: once it is over)."""
    wanted = states or ("success", "failed", "cancelled")
    while True:
        detail = (await studio.http.get(f"/api/dags/{dag_id}/runs/{run_id}")).json()
        if detail["run"]["state"] in wanted:
            return dict(detail)
        await asyncio.sleep(0.01)


async def over(studio: Running, run_id: str, dag_id: str = "chain", **body: Any) -> dict[str, Any]:
    """A new run, when it is over."""
    await studio.trigger(dag_id, run_id=run_id, **body)
    return await until(studio, run_id, dag_id=dag_id)


def error_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return dict(answer.json()["error"])


def states_of(detail: dict[str, Any]) -> dict[str, str]:
    return {task["task_id"]: task["state"] for task in detail["tasks"]}


# --- trigger ---------------------------------------------------------------------------------------------------


async def test_trigger_with_note_interval_and_subset(studio: Running) -> None:
    await studio.publish(CHAIN)
    made = await over(
        studio,
        "r",
        note="by hand",
        logical_date="2013-01-02",
        interval=["2013-01-01", "2013-01-02"],
        subset=["a"],
    )
    run = made["run"]
    assert (run["note"], run["subset"], run["counts"]) == ("by hand", ["a"], {"success": 1})
    assert (run["interval_start"], run["interval_end"]) == ("2013-01-01T05:00:00Z", "2013-01-02T05:00:00Z")


TRIGGERS: dict[str, tuple[dict[str, Any], int, str]] = {
    "interval without a date": ({"interval": ["2013-01-01", "2013-01-02"]}, 400, "interval"),
    "interval that ends first": (
        {"logical_date": "2013-01-01", "interval": ["2013-01-02", "2013-01-01"]},
        400,
        "interval",
    ),
    "interval of one date": ({"logical_date": "2013-01-01", "interval": ["2013-01-02"]}, 400, "interval"),
    "unknown task": ({"subset": ["aa"]}, 400, "'a'"),
    "long note": ({"note": "x" * 20_000}, 400, "note"),
    "when paused": ({"if_paused": "maybe"}, 400, "if_paused"),
}


async def test_bad_trigger(studio: Running) -> None:
    await studio.publish(CHAIN)
    for case, (body, status, said) in TRIGGERS.items():
        error = error_of(await studio.http.post("/api/dags/chain/runs", json=body), status)
        assert said in f"{error['message']} {error['hint']} {error['field']}", (case, error)
    assert (await studio.http.get("/api/runs")).json()["runs"] == []


TYPED = DagSpec(
    id="typed",
    tasks=(function("a"),),
    params={"count": 1, "mode": "fast"},
    param_schemas={
        "count": {"type": "integer", "minimum": 1},
        "mode": {"enum": ["fast", "slow"]},
        "day": {"type": "string", "format": "date"},
    },
)

PARAMS: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "missing": ({}, "params.day", ("no default", "For example")),
    "wrong type": ({"day": "2013-01-01", "count": "1"}, "params.count", ("'1'", "integer")),
    "too small": ({"day": "2013-01-01", "count": 0}, "params.count", ("0", "1")),
    "out of the enum": ({"day": "2013-01-01", "mode": "slwo"}, "params.mode", ("'fast', 'slow'",)),
    "wrong format": ({"day": "1.1.2013"}, "params.day", ("date",)),
    "undeclared": ({"day": "2013-01-01", "cuont": 1}, "params", ("'count'",)),
}


async def test_params_are_checked_by_their_schemas(studio: Running) -> None:
    await studio.publish(TYPED)
    for case, (params, field, said) in PARAMS.items():
        error = error_of(await studio.http.post("/api/dags/typed/runs", json={"params": params}), 400)
        assert (case, error["field"]) == (case, field)
        for words in said:
            assert words in f"{error['message']} {error['hint']}", (case, error)
    assert (await studio.http.get("/api/runs")).json()["runs"] == []
    made = await over(studio, "r", dag_id="typed", params={"day": "2013-01-01"})
    assert made["run"]["params"] == {"count": 1, "mode": "fast", "day": "2013-01-01"}


async def test_trigger_of_a_paused_dag_is_refused_unless_it_says_what_to_do(studio: Running) -> None:
    await studio.publish(CHAIN)
    await studio.http.patch("/api/dags/chain", json={"paused": True})
    error = error_of(await studio.http.post("/api/dags/chain/runs", json={}), 409)
    assert (error["code"], "paused" in error["message"], "unpause" in error["hint"]) == (
        "conflict",
        True,
        True,
    )
    assert (await studio.http.get("/api/runs")).json()["runs"] == []

    waits = await studio.trigger("chain", run_id="waits", if_paused="queue")
    assert waits["run"]["state"] == "queued"
    why = (await studio.http.get("/api/dags/chain/runs/waits/why")).json()
    assert (why["state"], why["reasons"][0]["code"]) == ("queued", "paused")

    await studio.trigger("chain", run_id="goes", if_paused="unpause")
    assert (await until(studio, "waits"))["run"]["state"] == "success"
    assert (await until(studio, "goes"))["run"]["state"] == "success"


async def test_taken_run_id_names_the_run(studio: Running) -> None:
    await studio.publish(CHAIN)
    await over(studio, "mine")
    error = error_of(await studio.http.post("/api/dags/chain/runs", json={"run_id": "mine"}), 409)
    assert "'mine'" in error["message"] and "Clear" in error["hint"]


# --- clear -----------------------------------------------------------------------------------------------------


async def test_clear_of_several_runs_can_be_tried_first(studio: Running) -> None:
    await studio.publish(CHAIN)
    for run_id in ("r1", "r2", "r3"):
        await over(studio, run_id)
    body = {"run_ids": ["r1", "r2"], "task_ids": ["b"], "dry_run": True}
    tried = (await studio.http.post("/api/dags/chain/clear", json=body)).json()
    assert tried == {
        "cleared": 2,
        "tasks": [
            {"run_id": run_id, "task_id": "b", "map_index": -1, "state": "success"} for run_id in ("r1", "r2")
        ],
    }
    assert (await until(studio, "r1"))["tasks"][1]["try_number"] == 1

    done = (await studio.http.post("/api/dags/chain/clear", json={**body, "dry_run": False})).json()
    assert done == tried
    for run_id, tries in (("r1", [1, 2]), ("r2", [1, 2]), ("r3", [1, 1])):
        assert [task["try_number"] for task in (await until(studio, run_id))["tasks"]] == tries


async def test_clear_with_other_params_and_a_note(studio: Running) -> None:
    await studio.publish(CHAIN)
    await over(studio, "r", params={"day": "2013-01-01"})
    body = {"run_ids": ["r"], "params": {"day": "2013-02-02"}, "note": "again"}
    assert (await studio.http.post("/api/dags/chain/clear", json=body)).json()["cleared"] == 2
    run = (await until(studio, "r"))["run"]
    assert (run["params"], run["note"]) == ({"day": "2013-02-02"}, "again")
    error = error_of(
        await studio.http.post("/api/dags/chain/clear", json={"run_ids": ["r"], "params": {"dya": 1}}), 400
    )
    assert "'day'" in error["hint"]


async def test_clear_with_the_newest_version(studio: Running) -> None:
    await studio.publish(CHAIN)
    first = await over(studio, "r")
    await studio.publish(msgspec.structs.replace(CHAIN, tasks=(*CHAIN.tasks, function("c", "b"))))
    body = {"run_ids": ["r"], "version": "latest"}
    assert (await studio.http.post("/api/dags/chain/clear", json=body)).status_code == 200
    again = await until(studio, "r")
    assert states_of(again) == {"a": "success", "b": "success", "c": "success"}
    assert again["run"]["version"] != first["run"]["version"]


DAILY = msgspec.structs.replace(
    CHAIN, id="daily", schedule=CronSpec("0 6 * * *"), start_date="2013-01-01", end_date="2013-01-31"
)


async def test_clear_takes_the_runs_before_and_after(studio: Running) -> None:
    await studio.publish(msgspec.structs.replace(DAILY, catchup="skip"))
    for day in (1, 2, 3):
        await over(studio, f"r{day}", dag_id="daily", logical_date=f"2013-01-0{day}")

    async def cleared(**more: bool) -> list[str]:
        body = {"run_ids": ["r2"], "task_ids": ["b"], "dry_run": True, **more}
        answer = await studio.http.post("/api/dags/daily/clear", json=body)
        assert answer.status_code == 200, answer.text
        return sorted(task["run_id"] for task in answer.json()["tasks"])

    assert await cleared() == ["r2"]
    assert await cleared(past=True) == ["r1", "r2"]
    assert await cleared(future=True) == ["r2", "r3"]
    assert await cleared(past=True, future=True) == ["r1", "r2", "r3"]


# --- mark ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [lambda launch: "failed" if launch.task_id == "a" else "success"])
async def test_mark_lets_what_failed_because_of_it_run(studio: Running) -> None:
    await studio.publish(CHAIN)
    assert states_of(await over(studio, "r")) == {"a": "failed", "b": "upstream_failed"}
    body = {"run_ids": ["r"], "task_ids": ["a"], "state": "success", "value": {"rows": 3}, "note": "by hand"}
    tried = (await studio.http.post("/api/dags/chain/mark", json={**body, "dry_run": True})).json()
    assert [(task["task_id"], task["state"]) for task in tried["tasks"]] == [("a", "failed")]
    done = (await studio.http.post("/api/dags/chain/mark", json=body)).json()
    assert (done["marked"], done["tasks"]) == (1, tried["tasks"])
    again = await until(studio, "r", "success")
    assert states_of(again) == {"a": "success", "b": "success"}
    task = (await studio.http.get("/api/dags/chain/runs/r/tasks/a")).json()
    assert (task["attempts"][-1]["value"], task["task"]["note"]) == ({"rows": 3}, "by hand")


async def test_mark_runs(studio: Running) -> None:
    await studio.publish(CHAIN)
    await over(studio, "r1")
    await over(studio, "r2")
    body = {"run_ids": ["r1", "r2"], "state": "failed", "note": "wrong data"}
    assert (await studio.http.post("/api/dags/chain/mark-runs", json=body)).json() == {"runs": 2}
    run = (await until(studio, "r1"))["run"]
    assert (run["state"], run["reason"], run["note"]) == ("failed", "marked", "wrong data")
    assert (await studio.http.post("/api/dags/chain/mark-runs", json=body)).json() == {"runs": 0}


# --- notes, cancel, delete -------------------------------------------------------------------------------------


async def test_notes(studio: Running) -> None:
    await studio.publish(CHAIN)
    await over(studio, "r")
    noted = (await studio.http.put("/api/dags/chain/runs/r/note", json={"note": "<b>x</b>"})).json()
    assert noted["run"]["note"] == "<b>x</b>"
    task = (await studio.http.put("/api/dags/chain/runs/r/tasks/a/note", json={"note": "y"})).json()
    assert (task["task_id"], task["note"]) == ("a", "y")


@pytest.mark.parametrize("script", [lambda launch: None])
async def test_cancel_and_delete_of_several_runs(studio: Running) -> None:
    await studio.publish(CHAIN)
    for run_id in ("r1", "r2"):
        await studio.trigger("chain", run_id=run_id)
    both = {"run_ids": ["r1", "r2"]}
    assert error_of(await studio.http.post("/api/dags/chain/delete-runs", json=both), 409)["hint"]
    assert (await studio.http.post("/api/dags/chain/cancel", json=both)).json() == {"runs": 2}
    for run_id in ("r1", "r2"):
        assert (await until(studio, run_id))["run"]["state"] == "cancelled"
    assert error_of(await studio.http.post("/api/dags/chain/cancel", json=both), 409)["code"] == "conflict"
    assert (await studio.http.post("/api/dags/chain/delete-runs", json=both)).json() == {"runs": 2}
    assert (await studio.http.get("/api/runs")).json()["runs"] == []
    assert error_of(await studio.http.post("/api/dags/chain/delete-runs", json=both), 404)


BULK: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "no runs": ("clear", {"run_ids": []}, 400, "run_ids"),
    "runs missing": ("clear", {}, 400, "run_ids"),
    "too many runs": ("cancel", {"run_ids": [f"r{n}" for n in range(1001)]}, 400, "1000"),
    "a bad run id": ("cancel", {"run_ids": ["a/b"]}, 400, "run_id"),
    "an unknown run": ("cancel", {"run_ids": ["other"]}, 404, "other"),
    "an unknown task": ("clear", {"run_ids": ["r"], "task_ids": ["bb"]}, 404, "'b'"),
    "an unknown map index": (
        "clear",
        {"run_ids": ["r"], "task_ids": ["b"], "map_index": 3},
        404,
        "map index",
    ),
    "no tasks": ("mark", {"run_ids": ["r"], "task_ids": [], "state": "success"}, 400, "task_ids"),
    "a state that is none": ("mark", {"run_ids": ["r"], "task_ids": ["a"], "state": "ok"}, 400, "state"),
    "skipped is no state of a run": ("mark-runs", {"run_ids": ["r"], "state": "skipped"}, 400, "state"),
    "a value for a failure": (
        "mark",
        {"run_ids": ["r"], "task_ids": ["a"], "state": "failed", "value": 1},
        400,
        "value",
    ),
    "an old version": ("clear", {"run_ids": ["r"], "version": "0" * 64}, 409, "newest"),
    "a dry delete": ("delete-runs", {"run_ids": ["r"], "dry_run": True}, 400, "dry_run"),
}


async def test_bad_bulk_action(studio: Running) -> None:
    await studio.publish(CHAIN)
    before = await over(studio, "r")
    for case, (action, body, status, said) in BULK.items():
        error = error_of(await studio.http.post(f"/api/dags/chain/{action}", json=body), status)
        assert said in f"{error['message']} {error['hint']} {error['field']}", (case, error)
    error_of(await studio.http.post("/api/dags/nochain/clear", json={"run_ids": ["r"]}), 404)
    assert (await studio.http.get("/api/dags/chain/runs/r")).json() == before


# --- approvals -------------------------------------------------------------------------------------------------

ASKING = DagSpec(
    id="asking",
    tasks=(
        TaskSpec(
            id="ask",
            kind="approval",
            config={
                "subject": "Send it?",
                "options": ["Approve", "Reject"],
                "params": {"copies": 1},
                "param_schemas": {"copies": {"type": "integer"}},
            },
        ),
        function("send", "ask"),
    ),
)


async def test_approvals_are_listed_and_answered(studio: Running) -> None:
    await studio.publish(ASKING)
    assert (await studio.http.get("/api/approvals")).json() == {"approvals": []}
    await studio.trigger("asking", run_id="r")
    waiting: list[dict[str, Any]] = []
    while not waiting:
        waiting = (await studio.http.get("/api/approvals", params={"dag_id": "asking"})).json()["approvals"]
    assert [(each["run_id"], each["subject"], each["options"], each["params"]) for each in waiting] == [
        ("r", "Send it?", ["Approve", "Reject"], {"copies": 1})
    ]
    assert waiting[0]["task"]["waiting_since"] is not None
    why = (await studio.http.get("/api/dags/asking/runs/r/tasks/ask/why")).json()
    assert (why["state"], [reason["code"] for reason in why["reasons"]]) == ("awaiting_input", ["approval"])

    path = "/api/dags/asking/runs/r/tasks/ask/respond"
    for body, said in (
        ({"options": ["Aprove"]}, "'Approve'"),
        ({"options": []}, "options"),
        ({"options": ["Approve", "Reject"]}, "one"),
        ({"options": ["Approve"], "params": {"copys": 2}}, "'copies'"),
        ({"options": ["Approve"], "params": {"copies": "two"}}, "params.copies"),
    ):
        error = error_of(await studio.http.post(path, json=body), 400)
        assert said in f"{error['message']} {error['hint']} {error['field']}", error
    answered = (await studio.http.post(path, json={"options": ["Approve"], "params": {"copies": 2}})).json()
    assert answered["state"] == "success"
    assert states_of(await until(studio, "r", dag_id="asking")) == {"ask": "success", "send": "success"}
    value = (await studio.http.get("/api/dags/asking/runs/r/tasks/ask")).json()["attempts"][-1]["value"]
    assert (value["chosen_options"], value["params_input"]) == (["Approve"], {"copies": 2})
    assert error_of(await studio.http.post(path, json={"options": ["Approve"]}), 409)
    assert (await studio.http.get("/api/approvals")).json() == {"approvals": []}


@pytest.mark.parametrize("script", [lambda launch: None])
async def test_why_says_what_holds_a_run_and_a_task(studio: Running) -> None:
    await studio.publish(CHAIN)
    await studio.trigger("chain", run_id="r")
    of_task = (await studio.http.get("/api/dags/chain/runs/r/tasks/b/why")).json()
    assert [(reason["code"], reason["facts"]["tasks"]) for reason in of_task["reasons"]] == [
        ("upstream", ["a (queued)"])
    ]
    of_run = (await studio.http.get("/api/dags/chain/runs/r/why")).json()
    assert [reason["code"] for reason in of_run["reasons"]] == ["waiting_for_tasks"]
