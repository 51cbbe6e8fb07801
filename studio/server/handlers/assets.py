"""Assets: what tasks make, what DAGs wait for, and what has happened to them."""

from __future__ import annotations

from studio.api import models as m
from studio.core.asset_conditions import AssetCondition, assets_in, condition_text
from studio.core.model import Asset, AssetEvent, Dag
from studio.core.names import nearest, shown
from studio.core.schedule_spec import AssetOrTimeSpec, AssetsSpec
from studio.core.spec import AssetSpec, TaskSpec
from studio.errors import Conflict, InvalidInput, NotFound
from studio.server.handlers.trigger import trigger
from studio.server.keys import command_key
from studio.server.limits import check_data
from studio.server.lookup import find_dag
from studio.server.request import Request
from studio.server.services import Services
from studio.server.views import when


async def list_assets(request: Request, services: Services) -> m.AssetList:
    dags = await services.store.dags()
    return m.AssetList(assets=[_info(asset, dags) for asset in await services.store.assets()])


async def list_asset_events(request: Request, services: Services) -> m.AssetEventPage:
    limit = request.whole("limit", 50, 1, 500)
    found = await services.store.asset_events(
        request.query.get("asset"), before=request.number_of("before"), limit=limit + 1
    )
    page = found[:limit]
    return m.AssetEventPage(
        events=[_event(event) for event in page], next=str(page[-1].id) if len(found) > limit else None
    )


async def emit_event(request: Request, services: Services) -> m.EventEmitted:
    body: m.EmitEvent = request.body
    check_data(body.extra, "JSON of `extra`")
    payload = {"asset": body.asset, "extra": body.extra}
    key = command_key("", "asset_event", body.key)
    command = await services.command("", "asset_event", payload, actor=request.actor, key=key)
    return m.EventEmitted(event=command.result["event"], dags=command.result["dags"])


async def materialize(request: Request, services: Services) -> m.RunDetail:
    body: m.Materialize = request.body
    dags = await services.store.dags()
    makers = [dag for dag in dags if any(_is_named(body.asset, task.outlets) for task in dag.spec.tasks)]
    if not makers:
        made = dict.fromkeys(each.name for dag in dags for task in dag.spec.tasks for each in task.outlets)
        raise NotFound(f"No task makes an asset {shown(body.asset)}.", hint=nearest(body.asset, made))
    listed = ", ".join(dag.dag_id for dag in makers)
    chosen = [dag for dag in makers if body.dag_id in (None, dag.dag_id)]
    if not chosen:
        raise InvalidInput(
            f"The DAG {shown(body.dag_id)} makes no asset {shown(body.asset)}.",
            hint=f"It is made by: {listed}.",
            field="dag_id",
        )
    if len(chosen) > 1:
        raise Conflict(
            f"The asset {shown(body.asset)} is made by {len(chosen)} DAGs: {listed}.",
            hint="Say which one is to run, by its DAG id.",
        )
    return await trigger(services, chosen[0], m.TriggerRun(key=body.key), actor=request.actor)


async def queued_events(request: Request, services: Services) -> m.QueuedEvents:
    return _queued(await find_dag(services, request.dag_id))


async def forget_events(request: Request, services: Services) -> m.QueuedEvents:
    dag = await find_dag(services, request.dag_id)
    asset = request.query.get("asset")
    payload = {} if asset is None else {"asset": asset}
    await services.command(dag.dag_id, "forget_events", payload, actor=request.actor)
    return _queued(await find_dag(services, dag.dag_id))


def _queued(dag: Dag) -> m.QueuedEvents:
    condition = _condition(dag)
    names = () if condition is None else assets_in(condition)
    return m.QueuedEvents(
        dag_id=dag.dag_id,
        condition=None if condition is None else condition_text(condition),
        assets=[m.QueuedAsset(asset=name, events=list(dag.queued_events.get(name, ()))) for name in names],
    )


def _info(asset: Asset, dags: list[Dag]) -> m.AssetInfo:
    def users(named: str) -> list[m.AssetTask]:
        return [
            m.AssetTask(dag_id=dag.dag_id, task_id=task.id)
            for dag in dags
            for task in dag.spec.tasks
            if _is_named(asset.name, _assets_of(task, named))
        ]

    return m.AssetInfo(
        name=asset.name,
        uri=asset.uri,
        group=asset.group,
        extra=dict(asset.extra),
        created_at=when(asset.created_at),
        producers=users("outlets"),
        readers=users("inlets"),
        consumers=[dag.dag_id for dag in dags if asset.name in _waited_for(dag)],
    )


def _assets_of(task: TaskSpec, named: str) -> tuple[AssetSpec, ...]:
    return task.outlets if named == "outlets" else task.inlets


def _is_named(name: str, assets: tuple[AssetSpec, ...]) -> bool:
    return any(asset.name == name for asset in assets)


def _condition(dag: Dag) -> AssetCondition | None:
    schedule = dag.spec.schedule
    return schedule.condition if isinstance(schedule, (AssetsSpec, AssetOrTimeSpec)) else None


def _waited_for(dag: Dag) -> tuple[str, ...]:
    condition = _condition(dag)
    return () if condition is None else tuple(assets_in(condition))


def _event(event: AssetEvent) -> m.AssetEventInfo:
    return m.AssetEventInfo(
        id=event.id,
        asset=event.asset,
        at=when(event.at),
        extra=dict(event.extra),
        dag_id=event.dag_id,
        run_id=event.run_id,
        task_id=event.task_id,
        map_index=event.map_index,
        actor=event.actor,
    )
