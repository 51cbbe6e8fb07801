"""Groups made by a function: called twice, a group each."""

from __future__ import annotations

from studio import DAG, TaskGroup, task
from studio.authoring.tasks import Task


@task
def task_start() -> str:
    return "[Task_start]"


@task
def task_1(value: int) -> str:
    return f"[ Task1 {value} ]"


@task
def task_2(value: str) -> str:
    return f"[ Task2 {value} ]"


@task
def task_3(value: str) -> str:
    return f"[ Task3 {value} ]"


@task
def task_end() -> str:
    return "[Task_End]"


def task_group_function(value: int) -> tuple[TaskGroup, Task]:
    with TaskGroup(f"group_{value}") as group:
        return group, task_3(task_2(task_1(value)))


with DAG("example_task_group_decorator"):
    start, end = task_start(), task_end()
    for value in range(2):
        group, _ = task_group_function(value)
        start >> group >> end
