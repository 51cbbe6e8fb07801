"""Which tasks use a pool, a variable or a connection."""

from __future__ import annotations

from studio.core.spec import DagSpec, TaskSpec

from .conftest import Running
from .test_actions import error_of


def task(name: str, text: str = "", **more: object) -> TaskSpec:
    config = {"function": "m:f", "args": {"deep": [{"x": text}]}}
    return TaskSpec(id=name, kind="function", config=config, **more)  # type: ignore[arg-type]


async def used(studio: Running, what: str, name: str) -> list[tuple[str, bool, list[str]]]:
    answer = await studio.http.get(f"/api/{what}/{name}/uses")
    assert answer.status_code == 200
    return [(each["dag_id"], each["paused"], each["tasks"]) for each in answer.json()["dags"]]


async def test_uses_are_those_of_the_current_versions(studio: Running) -> None:
    await studio.publish(
        DagSpec(
            id="one",
            tasks=(
                task("declares", variables=("v",), connections=("c",), pool="p"),
                task("names", "{{ var.value.v }} {% if conn.c.host %}{% endif %}"),
                task("by_default", "{{ var.json.get('v', 1) }} {{ conn['c'].login }}", pool="p"),
                task("others", "{{ var.value.vv }} {{ conn.cc }}", variables=("w",), pool="pp"),
                task("text", "var.value.v conn.c"),
            ),
        )
    )
    await studio.publish(DagSpec(id="two", tasks=(task("t", variables=("v",), pool="p"),)))
    await studio.http.patch("/api/dags/two", json={"paused": True})
    of_one = ["declares", "names", "by_default"]
    assert await used(studio, "variables", "v") == [("one", False, of_one), ("two", True, ["t"])]
    assert await used(studio, "connections", "c") == [("one", False, of_one)]
    assert await used(studio, "pools", "p") == [
        ("one", False, ["declares", "by_default"]),
        ("two", True, ["t"]),
    ]
    assert await used(studio, "pools", "default") == [("one", False, ["names", "text"])]
    assert await used(studio, "variables", "nothing") == []
    await studio.publish(DagSpec(id="one", tasks=(task("t"),)))
    assert await used(studio, "connections", "c") == []
    error_of(await studio.http.get("/api/pools/a%20b/uses"), 400)
