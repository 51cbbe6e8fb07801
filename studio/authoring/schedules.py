"""When a DAG runs, as people write it: text, lists, durations, calendars and assets become the schedule of a spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeAlias, get_args

from studio.authoring.arguments import date_text, mapping, several, text, texts
from studio.core.asset_conditions import AssetAll, AssetAny, AssetCondition, AssetRef
from studio.core.names import nearest, shown
from studio.core.parameters import check_value
from studio.core.schedule_spec import (
    AssetOrTimeSpec,
    AssetsSpec,
    CalendarSpec,
    CronSpec,
    CronsSpec,
    DataIntervalSpec,
    IntervalSpec,
    OnceSpec,
    OnHoliday,
    ScheduleSpec,
    TimeSpec,
)
from studio.core.schedule_text import schedule_of_text, ticks_of_text
from studio.core.spec import AssetSpec
from studio.errors import InvalidSchedule

When: TypeAlias = str | date | datetime


@dataclass(frozen=True, slots=True)
class DataInterval:
    """A run for each interval between two ticks, started at its end: `logical_date` is where the interval starts.

        DAG("hourly", schedule=DataInterval("@hourly"))

    `schedule`: a cron expression, several, a timedelta, or "every 15 min".
    """

    schedule: str | Sequence[str] | timedelta


@dataclass(frozen=True, slots=True)
class Calendar:
    """A cron expression on some days only.

        Calendar("0 9 * * *", business_days="US", blackouts=[("2026-12-24", "2026-12-31")])

    Args:
        expression: a cron expression or preset.
        business_days: a country, or country and subdivision ("DE-BY"), whose weekends and holidays are off.
        holidays: more days that are off.
        blackouts: (first, last): nothing runs from the one to the other, both included.
        on_holiday: what becomes of a tick on a day that is off: "skip", or move it to the "next" or "previous" day.
    """

    expression: str
    business_days: str = ""
    holidays: Iterable[When] = ()
    blackouts: Iterable[tuple[When, When]] = ()
    on_holiday: Literal["skip", "next", "previous"] = "skip"


@dataclass(frozen=True, slots=True)
class Assets:
    """Assets joined by `&` and `|`."""

    condition: AssetCondition

    def __and__(self, other: Asset | Assets) -> Assets:
        return Assets(AssetAll((*_parts(self, AssetAll), *_parts(other, AssetAll))))

    def __or__(self, other: Asset | Assets) -> Assets:
        return Assets(AssetAny((*_parts(self, AssetAny), *_parts(other, AssetAny))))


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that tasks make (`outlets=[asset]`) and DAGs wait for (`schedule=a & (b | c)`).

    Args:
        name: what it is known by.
        uri: where it is, for people.
        group: a word to sort it by.
        extra: more about it, JSON.
    """

    name: str
    uri: str = ""
    group: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __and__(self, other: Asset | Assets) -> Assets:
        return Assets(_condition(self)) & other

    def __or__(self, other: Asset | Assets) -> Assets:
        return Assets(_condition(self)) | other

    def spec(self) -> AssetSpec:
        """As data."""
        return AssetSpec(
            name=text(self.name, "Asset.name"),
            uri=text(self.uri, "Asset.uri"),
            group=text(self.group, "Asset.group"),
            extra=check_value(mapping(self.extra, "Asset.extra"), "Asset.extra"),
        )


@dataclass(frozen=True, slots=True)
class AssetOrTime:
    """A run when the assets are there, and one whenever the time comes: `AssetOrTime(a & b, "0 6 * * *")`."""

    assets: Asset | Assets
    schedule: str | Sequence[str] | timedelta | DataInterval | Calendar


Schedule: TypeAlias = (
    str | Sequence[str] | timedelta | DataInterval | Calendar | Asset | Assets | Sequence[Asset] | AssetOrTime
)


def schedule_spec(schedule: Schedule | None) -> ScheduleSpec | None:
    """The schedule of a spec; None: the DAG runs by hand only. Raises `InvalidSchedule`."""
    match schedule:
        case None:
            return None
        case str():
            return schedule_of_text(schedule)
        case Asset() | Assets():
            return AssetsSpec(_condition(schedule))
        case AssetOrTime(assets, time):
            return AssetOrTimeSpec(_condition(assets), _time(time))
        case list() | tuple() if any(isinstance(each, (Asset, Assets)) for each in schedule):
            return AssetsSpec(_all_of(schedule))
        case _:
            return _time(schedule)


