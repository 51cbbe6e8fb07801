"""The cases of `golden/cron.tsv` and how it was made: `python -m tests.core.cron_table > tests/core/golden/cron.tsv`.

The results come from `cron_oracle`, which shares no code with the package; the rows around each change of clocks were
then read and checked by hand.
"""

# ruff: noqa: E501 - a table

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.core.cron_oracle import Oracle

TABLE = Path(__file__).parent / "golden" / "cron.tsv"
COUNT = 5  # firings a row

HEAD = """\
# expression, zone, start, the next five firings (all in local time with offset; tab-separated, firings by spaces)
#
# Made with tzdata 2026f; the same with 2025b. All dates are in the past, so that later releases should not change them.
# Made by tests/core/cron_table.py from the rules in words of tests/core/cron_oracle.py, and read by hand.
"""


class Change(NamedTuple):
    """A day on which clocks change, and a wall time that is in the gap or in the overlap."""

    zone: str
    start: str  # local, some hours before
    inside: str  # HH:MM, shown never or twice
    edge: str  # HH:MM, the first that is shown after a gap; the first that is shown twice in an overlap
    rule: str


CHANGES = (
    Change("Europe/Berlin", "2026-03-28T12:00", "02:30", "03:00", "gap 02:00 to 03:00 on 2026-03-29"),
    Change("Europe/Berlin", "2025-10-25T12:00", "02:30", "02:00", "overlap on 2025-10-26: 02:00 to 03:00 comes twice"),
    Change("America/New_York", "2025-03-08T12:00", "02:30", "03:00", "gap 02:00 to 03:00 on 2025-03-09"),
    Change("America/New_York", "2025-11-01T12:00", "01:30", "01:00", "overlap on 2025-11-02: 01:00 to 02:00"),
    Change("Australia/Lord_Howe", "2024-10-05T12:00", "02:15", "02:30", "gap of half an hour, 02:00 to 02:30 on 2024-10-06"),
    Change("Australia/Lord_Howe", "2025-04-05T12:00", "01:45", "01:30", "overlap of half an hour, 01:30 to 02:00 on 2025-04-06"),
    Change("Pacific/Apia", "2011-12-29T11:00", "12:00", "00:00", "2011-12-30 never was: no firing that belongs to it"),
    Change("Pacific/Apia", "2011-09-23T12:00", "03:30", "04:00", "gap 03:00 to 04:00 on 2011-09-24"),
    Change("Pacific/Kwajalein", "1993-08-20T11:00", "12:00", "00:00", "1993-08-21 never was"),
    Change("Asia/Beirut", "2024-03-30T12:00", "00:30", "01:00", "gap at midnight, 00:00 to 01:00 on 2024-03-31: a daily run is on the same day"),
    Change("Asia/Beirut", "2024-10-26T12:00", "23:30", "23:00", "overlap before midnight: 2024-10-26 23:00 to 24:00"),
    Change("America/Sao_Paulo", "2018-11-03T12:00", "00:30", "01:00", "gap at midnight, 00:00 to 01:00 on 2018-11-04"),
    Change("America/Sao_Paulo", "2018-02-17T12:00", "23:30", "23:00", "overlap before midnight: 2018-02-17 23:00 to 24:00"),
    Change("Africa/Casablanca", "2024-03-09T12:00", "02:30", "02:00", "overlap at the start of Ramadan, 02:00 to 03:00 on 2024-03-10"),
    Change("Africa/Casablanca", "2024-04-13T12:00", "02:30", "03:00", "gap at its end, 02:00 to 03:00 on 2024-04-14"),
    Change("Asia/Tehran", "2022-03-21T12:00", "00:30", "01:00", "gap at midnight, 00:00 to 01:00 on 2022-03-22"),
    Change("Asia/Tehran", "2022-09-21T12:00", "23:30", "23:00", "overlap before midnight: 2022-09-21 23:00 to 24:00"),
    Change("America/Havana", "2024-03-09T12:00", "00:30", "01:00", "gap at midnight, 00:00 to 01:00 on 2024-03-10"),
    Change("America/Havana", "2024-11-02T12:00", "00:30", "00:00", "overlap after midnight: 2024-11-03 00:00 to 01:00"),
    Change("Antarctica/Troll", "2024-03-30T12:00", "02:30", "03:00", "gap of two hours, 01:00 to 03:00 on 2024-03-31"),
    Change("Antarctica/Troll", "2024-10-26T12:00", "02:30", "01:00", "overlap of two hours, 01:00 to 03:00 on 2024-10-27"),
    Change("Asia/Kathmandu", "1985-12-31T12:00", "00:10", "00:15", "gap of a quarter at midnight of 1986-01-01"),
    Change("Pacific/Chatham", "2024-09-28T12:00", "03:15", "03:45", "gap 02:45 to 03:45 on 2024-09-29"),
    Change("Pacific/Chatham", "2025-04-05T12:00", "03:15", "02:45", "overlap 02:45 to 03:45 on 2025-04-06"),
    Change("Europe/Dublin", "2024-03-30T12:00", "01:30", "02:00", "gap 01:00 to 02:00 on 2024-03-31 (winter time is the negative one there)"),
    Change("Europe/Dublin", "2024-10-26T12:00", "01:30", "01:00", "overlap 01:00 to 02:00 on 2024-10-27"),
    Change("Africa/Cairo", "2024-04-25T12:00", "00:30", "01:00", "gap at midnight, 00:00 to 01:00 on 2024-04-26"),
    Change("Africa/Cairo", "2024-10-31T12:00", "23:30", "23:00", "overlap before midnight: 2024-10-31 23:00 to 24:00"),
    Change("America/Scoresbysund", "2025-03-29T12:00", "23:30", "00:00", "gap to midnight, 2025-03-29 23:00 to 24:00: 23:30 fires at 00:00 of the next day"),
    Change("Asia/Pyongyang", "2018-05-04T12:00", "23:45", "00:00", "gap of half an hour to midnight, 2018-05-04 23:30 to 24:00"),
    Change("Asia/Pyongyang", "2015-08-14T12:00", "23:45", "23:30", "overlap of half an hour before midnight of 2015-08-15"),
    Change("America/Caracas", "2016-04-30T12:00", "02:45", "03:00", "gap of half an hour, 02:30 to 03:00 on 2016-05-01, for good"),
)  # fmt: skip

