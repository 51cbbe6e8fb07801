"""Runs of only some tasks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from studio.core.map_spec import ExpandSpec, GroupSpec, Items, Output
from studio.core.spec import DagSpec, TaskSpec
from studio.core.subsets import subset
from studio.errors import InvalidInput


def task(task_id: str, *upstream: str, **options: Any) -> TaskSpec:
    return TaskSpec(id=task_id, kind="function", upstream=upstream, **options)


def dag(*tasks: TaskSpec) -> DagSpec:
    return DagSpec(id="d", tasks=tasks)


def test_subset_is_in_graph_order_and_takes_upstream_along_if_wished() -> None:
    spec = dag(task("d", "c"), task("c", "b"), task("b", "a"), task("a"), task("x"))
    assert subset(spec, ["d", "b", "d"], with_upstream=False) == ("b", "d")
    assert subset(spec, ["c", "x"], with_upstream=True) == ("a", "x", "b", "c")
    assert subset(spec, [], with_upstream=True) == ()


def test_subset_brings_setups_and_teardowns_of_its_work() -> None:
    spec = dag(
        task("outer", role="setup"),
        task("inner", "outer", role="setup"),
        task("work", "inner"),
        task("last", "work"),
        task("down", "inner", "last", role="teardown", setups=("inner",)),
        task("close", "outer", "down", role="teardown", setups=("outer",)),
        task("after", "last"),
    )
    assert subset(spec, ["last"], with_upstream=False) == ("outer", "inner", "last", "down", "close")
    assert subset(spec, ["after"], with_upstream=False) == ("after",)
    assert subset(spec, ["down"], with_upstream=False) == ("down",)


def test_subset_needs_what_its_tasks_are_mapped_over() -> None:
    over = ExpandSpec(over={"x": Output("list")})
    spec = dag(
        task("list"),
        task("each", "list", expand=over),
        task("in_group", "list", group="g.h"),
        task("literal", expand=ExpandSpec(over={"x": Items([1, 2])})),
    )
    spec = msgspec.structs.replace(
        spec, groups=(GroupSpec(id="g", expand=over), GroupSpec(id="g.h", parent="g"))
    )
    assert subset(spec, ["each"], with_upstream=True) == ("list", "each")
    assert subset(spec, ["literal"], with_upstream=False) == ("literal",)
    for name in ("each", "in_group"):
        with pytest.raises(
            InvalidInput, match=f"'{name}' is mapped over what 'list' returns, which is not to run"
        ):
            subset(spec, [name], with_upstream=False)


def test_subset_names_the_nearest_task() -> None:
    with pytest.raises(InvalidInput, match=r"'d' has no task 'extrct'\. Did you mean 'extract'"):
        subset(dag(task("extract")), ["extrct"], with_upstream=False)
