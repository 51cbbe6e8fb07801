"""Runs: trigger, list, look at, cancel, clear."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from studio.api import models as m
from studio.core.model import Dag
from studio.core.names import MAX_NAME, check_run_id, nearest, shown
from studio.core.schedules import instant_of, zone_of
from studio.core.states import RunState
from studio.errors import InvalidInput
from studio.server import views
from studio.server.lookup import find_dag, find_run
from studio.server.request import Request
from studio.server.services import Services

MAX_PARAMS: Final = 1024 * 1024  # bytes of JSON; papermill writes them into a cell
MAX_KEY: Final = 200  # characters

_NAME: Final = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_NAME}}}")
_CURSOR: Final = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,9})?)_([0-9]{1,16})")


async def trigger_run(request: Request, services: Services) -> m.RunDetail:
    body: m.TriggerRun = request.body
    dag = await find_dag(services, request.dag_id)
    if len(msgspec.json.encode(body.params)) > MAX_PARAMS:
        raise InvalidInput(
            "The params have more than 1 MB.",
            hint="Write the data to a file and pass its path.",
            field="params",
        )
    if body.run_id is not None:
        check_run_id(body.run_id)
    payload: dict[str, Any] = {
        "run_id": body.run_id,
        "logical_date": _logical_date(dag, body.logical_date),
        "params": body.params,
        "run_type": "manual",
    }
    key = _key(dag, body.key)
    command = await services.command(dag.dag_id, "trigger", payload, actor=request.actor, key=key)
    return views.run_detail(*await find_run(services, dag.dag_id, str(command.result["run_id"])))


async def list_runs(request: Request, services: Services) -> m.RunPage:
    limit = request.whole("limit", 50, 1, 500)
    dag_id = request.query.get("dag_id")
    states, before = _states(request.query.get("state")), _cursor(request.query.get("before"))
    if dag_id is not None and not _NAME.fullmatch(dag_id):
        return m.RunPage(runs=[], next=None)  # no DAG can have that id
    found = await services.store.runs(dag_id, states=states, before=before, limit=limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return m.RunPage(
        runs=[views.overview(item) for item in page],
        next=f"{page[-1].run.run_after!r}_{page[-1].run.id}" if more else None,
    )


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
    payload = {"run_id": run.run_id, **msgspec.to_builtins(body)}
    await services.command(run.dag_id, "clear", payload, actor=request.actor)
    return views.run_detail(*await find_run(services, run.dag_id, run.run_id))


def _logical_date(dag: Dag, text: str | None) -> float | None:
    return None if text is None else instant_of(text, zone_of(dag.spec.timezone), "logical_date")


def _key(dag: Dag, key: str | None) -> str | None:
    """Keys are the client's; another DAG may use the same one."""
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise InvalidInput(f"The key {shown(key)} is not 1 to {MAX_KEY} printable characters.", field="key")
    return f"{dag.dag_id}:{key}"


def _states(text: str | None) -> list[RunState] | None:
    if text is None:
        return None
    known = [state.value for state in RunState]
    for part in text.split(","):
        if part not in known:
            raise InvalidInput(
                f"There is no run state {shown(part)}.", hint=nearest(part, known), field="state"
            )
    return [RunState(part) for part in text.split(",")]


def _cursor(text: str | None) -> tuple[float, int] | None:
    if text is None:
        return None
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise InvalidInput(f"before is {shown(text)}; it must be `next` of the page before.", field="before")
    return float(match[1]), int(match[2])
