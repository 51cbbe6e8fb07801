"""Runs of a DAG, any number in one request: clear, mark, cancel, delete."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.api import models as m
from studio.core.model import CommandKind
from studio.errors import InvalidInput
from studio.server.limits import check_data, check_given_params, check_note, check_run_ids
from studio.server.lookup import find_dag
from studio.server.request import Request
from studio.server.services import Services


async def clear_runs(request: Request, services: Services) -> m.ClearAnswer:
    body: m.ClearRuns = request.body
    check_given_params(body.params, {})
    return msgspec.convert(await _command(request, services, "clear"), m.ClearAnswer)


async def mark_tasks(request: Request, services: Services) -> m.MarkAnswer:
    body: m.MarkTasks = request.body
    if not body.task_ids:
        raise InvalidInput(
            "No task is named.", hint="Whole runs are marked by `mark-runs`.", field="task_ids"
        )
    if body.value is not msgspec.UNSET:
        check_data(body.value, "value")
    return msgspec.convert(await _command(request, services, "mark"), m.MarkAnswer)


async def mark_runs(request: Request, services: Services) -> m.RunsDone:
    return m.RunsDone(runs=(await _command(request, services, "mark_run"))["marked"])


async def cancel_runs(request: Request, services: Services) -> m.RunsDone:
    return m.RunsDone(runs=(await _command(request, services, "cancel"))["cancelled"])


async def delete_runs(request: Request, services: Services) -> m.RunsDone:
    dag = await find_dag(services, request.dag_id)
    async with services.cleaning.after(dag.dag_id, check_run_ids(request.body.run_ids)):
        return m.RunsDone(runs=(await _command(request, services, "delete_run"))["deleted"])


async def _command(request: Request, services: Services, kind: CommandKind) -> dict[str, Any]:
    """The body is the command's payload, once it is checked."""
    dag = await find_dag(services, request.dag_id)
    run_ids = check_run_ids(request.body.run_ids)
    check_note(getattr(request.body, "note", None))
    payload = {**msgspec.to_builtins(request.body), "run_ids": run_ids}
    command = await services.command(dag.dag_id, kind, payload, actor=request.actor)
    return command.result
