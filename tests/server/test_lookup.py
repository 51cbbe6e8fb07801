from __future__ import annotations

from urllib.parse import quote

from studio.core.map_spec import ExpandSpec, Items
from studio.core.spec import DagSpec, TaskSpec

from .conftest import Running

MAPPED = TaskSpec(
    id="mapped", kind="function", config={"function": "m:f"}, expand=ExpandSpec(over={"x": Items([1, 2, 3])})
)
ALONE = TaskSpec(id="alone", kind="function", config={"function": "m:f"})


async def test_a_task_that_is_not_there_is_told_with_what_is(studio: Running) -> None:
    await studio.publish(DagSpec(id="d", tasks=(MAPPED, ALONE)))
    run_id = (await studio.trigger("d"))["run"]["run_id"]
    said = []
    for asked in ("mapped", "mapped?map_index=7", "alone?map_index=0", "alon"):
        answer = await studio.http.get(f"/api/dags/d/runs/{quote(run_id)}/tasks/{asked}")
        assert answer.status_code == 404
        said.append(answer.json()["error"]["hint"])
    assert said == [
        "It is mapped; its map_index goes from 0 to 2: say which one is meant.",
        "It is mapped; its map_index goes from 0 to 2: say which one is meant.",
        "It is not mapped: leave map_index out.",
        "Did you mean 'alone'?",
    ]
