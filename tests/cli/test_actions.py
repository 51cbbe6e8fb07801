"""The commands about runs in bulk, backfills, pools and assets, against one real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.client import connect
from studio.core.schedule_spec import AssetRef, AssetsSpec, CronSpec
from studio.core.spec import AssetSpec, DagSpec, TaskSpec
from studio.settings import Settings

from .test_commands import as_json, called


def _publish(tmp_path: Path) -> None:
    def task(name: str, *upstream: str, **more: Any) -> TaskSpec:
        config = {"function": f"steps:{name}", "args": {}, "path": [str(tmp_path)]}
        return TaskSpec(id=name, kind="function", upstream=upstream, config=config, **more)

    daily = DagSpec(
        id="daily",
        tasks=(task("quick"), TaskSpec(id="end", kind="empty", upstream=("quick",))),
        schedule=CronSpec("0 6 * * *"),
        start_date="2013-01-01",
        end_date="2013-12-31",
        timezone="Europe/Berlin",
        catchup="skip",
        params={"day": "1"},
    )
    asking = DagSpec(
        id="asking",
        tasks=(
            TaskSpec(
                id="ask", kind="approval", config={"subject": "[bold]Go?", "options": ["Approve", "Reject"]}
            ),
        ),
    )
    go = TaskSpec(id="go", kind="trigger_dag", config={"args": {"dag_id": "asking"}, "wait": False})
    table = AssetSpec(name="table")
    with connect() as client:
        client.publish_dag(DagSpec(id="starter", tasks=(go,)))
        client.publish_dag(daily)
        client.publish_dag(DagSpec(id="bad", tasks=(task("fail"), task("quick", "fail"))))
        client.publish_dag(asking)
        client.publish_dag(DagSpec(id="maker", tasks=(task("quick", outlets=(table,)),)))
        client.publish_dag(
            DagSpec(id="waiter", tasks=(task("quick"),), schedule=AssetsSpec(AssetRef("table")))
        )


def _ok(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    code, out, err = called(capsys, *arguments)
    assert (arguments, code) == (arguments, 0), err
    return out


def test_actions_against_a_server(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _publish(tmp_path)
    _dags(capsys)
    _runs(capsys)
    _tasks(capsys)
    _triggers(capsys)
    _backfills(capsys, tmp_path)
    _pools(capsys)
    _assets(capsys)
    _audit(capsys)
    assert called(capsys, "stop") == (0, "Stopped.\n", "")


def _dags(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "dags", "pause", "daily", "bad", "nothing")
    assert (code, out, "'nothing'" in err) == (1, "daily is paused.\nbad is paused.\n", True)
    code, out, err = called(capsys, "dags", "trigger", "daily")
    assert (code, out, "dags unpause daily" in err) == (1, "", True)
    assert as_json(capsys, "dags", "unpause", "daily", "bad") == {"done": ["daily", "bad"], "refused": []}

    found = as_json(capsys, "dags", "next", "daily", "--count", "2")
    assert (found["runs"], found["timezone"]) == ([], "Europe/Berlin")  # its end date has passed
    assert "No run is due." in _ok(capsys, "dags", "next", "daily")
    versions = as_json(capsys, "dags", "versions", "daily")["versions"]
    assert [version["current"] for version in versions] == [True]
    shown = json.loads(_ok(capsys, "dags", "versions", "daily", versions[0]["version"][:8]))
    assert shown["spec"]["id"] == "daily"
    assert called(capsys, "dags", "versions", "daily", "x")[0] == 1


def _runs(capsys: pytest.CaptureFixture[str]) -> None:
    for day in ("2013-01-01", "2013-01-02", "2013-01-03"):
        _ok(capsys, "dags", "trigger", "daily", "--date", day, "--run-id", f"d{day[-1]}", "--watch")

    tried = as_json(capsys, "runs", "clear", "daily", "--since", "2013-01-02", "--task", "end", "--dry-run")
    assert sorted((task["run_id"], task["task_id"]) for task in tried["tasks"]) == [
        ("d2", "end"),
        ("d3", "end"),
    ]
    out = _ok(capsys, "runs", "clear", "daily", "d1", "--past", "--future", "--dry-run")
    assert out.endswith("Would clear 6 tasks.\n")
    code, out, err = called(capsys, "runs", "clear", "daily", "--until", "2013-01-02")
    assert (code, out, "Clear 4 tasks of 2 runs?" in err, "--yes" in err) == (2, "", True, True)
    _ok(capsys, "runs", "clear", "daily", "--until", "2013-01-02", "-p", "day=9", "--note", "again", "--yes")
    assert called(capsys, "runs", "watch", "daily", "d1")[0] == 0
    run = as_json(capsys, "runs", "show", "daily", "d1")
    assert (run["run"]["params"], run["run"]["note"]) == ({"day": 9}, "again")
    assert [task["try_number"] for task in run["tasks"] if task["task_id"] == "quick"] == [2]

    assert as_json(capsys, "runs", "note", "daily", "d1", "looked at")["note"] == "looked at"
    for options, expected in (
        (("--search", "LOOKED"), ["d1"]),
        (("--search", "_"), []),
        (("--since", "2013-01-02"), ["d3", "d2"]),
        (("--until", "2013-01-02"), ["d2", "d1"]),
        (("--type", "scheduled"), []),
    ):
        found = as_json(capsys, "runs", "list", "daily", *options)["runs"]
        assert (options, [run["run_id"] for run in found]) == (options, expected)
    assert called(capsys, "runs", "watch", "daily", "d2")[0] == 0
    assert as_json(capsys, "runs", "mark", "daily", "d1", "d2", "--as", "failed") == {"runs": 2}
    assert "d2" in _ok(capsys, "runs", "mark", "daily", "--failed", "--as", "success", "--dry-run")
    assert _ok(capsys, "runs", "why", "daily", "d1") == "d1: ✗ failed\n"
    assert _ok(capsys, "runs", "delete", "daily", "--failed", "--dry-run").endswith("Would delete 2 runs.\n")
    assert called(capsys, "runs", "delete", "daily", "d1")[0] == 2
    assert _ok(capsys, "runs", "delete", "daily", "--failed", "--yes") == "2 runs are deleted.\n"
    assert [run["run_id"] for run in as_json(capsys, "runs", "list", "daily")["runs"]] == ["d3"]

    for arguments, code, said in (
        (("runs", "delete", "daily", "--yes"), 2, "No run is named"),
        (("runs", "delete", "daily", "d3", "--failed"), 2, "not both"),
        (("runs", "clear", "daily", "--failed", "--state", "success"), 2, "exclude"),
        (("runs", "cancel", "daily", "--state", "running"), 1, "no such run"),
        (("runs", "cancel", "daily", "d3", "d9"), 1, "'d9'"),
        (("runs", "clear", "daily", "--since", "soon"), 2, "since"),
        (("runs", "clear", "daily", "d3", "-p", "dya=1"), 2, "'day'"),
        (("runs", "mark", "daily", "d3"), 2, "--as"),
        (("runs", "mark", "daily", "d3", "--as", "skipped"), 2, "skipped"),
    ):
        answer, out, err = called(capsys, *arguments)
        assert (arguments, answer, out, said in err) == (arguments, code, "", True), err


def _tasks(capsys: pytest.CaptureFixture[str]) -> None:
    assert called(capsys, "dags", "trigger", "bad", "--watch")[0] == 1
    tried = _ok(capsys, "tasks", "mark", "bad", "fail", "--as", "success", "--value", "[1, 2]", "--dry-run")
    assert tried.endswith("Would mark 1 task as success.\n")
    marked = as_json(capsys, "tasks", "mark", "bad", "fail", "--as", "success", "--value", "[1, 2]")
    assert marked["marked"] == 1
    assert called(capsys, "runs", "watch", "bad")[0] == 0
    assert as_json(capsys, "tasks", "note", "bad", "fail", "set by hand")["note"] == "set by hand"
    assert called(capsys, "tasks", "mark", "bad", "fail", "--as", "failed", "--value", "1")[0] == 2

    run_id = as_json(capsys, "dags", "trigger", "asking")["run"]["run_id"]
    while not (waiting := as_json(capsys, "tasks", "approvals")["approvals"]):
        pass
    assert [(each["run_id"], each["subject"]) for each in waiting] == [(run_id, "[bold]Go?")]
    assert "[bold]Go?" in _ok(capsys, "tasks", "approvals", "asking")
    why = as_json(capsys, "tasks", "why", "asking", "ask")
    assert (why["state"], [reason["code"] for reason in why["reasons"]]) == ("awaiting_input", ["approval"])
    assert called(capsys, "tasks", "respond", "asking", "ask", "Aprove")[0] == 2
    assert "it is success" in _ok(capsys, "tasks", "respond", "asking", "ask", "Approve")
    assert called(capsys, "tasks", "respond", "asking", "ask", "Approve")[0] == 1


def _triggers(capsys: pytest.CaptureFixture[str]) -> None:
    _ok(capsys, "dags", "trigger", "starter", "--run-id", "s", "--watch")
    made = as_json(capsys, "tasks", "show", "starter", "go", "--run", "s")["triggered_run"]
    told = f"Triggered the run {made['run_id']} of asking."
    assert told in _ok(capsys, "tasks", "show", "starter", "go", "--run", "s").splitlines()
    told = "Triggered by the task go in the run s of starter."
    assert told in _ok(capsys, "runs", "show", "asking", made["run_id"]).splitlines()
    _ok(capsys, "runs", "cancel", "asking", made["run_id"])


def _backfills(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    dates = ("--from", "2013-01-01T06:00", "--to", "2013-01-04T06:00")
    preview = as_json(capsys, "backfill", "preview", "daily", *dates)
    assert preview["counts"] == {"create": 4, "clear": 0, "skip": 0}
    assert "4 runs to make, 0 to repeat, 0 left alone" in _ok(capsys, "backfill", "preview", "daily", *dates)
    code, out, err = called(capsys, "backfill", "create", "daily", *dates, "--watch")
    assert (code, out.splitlines()[-1], err) == (0, "done: 4/4 (4 success)", "")
    made = as_json(capsys, "backfill", "list", "daily")["backfills"]
    assert [(each["state"], each["runs"]) for each in made] == [("done", 4)]
    number = str(made[0]["id"])
    assert as_json(capsys, "backfill", "show", "daily") == as_json(capsys, "backfill", "show", number)
    assert "4/4" in _ok(capsys, "backfill", "show", number)
    assert as_json(capsys, "backfill", "extend", "daily", "--to", "2013-01-05T06:00")["runs"] == 5
    assert as_json(capsys, "backfill", "watch", "daily")["counts"] == {"success": 5}
    again = as_json(capsys, "backfill", "preview", "daily", *dates, "--only", "all")
    assert again["counts"] == {"create": 0, "clear": 4, "skip": 0}

    items = tmp_path / "items.json"
    items.write_text('[{"day": "a"}, {"day": "b"}]')
    asked = ("--params-file", str(items), "--max-active-runs", "1")
    second = str(as_json(capsys, "backfill", "create", "daily", *asked)["id"])
    assert as_json(capsys, "backfill", "watch", second)["state"] == "done"
    runs = as_json(capsys, "runs", "list", "--backfill", second)["runs"]
    assert sorted(run["params"]["day"] for run in runs) == ["a", "b"]

    third = str(as_json(capsys, "backfill", "create", "asking", "--params-file", str(_three(tmp_path)))["id"])
    assert as_json(capsys, "backfill", "pause", third)["state"] == "paused"
    assert as_json(capsys, "backfill", "limit", third, "2")["max_active_runs"] == 2
    assert as_json(capsys, "backfill", "resume", third)["state"] == "running"
    assert called(capsys, "backfill", "cancel", third)[0] == 2
    assert as_json(capsys, "backfill", "cancel", third, "--stop-running", "--yes")["state"] == "cancelled"
    assert called(capsys, "backfill", "watch", third)[0] == 1

    items.write_text("{}")
    for arguments, expected, said in (
        (("backfill", "show", "bad"), 1, "no backfill"),
        (("backfill", "show", "1"), 1, "no backfill 1"),
        (("backfill", "pause", third), 1, "cancelled"),
        (("backfill", "create", "daily"), 2, "range"),
        (("backfill", "create", "bad", "--from", "2013-01-01"), 2, ""),
        (("backfill", "create", "daily", "--params-file", str(items)), 2, "list of objects"),
        (("backfill", "create", "daily", *dates, "--only", "some"), 2, "some"),
        (("backfill", "create", "daily", *dates, "--task", "quik"), 2, "'quick'"),
    ):
        code, out, err = called(capsys, *arguments)
        assert (arguments, code, out, said in err) == (arguments, expected, "", True), err


def _three(tmp_path: Path) -> Path:
    path = tmp_path / "three.json"
    path.write_text("[{}, {}, {}]")
    return path


def _pools(capsys: pytest.CaptureFixture[str]) -> None:
    made = as_json(capsys, "pools", "set", "few", "2", "--description", "[bold]x")
    assert (made["slots"], made["free"]) == (2, 2)
    assert _ok(capsys, "pools", "set", "few", "-1") == "few has no limit.\n"
    assert [pool["name"] for pool in as_json(capsys, "pools", "list")["pools"]] == ["default", "few"]
    assert "[bold]x" in _ok(capsys, "pools", "list")
    assert called(capsys, "pools", "delete", "few")[0] == 2
    words = "No task of a published DAG uses few. Programs may ask for it themselves.\n"
    assert called(capsys, "pools", "delete", "few", "--yes") == (0, "few is deleted.\n", words)
    code, _, words = called(capsys, "pools", "delete", "default")
    assert (code, "default is used by" in words, "daily" in words, "Give --yes" in words) == (
        2,
        True,
        True,
        True,
    )
    assert called(capsys, "pools", "delete", "few", "--yes")[0] == 1
    assert called(capsys, "pools", "set", "few", "many")[0] == 2
    assert called(capsys, "pools", "set", "a/b", "1")[0] == 2


def _audit(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ok(capsys, "variables", "set", "place", "here") == "place is set.\n"
    newest, before = as_json(capsys, "audit", "--limit", "2")["entries"]
    assert (newest["action"], newest["about"]) == ("set_variable", {"name": "place", "secret": False})
    table = _ok(capsys, "audit", "--actor", newest["actor"], "--limit", "1")
    assert "set variable" in table and "place" in table
    assert as_json(capsys, "audit", "--before", str(newest["id"]), "--limit", "1")["entries"] == [before]
    assert {each["dag_id"] for each in as_json(capsys, "audit", "--dag", "daily")["entries"]} == {"daily"}
    assert _ok(capsys, "audit", "--actor", "nobody") == "Nobody asked for anything.\n"


def _assets(capsys: pytest.CaptureFixture[str]) -> None:
    (table,) = as_json(capsys, "assets", "list")["assets"]
    assert (table["name"], table["consumers"]) == ("table", ["waiter"])
    assert "maker.quick" in _ok(capsys, "assets", "list")
    emitted = as_json(capsys, "assets", "emit", "table", "--extra", "rows=3")
    assert emitted["dags"] == ["waiter"]
    assert called(capsys, "assets", "materialize", "table", "--watch")[0] == 0
    events = as_json(capsys, "assets", "events", "table")["events"]
    assert [(event["dag_id"], event["extra"]) for event in events] == [("maker", {}), ("", {"rows": 3})]
    assert "maker.quick" in _ok(capsys, "assets", "events")
    assert "waiter runs on table" in _ok(capsys, "assets", "queued", "waiter")
    assert as_json(capsys, "assets", "forget", "waiter", "--yes")["assets"] == [
        {"asset": "table", "events": []}
    ]
    assert called(capsys, "assets", "emit", "tabel")[0] == 1
    assert called(capsys, "assets", "materialize", "tabel")[0] == 1
