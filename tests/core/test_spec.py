from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import msgspec
import pytest

import studio
from studio.core.graph import find_cycle, graph_of
from studio.core.names import check_name, check_run_id
from studio.core.retry import retry_delay
from studio.core.spec import CronSpec, DagSpec, TaskSpec, decode, encode, version_of
from studio.core.validation import validate
from studio.errors import InvalidDag, InvalidName, InvalidSchedule, StudioError
from studio.worker.notebook_imports import load_notebooks
from tests.core.driver import dag, task


def test_spec_round_trips_through_json() -> None:
    spec = dag(
        task("a", config={"parameters": {"ö": [1, None, "🚀"]}}), task("b", "a"), schedule=CronSpec("@daily")
    )
    assert decode(encode(spec)) == spec


def test_unknown_field_of_a_spec_is_refused_with_its_path() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"retires.*\$\.tasks\[0\]"):
        decode(b'{"id": "d", "tasks": [{"id": "a", "kind": "function", "retires": 3}]}')


def test_version_ignores_documentation_and_the_order_of_tasks() -> None:
    first = dag(task("a"), task("b", "a"))
    second = dag(task("b", "a", doc="why"), task("a"), description="other", tags=("x",), origin="cell")
    assert version_of(first) == version_of(second)


@pytest.mark.parametrize(
    "change", [{"retries": 1}, {"config": {"x": 1}}, {"upstream": ()}, {"kind": "notebook"}]
)
def test_version_covers_what_changes_behaviour(change: dict[str, object]) -> None:
    base = task("b", "a")
    changed = msgspec.structs.replace(base, **change)
    assert version_of(dag(task("a"), base)) != version_of(dag(task("a"), changed))


def test_graph_knows_leaves_ancestors_and_descendants() -> None:
    graph = graph_of(dag(task("d", "b", "c"), task("b", "a"), task("c", "a"), task("a"), task("x")))
    assert graph.order.index("a") < graph.order.index("b") < graph.order.index("d")
    assert set(graph.leaves) == {"d", "x"}
    assert graph.descendants(["a"]) == {"b", "c", "d"}
    assert graph.ancestors(["d"]) == {"a", "b", "c"}


def test_cycle_is_shown_as_a_path_in_running_order() -> None:
    assert find_cycle({"a": ["c"], "b": ["a"], "c": ["b"], "x": []}) == ["a", "b", "c", "a"]
    assert find_cycle({"a": [], "b": ["a"], "c": ["a", "b"]}) is None
    long = {f"t{i}": [f"t{i - 1}"] for i in range(1, 5000)} | {"t0": ["t4999"]}
    found = find_cycle(long)
    assert found is not None and len(found) == 5001


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (dag(), "has no tasks"),
        (dag(task("a"), task("a")), "Two tasks of 'd' have the id 'a'"),
        (dag(task("a", "a")), "waits for itself"),
        (
            dag(task("extract"), task("b", "extrct")),
            "'extrct', which is no task of 'd'. Did you mean 'extract'",
        ),
        (dag(task("a", "c"), task("b", "a"), task("c", "b")), "has a cycle: a → b → c → a"),
        (dag(task("a", trigger_rule="all_sucess")), "Did you mean 'all_success'"),
        (dag(task("a", retries=-1)), "retries is -1"),
        (dag(task("a", retry_delay=float("nan"))), "retry_delay is nan"),
        (dag(task("a", timeout=0.0)), "must be more than 0 seconds"),
        (dag(task("a"), max_active_runs=0), "max_active_runs is 0"),
        (dag(task("a"), format=2), "format 2; this version reads format 1"),
    ],
)
def test_validate_refuses_and_says_why(spec: DagSpec, message: str) -> None:
    with pytest.raises(InvalidDag, match=message):
        validate(spec)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timezone": "Mars/Base"}, "no time zone 'Mars/Base'"),
        ({"schedule": CronSpec("0 0 31 2 *")}, "never fires"),
        ({"start_date": "2013-02-30"}, "start_date is '2013-02-30', which is no date"),
        ({"start_date": "2013-02-03", "end_date": "2013-02-01"}, "before start_date"),
    ],
)
def test_validate_refuses_schedules_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSchedule, match=message):
        validate(dag(task("a"), **options))


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../../x",
        "a/b",
        "a b",
        "é",
        "a\n",
        "\u202eabc",
        "x" * 201,
        "-x",
        "health",
        "None",
        "a:b",
        "a.",
        7,
    ],
)
def test_names_that_are_refused(name: object) -> None:
    with pytest.raises(InvalidName):
        check_name(name, "DAG")


def test_refused_name_names_the_code_point() -> None:
    with pytest.raises(InvalidName, match=r"U\+202E"):
        check_name("a\u202eb", "DAG")


def test_names_that_are_fine() -> None:
    assert [check_name(name, "task") for name in ("a", "_x", "daily_report.v2", "7-up")]
    assert check_run_id("scheduled__2013-01-01T00:00:00+00:00")
    with pytest.raises(InvalidName):
        check_run_id("a/b")


def test_retry_delay_is_constant_or_grows_with_deterministic_spread() -> None:
    constant = TaskSpec(id="a", kind="function", retry_delay=60.0)
    assert [retry_delay(constant, "d#a#r", n) for n in (1, 2, 3)] == [60.0, 60.0, 60.0]
    growing = TaskSpec(id="a", kind="function", retry_delay=10.0, retry_backoff=2.0, max_retry_delay=100.0)
    delays = [retry_delay(growing, "d#a#r", n) for n in (1, 2, 3, 9, 500)]
    assert 10 <= delays[0] < 20 <= delays[1] < 40 <= delays[2] < 80
    assert delays[3:] == [100.0, 100.0]
    assert delays == [retry_delay(growing, "d#a#r", n) for n in (1, 2, 3, 9, 500)]


def test_every_error_has_a_code_and_a_default_message() -> None:
    def family(kind: type[StudioError]) -> list[type[StudioError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in family(child))]

    load_notebooks()  # papermill imports one of these modules by itself
    for module in walk_packages(studio.__path__, "studio."):
        if not module.name.startswith("studio.store.migrations.") and not module.name.endswith("__main__"):
            import_module(module.name)
    kinds = family(StudioError)
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(kind().message for kind in kinds)
