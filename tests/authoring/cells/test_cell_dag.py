"""A DAG made of marked cells: its tasks and options, and what is wrong with it."""

from __future__ import annotations

import pytest

from studio.authoring.cells.cell_dag import cell_dag
from studio.core.map_spec import FromParam, Items, Output
from studio.core.schedule_spec import IntervalSpec
from studio.core.spec import CacheSpec
from studio.errors import InvalidDag
from studio.widgets.graph import MIME

from .conftest import Make


def test_options_of_the_dag(made: Make) -> None:
    spec = made(
        "%dag flights --schedule 'every 15 min' --start 2013-01-01 --end=2013-12-31 --timezone Europe/Berlin "
        "--catchup all --description 'Late flights' --tags air,daily --max-active-runs 2 --run-timeout '2 h' "
        "--retries 3",
        "%%task a\nx = 1",
        "%%task b --retries 0\nprint(x)",
    ).spec()
    assert (spec.id, spec.schedule, spec.timezone, spec.catchup) == (
        "flights",
        IntervalSpec(900.0),
        "Europe/Berlin",
        "all",
    )
    assert (spec.start_date, spec.end_date, spec.description, spec.tags) == (
        "2013-01-01",
        "2013-12-31",
        "Late flights",
        ("air", "daily"),
    )
    assert (spec.max_active_runs, spec.run_timeout, [task.retries for task in spec.tasks]) == (
        2,
        7200.0,
        [3, 0],
    )


def test_options_of_a_task(made: Make) -> None:
    task = (
        made(
            "%%task a\nx = 1",
            "%%task b --after a --retries 2 --retry-delay '5 min' --timeout 90 --pool small --pool-slots 2 "
            "--priority 7 --trigger-rule all_done --cache '1 day' --connections db --variables one,two "
            "--group late\ny = 1",
        )
        .spec()
        .tasks[1]
    )
    assert (task.upstream, task.retries, task.retry_delay, task.timeout) == (("a",), 2, 300.0, 90.0)
    assert (task.pool, task.pool_slots, task.priority_weight, task.trigger_rule) == (
        "small",
        2,
        7,
        "all_done",
    )
    assert (task.cache, task.connections, task.variables) == (
        CacheSpec(expires=86400.0),
        ("db",),
        ("one", "two"),
    )
    assert (task.id, task.group) == ("b", "late")


def test_annotations_and_comments_of_params_are_rules_and_help(made: Make) -> None:
    spec = made("%%params\nn: int = 3  # how many\nname = 'x'", "%%task a\nprint(n, name)").spec()
    assert spec.params == {"n": 3, "name": "x"}
    assert spec.param_schemas == {"n": {"type": "integer", "description": "how many"}}


def test_a_task_is_mapped_over_what_another_one_gives_a_param_or_a_constant(made: Make) -> None:
    dag = made(
        "%%setup\nAIRPORTS = ['EWR', 'JFK']",
        "%%params\ndays = [1, 2]",
        "%%task extract\norigins = ['a']",
        "%%task delays --map origin=origins --map day=days --map airport=AIRPORTS\nmean = origin, day, airport",
    )
    task = dag.spec().tasks[1]
    assert task.expand is not None
    assert task.expand.over == {
        "origin": Output("extract"),
        "day": FromParam("days"),
        "airport": Items(["EWR", "JFK"]),
    }
    assert task.upstream == ("extract",)


def problems(dag: object) -> list[tuple[str, int | None, int | None, str | None]]:
    graph = dag.graph  # type: ignore[attr-defined]
    return [(flaw.code, flaw.cell, flaw.line, flaw.task) for flaw in graph.problems]


def test_what_is_wrong_with_options_is_told_at_the_cell(made: Make) -> None:
    dag = made(
        "%dag demo --schedule 'every parsec'",
        "%%task a --cache '1 parsec'\nx = 1",
        "%%task b --map each=nothing\ny = each",
    )
    assert problems(dag) == [
        ("invalid_input", 0, 1, None),
        ("bad_option", 1, 1, "a"),
        ("unknown_name", 2, 1, "b"),
    ]
    assert [task.task_id for task in dag.tasks] == ["a", "b"]  # drawn without what is wrong


def test_a_schedule_that_never_fires_is_told_at_the_cell(made: Make) -> None:
    assert problems(made("%dag demo --schedule '0 0 30 2 *'", "%%task a\nx = 1")) == [
        ("invalid_schedule", 0, 1, None)
    ]


@pytest.mark.parametrize("value", ["{1, 2}", "1e999", "b'a'", "{1: 2}"])
def test_a_param_that_no_run_can_be_given_is_told_at_its_line(made: Make, value: str) -> None:
    assert problems(made(f"%%params\nok = 1\nx = {value}", "%%task a\nprint(ok)")) == [
        ("invalid_parameter", 1, 3, None)
    ]


def test_a_default_that_its_own_annotation_refuses_is_told_at_its_line(made: Make) -> None:
    assert problems(made("%%params\nx: int = 'a'\ny: int = None", "%%task a\nprint(y)")) == [
        ("invalid_parameter", 1, 2, None)
    ]


def test_two_names_of_one_task_cannot_be_mapped_over(made: Make) -> None:
    dag = made(
        "%%task a\nxs = [1]\nys = [2]", "%%task b --map x=xs\nprint(x)", "%%task c --map y=ys\nprint(y)"
    )
    assert problems(dag) == [("two_mapped_over", 3, None, "c")]


def test_a_computed_constant_cannot_be_mapped_over(made: Make) -> None:
    dag = made("%%setup\nNUMBERS = list(range(3))", "%%task a --map n=NUMBERS\nprint(n)")
    assert problems(dag) == [("not_mappable", 2, None, "a")]


def test_a_dag_with_problems_is_drawn_and_refused(made: Make) -> None:
    dag = made("%%task a\nprint(x)", "%%task b --after c\nprint(1)")
    with pytest.raises(InvalidDag) as caught:
        dag.snapshot()
    assert str(caught.value) == (
        "'a' reads 'x', which nobody gives. Define it in a %%setup cell, in a task above, or in %%params.\n"
        "'b' waits for 'c', which is no task here. Known: a."
    )
    data = dag._repr_mimebundle_()[MIME]
    assert [task["id"] for task in data["tasks"]] == ["a", "b"]
    assert [problem["task"] for problem in data["problems"]] == ["a", "b"]


def test_graph_says_what_tasks_read_and_give(made: Make) -> None:
    dag = made("%%params\nn = 1", "%%task a\nx = n", "%%task b\nprint(x, ds)")
    assert [(node.id, node.reads, node.gives) for node in dag.graph.nodes] == [
        ("a", (("n", ""),), ("x",)),
        ("b", (("x", "a"), ("ds", "")), ()),
    ]


def test_no_cells_are_an_empty_dag_that_is_refused() -> None:
    dag = cell_dag([])
    assert (dag.dag_id, dag.tasks, [problem.code for problem in dag.problems]) == ("dag", (), ["no_dag"])
