"""Cron expressions around changes of clocks: the package against a table, and the table against a slow oracle."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from studio.core.schedules import schedule_of
from studio.core.spec import CronSpec, DagSpec
from tests.core.cron_oracle import Oracle
from tests.core.cron_table import CHANGES, COUNT, TABLE, cases


class Row(NamedTuple):
    expression: str
    zone: str
    start: str
    fires: list[str]


def read_table() -> list[Row]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines if not line.startswith("#")]
    return [Row(expression, zone, start, fires.split(" ")) for expression, zone, start, fires in cells]


ROWS = read_table()


def shown(instant: float, zone: str) -> str:
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).isoformat(timespec="minutes")


def test_table_is_large_and_has_every_zone() -> None:
    assert len(ROWS) >= 400
    assert {row.zone for row in ROWS} >= {change.zone for change in CHANGES}
    assert len({row.zone for row in ROWS}) >= 15
    assert all(len(row.fires) == COUNT for row in ROWS)
    keys = {(row.expression, row.zone, row.start[:16]) for row in ROWS}
    for change in CHANGES:
        assert all((text, change.zone, start) in keys for text, start in cases(change).items())


@pytest.mark.parametrize("zone", sorted({row.zone for row in ROWS}))
def test_cron_agrees_with_the_table(zone: str) -> None:
    for row in ROWS:
        if row.zone != zone:
            continue
        schedule = schedule_of(
            DagSpec(id="d", tasks=(), schedule=CronSpec(row.expression), timezone=row.zone)
        )
        assert schedule is not None
        found: list[float] = []
        tick = schedule.next_after(datetime.fromisoformat(row.start).timestamp())
        while tick is not None and len(found) < COUNT:
            found.append(tick)
            tick = schedule.next_after(tick)
        assert (row, [shown(tick, row.zone) for tick in found]) == (row, row.fires)
        # … and backwards
        for earlier, later in pairwise(found):
            assert (row, schedule.last_before(later)) == (row, earlier)


def test_table_agrees_with_the_oracle() -> None:
    """A sample: rows that end within four days, every fifth of them. The rest took the oracle a minute to make."""
    near = [
        row
        for row in ROWS
        if datetime.fromisoformat(row.fires[-1]) - datetime.fromisoformat(row.start) < timedelta(days=4)
    ]
    assert len(near[::5]) >= 50
    for row in near[::5]:
        begin = datetime.fromisoformat(row.start).astimezone(ZoneInfo(row.zone))
        fires = islice(Oracle(row.expression, row.zone).fires(begin), COUNT)
        assert (row, [fire.isoformat(timespec="minutes") for fire in fires]) == (row, row.fires)
