"""What a schedule will do: of a DAG, or of one that somebody is still writing."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from studio.api import models as m
from studio.core.catchup import preview
from studio.core.schedule_spec import ScheduleSpec
from studio.core.schedule_validation import check_schedule
from studio.core.schedule_words import in_words, text_of
from studio.core.schedules import instant_of, zone_of
from studio.core.spec import DagSpec, TaskSpec
from studio.errors import InvalidInput
from studio.server.lookup import find_dag
from studio.server.request import Request
from studio.server.services import Services
from studio.server.views import when

MAX_RUNS: Final = 100
COUNT: Final = 5  # runs, if nobody says how many


async def next_runs(request: Request, services: Services) -> m.SchedulePreview:
    count = request.whole("count", COUNT, 1, MAX_RUNS)
    dag = await find_dag(services, request.dag_id)
    return await asyncio.to_thread(_preview, dag.spec, services.clock.now(), count)


async def preview_schedule(request: Request, services: Services) -> m.SchedulePreview:
    body: m.PreviewSchedule = request.body
    if not 1 <= body.count <= MAX_RUNS:
        raise InvalidInput(f"count is {body.count}; it must be from 1 to {MAX_RUNS}.", field="count")
    after = services.clock.now()
    if body.after is not None:
        after = instant_of(body.after, zone_of(body.timezone), "after")
    return await asyncio.to_thread(_preview_new, body, after)


def _preview_new(body: m.PreviewSchedule, after: float) -> m.SchedulePreview:
    """Blocking: a schedule that is rare may take a while to be found so."""
    spec = DagSpec(
        id="preview",
        tasks=(TaskSpec(id="task", kind="empty"),),
        schedule=body.schedule,
        timezone=body.timezone,
        start_date=body.start_date,
        end_date=body.end_date,
    )
    check_schedule(spec)
    return _preview(spec, after, body.count)


def _preview(spec: DagSpec, after: float, count: int) -> m.SchedulePreview:
    zone = zone_of(spec.timezone)
    runs = [
        m.NextRun(
            run_after=when(tick.run_after),
            logical_date=when(tick.logical_date),
            interval_start=when(tick.interval_start),
            interval_end=when(tick.interval_end),
            local=datetime.fromtimestamp(tick.run_after, zone).isoformat(),
        )
        for tick in preview(spec, after, count)
    ]
    return m.SchedulePreview(
        text=_text(spec.schedule), words=in_words(spec), timezone=spec.timezone, runs=runs
    )


def _text(schedule: ScheduleSpec | None) -> str:
    return "" if schedule is None else text_of(schedule)
