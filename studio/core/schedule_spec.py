"""Schedules as data: one class a kind, told apart by `type` in JSON. Their meaning is in `studio.core.schedules`.

Dates are ISO 8601 text; one without offset is in the DAG's time zone. Durations are in seconds.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from studio.core.asset_conditions import AssetAll as AssetAll
from studio.core.asset_conditions import AssetAny as AssetAny
from studio.core.asset_conditions import AssetCondition as AssetCondition
from studio.core.asset_conditions import AssetRef as AssetRef
from studio.core.asset_conditions import assets_in as assets_in
from studio.core.asset_conditions import holds as holds

OnHoliday = Literal["skip", "next", "previous"]


class CronSpec(msgspec.Struct, frozen=True, tag="cron", omit_defaults=True, forbid_unknown_fields=True):
    """A cron expression or preset, evaluated on the wall clock of the DAG's time zone."""

    expression: str


class CronsSpec(msgspec.Struct, frozen=True, tag="crons", omit_defaults=True, forbid_unknown_fields=True):
    """Several cron expressions: a run whenever one of them fires, and only one if several do."""

    expressions: tuple[str, ...]


class IntervalSpec(
    msgspec.Struct, frozen=True, tag="interval", omit_defaults=True, forbid_unknown_fields=True
):
    """Every `seconds`, counted from start_date, or else from local midnight of 1970-01-01.

    Whole days keep the wall-clock time when clocks change; anything else is real time.
    """

    seconds: float


class DataIntervalSpec(
    msgspec.Struct, frozen=True, tag="data_interval", omit_defaults=True, forbid_unknown_fields=True
):
    """A run for each interval between two ticks: it starts at the interval's end, its logical date is its start."""

    every: CronSpec | CronsSpec | IntervalSpec


class CalendarSpec(
    msgspec.Struct, frozen=True, tag="calendar", omit_defaults=True, forbid_unknown_fields=True
):
    """A cron expression that knows business days, holidays and blackouts."""

    expression: str
    #: Country or country-subdivision ("US", "DE-BY"): its weekends and public holidays are off. "": none are.
    business_days: str = ""
    holidays: tuple[str, ...] = ()  # further dates that are off
    #: No run in these: from the first up to, without, the second; a date means the whole day, also as the second.
    blackouts: tuple[tuple[str, str], ...] = ()
    on_holiday: OnHoliday = "skip"  # or: to the next or previous day that is not off, at the same time


class OnceSpec(msgspec.Struct, frozen=True, tag="once", omit_defaults=True, forbid_unknown_fields=True):
    """One scheduled run: at start_date, or without one when the DAG is first published."""


class ContinuousSpec(
    msgspec.Struct, frozen=True, tag="continuous", omit_defaults=True, forbid_unknown_fields=True
):
    """A new run as soon as none is active."""


class AssetsSpec(msgspec.Struct, frozen=True, tag="assets", omit_defaults=True, forbid_unknown_fields=True):
    """A run when the events since the last such run make the condition true."""

    condition: AssetCondition


class AssetOrTimeSpec(
    msgspec.Struct, frozen=True, tag="asset_or_time", omit_defaults=True, forbid_unknown_fields=True
):
    """A run at each tick of `time`, and one whenever the condition is true."""

    condition: AssetCondition
    time: TimeSpec


#: Schedules that only the clock decides on.
TimeSpec = CronSpec | CronsSpec | IntervalSpec | DataIntervalSpec | CalendarSpec | OnceSpec
#: One kind of schedule is one class here and one in `studio.core.schedule_kinds`.
ScheduleSpec = TimeSpec | ContinuousSpec | AssetsSpec | AssetOrTimeSpec
