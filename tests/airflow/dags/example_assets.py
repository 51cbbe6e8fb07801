"""DAGs that make things, and DAGs that run when these are there: one, all, some of them, or at a time."""

from __future__ import annotations

from typing import Any

from studio import DAG, Asset, AssetOrTime, Skip, asset_event, task

first = Asset("dag1_output", uri="s3://dag1/output.txt", extra={"hi": "bye"})
second = Asset("dag2_output", uri="s3://dag2/output.txt")
unrelated = Asset("unrelated")


@task(outlets=[first])
def producing_task_1(rows: int) -> None:
    asset_event("dag1_output", rows=rows)


@task(outlets=[second])
def producing_task_2(works: bool) -> None:
    if not works:
        raise Skip("nothing made")


@task
def consuming(events: dict[str, list[dict[str, Any]]]) -> dict[str, list[Any]]:
    return {
        name: [[each["source_task_id"], each["extra"]] for each in found] for name, found in events.items()
    }


with DAG("asset_produces_1", params={"rows": 1}):
    producing_task_1("{{ params.rows }}")

with DAG("asset_produces_2", params={"works": True}):
    producing_task_2("{{ params.works }}")

SCHEDULES: dict[str, Any] = {
    "asset_consumes_1": [first],
    "asset_consumes_1_and_2": [first, second],
    "asset_consumes_1_never_scheduled": [first, unrelated],
    "asset_consumes_1_or_2": first | second,
    "asset_consumes_nested": first & (second | unrelated),
    "asset_or_time": AssetOrTime(first & second, "0 0 1 1 *"),
}
for dag_id, schedule in SCHEDULES.items():
    with DAG(dag_id, schedule=schedule):
        consuming("{{ triggering_asset_events }}")