def schedule_words(schedule: Schedule | None) -> str:
    """For a repr."""
    if schedule is None:
        return "by hand"
    return schedule if isinstance(schedule, str) else repr(schedule)


def _time(schedule: object) -> TimeSpec:
    match schedule:
        case "@once":
            return OnceSpec()
        case Calendar():
            known = get_args(OnHoliday)
            if schedule.on_holiday not in known:
                raise InvalidSchedule(
                    f"on_holiday is {shown(schedule.on_holiday)}.",
                    hint=nearest(str(schedule.on_holiday), known),
                    field="schedule",
                )
            return CalendarSpec(
                text(schedule.expression, "schedule"),
                business_days=text(schedule.business_days, "business_days"),
                holidays=tuple(
                    _date(day, "holidays") for day in several(schedule.holidays, "holidays", (str, date))
                ),
                blackouts=tuple(_blackout(each) for each in several(schedule.blackouts, "blackouts", ())),
                on_holiday=schedule.on_holiday,
            )
        case DataInterval(every):
            spec = _ticks(every)
            return DataIntervalSpec(spec)
        case _:
            return _ticks(schedule)


def _ticks(schedule: object) -> CronSpec | CronsSpec | IntervalSpec:
    if isinstance(schedule, str):
        return ticks_of_text(schedule)
    if isinstance(schedule, timedelta):
        return IntervalSpec(schedule.total_seconds())
    if isinstance(schedule, (list, tuple, set, frozenset)) and schedule:
        expressions = texts(schedule, "schedule")
        return CronsSpec(expressions) if len(expressions) > 1 else CronSpec(expressions[0])
    raise _not_a_schedule(schedule)


def _not_a_schedule(schedule: object) -> InvalidSchedule:
    return InvalidSchedule(
        f"The schedule is {shown(schedule)}, which is none.",
        hint="Give a cron expression ('0 6 * * 1-5'), several in a list, a preset ('@daily'), 'every 15 min', "
        "a timedelta, DataInterval(...), Calendar(...), assets (a & b), or None for runs by hand.",
        field="schedule",
    )


def _all_of(parts: Sequence[object]) -> AssetCondition:
    """A list of assets means all of them, as in Airflow."""
    conditions = []
    for part in parts:
        if not isinstance(part, (Asset, Assets)):
            raise InvalidSchedule(
                f"The schedule lists assets and {shown(part)}; it must be assets only.",
                hint="For a time as well write AssetOrTime(a & b, '@daily').",
                field="schedule",
            )
        conditions.append(_condition(part))
    return conditions[0] if len(conditions) == 1 else AssetAll(tuple(conditions))


def _condition(assets: object) -> AssetCondition:
    match assets:
        case Asset(name):
            return AssetRef(text(name, "Asset.name"))
        case Assets(condition):
            return condition
        case _:
            raise InvalidSchedule(
                f"{shown(assets)} is no asset.", hint="Write Asset('name').", field="schedule"
            )


def _parts(assets: Asset | Assets, kind: type[AssetAll] | type[AssetAny]) -> tuple[AssetCondition, ...]:
    """`a & b & c` is one condition of three, not two within each other."""
    if not isinstance(assets, (Asset, Assets)):
        raise InvalidSchedule(
            f"`&` and `|` stand between assets; {shown(assets)} is {type(assets).__name__}.", field="schedule"
        )
    condition = _condition(assets)
    return condition.of if isinstance(condition, kind) else (condition,)


def _blackout(value: Any) -> tuple[str, str]:
    match value:
        case (first, last):
            return _date(first, "blackouts"), _date(last, "blackouts")
        case _:
            raise InvalidSchedule(
                f"blackouts holds {shown(value)}; each is a pair of dates.",
                hint="For example [('2026-12-24', '2026-12-31')].",
                field="blackouts",
            )


def _date(value: When, what: str) -> str:
    found = date_text(value, what)
    assert found is not None  # only of None
    return found
