"""What tasks are mapped over, and which arguments they are given besides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio import DAG, notebook
from studio.core.map_spec import Concatenated, ExpandSpec, Items, Output, Transformed, Zipped
from studio.core.spec import TaskSpec
from studio.errors import StudioError

from . import steps
from .steps import HERE, plain, spec_of

STEPS = f"{steps.__name__}:double"


def expanded(over: Callable[[Any], Any], *upstream: str) -> tuple[TaskSpec, ExpandSpec | None]:
    """(`t` without its mapping, its mapping) of a DAG in which `t` is mapped over what `over` makes of a task `a`."""
    with DAG("d") as dag:
        made = over(plain("a"))
        plain("t").expand(x=made)
    task = dag.spec().tasks[1]
    return task, task.expand


@pytest.mark.parametrize(
    ("over", "source", "upstream"),
    [
        (lambda a: [1, "b", None], Items([1, "b", None]), ()),
        (lambda a: (1, 2), Items([1, 2]), ()),
        (lambda a: range(3), Items([0, 1, 2]), ()),
        (lambda a: {"k": 1}, Items({"k": 1}), ()),
        (lambda a: a, Output("a"), ("a",)),
        (lambda a: a.output, Output("a"), ("a",)),
        (lambda a: a.output.zip([1, 2]), Zipped((Output("a"), Items([1, 2]))), ("a",)),
        (lambda a: a.output.zip(a, longest=True), Zipped((Output("a"), Output("a")), True), ("a",)),
        (lambda a: a.output.zip([1], fill="-"), Zipped((Output("a"), Items([1])), True, "-"), ("a",)),
        (lambda a: a.output.concat([1], [2]), Concatenated((Output("a"), Items([1]), Items([2]))), ("a",)),
        (lambda a: a.output.map("m:f"), Transformed(Output("a"), "m:f", (HERE,)), ("a",)),
        (
            lambda a: a.output.map("m:f").map("m:g").zip([1]),
            Zipped((Transformed(Transformed(Output("a"), "m:f", (HERE,)), "m:g", (HERE,)), Items([1]))),
            ("a",),
        ),
    ],
)
def test_expand_over(over: Callable[[Any], Any], source: Any, upstream: tuple[str, ...]) -> None:
    task, expand = expanded(over)
    assert expand == ExpandSpec(over={"x": source})
    assert task == spec_of("t", *upstream, expand=expand)


def test_functions_of_modules_transform_items() -> None:
    _, expand = expanded(lambda a: a.output.map(steps.double))
    assert expand is not None
    [source] = expand.over.values()
    assert isinstance(source, Transformed)
    assert source.function == STEPS


def test_the_order_of_arguments_is_kept() -> None:
    with DAG("d") as dag:
        plain("t", args={"y": 1}).expand(z=[1], a=[2])
    expand = ExpandSpec(over={"z": Items([1]), "a": Items([2])})
    [task] = dag.spec().tasks
    assert task == spec_of("t", args={"y": 1}, expand=expand)
    assert task.expand is not None
    assert list(task.expand.over) == ["z", "a"]


def test_expand_kwargs_over_a_list_and_an_output() -> None:
    with DAG("d") as dag:
        a = plain("a")
        plain("b").expand_kwargs([{"x": 1}, {"x": 2, "y": 3}])
        plain("c").expand_kwargs(a.output)
        plain("e").expand_kwargs(a.output.concat([{"x": 1}]))
    assert dag.spec().tasks[1:] == (
        spec_of("b", expand=ExpandSpec(by="kwargs", over={"": Items([{"x": 1}, {"x": 2, "y": 3}])})),
        spec_of("c", "a", expand=ExpandSpec(by="kwargs", over={"": Output("a")})),
        spec_of(
            "e",
            "a",
            expand=ExpandSpec(by="kwargs", over={"": Concatenated((Output("a"), Items([{"x": 1}])))}),
        ),
    )


def test_what_a_mapped_task_returns_is_a_list_for_others() -> None:
    with DAG("d") as dag:
        a = plain("a").expand(x=[1, 2])
        plain("total", args={"values": a})
        plain("each").expand(x=a)
    assert dag.spec().tasks[1:] == (
        spec_of("total", "a", args={"values": {"$output": "a"}}),
        spec_of("each", "a", expand=ExpandSpec(over={"x": Output("a")})),
    )


def test_notebooks_are_mapped_over_their_parameters(work: Path) -> None:
    with DAG("d") as dag:
        notebook(work / "extract.ipynb", map_index_template="{{ mapped.day }}").expand(day=["a", "b"])
    [task] = dag.spec().tasks
    assert task.expand == ExpandSpec(over={"day": Items(["a", "b"])})
    assert task.config["parameters"] == {}
    assert task.map_index_template == "{{ mapped.day }}"


# --- mistakes -------------------------------------------------------------------------------------------------------

MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: plain("t").expand(), "t.expand() needs something to map over. Write .expand(x=[1, 2])."),
    (lambda: plain("t").expand(x=5),
     "x is 5; tasks are mapped over a list, a dict, or what a task returns (`task.output`)."),
    (lambda: plain("t").expand(x="ab"),
     "x is 'ab'; tasks are mapped over a list, a dict, or what a task returns (`task.output`)."),
    (lambda: plain("t").expand_kwargs(None),
     "expand_kwargs is None; tasks are mapped over a list, a dict, or what a task returns (`task.output`)."),
    (lambda: plain("t").expand(x=plain("a").output["key"]),
     "x: a.output['key'] is a part of a value; tasks are mapped over whole values. "
     "Let a task return just that part."),
    (lambda: plain("a").output["k"]["l"],
     "a.output['k']['l']: only one key can be asked for. Take the rest apart in the task itself."),
    (lambda: plain("t").expand(x=[1]).expand(y=[1]), "The task 't' is expanded twice."),
    (lambda: plain("t", args={"x": 1}).expand(x=[1]),
     "The argument 'x' of steps:t is given, and mapped over."),
    (lambda: plain("t").expand(**{"a b": [1]}),
     "'a b' cannot be a parameter of the function steps:t: a parameter's name is an identifier. "
     "Use letters, digits and `_`, not starting with a digit, and no Python keyword."),
    (lambda: plain("t").expand(x=[{1}]),
     "x[0] is {1} of type builtins.set, not a JSON value. Use text, numbers, True, False, None, lists and dicts: "
     "`str(day)`, `int(n)`, `frame.to_dict('list')`."),
    (lambda: plain("t", args={"x": plain("a").output.zip([1])}),
     "argument 'x' is a mapped value; it can only be expanded over. Use .expand(...)."),
    (lambda: plain("a").output.map(lambda n: n),
     "<lambda>.<locals>.<lambda> is not at the top level of its module, so a worker cannot import it. "
     "Define it at the top level, with `def`."),
    (lambda: plain("a").output.map("double"),
     "A function is named by module and name, not 'double'. Write it like 'package.module:function'."),
    (lambda: plain("a").output.zip(5),
     "zip is 5; tasks are mapped over a list, a dict, or what a task returns (`task.output`)."),
    (lambda: plain("a").output.zip([1], longest=1),  # type: ignore[arg-type]
     "longest is 1; it must be True or False."),
    (lambda: plain("a").output.zip([1], fill={1}),
     "fill is {1} of type builtins.set, not a JSON value. Use text, numbers, True, False, None, lists and dicts: "
     "`str(day)`, `int(n)`, `frame.to_dict('list')`."),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "told"), MISTAKES)
def test_mistakes_are_told_where_they_are_made(wrong: Callable[[], Any], told: str) -> None:
    with DAG("d"), pytest.raises(StudioError) as caught:
        wrong()
    assert str(caught.value) == told


def test_what_a_task_returns_cannot_be_looped_over() -> None:
    with DAG("d"):
        a = plain("a")
    with pytest.raises(TypeError) as caught:
        list(a.output)
    assert str(caught.value) == (
        "a.output is known when the task has run; it cannot be looped over here. Map over it: .expand(x=a.output)."
    )


def test_values_of_another_dag_are_refused() -> None:
    with DAG("d"):
        a = plain("a")
    with DAG("other"), pytest.raises(StudioError) as caught:
        plain("t").expand(x=a)
    assert str(caught.value) == (
        "The task 't' of 'other' cannot wait for 'a', which belongs to the DAG 'd'. "
        "Was a cell with one of them run again? Then run the cell that defines the DAG again."
    )


def test_notebooks_are_not_mapped_over_what_they_do_not_take(work: Path) -> None:
    with DAG("d"), pytest.raises(StudioError) as caught:
        notebook(work / "extract.ipynb").expand(dya=["a", "b"])
    assert str(caught.value) == "extract.ipynb has no parameter 'dya'. Did you mean 'day'?"


def test_arguments_of_an_expansion_can_be_dicts_only() -> None:
    with DAG("d") as dag:
        plain("t").expand_kwargs([{"x": 1}, 2])
    with pytest.raises(StudioError) as caught:
        dag.spec()
    assert str(caught.value) == (
        "The task 't': item 1 of expand_kwargs is 2; it must be a dict of arguments. "
        "Write .expand_kwargs([{'x': 1}, {'x': 2}])."
    )


def test_a_task_cannot_use_what_it_returns_itself() -> None:
    with DAG("d") as dag:
        a = plain("a")
        b = plain("b", after=a)
        a >> b >> a
    with pytest.raises(StudioError, match="a → b → a"):
        dag.spec()
