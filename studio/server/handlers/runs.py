"""Runs: list, look at, cancel, clear, write a note."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from studio.api import models as m
from studio.core.names import MAX_NAME
from studio.errors import InvalidInput
from studio.server import views
from studio.server.limits import check_given_params, check_note
from studio.server.lookup import find_run
from studio.server.request import Request
from studio.server.run_pages import cursor_after, read_cursor, read_filter
from studio.server.services import Services

_NAME: Final = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_NAME}}}")


async def list_runs(request: Request, services: Services) -> m.RunPage:
    limit = request.whole("limit", 50, 1, 500)
    dag_id = request.query.get("dag_id")
    asked, before = read_filter(request, await _timezone(request, services)), read_cursor(request)
    if dag_id is not None and not _NAME.fullmatch(dag_id):
        return m.RunPage(runs=[], next=None)  # no DAG can have that id
    found = await services.store.runs(dag_id, asked, before=before, limit=limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return m.RunPage(
        runs=[views.overview(item) for item in page],
        next=cursor_after(page[-1].run) if more else None,
    )


async def _timezone(request: Request, services: Services) -> str:
    """In which dates of the query are: that of the DAG, if the query names one, and dates."""
    dag_id = request.query.get("dag_id")
    if dag_id is None or not _NAME.fullmatch(dag_id) or not {"since", "until"} & request.query.keys():
        return "UTC"
    dag = await services.store.dag(dag_id)
    return "UTC" if dag is None else dag.spec.timezone


async def get_run(request: Request, services: Services) -> m.RunDetail:
    return views.run_detail(*await find_run(services, request.dag_id, request.run_id))


async def cancel_run(request: Request, services: Services) -> m.RunDetail:
    run, _ = await find_run(services, request.dag_id, request.run_id)
    await services.command(run.dag_id, "cancel", {"run_id": run.run_id}, actor=request.actor)
    return views.run_detail(*await find_run(services, run.dag_id, run.run_id))


async def clear_tasks(request: Request, services: Services) -> m.RunDetail:
    body: m.ClearTasks = request.body
    run, _ = await find_run(services, request.dag_id, request.run_id)
    if not body.task_ids:
        raise InvalidInput(
            "No task is named.", hint='For example {"task_ids": ["report"]}.', field="task_ids"
        )
    check_given_params(body.params, run.params)
    check_note(body.note)
    payload = {"run_id": run.run_id, **msgspec.to_builtins(body)}
    await services.command(run.dag_id, "clear", payload, actor=request.actor)
    return views.run_detail(*await find_run(services, run.dag_id, run.run_id))


async def set_run_note(request: Request, services: Services) -> m.RunDetail:
    run, _ = await find_run(services, request.dag_id, request.run_id)
    check_note(request.body.note)
    payload = {"run_id": run.run_id, "note": request.body.note}
    await services.command(run.dag_id, "note", payload, actor=request.actor)
    return views.run_detail(*await find_run(services, run.dag_id, run.run_id))


async def why_run(request: Request, services: Services) -> m.WhyAnswer:
    run, _ = await find_run(services, request.dag_id, request.run_id)
    reasons = services.scheduler.reasons(run.dag_id, run.run_id)
    return m.WhyAnswer(state=run.state.value, reasons=[views.reason_info(reason) for reason in reasons])
