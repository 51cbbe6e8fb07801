"""Branches by date: inside of a span of time or outside, on a day of the week or not."""

from __future__ import annotations

from datetime import datetime

from studio import DAG, branch, empty


def within(moment: str, first: str, last: str) -> str:
    is_in = datetime.fromisoformat(first) <= datetime.fromisoformat(moment) <= datetime.fromisoformat(last)
    return "in_range" if is_in else "out_of_range"


def on_weekend(moment: str) -> str:
    return "weekend" if datetime.fromisoformat(moment).weekday() >= 5 else "workday"


with DAG("example_branch_dates"):
    span = branch(
        within,
        args={
            "moment": "{{ ts }}",
            "first": "2020-10-10T14:00:00+00:00",
            "last": "2020-10-10T15:00:00+00:00",
        },
        task_id="by_time",
    )
    span >> [empty("in_range"), empty("out_of_range")]
    day = branch(on_weekend, args={"moment": "{{ ts }}"}, task_id="by_day")
    day >> [empty("weekend"), empty("workday")]
