"""What is wrong is refused, with the field, the rule and a hint; nothing has changed, nothing is a 500."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import msgspec

from studio.core.spec import DagSpec

from .conftest import CHAIN, Running, function

SPEC: dict[str, Any] = msgspec.to_builtins(CHAIN)


async def _put(studio: Running, dag_id: str, spec: Any) -> dict[str, Any]:
    segment = quote(dag_id, safe="").replace(".", "%2E")  # clients shorten a bare `..` before they send it
    answer = await studio.http.put(f"/api/dags/{segment}", json={"spec": spec})
    assert answer.status_code == 400, (answer.status_code, answer.text)
    assert (await studio.http.get("/api/dags")).json()["dags"] == []
    return dict(answer.json()["error"])


NAMES = [
    "../../x",
    "..",
    ".",
    "x" * 201,
    "a/b",
    "a\\b",
    "a:b",
    "dot.",
    "space ",
    "<img src=x onerror=alert(1)>",
    "'; DROP TABLE dag_run;--",
    "nul\0",
    "line\nfeed",
    "\x1b[2J",
    "\u202eabc",
    "zero\u200bwidth",
    "é",
    "all",
    "null",
    "-x",
    "~",
]


async def test_bad_dag_id(studio: Running) -> None:
    for name in NAMES:
        error = await _put(studio, name, {**SPEC, "id": name})
        assert (name, error["code"]) == (name, "invalid_name")
        assert len(error["message"]) < 300 and "\x1b" not in error["message"]


async def test_empty_dag_id_is_no_route(studio: Running) -> None:
    assert (await studio.http.put("/api/dags/", json={"spec": SPEC})).status_code == 404


SPECS: dict[str, tuple[Any, str, str]] = {
    "unknown upstream": (
        {
            "tasks": [
                {"id": "extract", "kind": "function"},
                {"id": "b", "kind": "function", "upstream": ["extrct"]},
            ]
        },
        "unknown_upstream",
        "'extract'",
    ),
    "itself": ({"tasks": [{"id": "a", "kind": "function", "upstream": ["a"]}]}, "cycle", "itself"),
    "cycle": (
        {
            "tasks": [
                {"id": "a", "kind": "function", "upstream": ["b"]},
                {"id": "b", "kind": "function", "upstream": ["a"]},
            ]
        },
        "cycle",
        "→",
    ),
    "twice": (
        {"tasks": [{"id": "a", "kind": "function"}, {"id": "a", "kind": "function"}]},
        "invalid_dag",
        "Two tasks",
    ),
    "no tasks": ({"tasks": []}, "no_tasks", "no tasks"),
    "unknown key": ({"tasks": [{"id": "a", "kind": "function", "retires": 3}]}, "invalid_input", "'retries'"),
    "wrong type": (
        {"tasks": [{"id": "a", "kind": "function", "retries": "three"}]},
        "invalid_input",
        "tasks[0].retries",
    ),
    "true for a number": (
        {"tasks": [{"id": "a", "kind": "function", "retries": True}]},
        "invalid_input",
        "retries",
    ),
    "negative": ({"tasks": [{"id": "a", "kind": "function", "retries": -1}]}, "invalid_dag", "0 to 100"),
    "zone": ({"timezone": "Mars/Base"}, "invalid_schedule", "Mars/Base"),
    "cron": ({"schedule": {"type": "cron", "expression": "61 * * * *"}}, "invalid_schedule", "61"),
    "schedule of another type": ({"schedule": {"type": "moon"}}, "invalid_input", "schedule"),
    "null": ({"tasks": None}, "invalid_input", "tasks"),
}


async def test_bad_spec(studio: Running) -> None:
    for case, (change, code, said) in SPECS.items():
        error = await _put(studio, "chain", {**SPEC, **change})
        assert (case, error["code"]) == (case, code)
        assert said in f"{error['message']} {error['hint']} {error['field']}", case


async def test_path_and_spec_must_name_the_same_dag(studio: Running) -> None:
    error = await _put(studio, "other", SPEC)
    assert (error["code"], error["field"]) == ("invalid_input", "spec.id")


async def test_ids_that_differ_in_case_only(studio: Running) -> None:
    await studio.publish(CHAIN)
    answer = await studio.http.put("/api/dags/Chain", json={"spec": {**SPEC, "id": "Chain"}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


BODIES = {
    "empty": b"",
    "text": b"hello",
    "cut": b'{"paused": tr',
    "trailing": b'{"paused": true} x',
    "doubled key": b'{"paused": true, "paused": false}',
    "NaN": b'{"paused": NaN}',
    "bom": b'\xef\xbb\xbf{"paused": true}',
    "utf-16": '{"paused": true}'.encode("utf-16"),
    "not utf-8": b'{"paused": "\xff"}',
    "list": b"[]",
    "null": b"null",
    "unknown field": b'{"paused": true, "admin": true}',
    "missing": b"{}",
    "text for a boolean": b'{"paused": "yes"}',
    "deep": b"[" * 5000 + b"]" * 5000,
    "deep enough to overflow": b"[" * 200_000,
}


async def test_bad_body(studio: Running) -> None:
    await studio.publish(CHAIN)
    for case, body in BODIES.items():
        headers = {"Content-Type": "application/json"}
        answer = await studio.http.patch("/api/dags/chain", content=body, headers=headers)
        assert (case, answer.status_code, answer.json()["error"]["code"]) == (case, 400, "invalid_input")
        assert (await studio.http.get("/api/dags/chain")).json()["dag"]["paused"] is False


async def test_bodies_are_json(studio: Running) -> None:
    await studio.publish(CHAIN)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        headers = {"Content-Type": kind}
        answer = await studio.http.patch("/api/dags/chain", content=b'{"paused": true}', headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


async def test_body_sizes(studio: Running) -> None:
    async def put(megabytes: int, *, chunked: bool) -> int:
        spec = {**SPEC, "description": "x" * (megabytes * 1_000_000)}
        data = json.dumps({"spec": spec}).encode()

        async def chunks() -> Any:
            yield data

        content = chunks() if chunked else data
        headers = {"Content-Type": "application/json"}
        answer = await studio.http.put("/api/dags/chain", content=content, headers=headers)
        return answer.status_code

    assert await put(5, chunked=False) == 200
    assert await put(9, chunked=False) == 413
    assert await put(9, chunked=True) == 413
    assert (await studio.http.get("/api/server")).status_code == 200


TRIGGERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown field": ({"parms": {}}, "invalid_input", "params"),
    "undeclared": ({"params": {"dya": 1}}, "invalid_input", "day"),
    "code as a name": ({"params": {"a=1\nimport os": 1}}, "invalid_parameter", "identifier"),
    "a keyword": ({"params": {"class": 1}}, "invalid_parameter", "identifier"),
    "two words": ({"params": {"x y": 1}}, "invalid_parameter", "identifier"),
    "a dunder": ({"params": {"__builtins__": 1}}, "invalid_input", "day"),
    "params are a list": ({"params": [1]}, "invalid_input", "params"),
    "a large number": ({"params": {"day": 2**70}}, "invalid_input", "64 bits"),
    "date": ({"logical_date": "31.1.2013"}, "invalid_schedule", "2013-01-31"),
    "date out of range": ({"logical_date": "99999-01-01"}, "invalid_schedule", "logical_date"),
    "a date that is not": ({"logical_date": "2013-02-30"}, "invalid_schedule", "logical_date"),
    "run id with a slash": ({"run_id": "a/b"}, "invalid_name", "run_id"),
    "run id too long": ({"run_id": "x" * 251}, "invalid_name", "run_id"),
    "run id with nul": ({"run_id": "a\0"}, "invalid_name", "run_id"),
    "run id of the schedule": ({"run_id": "scheduled__2013-01-01"}, "invalid_input", "run_id"),
    "key": ({"key": ""}, "invalid_input", "key"),
}


async def test_bad_trigger(studio: Running) -> None:
    await studio.publish(CHAIN)
    for case, (body, code, said) in TRIGGERS.items():
        answer = await studio.http.post("/api/dags/chain/runs", json=body)
        error = answer.json()["error"]
        assert (case, answer.status_code, error["code"]) == (case, 400, code)
        assert said in f"{error['message']} {error['hint']} {error['field']}", case
    assert (await studio.http.get("/api/runs")).json()["runs"] == []


async def test_params_of_more_than_a_megabyte_are_too_large(studio: Running) -> None:
    await studio.publish(CHAIN)
    answer = await studio.http.post("/api/dags/chain/runs", json={"params": {"day": "x" * 2_000_000}})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], "pass its path" in error["message"]) == (
        413,
        "too_large",
        True,
    )
    assert (await studio.http.get("/api/runs")).json()["runs"] == []


async def test_numbers_come_back_as_they_were_sent(studio: Running) -> None:
    params = {"day": [2**63 - 1, -(2**63), 1e308, 0.1, "日本 🚀 \u202e", None, {"a": [True]}]}
    await studio.publish(CHAIN)
    assert (await studio.trigger("chain", params=params))["run"]["params"] == params


async def test_taken_run_id(studio: Running) -> None:
    await studio.publish(CHAIN)
    await studio.trigger("chain", run_id="mine")
    answer = await studio.http.post("/api/dags/chain/runs", json={"run_id": "mine"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


async def test_unknown_things_have_a_nearest_match(studio: Running) -> None:
    await studio.publish(CHAIN)
    await studio.trigger("chain", run_id="mine")
    for path, near in (
        ("/api/dags/chian", "'chain'"),
        ("/api/dags/chain/runs/mien", "'mine'"),
        ("/api/dags/chain/runs/mine/tasks/aa", "'a'"),
        ("/api/dags/chain/runs/mine/tasks/a/output?try_number=9", "tries"),
    ):
        answer = await studio.http.get(path)
        assert (path, answer.status_code) == (path, 404)
        assert near in answer.json()["error"]["hint"]
    unknown = await studio.http.post("/api/dags/chian/runs", json={})
    assert (unknown.status_code, unknown.json()["error"]["hint"]) == (404, "Did you mean 'chain'?")
    clear = await studio.http.post("/api/dags/chain/runs/mine/clear", json={"task_ids": ["c"]})
    assert clear.status_code == 404


async def test_bad_page(studio: Running) -> None:
    await studio.publish(CHAIN)
    limits = ["limit=0", "limit=-1", "limit=1000000000", "limit=x", "limit=", "limit=1&limit=2"]
    for query in [*limits, "before=garbage", "before=1_2_3", "before=nan_1", "state=ok", "sort=id;drop"]:
        for path in ("/api/runs", "/api/dags/chain/grid"):
            answer = await studio.http.get(f"{path}?{query}")
            assert (path, query, answer.status_code, answer.json()["error"]["code"]) == (
                path,
                query,
                400,
                "invalid_input",
            )


async def test_odd_filter_finds_nothing(studio: Running) -> None:
    await studio.publish(CHAIN)
    await studio.trigger("chain")
    for dag_id in ("'; DROP TABLE dag_run;--", "nul\0", "none", "x" * 5000):
        answer = await studio.http.get("/api/runs", params={"dag_id": dag_id})
        assert (answer.status_code, answer.json()) == (200, {"runs": [], "next": None})


PATHS = [
    "/api/dags/%252e%252e",
    "/api/dags/..%2f..%2fetc",
    "/api/dags/x/..;/",
    "//api/dags",
    "/api/dags//",
    "/api/dags/",
    "/api/server/",
    "/api/dags/%c0%ae%c0%ae",
    "/api/dags/%ff",
    "/api/dags/chain/runs/%00",
    "/api/../etc/passwd",
    "/static/x",
    "/api/dags/" + "x" * 3000,
    "/api/sources/..%2f..%2fx",
    "/API/DAGS",
]


async def test_odd_path(studio: Running) -> None:
    host, port = studio.url.removeprefix("http://").split(":")
    for path in PATHS:
        reader, writer = await asyncio.open_connection(host, int(port))
        head = [
            f"GET {path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: token {studio.token}",
            "Connection: close",
        ]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
        answer = (await reader.read()).split(b"\r\n\r\n", 1)
        writer.close()
        await writer.wait_closed()
        assert (path, int(answer[0].split()[1]) in (400, 404, 405)) == (path, True)
        assert json.loads(answer[1])["error"]["message"]


async def test_method_that_the_path_does_not_know(studio: Running) -> None:
    for method in ("DELETE", "OPTIONS", "HEAD", "TRACE", "FOO"):
        answer = await studio.http.request(method, "/api/runs")
        assert (method, answer.status_code) == (method, 405)
        if method == "DELETE":
            assert (answer.headers["Allow"], answer.json()["error"]["code"]) == ("GET", "method_not_allowed")


async def test_markup_in_texts_is_kept_as_text(studio: Running) -> None:
    text = "<script>alert(1)</script> 日本 🚀"
    spec = DagSpec(id="texts", description=text, tags=(text,), tasks=(function("a"),))
    published = await studio.publish(spec)
    assert (published["dag"]["description"], published["dag"]["tags"]) == (text, [text])
