"""Functions with arguments from templates, one after the other; one that is a coroutine."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from studio import DAG, function


def print_context(**values: Any) -> dict[str, Any]:
    return values


def sleep_for(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


async def later(value: int) -> int:
    await asyncio.sleep(0.01)
    return value * 2


ARGS = {
    "ds": "{{ ds }}",
    "ts_nodash": "{{ ts_nodash }}",
    "tomorrow": "{{ macros.ds_add(ds, 1) }}",
    "weekday": "{{ logical_date.strftime('%A') }}",
    "run_id": "{{ run_id }}",
    "task": "{{ dag.dag_id }}.{{ task.task_id }}, try {{ try_number }}",
    "number": "{{ params.number + 1 }}",
    "mapping": {"a list": ["{{ params.number }}", "n = {{ params.number }}"]},
    "no template": "{ ds }",
}

with DAG("example_python_operator", params={"number": 41}):
    shown = function(print_context, args={key.replace(" ", "_"): value for key, value in ARGS.items()})
    for n in range(5):
        shown >> function(sleep_for, args={"seconds": n / 100}, task_id=f"sleep_for_{n}")
    shown >> function(later, args={"value": "{{ params.number }}"}, task_id="later")

with DAG("example_python_operator_native", params={"number": 41}, native=True):
    function(print_context, args={"text": "[{{ params.number }}, 1]", "number": "{{ params.number }}"})

with DAG("example_python_operator_undefined"):
    function(print_context, args={"text": "{{ no_such_name }}"})
