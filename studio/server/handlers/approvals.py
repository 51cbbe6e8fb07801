"""What waits for a person, and the answers."""

from __future__ import annotations

from typing import Final

from studio.api import models as m
from studio.core.model import Run, TaskInstance
from studio.core.spec import DagSpec, TaskSpec
from studio.core.states import RunState, TaskState
from studio.ports import RunFilter, RunOverview
from studio.server import views
from studio.server.limits import check_data
from studio.server.lookup import find_dag, find_task
from studio.server.request import Request
from studio.server.services import Services

_PAGE: Final = 500  # runs
_UNFINISHED: Final = RunFilter(states=(RunState.QUEUED, RunState.RUNNING))


async def respond(request: Request, services: Services) -> m.TaskStatus:
    body: m.Respond = request.body
    run, task = await find_task(services, request)
    check_data(body.params, "JSON of the params")
    payload = {
        "run_id": run.run_id,
        "task_id": task.task_id,
        "map_index": task.map_index,
        "options": body.options,
        "params": body.params,
    }
    await services.command(run.dag_id, "respond", payload, actor=request.actor)
    return views.task_status((await find_task(services, request))[1])


async def list_approvals(request: Request, services: Services) -> m.ApprovalList:
    dag_id = None
    if "dag_id" in request.query:
        dag_id = (await find_dag(services, request.query["dag_id"])).dag_id
    specs: dict[tuple[str, str], DagSpec | None] = {}
    found: list[tuple[float, m.Approval]] = []
    for run in await _waiting_runs(services, dag_id):
        stored = await services.store.run(run.dag_id, run.run_id)
        key = (run.dag_id, run.version)
        if key not in specs:
            specs[key] = await services.store.version(*key)
        spec = specs[key]
        for task in stored[1] if stored is not None and spec is not None else ():
            if task.state is TaskState.AWAITING_INPUT and spec is not None:
                found.append((task.waiting_since or 0.0, _approval(run, task, spec)))
    return m.ApprovalList(approvals=[each for _, each in sorted(found, key=lambda pair: pair[0])])


async def _waiting_runs(services: Services, dag_id: str | None) -> list[Run]:
    """Unfinished runs with a task that awaits input."""
    waiting: list[Run] = []
    before: tuple[float, int] | None = None
    while True:
        page: list[RunOverview] = await services.store.runs(dag_id, _UNFINISHED, before=before, limit=_PAGE)
        waiting += [item.run for item in page if item.counts.get(TaskState.AWAITING_INPUT.value)]
        if len(page) < _PAGE:
            return waiting
        before = (page[-1].run.run_after, page[-1].run.id)


def _approval(run: Run, task: TaskInstance, spec: DagSpec) -> m.Approval:
    of_task: TaskSpec | None = next((each for each in spec.tasks if each.id == task.task_id), None)
    config = {} if of_task is None else of_task.config
    return m.Approval(
        dag_id=run.dag_id,
        run_id=run.run_id,
        task=views.task_status(task),
        subject=str(config.get("subject", "")),
        body=str(config.get("body", "")),
        options=list(config.get("options", ())),
        default=list(config.get("default") or ()),
        multiple=bool(config.get("multiple", False)),
        params=dict(config.get("params", {})),
        param_schemas=dict(config.get("param_schemas", {})),
    )
