"""Schedules as data: one class a kind, told apart by `type` in JSON. Their meaning is in `studio.core.schedules`."""

from __future__ import annotations

import msgspec


class CronSpec(msgspec.Struct, frozen=True, tag="cron", omit_defaults=True, forbid_unknown_fields=True):
    """A cron expression, evaluated on the wall clock of the DAG's time zone."""

    expression: str


#: One schedule is one class here and one class in `studio.core.schedules`.
ScheduleSpec = CronSpec