PLAIN = (
    ("leap days, and months without a 29th, 30th, 31st", "UTC", "2023-01-30T12:00",
     ["0 0 29 2 *", "0 0 29 * *", "0 0 30 * *", "0 0 31 * *", "0 12 L * *", "0 12 L 2 *", "0 0 31 */2 *", "0 0 28-31 2 *"]),
    ("either day is enough if both say something", "UTC", "2026-02-01T00:00",
     ["0 0 13 * 5", "0 0 13 * fri", "0 0 1-31 * 5", "0 0 13 * 0-6", "0 0 13 * *", "0 0 * * 5", "0 0 */2 * 5", "0 0 L * 1", "0 0 1,15 2,3 mon"]),
    ("weeks: Sunday is 0 and 7", "UTC", "2025-12-30T23:59",
     ["0 9 * * 1-5", "0 9 * * mon-fri", "0 9 * * 0", "0 9 * * 7", "0 9 * * 5-7", "0 9 * * sat,sun", "0 9 * * 1-5/2", "0 9 * * */2"]),
    ("the nth and the last weekday of a month", "UTC", "2025-12-30T23:59",
     ["0 9 * * 1#1", "0 9 * * fri#2", "0 9 * * 4#5", "0 9 * * L5", "0 9 * * Lsun", "0 9 * * 1#1,1#3", "0 9 13 * 5#2"]),
    ("steps, ranges, lists", "UTC", "2024-12-31T22:47",
     ["*/7 * * * *", "*/25 * * * *", "5-20/5 * * * *", "0 9-17 * * *", "0 */5 * * *", "0 1-23/2 * * *", "13,47 3,15 * * *",
      "* * * * *", "59 23 31 12 *", "0 0 1 1-12/4 *", "30 6 1-7 * *", "*/30 8-9 * jan-mar mon"]),
    ("presets", "Europe/Berlin", "2024-12-30T15:00", ["@hourly", "@daily", "@weekly", "@monthly", "@quarterly"]),
    ("offsets that are no whole hours", "Asia/Kathmandu", "2024-02-28T22:00",
     ["0 0 * * *", "45 5 * * *", "0 * * * *", "*/15 * * * *", "0 0 29 * *", "30 9 * * 1-5"]),
    ("the turn of a year on the other side of the date line", "Pacific/Chatham", "2024-12-31T20:00",
     ["@daily", "@hourly", "0 12 1 1,2 *", "59 23 * * *", "45 12 * * 3"]),
    ("weekly and monthly over a change of clocks", "America/New_York", "2025-10-20T12:00",
     ["0 9 * * 1", "30 1 * * 0", "30 1 2 * *", "@weekly", "0 */6 * * sun", "15 * 2 11 *", "30 1,2 * * sun"]),
    ("weekly and monthly over a change of clocks", "Europe/Berlin", "2026-03-15T12:00",
     ["0 9 * * 1", "30 2 * * 0", "30 2 29 * *", "@weekly", "0 */6 * * sun", "15 * 29 3,4 *", "30 2,3 * * sun"]),
)  # fmt: skip


