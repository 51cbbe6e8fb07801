"""Groups, one of them in another."""

from __future__ import annotations

from studio import DAG, TaskGroup, empty, function


def greet(name: str) -> str:
    return f"hello {name}"


with DAG("example_task_group"):
    start, end = empty("start"), empty("end")

    with TaskGroup("section_1", doc="Tasks for section 1") as section_1:
        task_1 = empty("task_1")
        task_2 = function(greet, args={"name": "two"}, task_id="task_2")
        task_1 >> [task_2, empty("task_3")]

    with TaskGroup("section_2", doc="Tasks for section 2") as section_2:
        first = empty("task_1")
        with TaskGroup("inner_section_2", doc="Tasks for the inner section 2") as inner:
            function(greet, args={"name": "inner"}, task_id="task_2")
            last = empty("task_4")
            [inner.members()[0], empty("task_3")] >> last

    start >> section_1 >> section_2 >> end
