"""What is published by its path: a notebook as a DAG of its own, or the DAGs that a file defines."""

from __future__ import annotations

import asyncio
from pathlib import Path

from studio.api import models as m
from studio.artifacts.notebook_files import read_bytes
from studio.core.inspection import inspection_of
from studio.core.model import Dag
from studio.core.names import shown
from studio.core.spec import DagSpec
from studio.errors import Conflict, InvalidDag, InvalidInput
from studio.scheduler.parsing import parse_file_async
from studio.server import views
from studio.server.handlers.dags import publish_spec
from studio.server.handlers.notebooks import allowed_path, roots_of
from studio.server.handlers.trigger import trigger
from studio.server.hub import LATEST_RUNS
from studio.server.lookup import find_dag
from studio.server.notebook_dag import TAG, notebook_dag
from studio.server.request import Request
from studio.server.services import Services


async def publish_notebook(request: Request, services: Services) -> m.NotebookPublished:
    body: m.PublishNotebook = request.body
    if body.notify is not None and await services.store.connection(body.notify.connection) is None:
        raise InvalidInput(
            f"There is no connection {shown(body.notify.connection)}.",
            hint="Make one to a webhook (https://…) or a mail server (smtp://…): `studio connections set`.",
            field="notify.connection",
        )
    spec = await asyncio.to_thread(_spec_of, body, services, roots_of(request, services.settings))
    known = await services.store.dag(spec.id)
    if known is not None and not body.replace and not _is_of(known.spec, str(spec.tasks[0].config["path"])):
        raise Conflict(
            f"There is a DAG {shown(spec.id)} already, which is not of this notebook.",
            hint="Choose another name.",
        )
    await publish_spec(services, spec, actor=request.actor)
    dag = await find_dag(services, spec.id)
    run = None
    if body.start:
        asked = m.TriggerRun(if_paused="unpause" if spec.schedule is None else "refuse")
        run = await trigger(services, dag, asked, actor=request.actor)
    summary = await _summary(services, dag)
    return m.NotebookPublished(dag=views.dag_detail(summary, dag.spec), run=run)


async def publish_file(request: Request, services: Services) -> m.FilePublished:
    roots = roots_of(request, services.settings)
    path = await asyncio.to_thread(allowed_path, request.body.path, roots)
    read = await parse_file_async(path)
    if read.error is not None:
        line = f"line {read.error.line}: " if read.error.line else ""
        raise InvalidDag(f"{path.name}: {line}{read.error.message}")
    if not read.specs:
        raise InvalidDag(
            f"{path.name} defines no DAG.",
            hint="Write a %dag cell, or `with DAG(…) as dag:` at the top level.",
        )
    for digest, content in read.sources.items():
        await asyncio.to_thread(services.artifacts.put_source, digest, content)
    for spec in read.specs:
        await publish_spec(services, spec, actor=request.actor)
    dags = [await find_dag(services, spec.id) for spec in read.specs]
    return m.FilePublished(dags=[await _summary(services, dag) for dag in dags], warnings=list(read.warnings))


async def _summary(services: Services, dag: Dag) -> m.DagSummary:
    runs = await services.store.latest_runs(LATEST_RUNS, dag.dag_id)
    return views.dag_summary(dag, runs.get(dag.dag_id, []), await services.store.dag_files())


def _spec_of(body: m.PublishNotebook, services: Services, roots: tuple[Path, Path]) -> DagSpec:
    """Blocking. The content that was looked at is the content that is kept."""
    path = allowed_path(body.path, roots)
    content = read_bytes(str(path))
    found = inspection_of(content, path.name)
    if body.source == "snapshot":
        services.artifacts.put_source(found.digest, content)
    return notebook_dag(body, path, found)


def _is_of(spec: DagSpec, path: str) -> bool:
    """Whether the DAG was made of this notebook in the same way."""
    return TAG in spec.tags and len(spec.tasks) == 1 and spec.tasks[0].config.get("path") == path
