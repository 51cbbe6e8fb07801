"""`@task`: what calls of decorated functions become, and what a worker makes of the same names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio import DAG, TaskGroup, function, task
from studio.authoring.decorators import TaskFunction
from studio.core.map_spec import ExpandSpec, Items, Output
from studio.core.spec import SensorSpec, TaskSpec
from studio.errors import StudioError
from studio.worker.user_code import load as load_in_worker

from . import steps
from .steps import arrived, choose, extract, is_open, load


def made(task_id: str, *upstream: str, name: str = "", args: dict[str, Any], **fields: Any) -> TaskSpec:
    """What a call of a function of `steps` becomes."""
    with DAG("other") as other:
        function(getattr(steps, name or task_id), task_id="x")
    config = {**other.spec().tasks[0].config, "args": args}
    return TaskSpec(id=task_id, kind="function", config=config, upstream=upstream, **fields)


def test_calls_make_tasks_with_arguments_by_name() -> None:
    with DAG("d") as dag:
        load(extract("{{ ds }}", table="weather"), mode="w")
    assert dag.spec().tasks == (
        made("extract", args={"day": "{{ ds }}", "table": "weather"}),
        made("store", "extract", name="load", args={"path": {"$output": "extract"}, "mode": "w"}, retries=2),
    )


def test_several_calls_have_numbers() -> None:
    with DAG("d") as dag:
        [extract(day) for day in "abc"]
        with TaskGroup("g"):
            extract("a")
            extract("b")
    assert [task.id for task in dag.spec().tasks] == [
        "extract",
        "extract__1",
        "extract__2",
        "g.extract",
        "g.extract__1",
    ]


def test_override_changes_a_copy() -> None:
    with DAG("d") as dag:
        extract.override(task_id="again", retries=3, pool="small")("a")
        extract("b")
    assert dag.spec().tasks == (
        made("again", name="extract", args={"day": "a"}, retries=3, pool="small"),
        made("extract", args={"day": "b"}),
    )


def test_partial_and_expand() -> None:
    with DAG("d") as dag:
        days = extract.override(task_id="days")("all")
        extract.partial(table="weather").expand(day=["a", "b"])
        load.expand(path=days)
        load.override(task_id="kwargs").partial(mode="w").expand_kwargs([{"path": "a"}])
    assert dag.spec().tasks[1:] == (
        made("extract", args={"table": "weather"}, expand=ExpandSpec(over={"day": Items(["a", "b"])})),
        made(
            "store", "days", name="load", args={}, retries=2, expand=ExpandSpec(over={"path": Output("days")})
        ),
        made(
            "kwargs",
            name="load",
            args={"mode": "w"},
            retries=2,
            expand=ExpandSpec(by="kwargs", over={"": Items([{"path": "a"}])}),
        ),
    )


def test_a_constant_can_be_replaced_in_a_call() -> None:
    with DAG("d") as dag:
        extract.partial(table="weather", day="a")(day="b")
    assert dag.spec().tasks == (made("extract", args={"table": "weather", "day": "b"}),)


def test_branches_short_circuits_and_sensors() -> None:
    with DAG("d") as dag:
        choose(1) >> is_open() >> arrived("{{ ds }}")
    looks = SensorSpec(mode="reschedule", poke_interval=300.0, timeout=3600.0)
    assert dag.spec().tasks == (
        made("choose", args={"n": 1}, interpret="branch"),
        made("is_open", "choose", args={}, interpret="short_circuit", skip_all=False),
        made("arrived", "is_open", args={"path": "{{ ds }}"}, interpret="sensor", sensor=looks),
    )


def test_decorated_functions_can_be_given_to_operators() -> None:
    with DAG("d") as dag:
        function(extract, args={"day": "a"}, task_id="again")
    assert dag.spec().tasks == (made("again", name="extract", args={"day": "a"}),)


def test_a_worker_calls_the_function_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "decorated_steps.py").write_text(
        "from studio import task\n\n@task(retries=1)\ndef add(a, b=1):\n    return a + b\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    add = load_in_worker("decorated_steps:add", [str(tmp_path)])
    assert add(1, b=2) == 3
    assert extract.function("a", table="t") == "t/a"


def test_a_decorated_function_keeps_its_name_and_doc() -> None:
    assert isinstance(load, TaskFunction)
    assert (load.__name__, load.__doc__) == ("load", "Keeps what is at `path`.")  # type: ignore[attr-defined]
    assert repr(load) == "<task function load>"


# --- mistakes -------------------------------------------------------------------------------------------------------


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: extract(), "extract(...): missing a required argument: 'day'."),
    (lambda: extract("a", dya="b"), "extract(...): got an unexpected keyword argument 'dya'."),
    (lambda: extract.expand(dya=["a"]), "extract(...): missing a required argument: 'day'."),
    (lambda: extract.expand(day=5),
     "day is 5; tasks are mapped over a list, a dict, or what a task returns (`task.output`)."),
    (lambda: extract.partial(day="a").expand(day=["b"]),
     f"The argument 'day' of {steps.__name__}:extract is given, and mapped over."),
    (lambda: extract({"a"}),
     "argument 'day' is {'a'} of type builtins.set, not a JSON value. Use text, numbers, True, False, None, "
     "lists and dicts: `str(day)`, `int(n)`, `frame.to_dict('list')`."),
    (lambda: steps.positional(1),
     "The argument 'first' of positional has no name that a worker could use. "
     "Tasks call functions with keyword arguments only."),
    (lambda: extract.override(retris=1)("a"), "function(...) takes no 'retris'. Did you mean 'retries'?"),
    (lambda: task(steps.double, retris=1)(1),  # type: ignore[call-overload]
     "function(...) takes no 'retris'. Did you mean 'retries'?"),
    (lambda: task("extract"),  # type: ignore[call-overload]
     "@task stands before a function, not 'extract'. Keywords are given by name: @task(task_id='extract')."),
    (lambda: task.sensor(mod="poke")(steps.double)(1), "sensor(...) takes no 'mod'. Did you mean 'mode'?"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "told"), MISTAKES)
def test_mistakes_are_told(wrong: Callable[[], Any], told: str) -> None:
    with DAG("d"), pytest.raises(StudioError) as caught:
        wrong()
    assert str(caught.value) == told


def test_a_call_outside_of_a_dag_is_told() -> None:
    with pytest.raises(StudioError) as caught:
        extract("a")
    assert str(caught.value) == (
        "function(...) belongs to a DAG, and none is open. "
        "Write it into a `with DAG('name') as dag:` block, or give it: function(..., dag=dag)."
    )
