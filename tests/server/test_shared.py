"""Versions, schedules, pools, assets and backfills from outside."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from studio.core.schedule_spec import AssetAll, AssetRef, AssetsSpec, CronSpec
from studio.core.spec import AssetSpec, DagSpec

from .conftest import CHAIN, Running, function
from .test_actions import error_of, over, until

# --- several DAGs, versions ------------------------------------------------------------------------------------


async def test_pause_several_dags(studio: Running) -> None:
    for name in ("one", "two"):
        await studio.publish(msgspec.structs.replace(CHAIN, id=name))
    body = {"dag_ids": ["one", "two", "three", "one"], "paused": True}
    answer = (await studio.http.patch("/api/dags", json=body)).json()
    assert answer["done"] == ["one", "two"]
    assert [(refused["dag_id"], refused["error"]["code"]) for refused in answer["refused"]] == [
        ("three", "not_found")
    ]
    dags = (await studio.http.get("/api/dags")).json()["dags"]
    assert [dag["paused"] for dag in dags] == [True, True]
    error_of(await studio.http.patch("/api/dags", json={"dag_ids": [], "paused": True}), 400)


async def test_versions_with_their_runs(studio: Running) -> None:
    old = (await studio.publish(CHAIN))["dag"]["version"]
    await over(studio, "r")
    await studio.publish(msgspec.structs.replace(CHAIN, description="a text makes no version"))
    new = (await studio.publish(msgspec.structs.replace(CHAIN, tasks=(function("only"),))))["dag"]["version"]
    versions = (await studio.http.get("/api/dags/chain/versions")).json()["versions"]
    assert [(each["version"], each["runs"], each["current"]) for each in versions] == [
        (new, 0, True),
        (old, 1, False),
    ]
    detail = (await studio.http.get(f"/api/dags/chain/versions/{old}")).json()
    assert (detail["version"], [task["id"] for task in detail["spec"]["tasks"]]) == (versions[1], ["a", "b"])
    error_of(await studio.http.get("/api/dags/chain/versions/latest"), 404)


# --- schedules -------------------------------------------------------------------------------------------------


async def test_next_runs_of_a_dag(studio: Running) -> None:
    daily = msgspec.structs.replace(
        CHAIN, id="daily", schedule=CronSpec("0 6 * * *"), start_date="2199-03-08", timezone="Europe/Berlin"
    )
    await studio.publish(daily)
    found = (await studio.http.get("/api/dags/daily/next", params={"count": 2})).json()
    assert (found["text"], found["timezone"]) == ("0 6 * * *", "Europe/Berlin")
    assert "06:00" in found["words"]
    assert [run["local"] for run in found["runs"]] == [
        "2199-03-08T06:00:00+01:00",
        "2199-03-09T06:00:00+01:00",
    ]
    assert found["runs"][1] == {
        "run_after": "2199-03-09T05:00:00Z",
        "logical_date": "2199-03-09T05:00:00Z",
        "interval_start": "2199-03-08T05:00:00Z",
        "interval_end": "2199-03-09T05:00:00Z",
        "local": "2199-03-09T06:00:00+01:00",
    }
    for count in ("0", "101", "x"):
        error_of(await studio.http.get("/api/dags/daily/next", params={"count": count}), 400)
    await studio.publish(CHAIN)
    by_hand = (await studio.http.get("/api/dags/chain/next")).json()
    assert (by_hand["runs"], by_hand["words"]) == ([], "by hand only")


async def test_a_schedule_can_be_tried_before_it_is_saved(studio: Running) -> None:
    body = {
        "schedule": {"type": "cron", "expression": "30 2 * * *"},
        "timezone": "Europe/Berlin",
        "after": "2026-03-28",
        "count": 3,
    }
    found = (await studio.http.post("/api/schedules/preview", json=body)).json()
    assert [run["local"] for run in found["runs"]] == [
        "2026-03-28T02:30:00+01:00",
        "2026-03-29T03:00:00+02:00",  # 02:30 does not exist on that day
        "2026-03-30T02:30:00+02:00",
    ]


SCHEDULES: dict[str, tuple[dict[str, Any], str, str]] = {
    "minute": ({"schedule": {"type": "cron", "expression": "61 * * * *"}}, "invalid_schedule", "61"),
    "never": ({"schedule": {"type": "cron", "expression": "0 0 31 2 *"}}, "invalid_schedule", "never"),
    "too often": ({"schedule": {"type": "interval", "seconds": 1}}, "invalid_schedule", "10"),
    "zone": (
        {"schedule": {"type": "cron", "expression": "@daily"}, "timezone": "Europe/Berln"},
        "invalid_schedule",
        "Europe/Berlin",
    ),
    "ends first": (
        {"schedule": {"type": "once"}, "start_date": "2013-02-01", "end_date": "2013-01-01"},
        "invalid_schedule",
        "end_date",
    ),
    "kind": ({"schedule": {"type": "moon"}}, "invalid_input", "schedule"),
    "count": ({"schedule": {"type": "once"}, "count": 1000}, "invalid_input", "count"),
    "after": ({"schedule": {"type": "once"}, "after": "soon"}, "invalid_schedule", "after"),
}


async def test_bad_schedule(studio: Running) -> None:
    for case, (body, code, said) in SCHEDULES.items():
        error = error_of(await studio.http.post("/api/schedules/preview", json=body), 400)
        assert (case, error["code"]) == (case, code)
        assert said in f"{error['message']} {error['hint']} {error['field']}", (case, error)


# --- pools -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [lambda launch: None])
async def test_pools_limit_what_runs(studio: Running) -> None:
    made = (
        await studio.http.put(
            "/api/pools/database",
            json={"slots": 1, "description": "two at once hurt", "include_deferred": True},
        )
    ).json()
    assert made == {
        "name": "database",
        "slots": 1,
        "used": 0,
        "free": 1,
        "description": "two at once hurt",
        "include_deferred": True,
    }
    await studio.publish(
        DagSpec(id="two", tasks=(function("a", pool="database"), function("b", pool="database")))
    )
    await studio.trigger("two", run_id="r")
    why = (await studio.http.get("/api/dags/two/runs/r/tasks/b/why")).json()["reasons"]
    assert [(reason["code"], reason["facts"]["used"]) for reason in why] == [("limit", 1)]
    pools = (await studio.http.get("/api/pools")).json()["pools"]
    assert [(pool["name"], pool["slots"], pool["used"], pool["free"]) for pool in pools] == [
        ("database", 1, 1, 0),
        ("default", -1, 0, None),
    ]
    assert "in use" in error_of(await studio.http.delete("/api/pools/database"), 409)["message"]
    more = (await studio.http.put("/api/pools/database", json={"slots": 2})).json()
    assert (more["slots"], more["description"], more["include_deferred"]) == (2, "two at once hurt", True)
    assert len(studio.executor.launched) == 2
    await studio.http.post("/api/dags/two/cancel", json={"run_ids": ["r"]})
    await until(studio, "r", dag_id="two")
    assert (await studio.http.delete("/api/pools/database")).status_code == 204
    assert [pool["name"] for pool in (await studio.http.get("/api/pools")).json()["pools"]] == ["default"]


async def test_bad_pool(studio: Running) -> None:
    for name, body, said in (
        ("a%2Fb", {"slots": 1}, "'/'"),
        ("p", {"slots": -2}, "slots"),
        ("p", {"slots": 10**9}, "slots"),
        ("p", {"slots": True}, "slots"),
        ("p", {}, "slots"),
        ("p", {"slots": 1, "description": "x" * 20_000}, "10000"),
    ):
        error = error_of(await studio.http.put(f"/api/pools/{name}", json=body), 400)
        assert said in f"{error['message']} {error['hint']} {error['field']}", error
    assert "'default'" in error_of(await studio.http.delete("/api/pools/defalt"), 404)["hint"]
    error_of(await studio.http.delete("/api/pools/default"), 409)


# --- assets ----------------------------------------------------------------------------------------------------

RAW, CLEAN = AssetSpec(name="s3://bucket/raw", group="lake"), AssetSpec(name="clean")
MAKER = DagSpec(id="maker", tasks=(function("make", outlets=(RAW,)),))
WAITER = DagSpec(
    id="waiter",
    tasks=(function("use", inlets=(RAW,)),),
    schedule=AssetsSpec(AssetAll((AssetRef(RAW.name), AssetRef(CLEAN.name)))),
)


async def test_assets_with_makers_readers_and_waiting_dags(studio: Running) -> None:
    await studio.publish(MAKER)
    await studio.publish(WAITER)
    assets = (await studio.http.get("/api/assets")).json()["assets"]
    assert [
        (asset["name"], asset["group"], asset["producers"], asset["readers"], asset["consumers"])
        for asset in assets
    ] == [
        ("clean", "", [], [], ["waiter"]),
        (
            RAW.name,
            "lake",
            [{"dag_id": "maker", "task_id": "make"}],
            [{"dag_id": "waiter", "task_id": "use"}],
            ["waiter"],
        ),
    ]


async def test_events_are_queued_and_start_the_dag_that_waits(studio: Running) -> None:
    await studio.publish(MAKER)
    await studio.publish(WAITER)
    made = await studio.http.post("/api/assets/materialize", json={"asset": RAW.name})
    assert made.status_code == 201
    await until(studio, made.json()["run"]["run_id"], "success", dag_id="maker")
    events = (await studio.http.get("/api/assets/events", params={"asset": RAW.name})).json()["events"]
    assert [(event["dag_id"], event["task_id"]) for event in events] == [("maker", "make")]
    queued = (await studio.http.get("/api/dags/waiter/queued-events")).json()
    assert queued == {
        "dag_id": "waiter",
        "condition": "s3://bucket/raw & clean",
        "assets": [{"asset": RAW.name, "events": [events[0]["id"]]}, {"asset": "clean", "events": []}],
    }

    body = {"asset": "clean", "extra": {"rows": 3}, "key": "once"}
    emitted = (await studio.http.post("/api/assets/events", json=body)).json()
    assert emitted["dags"] == ["waiter"]
    assert (await studio.http.post("/api/assets/events", json=body)).json() == emitted
    page = (await studio.http.get("/api/assets/events", params={"limit": 1})).json()
    assert (page["events"][0]["id"], page["events"][0]["extra"]) == (emitted["event"], {"rows": 3})
    rest = (await studio.http.get("/api/assets/events", params={"before": page["next"]})).json()
    assert (rest["events"], rest["next"]) == (events, None)
    runs = (await studio.http.get("/api/runs", params={"dag_id": "waiter"})).json()["runs"]
    assert [run["run_type"] for run in runs] == ["asset"]


async def test_queued_events_can_be_forgotten(studio: Running) -> None:
    await studio.publish(WAITER)
    await studio.http.post("/api/assets/events", json={"asset": "clean"})
    left = (await studio.http.delete("/api/dags/waiter/queued-events", params={"asset": "clean"})).json()
    assert [asset["events"] for asset in left["assets"]] == [[], []]
    assert (await studio.http.get("/api/runs")).json()["runs"] == []


async def test_bad_asset(studio: Running) -> None:
    await studio.publish(MAKER)
    await studio.publish(msgspec.structs.replace(MAKER, id="other"))
    for path, body, status, said in (
        ("events", {"asset": "s3://bucket/rwa"}, 404, RAW.name),
        ("events", {"asset": RAW.name, "extra": []}, 400, "extra"),
        ("events", {"asset": RAW.name, "extra": {"x": "y" * 2_000_000}}, 413, "1 MB"),
        ("materialize", {"asset": "nothing"}, 404, RAW.name),
        ("materialize", {"asset": RAW.name}, 409, "maker, other"),
        ("materialize", {"asset": RAW.name, "dag_id": "third"}, 400, "maker, other"),
    ):
        error = error_of(await studio.http.post(f"/api/assets/{path}", json=body), status)
        assert said in f"{error['message']} {error['hint']} {error['field']}", error
    assert (await studio.http.get("/api/assets/events")).json() == {"events": [], "next": None}
    for query in ("before=x", "limit=0", "before=-1"):
        error_of(await studio.http.get(f"/api/assets/events?{query}"), 400)
    one = {"asset": RAW.name, "dag_id": "other"}
    assert (await studio.http.post("/api/assets/materialize", json=one)).json()["run"]["dag_id"] == "other"


# --- backfills -------------------------------------------------------------------------------------------------

DAILY = msgspec.structs.replace(
    CHAIN, id="daily", schedule=CronSpec("0 0 * * *"), start_date="2013-01-01", catchup="skip", timezone="UTC"
)
WEEK = {"start": "2013-01-01", "end": "2013-01-05"}


async def _until_backfill(studio: Running, number: int, state: str) -> dict[str, Any]:
    while True:
        found = (await studio.http.get(f"/api/backfills/{number}")).json()
        if found["state"] == state:
            return dict(found)


async def test_backfill_is_previewed_made_and_followed(studio: Running) -> None:
    await studio.publish(DAILY)
    await over(studio, "mine", dag_id="daily", logical_date="2013-01-02")
    preview = (await studio.http.post("/api/dags/daily/backfills/preview", json=WEEK)).json()
    assert [(run["logical_date"][:10], run["decision"]) for run in preview["runs"]] == [
        ("2013-01-01", "create"),
        ("2013-01-02", "skip"),
        ("2013-01-03", "create"),
        ("2013-01-04", "create"),
        ("2013-01-05", "create"),
    ]
    assert (preview["counts"], preview["seconds"] > 0) == ({"create": 4, "clear": 0, "skip": 1}, True)
    assert (await studio.http.get("/api/backfills")).json() == {"backfills": []}

    made = await studio.http.post(
        "/api/dags/daily/backfills", json={**WEEK, "key": "k", "note": "holes", "max_active_runs": 2}
    )
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    again = await studio.http.post("/api/dags/daily/backfills", json={**WEEK, "key": "k"})
    assert again.json()["id"] == number
    done = await _until_backfill(studio, number, "done")
    assert (done["runs"], done["ended"], done["counts"], done["note"]) == (4, 4, {"success": 4}, "holes")
    assert (done["start"], done["end"]) == ("2013-01-01T00:00:00Z", "2013-01-05T00:00:00Z")
    assert done["seconds_left"] is None
    runs = (await studio.http.get("/api/runs", params={"backfill": number})).json()["runs"]
    assert sorted(run["logical_date"][:10] for run in runs) == [f"2013-01-0{day}" for day in (1, 3, 4, 5)]
    assert {run["run_type"] for run in runs} == {"backfill"}
    running = await studio.http.get("/api/backfills", params={"state": "paused,running"})
    ended = await studio.http.get("/api/backfills", params={"state": "done"})
    assert (running.json(), len(ended.json()["backfills"])) == ({"backfills": []}, 1)
    error_of(await studio.http.get("/api/backfills", params={"state": "failed"}), 400)
    listed = (await studio.http.get("/api/backfills", params={"dag_id": "daily"})).json()["backfills"]
    assert [each["id"] for each in listed] == [number]


@pytest.mark.parametrize("script", [lambda launch: None])
async def test_backfill_is_paused_extended_and_cancelled(studio: Running) -> None:
    await studio.publish(DAILY)
    body = {**WEEK, "max_active_runs": 1, "tasks": ["b"], "upstream": False, "reverse": True}
    number = (await studio.http.post("/api/dags/daily/backfills", json=body)).json()["id"]
    path = f"/api/backfills/{number}/change"

    async def change(**given: Any) -> dict[str, Any]:
        answer = await studio.http.post(path, json=given)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    started = (await studio.http.get(f"/api/backfills/{number}")).json()
    assert (started["counts"], started["tasks"]) == ({"running": 1, "queued": 4}, ["b"])
    assert [(launch.task_id, launch.run_id[:22]) for launch in studio.executor.launched] == [
        ("b", "backfill__2013-01-05T0")
    ]
    assert (await change(action="pause"))["state"] == "paused"
    assert (await change(action="limit", max_active_runs=2))["max_active_runs"] == 2
    assert len(studio.executor.launched) == 1
    assert (await change(action="unpause"))["state"] == "running"
    assert (await change(action="extend", end="2013-01-07"))["counts"] == {"running": 2, "queued": 5}
    assert len(studio.executor.launched) == 2
    left = await change(action="cancel")
    assert (left["state"], left["counts"]) == ("cancelled", {"running": 2, "cancelled": 5})
    error = error_of(await studio.http.post(path, json={"action": "pause"}), 409)
    assert "cancelled" in error["message"]


@pytest.mark.parametrize("script", [lambda launch: None])
async def test_cancelling_a_backfill_can_stop_what_runs(studio: Running) -> None:
    await studio.publish(DAILY)
    number = (await studio.http.post("/api/dags/daily/backfills", json=WEEK)).json()["id"]
    body = {"action": "cancel", "stop_running": True}
    assert (await studio.http.post(f"/api/backfills/{number}/change", json=body)).status_code == 200
    while (found := (await studio.http.get(f"/api/backfills/{number}")).json())["counts"] != {"cancelled": 5}:
        pass
    assert found["ended"] == 5


async def test_backfill_over_a_list_of_params(studio: Running) -> None:
    await studio.publish(CHAIN)
    body = {"params_list": [{"day": "a"}, {"day": "b"}]}
    number = (await studio.http.post("/api/dags/chain/backfills", json=body)).json()["id"]
    await _until_backfill(studio, number, "done")
    runs = (await studio.http.get("/api/runs", params={"backfill": number})).json()["runs"]
    assert sorted(run["params"]["day"] for run in runs) == ["a", "b"]
    assert {run["logical_date"] for run in runs} == {None}


BACKFILLS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "range"),
    "ends first": ({"start": "2013-01-05", "end": "2013-01-01"}, "after its end"),
    "two kinds": ({**WEEK, "dates": ["2013-01-01"]}, "one of them"),
    "no dates": ({"dates": []}, "dates"),
    "a date that is none": ({"start": "2013-02-30", "end": "2013-03-01"}, "start"),
    "behaviour": ({**WEEK, "reprocess": "some"}, "reprocess"),
    "no room": ({**WEEK, "max_active_runs": 0}, "max_active_runs"),
    "unknown task": ({**WEEK, "tasks": ["bb"]}, "'b'"),
    "unknown param": ({**WEEK, "params": {"dya": 1}}, "'day'"),
    "code as a param": ({"params_list": [{"a=1\nimport os": 1}]}, "identifier"),
    "long note": ({**WEEK, "note": "x" * 20_000}, "note"),
    "nothing in the range": ({"start": "2013-01-01T01:00", "end": "2013-01-01T02:00"}, ""),
}


async def test_bad_backfill(studio: Running) -> None:
    await studio.publish(DAILY)
    for case, (body, said) in BACKFILLS.items():
        for path in ("/api/dags/daily/backfills", "/api/dags/daily/backfills/preview"):
            error = error_of(await studio.http.post(path, json=body), 400)
            assert said in f"{error['message']} {error['hint']} {error['field']}", (case, error)
    error_of(await studio.http.post("/api/dags/daily/backfills", json={**WEEK, "key": "\0"}), 400)
    assert (await studio.http.get("/api/backfills")).json() == {"backfills": []}
    for number, status in (("1", 404), ("x", 400), ("9" * 30, 400)):
        error_of(await studio.http.get(f"/api/backfills/{number}"), status)
        body = {"action": "pause"}
        error_of(await studio.http.post(f"/api/backfills/{number}/change", json=body), status)
    error_of(await studio.http.get("/api/backfills", params={"dag_id": "dialy"}), 404)
    error_of(await studio.http.get("/api/runs", params={"backfill": "x"}), 400)
