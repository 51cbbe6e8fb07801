"""Schedules in English words."""

from __future__ import annotations

import pytest

from studio.core.schedule_spec import (
    AssetAll,
    AssetAny,
    AssetOrTimeSpec,
    AssetRef,
    AssetsSpec,
    CalendarSpec,
    ContinuousSpec,
    CronSpec,
    CronsSpec,
    DataIntervalSpec,
    IntervalSpec,
    OnceSpec,
    ScheduleSpec,
)
from studio.core.schedules import in_words, schedule_of
from studio.core.spec import DagSpec

A_AND_B_OR_C = AssetAll((AssetRef("a"), AssetAny((AssetRef("b"), AssetRef("c")))))


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 6 * * 1-5", "at 06:00 on Monday to Friday"),
        ("0 6 * * *", "at 06:00 every day"),
        ("@daily", "at 00:00 every day"),
        ("@hourly", "every hour"),
        ("@weekly", "at 00:00 on Sunday"),
        ("@monthly", "at 00:00 on day 1 of the month"),
        ("@quarterly", "at 00:00 on day 1 of the month in January, April, July and October"),
        ("@yearly", "at 00:00 on day 1 of the month in January"),
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("5,35 * * * *", "at 5 and 35 minutes past every hour"),
        ("1 * * * *", "at 1 minute past every hour"),
        ("0 */6 * * *", "at 00:00, 06:00, 12:00 and 18:00 every day"),
        ("30 */2 * * *", "every 2 hours from 00:30 on"),
        ("*/15 9-17 * * mon-fri", "every 15 minutes from 09:00 to 17:45 on Monday to Friday"),
        ("15 8-18 * * *", "every hour from 08:15 to 18:15"),
        ("0 6,18 * * 1,4", "at 06:00 and 18:00 on Monday and Thursday"),
        ("0 0 13 * 5", "at 00:00 on day 13 of the month or on Friday"),
        ("0 0 L * *", "at 00:00 on the last day of the month"),
        ("0 0 1-7,15 * *", "at 00:00 on day 1 to 7 and 15 of the month"),
        ("0 9 * * fri#2", "at 09:00 on the second Friday of the month"),
        ("0 9 * * mon,Lfri", "at 09:00 on Monday and the last Friday of the month"),
        ("0 0 * 3-5 *", "at 00:00 in March to May"),
        ("0 1 * * sat,sun", "at 01:00 on Sunday and Saturday"),
        ("*/7 * * * *", "at the times of `*/7 * * * *`"),  # not every 7 minutes: it starts anew each hour
        ("3-50/4 1,2,9 * * *", "at the times of `3-50/4 1,2,9 * * *`"),
    ],
)
def test_cron_in_words(expression: str, words: str) -> None:
    spec = DagSpec(id="d", tasks=(), schedule=CronSpec(expression), timezone="Europe/Vienna")
    assert in_words(spec) == f"{words}, Europe/Vienna"


@pytest.mark.parametrize(
    ("schedule", "words", "text"),
    [
        (None, "by hand only", None),
        (CronsSpec(("0 6 * * 1", "0 9 1 * *")),
         "at 06:00 on Monday, and at 09:00 on day 1 of the month, UTC", "0 6 * * 1; 0 9 1 * *"),
        (IntervalSpec(900), "every 15 minutes", "every 15 minutes"),
        (IntervalSpec(86400), "every day", "every day"),
        (IntervalSpec(5400), "every 90 minutes", "every 90 minutes"),
        (DataIntervalSpec(CronSpec("@daily")),
         "at 00:00 every day, UTC, for the data interval that ends then", "@daily (data intervals)"),
        (CalendarSpec("0 6 * * *", business_days="DE-BY", on_holiday="next"),
         "at 06:00 every day, not on the weekends and holidays of DE-BY (but on the next day), UTC",
         "0 6 * * * (business days DE-BY)"),
        (CalendarSpec("0 6 * * *", blackouts=(("2026-01-01", "2026-01-02"),)),
         "at 06:00 every day, outside the blackouts, UTC", "0 6 * * * (calendar)"),
        (OnceSpec(), "once, when it is first published", "@once"),
        (ContinuousSpec(), "again as soon as no run is active", "@continuous"),
        (AssetsSpec(A_AND_B_OR_C), "when there are events of a & (b | c)", "a & (b | c)"),
        (AssetOrTimeSpec(AssetRef("a"), IntervalSpec(3600)),
         "when there are events of a, or every hour", "a, or every hour"),
    ],
)  # fmt: skip
def test_schedules_in_words_and_in_one_line(
    schedule: ScheduleSpec | None, words: str, text: str | None
) -> None:
    spec = DagSpec(id="d", tasks=(), schedule=schedule)
    found = schedule_of(spec)
    assert (in_words(spec), None if found is None else found.text) == (words, text)
