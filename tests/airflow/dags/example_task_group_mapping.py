"""A group for each number; in it one task uses what the other of its own group returned."""

from __future__ import annotations

from studio import DAG, TaskGroup, task


@task
def double(num: int) -> int:
    return num * 2


@task
def add_42(num: int) -> int:
    return num + 42


@task
def sum_it(values: list[int]) -> int:
    return sum(values)


with DAG("example_task_group_mapping"):
    with TaskGroup("op").expand(num=[1, 3, 2]) as op:
        result = add_42(double(op.num))
    sum_it(result)
