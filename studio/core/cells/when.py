"""Whether what %dag says of its schedule, dates and time zone makes sense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.core.dates import instant_of, zone_of
from studio.core.schedule_text import schedule_of_text
from studio.core.schedule_validation import check_schedule
from studio.core.spec import DagSpec


def check_when(options: Mapping[str, Any]) -> None:
    """Raise `StudioError` for the options of a %dag that no DAG could have."""
    schedule = options.get("schedule")
    zone = options.get("timezone", "UTC")
    check_schedule(
        DagSpec(
            id="dag",
            tasks=(),
            schedule=None if schedule is None else schedule_of_text(schedule),
            start_date=options.get("start"),
            end_date=options.get("end"),
            timezone=zone,
        )
    )
    if "sample" in options:
        instant_of(options["sample"], zone_of(zone), "sample")
