"""Setups and teardowns around tasks, and around a group."""

from __future__ import annotations

from studio import DAG, TaskGroup, empty, function


def work(fails: bool) -> str:
    if fails:
        raise RuntimeError("work failed")
    return "done"


with DAG("example_setup_teardown", params={"inner_fails": False, "outer_fails": False}):
    root_setup = empty("root_setup").as_setup()
    root_normal = empty("root_normal")
    root_teardown = empty("root_teardown").as_teardown(setups=root_setup)
    root_setup >> root_normal >> root_teardown

    with TaskGroup("section_1") as section_1:
        inner_setup = empty("taskgroup_setup").as_setup()
        inner_normal = function(work, args={"fails": "{{ params.inner_fails }}"}, task_id="normal")
        inner_teardown = empty("taskgroup_teardown").as_teardown(setups=inner_setup)
        inner_setup >> inner_normal >> inner_teardown
    root_normal >> section_1 >> empty("after_section")

    with root_teardown:
        function(work, args={"fails": "{{ params.outer_fails }}"}, task_id="in_scope")
