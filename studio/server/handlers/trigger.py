"""Starting a run by hand."""

from __future__ import annotations

from typing import Any

from studio.api import models as m
from studio.core.model import Dag
from studio.core.names import check_run_id, shown
from studio.core.schedules import instant_of, zone_of
from studio.errors import Conflict, InvalidInput
from studio.server import views
from studio.server.keys import command_key
from studio.server.limits import check_given_params, check_note
from studio.server.lookup import find_dag, find_run
from studio.server.request import Request
from studio.server.services import Services


async def trigger_run(request: Request, services: Services) -> m.RunDetail:
    dag = await find_dag(services, request.dag_id)
    return await trigger(services, dag, request.body, actor=request.actor)


async def trigger(services: Services, dag: Dag, body: m.TriggerRun, *, actor: str) -> m.RunDetail:
    """Check what the scheduler does not, and start the run."""
    check_given_params(body.params, dag.spec.params)
    check_note(body.note)
    if body.run_id is not None:
        check_run_id(body.run_id)
    payload: dict[str, Any] = {
        "run_id": body.run_id,
        "logical_date": _instant(dag, body.logical_date, "logical_date"),
        "params": body.params,
        "note": body.note,
        "interval": _interval(dag, body),
        "run_type": "manual",
        "subset": body.subset,
        "refresh_cache": body.refresh_cache,
    }
    key = command_key(dag.dag_id, "trigger", body.key)
    if dag.paused:
        await _of_paused(services, dag, body, actor)
    command = await services.command(dag.dag_id, "trigger", payload, actor=actor, key=key)
    return views.run_detail(*await find_run(services, dag.dag_id, str(command.result["run_id"])))


async def _of_paused(services: Services, dag: Dag, body: m.TriggerRun, actor: str) -> None:
    if body.if_paused == "refuse":
        raise Conflict(
            f"The DAG {shown(dag.dag_id)} is paused, so the run would not start.",
            hint=f'Unpause it: `studio dags unpause {dag.dag_id}`, or give "if_paused": "unpause" '
            '(or "queue": the run then waits).',
        )
    if body.if_paused == "unpause":
        await services.command(dag.dag_id, "unpause", {}, actor=actor)


def _interval(dag: Dag, body: m.TriggerRun) -> list[float] | None:
    if body.interval is None:
        return None
    if body.logical_date is None:
        raise InvalidInput("An interval needs a logical date.", field="interval")
    start, end = (_instant(dag, text, "interval") for text in body.interval)
    if start is None or end is None or end < start:
        raise InvalidInput(f"The interval {shown(body.interval)} ends before it begins.", field="interval")
    return [start, end]


def _instant(dag: Dag, text: str | None, field: str) -> float | None:
    return None if text is None else instant_of(text, zone_of(dag.spec.timezone), field)
