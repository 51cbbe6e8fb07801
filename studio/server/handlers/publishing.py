"""A notebook that becomes a DAG of its own: scheduled, or run once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from studio.api import models as m
from studio.artifacts.notebook_files import read_bytes
from studio.core.inspection import inspection_of
from studio.core.names import shown
from studio.core.spec import DagSpec
from studio.errors import Conflict
from studio.server import views
from studio.server.handlers.dags import publish_spec
from studio.server.handlers.notebooks import allowed_path
from studio.server.handlers.trigger import trigger
from studio.server.hub import LATEST_RUNS
from studio.server.lookup import find_dag
from studio.server.notebook_dag import TAG, notebook_dag
from studio.server.request import Request
from studio.server.services import Services


async def publish_notebook(request: Request, services: Services) -> m.NotebookPublished:
    body: m.PublishNotebook = request.body
    spec = await asyncio.to_thread(_spec_of, body, services)
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
    runs = await services.store.latest_runs(LATEST_RUNS, spec.id)
    summary = views.dag_summary(dag, runs.get(spec.id, []), await services.store.dag_files())
    return m.NotebookPublished(dag=views.dag_detail(summary, dag.spec), run=run)


def _spec_of(body: m.PublishNotebook, services: Services) -> DagSpec:
    """Blocking. The content that was looked at is the content that is kept."""
    settings = services.settings
    path: Path = allowed_path(body.path, (settings.notebook_root, settings.dag_folder))
    content = read_bytes(str(path))
    found = inspection_of(content, path.name)
    if body.source == "snapshot":
        services.artifacts.put_source(found.digest, content)
    return notebook_dag(body, path, found)


def _is_of(spec: DagSpec, path: str) -> bool:
    """Whether the DAG was made of this notebook in the same way."""
    return TAG in spec.tags and len(spec.tasks) == 1 and spec.tasks[0].config.get("path") == path
