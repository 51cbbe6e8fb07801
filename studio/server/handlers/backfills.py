"""Backfills: look at what one would do, make it, follow it, change it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, cast, get_args

from studio.api import models as m
from studio.core.dates import instant_of, zone_of
from studio.core.model import BackfillState, Dag
from studio.core.states import RunState
from studio.errors import NotFound
from studio.ports import BackfillOverview, RunFilter
from studio.server import estimates
from studio.server.keys import command_key
from studio.server.limits import check_data, check_given_params, check_note
from studio.server.lookup import find_dag
from studio.server.request import Request
from studio.server.run_pages import words_of
from studio.server.services import Services
from studio.server.views import maybe, when

PAST_RUNS: Final = 20  # successful ones, for an estimate

_UNFINISHED: Final = (RunState.QUEUED, RunState.RUNNING)


async def preview_backfill(request: Request, services: Services) -> m.BackfillPreview:
    body: m.CreateBackfill = request.body
    dag = await find_dag(services, request.dag_id)
    payload = {**_payload(dag, body), "dry_run": True}
    command = await services.command(dag.dag_id, "backfill", payload, actor=request.actor)
    runs = [_date(each) for each in command.result["runs"]]
    counts = {word: sum(run.decision == word for run in runs) for word in ("create", "clear", "skip")}
    to_run = counts["create"] + counts["clear"]
    one = await _seconds_of_a_run(services, dag.dag_id)
    return m.BackfillPreview(
        runs=runs, counts=counts, seconds=estimates.seconds_for(to_run, one, body.max_active_runs)
    )


async def create_backfill(request: Request, services: Services) -> m.BackfillInfo:
    body: m.CreateBackfill = request.body
    dag = await find_dag(services, request.dag_id)
    key = command_key(dag.dag_id, "backfill", body.key)
    command = await services.command(
        dag.dag_id, "backfill", _payload(dag, body), actor=request.actor, key=key
    )
    return await _info(services, await _find(services, command.result["id"]))


async def list_backfills(request: Request, services: Services) -> m.BackfillList:
    limit = request.whole("limit", 50, 1, 500)
    dag_id = None
    if "dag_id" in request.query:
        dag_id = (await find_dag(services, request.query["dag_id"])).dag_id
    words = words_of(request, "state", get_args(BackfillState), of="backfill")
    states = cast("tuple[BackfillState, ...] | None", words)
    found = await services.store.backfills(dag_id, states=states, limit=limit)
    return m.BackfillList(backfills=[await _info(services, overview) for overview in found])


async def get_backfill(request: Request, services: Services) -> m.BackfillInfo:
    return await _info(services, await _find(services, request.backfill_id))


async def change_backfill(request: Request, services: Services) -> m.BackfillInfo:
    body: m.ChangeBackfill = request.body
    backfill = (await _find(services, request.backfill_id)).backfill
    dag = await find_dag(services, backfill.dag_id)
    payload = {
        "id": backfill.id,
        "action": body.action,
        "stop_running": body.stop_running,
        "to": _instant(dag, body.end, "end"),
        "dates": _instants(dag, body.dates),
        "max_active_runs": body.max_active_runs,
    }
    await services.command(dag.dag_id, "change_backfill", payload, actor=request.actor)
    return await _info(services, await _find(services, backfill.id))


async def _find(services: Services, number: int) -> BackfillOverview:
    found = await services.store.backfill(number)
    if found is None:
        known = ", ".join(str(each.backfill.id) for each in await services.store.backfills(limit=5))
        raise NotFound(
            f"There is no backfill {number}.", hint=f"The newest: {known}." if known else "There are none."
        )
    return found


def _payload(dag: Dag, body: m.CreateBackfill) -> dict[str, Any]:
    """The command's; what is wrong with it as a whole, the scheduler says."""
    check_given_params(body.params, dag.spec.params)
    for given in body.params_list or ():
        check_given_params(given, dag.spec.params)
    check_data(body.params_list, "JSON of the params")
    check_note(body.note)
    return {
        "from": _instant(dag, body.start, "start"),
        "to": _instant(dag, body.end, "end"),
        "dates": _instants(dag, body.dates),
        "params_list": body.params_list,
        "reprocess": body.reprocess,
        "reverse": body.reverse,
        "max_active_runs": body.max_active_runs,
        "tasks": body.tasks,
        "upstream": body.upstream,
        "params": body.params,
        "version": body.version,
        "note": body.note,
    }


def _instant(dag: Dag, text: str | None, field: str) -> float | None:
    return None if text is None else instant_of(text, zone_of(dag.spec.timezone), field)


def _instants(dag: Dag, dates: list[str] | None) -> list[float] | None:
    if dates is None:
        return None
    zone = zone_of(dag.spec.timezone)
    return [instant_of(text, zone, "dates") for text in dates]


def _date(planned: dict[str, Any]) -> m.BackfillDate:
    start, end = planned.get("interval") or (None, None)
    return m.BackfillDate(
        run_id=planned.get("run_id"),
        logical_date=_moment(planned.get("logical_date")),
        interval_start=_moment(start),
        interval_end=_moment(end),
        decision=planned["decision"],
        reason=planned["reason"],
    )


def _moment(value: str | float | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else maybe(value)


async def _info(services: Services, overview: BackfillOverview) -> m.BackfillInfo:
    backfill, counts = overview.backfill, overview.counts
    asked = backfill.asked
    dates = asked.get("dates") or [date for date in (asked.get("from"), asked.get("to")) if date is not None]
    ended = sum(number for state, number in counts.items() if RunState(state) not in _UNFINISHED)
    left = None
    if backfill.state in ("running", "paused"):
        one = await _seconds_of_a_run(services, backfill.dag_id, backfill.id)
        left = estimates.seconds_for(sum(counts.values()) - ended, one, backfill.max_active_runs)
    return m.BackfillInfo(
        id=backfill.id,
        dag_id=backfill.dag_id,
        state=backfill.state,
        start=maybe(min(dates, default=None)),
        end=maybe(max(dates, default=None)),
        reprocess=asked.get("reprocess", "missing"),
        reverse=asked.get("reverse", False),
        max_active_runs=backfill.max_active_runs,
        tasks=list(asked.get("tasks", ())),
        params=dict(asked.get("params", {})),
        note=asked.get("note", ""),
        created_at=when(backfill.created_at),
        ended_at=maybe(backfill.ended_at),
        actor=backfill.actor,
        runs=backfill.runs,
        counts=dict(counts),
        ended=ended,
        seconds_left=left,
        rev=backfill.rev,
    )


async def _seconds_of_a_run(services: Services, dag_id: str, backfill: int | None = None) -> float | None:
    """How long a run takes: as those of the backfill did, else as the last ones of the DAG."""
    for number in (backfill, None) if backfill is not None else (None,):
        asked = RunFilter(states=(RunState.SUCCESS,), backfill=number)
        found = await services.store.runs(dag_id, asked, limit=PAST_RUNS)
        seconds = estimates.seconds_of_a_run([item.run for item in found])
        if seconds is not None:
            return seconds
    return None
