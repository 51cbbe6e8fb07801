"""Setups and teardowns: by method, by context manager, in groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio import DAG, TaskGroup
from studio.errors import StudioError

from .steps import plain, spec_of

RULE = "all_done_setup_success"


def test_as_setup_and_as_teardown() -> None:
    with DAG("d") as dag:
        make, work, remove = plain("make"), plain("work"), plain("remove")
        make >> work >> remove.as_teardown(setups=make)
    assert dag.spec().tasks == (
        spec_of("make", role="setup"),
        spec_of("work", "make"),
        spec_of("remove", "make", "work", role="teardown", trigger_rule=RULE, setups=("make",)),
    )


def test_a_setup_that_is_upstream_is_what_a_teardown_takes_down() -> None:
    with DAG("d") as dag:
        make = plain("make").as_setup()
        make >> plain("work") >> plain("remove").as_teardown(fail_run=True)
        make >> dag["remove"]
    assert dag.spec().tasks[2] == spec_of(
        "remove", "work", "make", role="teardown", trigger_rule=RULE, setups=("make",), fail_run=True
    )


def test_several_setups() -> None:
    with DAG("d") as dag:
        a, b = plain("a"), plain("b")
        plain("remove").as_teardown([a, b])
    assert [task.role for task in dag.spec().tasks] == ["setup", "setup", "teardown"]
    assert dag.spec().tasks[2].setups == ("a", "b")


def test_a_rule_of_its_own_is_kept() -> None:
    with DAG("d", default_args={"trigger_rule": "none_failed"}) as dag:
        make = plain("make", trigger_rule="all_success")
        plain("a", trigger_rule="always").as_teardown(make)
        plain("b").as_teardown(make)
    assert [task.trigger_rule for task in dag.spec().tasks] == ["all_success", "always", RULE]


def test_with_a_teardown_what_is_in_the_block_lies_between() -> None:
    with DAG("d") as dag:
        make, remove = plain("make"), plain("remove")
        with remove.as_teardown(setups=make):
            plain("a") >> plain("b")
            plain("c")
        plain("after")
    assert dag.spec().tasks == (
        spec_of("make", role="setup"),
        spec_of("remove", "make", "b", "c", role="teardown", trigger_rule=RULE, setups=("make",)),
        spec_of("a", "make"),
        spec_of("b", "a"),
        spec_of("c", "make"),
        spec_of("after"),
    )


def test_with_setup_and_teardown_by_arrow() -> None:
    with DAG("d") as dag, plain("make").as_setup() >> plain("remove").as_teardown():
        plain("work")
    assert {task.id: task.upstream for task in dag.spec().tasks} == {
        "make": (),
        "remove": ("make", "work"),
        "work": ("make",),
    }
    assert dag.spec().tasks[1].setups == ("make",)


def test_with_a_setup_only() -> None:
    with DAG("d") as dag, plain("make").as_setup():
        plain("work")
    assert dag.spec().tasks == (spec_of("make", role="setup"), spec_of("work", "make"))


def test_a_setup_goes_to_its_teardowns_however_they_are_joined() -> None:
    with DAG("d") as dag:
        make, remove = plain("make"), plain("remove")
        make >> remove
        remove.as_teardown()
        make.as_setup()
        with make:
            plain("work")
    assert dag.spec().tasks[1] == spec_of(
        "remove", "make", "work", role="teardown", trigger_rule=RULE, setups=("make",)
    )


def test_inner_blocks_are_taken_down_before_outer_ones() -> None:
    with DAG("d") as dag, plain("outer_down").as_teardown(setups=plain("outer_up")):
        plain("a")
        with plain("inner_down").as_teardown(setups=plain("inner_up")):
            plain("b")
    assert {task.id: task.upstream for task in dag.spec().tasks} == {
        "outer_down": ("outer_up", "a", "inner_down"),
        "outer_up": (),
        "a": ("outer_up",),
        "inner_down": ("inner_up", "b"),
        "inner_up": ("outer_up",),
        "b": ("inner_up",),
    }


def test_inner_teardowns_may_be_defined_before_the_outer_block() -> None:
    with DAG("d") as dag:
        inner, outer = plain("inner_down"), plain("outer_down")
        with outer.as_teardown(setups=plain("outer_up")), inner.as_teardown(setups=plain("inner_up")):
            plain("b")
    assert dag["outer_down"].upstream == ("outer_up", "inner_down")


def test_what_comes_after_a_group_does_not_wait_for_its_teardown() -> None:
    with DAG("d") as dag:
        with TaskGroup("g") as g:
            make, work, remove = plain("make"), plain("work"), plain("remove")
            make >> work >> remove.as_teardown(setups=make)
        g >> plain("after")
    assert dag.spec().tasks[3] == spec_of("after", "g.work")


def test_a_block_that_fails_joins_nothing() -> None:
    with DAG("d") as dag:
        remove = plain("remove").as_teardown(setups=plain("make"))
        with pytest.raises(ZeroDivisionError), remove:
            plain("a")
            raise ZeroDivisionError
    assert dag.spec().tasks[2] == spec_of("a")


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: plain("a").__enter__(),
     "`with a:` is for setups and teardowns. Call .as_setup() or .as_teardown() first."),
    (lambda: plain("a").as_teardown(setups="make"),  # type: ignore[arg-type]
     "setups holds 'make', which is no task. Give the task itself: dag['make']."),
    (lambda: plain("a").as_teardown(setups=5),  # type: ignore[arg-type]
     "setups is 5; it must be a list."),
    (lambda: plain("a").as_teardown(fail_run="no"),  # type: ignore[arg-type]
     "fail_run is 'no'; it must be True or False."),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "told"), MISTAKES)
def test_mistakes_are_told(wrong: Callable[[], Any], told: str) -> None:
    with DAG("d"), pytest.raises(StudioError) as caught:
        wrong()
    assert str(caught.value) == told
