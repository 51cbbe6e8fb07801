"""Dynamic mapping: how many instances there are, what each is given, and what becomes of a map that changes."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.binding import Found, bind
from studio.core.map_spec import (
    Concatenated,
    ExpandSpec,
    FromParam,
    GroupSpec,
    Items,
    Output,
    Source,
    Transformed,
    Zipped,
)
from studio.core.spec import DagSpec, TaskSpec
from studio.core.turn import Launch
from tests.core.driver import Driver, dag, task


def over(**sources: Source) -> ExpandSpec:
    return ExpandSpec(over=sources)


def mapped(task_id: str, *upstream: str, **options: Any) -> TaskSpec:
    """A task mapped over what `options["over"]`, a task, returns; the argument is `x`."""
    return task(task_id, *upstream, expand=over(x=Output(options.pop("over"))), **options)


def bound(driver: Driver, launch: Launch) -> dict[str, Any]:
    """The context as a worker has it: values are those of the attempts that are kept."""
    values = {attempt.id: attempt.value for attempt in driver.kept.attempts.values()}
    return bind(launch, Found(values=values)).context


def arguments(driver: Driver, task_id: str) -> list[dict[str, Any]]:
    """Own arguments of each instance of a mapped task, by map index."""
    found = sorted((each.map_index, each) for each in driver.launched.values() if each.task_id == task_id)
    return [bound(driver, launch)["mapped_args"] for _, launch in found]


def states_of(driver: Driver, task_id: str) -> list[str]:
    """States of the instances of a task, by map index."""
    tasks = [each for each in driver.kept.tasks.values() if each.task_id == task_id]
    return [each.state.value for each in sorted(tasks, key=lambda each: each.map_index)]


def started(*tasks: TaskSpec, trigger: dict[str, Any] | None = None, **options: Any) -> Driver:
    driver = Driver()
    driver.publish(dag(*tasks, **{"max_active_tasks": 100, **options}))
    driver.trigger(**(trigger or {}))
    return driver


# --- how many, and with what ---------------------------------------------------------------------------------------


def test_literal_list_is_one_instance_an_item() -> None:
    driver = started(task("t", expand=over(x=Items([10, 20, 30]))))
    assert driver.states == {"t[0]": "queued", "t[1]": "queued", "t[2]": "queued"}
    assert arguments(driver, "t") == [{"x": 10}, {"x": 20}, {"x": 30}]
    assert driver.launched["t[1]"].context["expanded_ti_count"] == 3
    assert driver.launched["t[1]"].context["map_index"] == 1


def test_dict_is_mapped_over_as_pairs() -> None:
    driver = started(task("t", expand=over(x=Items({"a": 1, "b": 2}))))
    assert arguments(driver, "t") == [{"x": ["a", 1]}, {"x": ["b", 2]}]


def test_param_of_the_run_is_mapped_over() -> None:
    spec = task("t", expand=over(x=FromParam("xs")))
    driver = started(spec, params={"xs": [1]}, trigger={"params": {"xs": [7, 8]}})
    assert arguments(driver, "t") == [{"x": 7}, {"x": 8}]


def test_output_is_mapped_over_when_it_is_there() -> None:
    driver = started(task("a"), mapped("t", "a", over="a"))
    assert driver.states == {"a": "queued", "t": "none"}
    driver.end("a", value=["p", "q"])
    assert arguments(driver, "t") == [{"x": "p"}, {"x": "q"}]


def test_last_argument_of_a_product_varies_fastest() -> None:
    driver = started(task("a"), task("t", "a", expand=over(x=Output("a"), y=Items(["u", "v", "w"]))))
    driver.end("a", value=[1, 2])
    assert arguments(driver, "t") == [{"x": x, "y": y} for x in (1, 2) for y in ("u", "v", "w")]


def test_kwargs_are_one_instance_a_dict() -> None:
    driver = started(
        task("t", expand=ExpandSpec(by="kwargs", over={"": Items([{"x": 1}, {"x": 2, "y": 3}])}))
    )
    assert arguments(driver, "t") == [{"x": 1}, {"x": 2, "y": 3}]


@pytest.mark.parametrize(
    ("source", "items"),
    [
        (Zipped((Items([1, 2, 3]), Items(["a", "b"]))), [[1, "a"], [2, "b"]]),
        (Zipped((Items([1, 2, 3]), Items(["a"])), longest=True, fill=0), [[1, "a"], [2, 0], [3, 0]]),
        (Zipped((Items([1]), Zipped((Items([2]), Items([3]))))), [[1, [2, 3]]]),
        (Concatenated((Items([1]), Items([]), Items({"k": 2}), Items([3]))), [1, ["k", 2], 3]),
    ],
)
def test_lists_side_by_side_and_one_after_the_other(source: Source, items: list[Any]) -> None:
    driver = started(task("t", expand=over(x=source)))
    assert arguments(driver, "t") == [{"x": item} for item in items]


def test_functions_over_items_are_left_to_the_worker() -> None:
    inner = Transformed(Items([5]), "m:f")
    driver = started(task("t", expand=over(x=Transformed(inner, "m:g", ("/lib",)))))
    context = bound(driver, driver.launched["t[0]"])
    told = str(context)
    assert told.index("m:f") < told.index("m:g") and "/lib" in told


def test_mapped_task_is_reduced_to_a_list_in_order_without_those_that_have_no_value() -> None:
    reduce = task("sum", "t", trigger_rule="all_done", config={"args": {"xs": {"$output": "t"}}})
    driver = started(task("t", expand=over(x=Items([1, 2, 3]))), reduce)
    driver.end("t[2]", value=30)
    driver.end("t[1]", "skipped")
    driver.end("t[0]", value=10)
    assert bound(driver, driver.launched["sum"])["outputs"] == {"t": [10, 30]}


def test_task_is_mapped_over_the_values_of_a_mapped_task() -> None:
    driver = started(task("t", expand=over(x=Items([1, 2]))), mapped("u", "t", over="t"))
    driver.end("t[0]", value="a")
    assert states_of(driver, "u") == ["none"]
    driver.end("t[1]", value="b")
    assert arguments(driver, "u") == [{"x": "a"}, {"x": "b"}]


def test_label_of_an_instance_is_kept_until_its_next_try() -> None:
    driver = started(task("t", expand=over(x=Items([1])), map_index_template="{{ x }}", retries=1))
    assert driver.launched["t[0]"].context["map_index_template"] == "{{ x }}"
    driver.end("t[0]", "failed", label="one")
    [row] = driver.kept.tasks.values()
    assert row.label == "one"
    driver.pass_time(300)
    [row] = driver.kept.tasks.values()
    assert (row.label, row.state.value) == ("", "queued")


# --- none, too many, or no list ------------------------------------------------------------------------------------


def test_empty_map_is_skipped_and_so_is_what_follows() -> None:
    driver = started(task("a"), mapped("t", "a", over="a"), task("z", "t"))
    driver.end("a", value=[])
    assert driver.states == {"a": "success", "t": "skipped", "z": "skipped"}
    assert list(driver.run_states.values()) == ["success"]


@pytest.mark.parametrize(("end", "became"), [("failed", "upstream_failed"), ("skipped", "skipped")])
def test_map_over_a_task_without_value_is_never_expanded(end: str, became: str) -> None:
    driver = started(task("a"), mapped("t", "a", over="a", trigger_rule="all_done"))
    driver.end("a", end)
    assert driver.states == {"a": end, "t": became}


@pytest.mark.parametrize("value", [3, "abc", None, True])
def test_value_that_cannot_be_mapped_over_fails_its_task(value: Any) -> None:
    driver = started(task("a"), mapped("t", "a", over="a"))
    driver.end("a", value=value)
    assert driver.states == {"a": "failed", "t": "upstream_failed"}
    assert driver.kept.attempts_of("a") == [(1, "failed")]


def test_param_that_is_no_list_cannot_be_expanded() -> None:
    driver = started(task("t", expand=over(x=FromParam("xs"))), params={"xs": None})
    assert driver.states == {"t": "upstream_failed"}
    [row] = driver.kept.tasks.values()
    assert "cannot be expanded" in row.note


def test_product_that_is_too_large_is_not_expanded() -> None:
    spec = task("t", "a", expand=over(x=Items(list(range(200))), y=Output("a")))
    driver = started(task("a"), spec)
    driver.end("a", value=list(range(200)))
    assert driver.states == {"a": "success", "t": "upstream_failed"}


# --- maps that change ----------------------------------------------------------------------------------------------


def cleared(first: list[int], second: list[int]) -> Driver:
    """A map over `first`, all successful, and then again over `second`."""
    driver = started(task("a"), mapped("t", "a", over="a"), task("z", "t"), task("open"))
    driver.end("a", value=first)
    driver.run_to_end(lambda launch: "success" if launch.task_id != "open" else "failed")
    [run_id] = driver.run_states
    driver.about("clear", run_id, task_ids=["a"])
    driver.end("a", value=second)
    return driver


def test_map_grows_after_a_clear() -> None:
    driver = cleared([1], [1, 2, 3])
    assert states_of(driver, "t") == ["queued", "queued", "queued"]
    assert arguments(driver, "t") == [{"x": 1}, {"x": 2}, {"x": 3}]


def test_map_shrinks_after_a_clear_and_comes_back() -> None:
    driver = cleared([1, 2, 3], [7])
    assert states_of(driver, "t") == ["queued", "removed", "removed"]
    driver.end("t[0]")
    driver.end("z")
    [run_id] = driver.run_states
    assert driver.run_states[run_id] == "failed"  # `open` had failed
    driver.about("clear", run_id, task_ids=["a"])
    driver.end("a", value=[4, 5])
    assert states_of(driver, "t") == ["queued", "queued", "removed"]
    assert arguments(driver, "t")[:2] == [{"x": 4}, {"x": 5}]


def test_map_that_becomes_empty_is_removed() -> None:
    driver = cleared([1, 2], [])
    assert states_of(driver, "t") == ["removed", "removed"]
    driver.run_to_end()
    assert {each.state.value for each in driver.kept.tasks.values()} == {"success", "removed", "failed"}


def test_running_instance_beyond_the_end_is_ended_first() -> None:
    driver = started(task("a"), task("t", "a", expand=over(x=Output("a"))))
    driver.end("a", value=[1, 2])
    [run_id] = driver.run_states
    driver.begin("t[1]")
    driver.about("clear", run_id, task_ids=["a"], downstream=False)
    driver.end("a", value=[1])
    assert states_of(driver, "t") == ["queued", "stopping"]
    driver.end("t[1]", "cancelled")
    assert states_of(driver, "t") == ["queued", "removed"]


def test_instance_that_is_wanted_again_before_it_was_ended_runs_again() -> None:
    driver = started(task("a"), task("t", "a", expand=over(x=Output("a"))))
    driver.end("a", value=[1, 2])
    [run_id] = driver.run_states
    for value in ([1], [1, 2]):
        driver.about("clear", run_id, task_ids=["a"], downstream=False)
        driver.end("a", value=value)
    assert states_of(driver, "t") == ["queued", "restarting"]
    driver.end("t[1]", "cancelled")
    assert states_of(driver, "t") == ["queued", "queued"]


def test_clear_with_another_param_changes_the_length() -> None:
    spec = task("t", expand=over(x=FromParam("xs")))
    driver = started(spec, params={"xs": [1, 2, 3]})
    driver.run_to_end()
    [run_id] = driver.run_states
    driver.about("clear", run_id, task_ids=[], params={"xs": [9]})
    assert states_of(driver, "t") == ["queued", "removed", "removed"]
    driver.end("t[0]")
    driver.about("clear", run_id, task_ids=[], params={"xs": [1, 2, 3, 4]})
    assert states_of(driver, "t") == ["queued"] * 4


def test_instances_that_share_their_upstream_run_again_after_a_clear() -> None:
    driver = started(task("a"), task("t", "a", expand=over(x=Items(list(range(6))))), task("z", "t"))
    driver.run_to_end()
    [run_id] = driver.run_states
    driver.about("clear", run_id, task_ids=["a"])
    driver.run_to_end()
    assert driver.run_states == {run_id: "success"}
    assert [number for number, _ in driver.kept.attempts_of("t")] == [1] * 6 + [2] * 6


def test_one_instance_is_cleared_by_its_index() -> None:
    driver = started(task("t", expand=over(x=Items([1, 2]))), task("z", "t"))
    driver.run_to_end()
    [run_id] = driver.run_states
    result = driver.about("clear", run_id, task_ids=["t"], map_index=1, downstream=False)
    assert [(each["task_id"], each["map_index"]) for each in result["tasks"]] == [("t", 1)]
    assert states_of(driver, "t") == ["success", "queued"]


def test_successor_knows_the_maps() -> None:
    driver = started(task("a"), mapped("t", "a", over="a"), task("z", "t"))
    driver.end("a", value=[1, 2])
    driver.end("t[0]")
    driver.restart()
    driver.end("t[1]")
    driver.run_to_end()
    assert driver.states == {
        "a": "success",
        "t": "none",
        "t[0]": "success",
        "t[1]": "success",
        "z": "success",
    }


# --- groups --------------------------------------------------------------------------------------------------------


def group(*tasks: TaskSpec, expand: ExpandSpec | None = None, **options: Any) -> DagSpec:
    expand = expand or over(g=Items(["a", "b"]))
    return dag(*tasks, groups=(GroupSpec(id="g", expand=expand),), max_active_tasks=100, **options)


def test_mapped_group_goes_depth_first() -> None:
    driver = Driver()
    driver.publish(group(task("g.x", group="g"), task("g.y", "g.x", group="g"), task("z", "g.y")))
    driver.trigger()
    driver.end("g.x[1]")
    assert (states_of(driver, "g.x"), states_of(driver, "g.y")) == (["queued", "success"], ["none", "queued"])
    driver.end("g.y[1]")
    assert driver.states["z"] == "none"
    driver.run_to_end()
    assert driver.states["z"] == "success"


def test_failed_index_of_a_mapped_group_leaves_the_others_alone() -> None:
    driver = Driver()
    driver.publish(group(task("g.x", group="g"), task("g.y", "g.x", group="g")))
    driver.trigger()
    driver.end("g.x[0]", "failed")
    assert states_of(driver, "g.y") == ["upstream_failed", "none"]


def test_tasks_of_a_mapped_group_have_its_arguments_and_their_own_sibling() -> None:
    below = task("g.y", "g.x", group="g", config={"args": {"v": {"$output": "g.x"}}})
    driver = Driver()
    driver.publish(group(task("g.x", group="g"), below))
    driver.trigger()
    driver.end("g.x[1]", value=42)
    context = bound(driver, driver.launched["g.y[1]"])
    assert (context["mapped"], context["outputs"]) == ({"g": "b"}, {"g.x": 42})
    assert "mapped_args" not in context


def test_mapped_task_in_a_mapped_group_is_expanded_for_each_index() -> None:
    driver = Driver()
    driver.publish(
        group(
            task("g.x", group="g"),
            mapped("g.y", "g.x", over="g.x", group="g"),
            task("g.z", "g.y", group="g", config={"args": {"v": {"$output": "g.y"}}}),
        )
    )
    driver.trigger()
    driver.end("g.x[0]", value=[1, 2])
    driver.end("g.x[1]", value=[3])
    launches = {
        tuple(each.context["map_path"]): each for each in driver.launched.values() if each.task_id == "g.y"
    }
    found = {path: bound(driver, each)["mapped_args"] for path, each in launches.items()}
    assert found == {(0, 0): {"x": 1}, (0, 1): {"x": 2}, (1, 0): {"x": 3}}
    assert launches[0, 1].context["expanded_ti_count"] == 2
    assert len({each.map_index for each in launches.values()}) == 3
    driver.end(f"g.y[{launches[1, 0].map_index}]", value="c")
    assert states_of(driver, "g.z") == ["none", "queued"]
    assert bound(driver, driver.launched["g.z[1]"])["outputs"] == {"g.y": ["c"]}
    driver.run_to_end()
    assert list(driver.run_states.values()) == ["success"]


def test_mapped_group_in_a_mapped_group() -> None:
    driver = Driver()
    driver.publish(
        dag(
            task("o.a", group="o"),
            task("o.i.b", "o.a", group="o.i"),
            task("o.i.c", "o.i.b", group="o.i"),
            task("z", "o.i.c"),
            groups=(
                GroupSpec(id="o", expand=over(p=Items([1, 2]))),
                GroupSpec(id="o.i", parent="o", expand=over(q=Output("o.a"))),
            ),
            max_active_tasks=100,
        )
    )
    run_id = driver.trigger()
    driver.end("o.a[0]", value=["x", "y"])
    launches = [each for each in driver.launched.values() if each.task_id == "o.i.b"]
    assert [bound(driver, each)["mapped"] for each in launches] == [{"p": 1, "q": "x"}, {"p": 1, "q": "y"}]
    driver.end("o.a[1]", value=[])
    assert sorted(states_of(driver, "o.i.c")) == ["none", "none", "skipped"]
    driver.run_to_end()
    assert sorted(states_of(driver, "o.i.c")) == ["skipped", "success", "success"]
    assert (driver.states["z"], driver.run_states[run_id]) == ("skipped", "success")


def test_member_that_was_marked_before_its_group_was_expanded_is_so_in_each_index() -> None:
    driver = Driver()
    spec = group(
        task("g.x", "a", group="g"), task("g.y", "g.x", group="g"), task("a"), expand=over(g=Output("a"))
    )
    driver.publish(spec)
    run_id = driver.trigger()
    driver.about("mark", run_id, task_ids=["g.x"], state="skipped")
    driver.end("a", value=[1, 2])
    assert (states_of(driver, "g.x"), states_of(driver, "g.y")) == (["skipped"] * 2, ["skipped"] * 2)
    assert driver.run_states[run_id] == "success"


def test_group_that_is_mapped_over_an_empty_list_is_skipped() -> None:
    driver = Driver()
    driver.publish(
        group(
            task("g.x", group="g"), task("g.y", "g.x", group="g"), task("z", "g.y"), expand=over(g=Items([]))
        )
    )
    driver.trigger()
    assert driver.states == {"g.x": "skipped", "g.y": "skipped", "z": "skipped"}


def test_mapped_task_below_a_branch_that_passes_over_it_is_skipped() -> None:
    driver = started(
        task("b", interpret="branch"), task("t", "b", expand=over(x=Items([1, 2]))), task("u", "b")
    )
    driver.end("b", value="u")
    assert set(states_of(driver, "t")) == {"skipped"}


def test_mapped_task_waits_for_its_value_whatever_its_rule() -> None:
    driver = started(task("a"), task("b"), mapped("t", "a", "b", over="a", trigger_rule="one_success"))
    driver.end("b")
    assert states_of(driver, "t") == ["none"]
    driver.end("a", value=[1, 2])
    assert states_of(driver, "t") == ["queued", "queued"]


def test_who_counts_a_map_is_judged_after_it_has_grown() -> None:
    driver = Driver()
    mapped = task("m", "p", expand=ExpandSpec(over={"x": Output("p")}))
    driver.publish(dag(task("p"), mapped, task("z", "p", "m", trigger_rule="all_done")))
    run_id = driver.trigger()
    driver.end("p", value=[1])
    driver.end("m[0]")
    driver.end("z")
    driver.about("clear", run_id, task_ids=["p", "z"], downstream=False)
    driver.end("p", value=[1, 2])
    assert (driver.states["m[1]"], driver.states["z"]) == ("queued", "none")
