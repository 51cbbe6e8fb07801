"""DAGs: list, look at, publish, pause, delete."""

from __future__ import annotations

import asyncio
from pathlib import PurePath
from typing import Final

import msgspec

from studio.api import models as m
from studio.artifacts.local import LocalArtifacts
from studio.core.model import CommandKind, Dag
from studio.core.names import shown
from studio.core.spec import DagSpec
from studio.core.validation import validate
from studio.errors import Conflict, InvalidDag, InvalidInput, NotFound
from studio.server import views
from studio.server.hub import LATEST_RUNS
from studio.server.lookup import find_dag, find_spec
from studio.server.request import Request
from studio.server.services import Services

MAX_DAGS: Final = 1000  # in one request


async def list_dags(request: Request, services: Services) -> m.DagList:
    per_dag = request.whole("runs", LATEST_RUNS, 0, 100)
    dags = await services.store.dags()
    runs = await services.store.latest_runs(per_dag) if per_dag else {}
    files = await services.store.dag_files()
    return m.DagList(
        dags=[views.dag_summary(dag, runs.get(dag.dag_id, []), files) for dag in dags],
        files=[views.dag_file_status(file) for file in files],
    )


async def get_dag(request: Request, services: Services) -> m.DagDetail:
    dag = await find_dag(services, request.dag_id)
    version = request.query.get("version")
    spec = dag.spec if version is None else await find_spec(services, dag.dag_id, version)
    return await _detail(services, dag, spec)


async def publish_dag(request: Request, services: Services) -> m.DagDetail:
    spec: DagSpec = request.body.spec
    dag_id = request.dag_id
    if spec.id != dag_id:
        raise InvalidInput(
            f"The path names the DAG {shown(dag_id)}, its spec {shown(spec.id)}.", field="spec.id"
        )
    await publish_spec(services, spec, actor=request.actor)
    return await _current(services, dag_id)


async def publish_spec(services: Services, spec: DagSpec, *, actor: str) -> None:
    """Check a spec and hand it to the scheduler, for whoever publishes; its notebooks are stored already."""
    await asyncio.to_thread(_check, spec, services.artifacts)
    await _check_case(services, spec.id)
    await services.command(spec.id, "publish", {"spec": msgspec.to_builtins(spec)}, actor=actor)


async def update_dag(request: Request, services: Services) -> m.DagDetail:
    dag = await find_dag(services, request.dag_id)
    kind: CommandKind = "pause" if request.body.paused else "unpause"
    await services.command(dag.dag_id, kind, {}, actor=request.actor)
    return await _current(services, dag.dag_id)


async def update_dags(request: Request, services: Services) -> m.DagsDone:
    body: m.UpdateDags = request.body
    dag_ids = list(dict.fromkeys(body.dag_ids))
    if not 1 <= len(dag_ids) <= MAX_DAGS:
        raise InvalidInput(
            f"{len(dag_ids)} DAGs are named; it must be from 1 to {MAX_DAGS}.", field="dag_ids"
        )
    kind: CommandKind = "pause" if body.paused else "unpause"

    async def update(dag_id: str) -> m.DagRefusal | None:
        try:
            dag = await find_dag(services, dag_id)
            await services.command(dag.dag_id, kind, {}, actor=request.actor)
        except (NotFound, Conflict, InvalidInput) as error:
            detail = m.ErrorDetail(code=error.code, message=error.message, hint=error.hint)
            return m.DagRefusal(dag_id=dag_id, error=detail)
        return None

    refused = [found for found in await asyncio.gather(*map(update, dag_ids)) if found is not None]
    without = {refusal.dag_id for refusal in refused}
    return m.DagsDone(done=[dag_id for dag_id in dag_ids if dag_id not in without], refused=refused)


async def delete_dag(request: Request, services: Services) -> None:
    dag = await find_dag(services, request.dag_id)
    async with services.cleaning.after(dag.dag_id):
        await services.command(dag.dag_id, "delete_dag", {}, actor=request.actor)


async def _current(services: Services, dag_id: str) -> m.DagDetail:
    dag = await find_dag(services, dag_id)
    return await _detail(services, dag, dag.spec)


async def _detail(services: Services, dag: Dag, spec: DagSpec) -> m.DagDetail:
    runs = await services.store.latest_runs(LATEST_RUNS, dag.dag_id)
    summary = views.dag_summary(dag, runs.get(dag.dag_id, []), await services.store.dag_files())
    return views.dag_detail(summary, spec)


def _check(spec: DagSpec, artifacts: LocalArtifacts) -> None:
    """The rules of a spec, and that the notebooks and pickles it was published with are here. Blocking."""
    validate(spec)
    for index, task in enumerate(spec.tasks):
        if task.kind == "function" and "pickled" in task.config:
            kind, name = "function", str(task.config.get("function", ""))
        elif task.kind == "notebook" and task.config.get("source", "snapshot") == "snapshot":
            kind, name = "notebook", PurePath(str(task.config.get("path", ""))).name or "its notebook"
        else:
            continue
        digest, where = task.config.get("digest"), f"spec.tasks[{index}].config.digest"
        if not isinstance(digest, str) or not artifacts.has_source(digest):
            raise InvalidDag(
                f"The {kind} of the task {shown(task.id)} ({shown(name)}) was not uploaded.",
                hint="Publish with dag.publish() or `studio dags publish FILE`, which upload it.",
                field=where,
            )


async def _check_case(services: Services, dag_id: str) -> None:
    """Ids that differ in case only cannot be told apart on every file system and database."""
    for other in await services.store.dags():
        if other.dag_id != dag_id and other.dag_id.lower() == dag_id.lower():
            raise Conflict(
                f"There is a DAG {shown(other.dag_id)} already, which differs from {shown(dag_id)} in case only.",
                hint="Choose another id, or delete that one.",
            )
