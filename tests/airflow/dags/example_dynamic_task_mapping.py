"""A task for each number of a list, and one that adds up what they returned."""

from __future__ import annotations

from studio import DAG, task


@task
def add_one(x: int) -> int:
    return x + 1


@task
def sum_it(values: list[int]) -> int:
    return sum(values)


@task
def get_nums() -> list[int]:
    return [1, 2, 3]


@task
def times_2(num: int) -> int:
    return num * 2


@task
def add_10(num: int) -> int:
    return num + 10


@task
def multiply(x: int, y: int, by: int) -> int:
    return x * y * by


def as_arguments(number: int) -> dict[str, int]:
    return {"num": number * 100}


with DAG("example_dynamic_task_mapping"):
    sum_it(add_one.expand(x=[1, 2, 3]))

with DAG("example_task_mapping_second_order"):
    add_10.expand(num=times_2.expand(num=get_nums()))

with DAG("example_task_mapping_products"):
    numbers = get_nums()
    multiply.partial(by=10).expand(x=[1, 2], y=numbers)
    times_2.expand_kwargs([{"num": 1}, {"num": 2}])
    add_10.expand_kwargs(numbers.output.map(as_arguments))
