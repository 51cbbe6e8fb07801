"""Groups: ids, what waits for what, defaults, and mapping as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio import DAG, TaskGroup, empty
from studio.core.map_spec import ExpandSpec, GroupSpec, Items, Output, Source
from studio.errors import StudioError

from .steps import plain, spec_of


def test_groups_prefix_the_ids_of_what_is_in_them() -> None:
    with DAG("d") as dag, TaskGroup("etl", label="Load", doc="Twice a day."):
        plain("extract")
        with TaskGroup("check"):
            plain("extract")
    spec = dag.spec()
    assert spec.groups == (
        GroupSpec(id="etl", label="Load", doc="Twice a day."),
        GroupSpec(id="etl.check", parent="etl"),
    )
    assert spec.tasks == (
        spec_of("etl.extract", group="etl"),
        spec_of("etl.check.extract", group="etl.check"),
    )


def test_groups_without_prefix() -> None:
    with DAG("d") as dag, TaskGroup("etl", prefix=False):
        plain("extract")
        with TaskGroup("check"):
            plain("counts")
            with TaskGroup("deep", prefix=False):
                plain("sums")
    spec = dag.spec()
    assert [(group.id, group.parent) for group in spec.groups] == [
        ("etl", ""),
        ("check", "etl"),
        ("check.deep", "check"),
    ]
    assert spec.tasks == (
        spec_of("extract", group="etl"),
        spec_of("check.counts", group="check"),
        spec_of("check.sums", group="check.deep"),
    )


def test_groups_within_groups_between_arrows() -> None:
    with DAG("d") as dag:
        start, end = empty("start"), empty("end")
        with TaskGroup("outer") as outer:
            first = plain("first")
            with TaskGroup("inner") as inner:
                plain("a")
                plain("b")
            first >> inner
        start >> outer >> end
    assert {task.id: task.upstream for task in dag.spec().tasks} == {
        "start": (),
        "end": ("outer.inner.a", "outer.inner.b"),
        "outer.first": ("start",),
        "outer.inner.a": ("outer.first",),
        "outer.inner.b": ("outer.first",),
    }


def test_tasks_can_wait_for_a_group() -> None:
    with DAG("d") as dag:
        with TaskGroup("g") as g:
            plain("a") >> plain("b")
        plain("c", after=g)
        plain("e", after=[g, "c"])
    assert dag.spec().tasks[2:] == (spec_of("c", "g.b"), spec_of("e", "g.b", "c"))


def test_a_group_belongs_to_the_dag_that_is_open() -> None:
    with DAG("d") as dag, TaskGroup("g"):
        plain("a")
        with DAG("other") as other:
            plain("b")
            with TaskGroup("h"):
                plain("c")
    assert [task.id for task in dag.spec().tasks] == ["g.a"]
    assert [(task.id, task.group) for task in other.spec().tasks] == [("b", ""), ("h.c", "h")]


def test_a_group_can_be_opened_again() -> None:
    with DAG("d") as dag:
        with TaskGroup("g") as g:
            plain("a")
        plain("b")
        with g:
            plain("c")
    assert [(task.id, task.group) for task in dag.spec().tasks] == [("g.a", "g"), ("b", ""), ("g.c", "g")]


def test_default_args_of_the_innermost_group_count_first() -> None:
    with DAG("d", default_args={"retries": 1, "pool": "dag", "priority_weight": 5}) as dag:
        plain("a")
        with TaskGroup("g", default_args={"retries": 2, "pool": "outer"}):
            plain("b")
            with TaskGroup("h", default_args={"retries": 3}):
                plain("c")
                plain("e", retries=0)
    assert dag.spec().tasks == (
        spec_of("a", retries=1, pool="dag", priority_weight=5),
        spec_of("g.b", retries=2, pool="outer", priority_weight=5, group="g"),
        spec_of("g.h.c", retries=3, pool="outer", priority_weight=5, group="g.h"),
        spec_of("g.h.e", retries=0, pool="outer", priority_weight=5, group="g.h"),
    )


# --- mapped groups ---------------------------------------------------------------------------------------------------


def test_a_mapped_group_gives_its_items_to_its_tasks() -> None:
    with DAG("d") as dag, TaskGroup("day").expand(day=["mon", "tue"], n=[1, 2]) as group:
        a = plain("a", args={"day": group.day, "deep": [group.n]})
        plain("b", args={"rows": a})
    spec = dag.spec()
    over: dict[str, Source] = {"day": Items(["mon", "tue"]), "n": Items([1, 2])}
    assert spec.groups == (GroupSpec(id="day", expand=ExpandSpec(over=over)),)
    assert spec.tasks == (
        spec_of("day.a", group="day", args={"day": {"$mapped": "day"}, "deep": [{"$mapped": "n"}]}),
        spec_of("day.b", "day.a", group="day", args={"rows": {"$output": "day.a"}}),
    )


def test_a_mapped_group_begins_after_what_it_is_mapped_over() -> None:
    with DAG("d") as dag:
        days = plain("days")
        with TaskGroup("g").expand(day=days.output) as group:
            plain("a") >> plain("b", args={"day": group.day})
            plain("c")
        plain("report", args={"all": dag["g.b"]})
    spec = dag.spec()
    assert spec.groups == (GroupSpec(id="g", expand=ExpandSpec(over={"day": Output("days")})),)
    assert spec.tasks == (
        spec_of("days"),
        spec_of("g.a", "days", group="g"),
        spec_of("g.b", "g.a", group="g", args={"day": {"$mapped": "day"}}),
        spec_of("g.c", "days", group="g"),
        spec_of("report", "g.b", args={"all": {"$output": "g.b"}}),
    )


def test_a_group_that_is_mapped_over_dicts_of_arguments() -> None:
    with DAG("d") as dag, TaskGroup("g").expand_kwargs([{"x": 1, "y": 2}, {"x": 3, "y": 4}]) as group:
        plain("a", args={"x": group.x})
    spec = dag.spec()
    items = Items([{"x": 1, "y": 2}, {"x": 3, "y": 4}])
    assert spec.groups == (GroupSpec(id="g", expand=ExpandSpec(by="kwargs", over={"": items})),)
    assert spec.tasks == (spec_of("g.a", group="g", args={"x": {"$mapped": "x"}}),)


def test_mapped_groups_within_each_other() -> None:
    with DAG("d") as dag, TaskGroup("outer").expand(x=[1, 2]) as outer:
        days = plain("days", args={"x": outer.x})
        with TaskGroup("inner").expand(y=days) as inner:
            plain("a", args={"x": outer.x, "y": inner.y}).expand(z=[1])
    spec = dag.spec()
    assert [(group.id, group.parent) for group in spec.groups] == [("outer", ""), ("outer.inner", "outer")]
    assert spec.tasks[1] == spec_of(
        "outer.inner.a",
        "outer.days",
        group="outer.inner",
        args={"x": {"$mapped": "x"}, "y": {"$mapped": "y"}},
        expand=ExpandSpec(over={"z": Items([1])}),
    )


# --- mistakes --------------------------------------------------------------------------------------------------------


def a_group_twice() -> None:
    TaskGroup("g")
    TaskGroup("g")


def expanded_late() -> None:
    with TaskGroup("g") as group:
        plain("a")
    group.expand(x=[1])


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: TaskGroup("a/b"), "The group id 'a/b' is not allowed: '/' (U+002F) cannot stand there. "
     "Use letters, digits, `_`, `-` and `.`, for example `daily_report`."),
    (lambda: TaskGroup(5), "The id of a group is text, not 5."),  # type: ignore[arg-type]
    (lambda: TaskGroup("g", prefx=False),  # type: ignore[arg-type]
     "TaskGroup(...) takes no 'prefx'. Did you mean 'prefix'?"),
    (lambda: TaskGroup("g", prefix="no"),  # type: ignore[arg-type]
     "prefix is 'no'; it must be True or False."),
    (lambda: TaskGroup("g", label=5), "label is 5; it must be text."),  # type: ignore[arg-type]
    (lambda: TaskGroup("g", default_args={"retrys": 1}),
     "default_args takes no 'retrys'. Did you mean 'retries'?"),
    (lambda: TaskGroup("g", default_args={"task_id": "a"}).group_id,
     "default_args takes no 'task_id'. Known: attachable, cache, cell_timeout, connections, copy_to, depends_on_past, "
     "doc, export, …."),
    (a_group_twice, "The DAG 'd' already has a group 'g'."),
    (expanded_late, "The group 'g' is expanded twice, or after its tasks were made. "
     "Write `with TaskGroup('g').expand(x=[...]) as group:`."),
    (lambda: TaskGroup("g").expand(x=[1]).expand(y=[1]),
     "The group 'g' is expanded twice, or after its tasks were made. "
     "Write `with TaskGroup('g').expand(x=[...]) as group:`."),
    (lambda: TaskGroup("g").expand(), "g.expand() needs something to map over."),
    (lambda: TaskGroup("g").expand(x=5),
     "x is 5; tasks are mapped over a list, a dict, or what a task returns (`task.output`)."),
    (lambda: TaskGroup("g").expand(add=[1]),
     "The group 'g' cannot be mapped over 'add': `group.add` is something else. "
     "Give the argument another name, for example add_."),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "told"), MISTAKES)
def test_mistakes_are_told(wrong: Callable[[], Any], told: str) -> None:
    with DAG("d"), pytest.raises(StudioError) as caught:
        wrong()
    assert str(caught.value) == told


def test_an_item_that_there_is_not_is_told() -> None:
    with DAG("d"), TaskGroup("g").expand(day=[1]) as group:
        with pytest.raises(AttributeError) as caught:
            _ = group.dya
        assert str(caught.value) == "The group 'g' is not mapped over 'dya'. Did you mean 'day'?"


def test_an_item_outside_of_its_group_is_told() -> None:
    with DAG("d") as dag:
        with TaskGroup("g").expand(day=[1]) as group:
            plain("a")
        plain("b", args={"day": group.day})
    with pytest.raises(StudioError) as caught:
        dag.spec()
    assert str(caught.value) == (
        "The task 'b' uses the mapped argument 'day', but no group around it is mapped over that."
    )


def test_a_group_and_a_task_of_one_name_are_told() -> None:
    with DAG("d") as dag:
        plain("g")
        with TaskGroup("g"):
            plain("a")
    with pytest.raises(StudioError) as caught:
        dag.spec()
    assert str(caught.value) == "A group and a task of 'd' have the id 'g'. Give one of them another name."
