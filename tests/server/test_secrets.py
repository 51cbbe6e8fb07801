from __future__ import annotations

import msgspec

from studio.core.spec import DagSpec, TaskSpec
from studio.core.turn import Launch
from studio.testing.clock import settle

from .conftest import Running

SECRET = "hunter2-hunter2"


async def test_connection_is_write_only(studio: Running) -> None:
    answer = await studio.http.put(
        "/api/connections/db",
        json={"url": "postgresql://ada@h:5432/test", "password": SECRET, "description": "the warehouse"},
    )
    assert answer.status_code == 200, answer.text
    fields = ["type", "host", "port", "login", "password", "schema"]
    assert answer.json()["fields"] == fields
    listed = await studio.http.get("/api/connections")
    assert [each["fields"] for each in listed.json()["connections"]] == [fields]
    assert SECRET not in answer.text + listed.text + (await studio.http.get("/api/connections/db")).text
    row = await studio.server.store.connection("db")
    assert row is not None and SECRET not in row.data and row.data.startswith("gAAAA")
    assert (await studio.http.delete("/api/connections/db")).status_code == 204
    assert (await studio.http.get("/api/connections/db")).status_code == 404
    assert (await studio.http.delete("/api/connections/db")).status_code == 404


async def test_connection_without_type_is_refused(studio: Running) -> None:
    answer = await studio.http.put("/api/connections/db", json={"password": SECRET})
    assert answer.status_code == 400
    assert SECRET not in answer.text


async def test_variables_are_readable_unless_secret(studio: Running) -> None:
    await studio.http.put("/api/variables/region", json={"value": {"a": 1}})
    await studio.http.put("/api/variables/token", json={"value": SECRET, "secret": True})
    listed = (await studio.http.get("/api/variables")).json()["variables"]
    assert [(each["name"], each["value"], each["secret"]) for each in listed] == [
        ("region", {"a": 1}, False),
        ("token", None, True),
    ]
    assert (await studio.http.get("/api/variables/region")).json()["value"] == {"a": 1}


async def test_rotate_seals_all_with_a_new_key(studio: Running) -> None:
    await studio.http.put("/api/connections/db", json={"url": f"http://u:{SECRET}@h"})
    await studio.http.put("/api/variables/token", json={"value": SECRET, "secret": True})
    before = await studio.server.store.connection("db")
    key = (studio.server.settings.home / "secret.key").read_text()
    answer = await studio.http.post("/api/secrets/rotate", json={})
    assert answer.json() == {"connections": 1, "variables": 1}, answer.text
    after = await studio.server.store.connection("db")
    assert before is not None and after is not None and before.data != after.data
    assert key not in (studio.server.settings.home / "secret.key").read_text()
    assert (await studio.http.get("/api/connections/db")).json()["error"] is None


async def test_attempt_is_given_what_its_task_declares(studio: Running) -> None:
    await studio.http.put("/api/connections/db", json={"url": f"http://u:{SECRET}@h"})
    await studio.http.put("/api/variables/n", json={"value": 3})
    task = TaskSpec(
        id="a",
        kind="function",
        config={"function": "m:f", "args": {"x": "{{ var.value.n }}{{ var.value.get('none', 1) }}"}},
        connections=("db",),
    )
    await studio.publish(DagSpec(id="secrets", tasks=(task,)))
    await studio.trigger("secrets")
    launch = await _launched(studio)
    assert launch.refusal is None
    assert (launch.secrets.connections["db"]["password"], launch.secrets.variables) == (SECRET, {"n": 3})
    assert launch.secrets.hidden == (SECRET,)
    assert SECRET not in repr(launch)
    assert SECRET not in str(msgspec.to_builtins(launch.config)) + str(launch.context)


async def test_attempt_without_its_connection_is_refused(studio: Running) -> None:
    task = TaskSpec(id="a", kind="function", config={"function": "m:f"}, connections=("none",))
    await studio.publish(DagSpec(id="secrets", tasks=(task,)))
    await studio.trigger("secrets")
    refusal = (await _launched(studio)).refusal
    assert "There is no connection 'none'" in str(refusal)
    assert "studio connections set none" in str(refusal)


async def _launched(studio: Running) -> Launch:
    await settle()
    return studio.executor.launched[-1]
