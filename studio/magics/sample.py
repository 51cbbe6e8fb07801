"""What a %%task cell sees of a run while it is tried in the author's kernel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from studio.core.context import dates_of
from studio.core.dates import instant_of, zone_of
from studio.core.moments import Moment
from studio.core.schedules import manual_interval
from studio.core.spec import DagSpec
from studio.core.template_names import DATES
from studio.errors import StudioError


def sample_date(sample: str | None, start: str | None, today: date) -> str:
    """`--sample`, else the DAG's start date, else yesterday."""
    return sample or start or (today - timedelta(days=1)).isoformat()


def sample_context(
    frame: DagSpec, day: str, task_id: str, params: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """`names` of the context of a run of the DAG about `day`; None for what no sample has.

    Raises `StudioError` if `day` is no date.
    """
    instant = instant_of(day, zone_of(frame.timezone), "sample")
    try:
        interval = manual_interval(frame, instant) or (instant, instant)
    except StudioError:  # of the schedule: that is told elsewhere
        interval = (instant, instant)
    moment = datetime.fromtimestamp(instant, timezone.utc)
    context: dict[str, Any] = {
        **dates_of(instant, *interval),
        "run_after": moment.isoformat(),
        "run_started_at": moment.isoformat(),
        "dag_id": frame.id,
        "run_id": f"sample__{moment:%Y-%m-%d}",
        "run_type": "manual",
        "triggered_by": "",
        "task_id": task_id,
        "map_index": -1,
        "try_number": 1,
        "max_tries": 1,
        "params": dict(params),
    }
    found = {name: context.get(name) for name in names}
    return {name: Moment.of(value) if name in DATES and value else value for name, value in found.items()}
