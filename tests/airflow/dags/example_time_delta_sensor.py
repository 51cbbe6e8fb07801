"""Waiting for times without a slot, and a task that puts itself off."""

from __future__ import annotations

from datetime import timedelta

from studio import DAG, Defer, empty, function, wait


def put_off(resume: dict[str, int] | None) -> str:
    seen = (resume or {"times": 0})["times"]
    if seen < 2:
        raise Defer(until=timedelta(seconds=0.1), resume={"times": seen + 1})
    return f"after {seen} times"


with DAG("example_time_delta_sensor"):
    waits = [
        wait(timedelta(seconds=0.2), task_id="wait"),
        wait(3600, until="data_interval_end", task_id="hour_after_interval"),
        function(put_off, args={"resume": "{{ resume }}"}, task_id="deferred"),
    ]
    waits >> empty("finish")
