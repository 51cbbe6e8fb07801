"""Tasks of a run: state, output."""

from __future__ import annotations

import asyncio

from studio.api import models as m
from studio.core.model import Attempt
from studio.core.names import shown
from studio.core.origins import triggered_run
from studio.core.states import ATTEMPT_TERMINAL
from studio.errors import NotFound
from studio.server import views
from studio.server.answers import FileAnswer
from studio.server.limits import check_note
from studio.server.lookup import find_attempt, find_spec, find_task
from studio.server.notebook_file import OUTPUT, read_file
from studio.server.outputs import topic_of
from studio.server.request import Request
from studio.server.services import Services


async def get_task(request: Request, services: Services) -> m.TaskDetail:
    run, task = await find_task(services, request)
    spec = await find_spec(services, run.dag_id, run.version)
    node = next((found for found in views.task_nodes(spec) if found.id == task.task_id), None)
    if node is None:
        raise NotFound(f"The version of the run {shown(run.run_id)} has no task {shown(task.task_id)}.")
    attempts = await services.store.attempts(task.id)
    config = next(found.config for found in spec.tasks if found.id == task.task_id)
    sources = [(config.get("path"), config.get("digest")), *map(_source_of, attempts)]
    cell = config.get("cell")
    changed = await asyncio.to_thread(lambda: [services.sources.differs(*each, cell) for each in sources])
    made = triggered_run(task, attempts)
    return m.TaskDetail(
        dag_id=run.dag_id,
        run_id=run.run_id,
        task=views.task_status(task),
        node=node,
        attempts=[
            views.attempt_info(attempt, services.outputs.output_path(attempt), source_changed)
            for attempt, source_changed in zip(attempts, changed[1:], strict=True)
        ],
        why=services.scheduler.why(run.dag_id, run.run_id, task.task_id, task.map_index),
        source_changed=changed[0],
        triggered_run=None if made is None else m.RunLink(dag_id=made[0], run_id=made[1]),
    )


async def why_task(request: Request, services: Services) -> m.WhyAnswer:
    run, task = await find_task(services, request)
    reasons = services.scheduler.reasons(run.dag_id, run.run_id, task.task_id, task.map_index)
    return m.WhyAnswer(state=task.state.value, reasons=[views.reason_info(reason) for reason in reasons])


async def set_task_note(request: Request, services: Services) -> m.TaskStatus:
    run, task = await find_task(services, request)
    note: str = request.body.note
    check_note(note)
    payload = {"run_id": run.run_id, "task_id": task.task_id, "map_index": task.map_index, "note": note}
    await services.command(run.dag_id, "note", payload, actor=request.actor)
    return views.task_status((await find_task(services, request))[1])


async def get_output(request: Request, services: Services) -> m.TaskOutput:
    run, task = await find_task(services, request)
    attempt = await find_attempt(services, task, request.try_number)
    if attempt is not None and attempt.id == task.attempt and attempt.state not in ATTEMPT_TERMINAL:
        topic = topic_of(run.dag_id, run.run_id, task.task_id, task.map_index)
        services.outputs.bind(attempt.id, topic, attempt.try_number)
    return await services.outputs.read(task, attempt)


async def get_notebook(request: Request, services: Services) -> FileAnswer:
    _, task = await find_task(services, request)
    attempt = await find_attempt(services, task, request.try_number)
    if attempt is None or services.outputs.output_path(attempt) is None:
        raise NotFound(f"The task {shown(task.task_id)} has no output notebook yet.")
    path = services.artifacts.attempt_file(attempt.directory, OUTPUT)
    content = await asyncio.to_thread(read_file, path)
    return FileAnswer(content, "application/x-ipynb+json", OUTPUT)


def _source_of(attempt: Attempt) -> tuple[object, object]:
    """(path, SHA-256) of the notebook that it ran; None for what is not known."""
    source = attempt.details.get("source")
    return (source.get("path"), source.get("digest")) if isinstance(source, dict) else (None, None)
