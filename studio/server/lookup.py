"""Finding what a path names, or saying `NotFound` with the nearest match."""

from __future__ import annotations

from studio.core.model import Attempt, Dag, Run, TaskInstance
from studio.core.names import nearest, shown
from studio.core.spec import DagSpec
from studio.errors import NotFound
from studio.server.request import Request
from studio.server.services import Services


async def find_dag(services: Services, dag_id: str) -> Dag:
    dag = await services.store.dag(dag_id)
    if dag is None:
        known = [other.dag_id for other in await services.store.dags()]
        hint = (
            nearest(dag_id, known)
            or "No DAG is published yet: use dag.publish() or `studio dags publish FILE`."
        )
        raise NotFound(f"There is no DAG {shown(dag_id)}.", hint=hint)
    return dag


async def find_run(services: Services, dag_id: str, run_id: str) -> tuple[Run, list[TaskInstance]]:
    found = await services.store.run(dag_id, run_id)
    if found is None:
        await find_dag(services, dag_id)
        latest = await services.store.latest_runs(20, dag_id)
        hint = nearest(run_id, [item.run.run_id for item in latest.get(dag_id, [])]) or "It has no runs yet."
        raise NotFound(f"The DAG {shown(dag_id)} has no run {shown(run_id)}.", hint=hint)
    return found


async def find_task(services: Services, request: Request) -> tuple[Run, TaskInstance]:
    """The TaskInstance that path and query of the request name."""
    run, tasks = await find_run(services, request.dag_id, request.run_id)
    task_id, map_index = request.task_id, request.map_index
    for task in tasks:
        if task.task_id == task_id and task.map_index == map_index:
            return run, task
    there = [task.map_index for task in tasks if task.task_id == task_id]
    if there == [-1]:
        hint = "It is not mapped: leave map_index out."
    elif there:
        first, last = min(there), max(there)
        hint = f"It is mapped; its map_index goes from {first} to {last}: say which one is meant."
    else:
        hint = nearest(task_id, dict.fromkeys(task.task_id for task in tasks))
    which = shown(task_id) if map_index == -1 else f"{shown(task_id)} with map_index {map_index}"
    raise NotFound(f"The run {shown(run.run_id)} has no task {which}.", hint=hint)


async def find_attempt(services: Services, task: TaskInstance, try_number: int | None) -> Attempt | None:
    """The attempt of that try, or the latest; None if nothing was started yet."""
    attempts = await services.store.attempts(task.id)
    if try_number is None:
        return attempts[-1] if attempts else None
    for attempt in attempts:
        if attempt.try_number == try_number:
            return attempt
    hint = f"There are the tries 1 to {attempts[-1].try_number}." if attempts else "It was not started yet."
    raise NotFound(f"The task {shown(task.task_id)} has no try {try_number}.", hint=hint)


async def find_spec(services: Services, dag_id: str, version: str) -> DagSpec:
    spec = await services.store.version(dag_id, version)
    if spec is None:
        raise NotFound(
            f"The DAG {shown(dag_id)} has no version {shown(version)}.", hint="`version` is 64 hex digits."
        )
    return spec
