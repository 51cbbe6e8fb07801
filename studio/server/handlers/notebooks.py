"""Notebooks before they run: what they take."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from studio.api import models as m
from studio.artifacts.kernelspecs import kernel_warning
from studio.artifacts.local import LocalArtifacts
from studio.artifacts.notebook_files import read_bytes
from studio.artifacts.revisions import read_at_revision
from studio.core.inspection import Inspection, inspection_of
from studio.core.names import check_name, nearest, shown
from studio.core.spec import DagSpec, TaskSpec
from studio.core.task_parameters import task_parameters_schema
from studio.errors import InvalidInput, NotFound, OutsideRoot
from studio.server.lookup import find_dag, find_spec
from studio.server.request import Request
from studio.server.services import Services
from studio.settings import Settings


async def inspect_notebook(request: Request, services: Services) -> m.NotebookInfo:
    return await asyncio.to_thread(_inspect, request.body.path, roots_of(request, services.settings))


async def task_parameters(request: Request, services: Services) -> m.TaskParameters:
    dag = await find_dag(services, request.dag_id)
    version = request.query.get("version")
    spec = dag.spec if version is None else await find_spec(services, dag.dag_id, version)
    task_id = check_name(request.path["task_id"], "task")
    task = next((found for found in spec.tasks if found.id == task_id), None)
    if task is None:
        hint = nearest(task_id, [found.id for found in spec.tasks])
        raise NotFound(f"The DAG {shown(spec.id)} has no task {shown(task_id)}.", hint=hint)
    if task.kind != "notebook":
        raise InvalidInput(
            f"The task {shown(task_id)} is of the kind {shown(task.kind)}; only notebooks say what they take.",
            field="task_id",
        )
    return await asyncio.to_thread(_of_task, spec, task, services.artifacts)


def roots_of(request: Request, settings: Settings) -> tuple[Path, Path]:
    """The directories whose notebooks a request may name; what is relative starts at the first one."""
    return (request.notebooks or settings.notebook_root, settings.dag_folder)


def _inspect(given: str, roots: tuple[Path, Path]) -> m.NotebookInfo:
    path = allowed_path(given, roots)
    found = inspection_of(read_bytes(str(path)), path.name)
    return m.NotebookInfo(
        path=str(path),
        language=found.language,
        kernel_name=found.kernel_name,
        parameters=found.parameters,
        cells=found.cells,
        warnings=_warnings(found, found.kernel_name),
        digest=found.digest,
    )


def allowed_path(given: str, roots: tuple[Path, ...]) -> Path:
    """The path with its links resolved, if one of `roots` has it; what is relative starts at the first one."""
    if not given.strip() or "\0" in given or len(given) > 4096:
        raise InvalidInput(
            f"path is {shown(given)}; it must be the path of an .ipynb file.",
            hint="For example 'reports/daily.ipynb'.",
            field="path",
        )
    try:
        path = (roots[0] / given).resolve()
        is_inside = not given.startswith("~") and any(path.is_relative_to(root.resolve()) for root in roots)
    except (OSError, RuntimeError) as error:  # a loop of links
        raise InvalidInput(f"The path {shown(given)} leads nowhere: {error}.", field="path") from error
    if not is_inside:
        raise OutsideRoot(
            f"The path {shown(given)} leads out of the directory of notebooks, {roots[0]}, and of the DAG folder.",
            hint="Give a path in it, or start the server with STUDIO_NOTEBOOKS=<directory>.",
        )
    return path


def _of_task(dag: DagSpec, task: TaskSpec, artifacts: LocalArtifacts) -> m.TaskParameters:
    config: dict[str, Any] = task.config
    path = str(config.get("path") or "")
    source = config.get("source", "snapshot")
    if source == "git":
        content = read_at_revision(path, config.get("revision")).content
    elif source == "latest":
        content = read_bytes(path)
    else:
        content = read_bytes(str(artifacts.source_path(str(config.get("digest")))))
    found = inspection_of(content, Path(path).name or "the notebook")
    return m.TaskParameters(
        task_id=task.id,
        path=path,
        parameters=task_parameters_schema(found.parameters, dag, task),
        warnings=_warnings(found, config.get("kernel_name") or found.kernel_name),
    )


def _warnings(found: Inspection, kernel_name: str | None) -> list[str]:
    missing = kernel_warning(kernel_name)
    return [*found.warnings] if missing is None else [*found.warnings, missing]
