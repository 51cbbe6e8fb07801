"""Mapping without decorators."""

from __future__ import annotations

from studio import DAG, function


def add_one(value: int) -> int:
    return value + 1


def add_up(values: list[int]) -> int:
    return sum(values)


with DAG("example_dynamic_task_mapping_with_no_taskflow_operators"):
    added = function(add_one, task_id="add_one").expand(value=[1, 2, 3])
    function(add_up, task_id="sum_it", args={"values": added.output})