def cases(change: Change) -> dict[str, str]:
    """Expressions whose times lie before, in and after the change, and the start of each."""
    hour, minute = (int(part) for part in change.inside.split(":"))
    edge_hour, edge_minute = (int(part) for part in change.edge.split(":"))
    zone = ZoneInfo(change.zone)
    later = datetime.fromisoformat(change.start).replace(tzinfo=zone)
    weekday = (later.weekday() + 2) % 7  # of the day after the start
    seldom = [
        f"{minute} {hour} * * *",
        f"{edge_minute} {edge_hour} * * *",
        f"*/15 {hour} * * *",
        f"0,15,30,45 {hour} * * *",
        "0 */12 * * *",
        "0 0 * * *",
        "59 23 * * *",
        f"{minute},{edge_minute} {','.join(sorted({str(hour), str(edge_hour)}, key=int))} * * *",
        f"{minute} {hour} * * {weekday}",
    ]
    often = {  # minutes before the change, so that it is among the five
        f"{minute} * * * *": 100,
        f"{minute},{(minute + 5) % 60} * * * *": 100,
        "*/20 * * * *": 45,
        "* * * * *": 2,
        "0 */2 * * *": 290,
        "5 0-4,20-23 * * *": 130,
    }
    return dict.fromkeys(seldom, change.start) | {
        expression: before_change(change, minutes) for expression, minutes in often.items()
    }


def before_change(change: Change, minutes: int) -> str:
    """So many minutes before the clock jumps, in local time."""
    zone = ZoneInfo(change.zone)
    moment = datetime.fromisoformat(change.start).replace(tzinfo=zone).astimezone(timezone.utc)
    offset = moment.astimezone(zone).utcoffset()
    while moment.astimezone(zone).utcoffset() == offset:
        moment += timedelta(minutes=1)
    start = (moment - timedelta(minutes=minutes)).astimezone(zone)
    return start.replace(tzinfo=None).isoformat(timespec="minutes")


def row(expression: str, zone: str, start: str) -> str:
    """One line of the table."""
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    fires = islice(Oracle(expression, zone).fires(begin), COUNT)
    return "\t".join((expression, zone, shown(begin), " ".join(shown(fire) for fire in fires)))


def shown(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def main() -> None:
    print(HEAD, end="")
    for change in CHANGES:
        print(f"#\n# {change.zone}: {change.rule}")
        for expression, start in cases(change).items():
            print(row(expression, change.zone, start))
    for rule, zone, start, listed in PLAIN:
        print(f"#\n# {rule}")
        for expression in listed:
            print(row(expression, zone, start), flush=True)


if __name__ == "__main__":
    main()
