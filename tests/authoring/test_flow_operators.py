"""What waits for what, and the tasks that decide, wait or ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from studio import (
    DAG,
    Param,
    TaskGroup,
    approval,
    branch,
    chain,
    cross_downstream,
    empty,
    latest_only,
    sensor,
    short_circuit,
    wait,
)
from studio.core.spec import SensorSpec, TaskSpec
from studio.errors import InvalidInput, StudioError

from .steps import HERE, plain, spec_of


def edges(dag: DAG) -> dict[str, tuple[str, ...]]:
    return {task.id: task.upstream for task in dag.spec().tasks}


# --- arrows ------------------------------------------------------------------------------------------------------


def test_arrows_between_tasks_lists_and_groups() -> None:
    with DAG("d") as dag:
        a, b, c, z = (plain(name) for name in "abcz")
        with TaskGroup("g") as g:
            plain("x") >> plain("y")
            plain("w")
        [a, b] >> g >> c
        z << [c, g]
    assert edges(dag) == {
        "a": (),
        "b": (),
        "c": ("g.y", "g.w"),
        "z": ("c", "g.y", "g.w"),
        "g.x": ("a", "b"),
        "g.y": ("g.x",),
        "g.w": ("a", "b"),
    }


def test_arrows_give_back_their_right_side() -> None:
    with DAG("d") as dag:
        a, b, c, e = (plain(name) for name in "abce")
        a >> [b, c] >> e
        assert (a >> e) is e
        assert (e << a) is a
    assert edges(dag) == {"a": (), "b": ("a",), "c": ("a",), "e": ("b", "c", "a")}


def test_an_arrow_that_is_drawn_twice_is_one() -> None:
    with DAG("d") as dag:
        a, b = plain("a"), plain("b")
        a >> b
        a >> b
    assert edges(dag) == {"a": (), "b": ("a",)}


def test_outputs_stand_for_their_tasks_between_arrows() -> None:
    with DAG("d") as dag:
        a, b, c = (plain(name) for name in "abc")
        a >> [b.output] >> c
    assert edges(dag) == {"a": (), "b": ("a",), "c": ("b",)}


def test_chain_joins_lists_of_one_length_side_by_side() -> None:
    with DAG("d") as dag:
        a, b, c, e, f, g = (plain(name) for name in "abcefg")
        chain(a, [b, c], [e, f], g)
    assert edges(dag) == {"a": (), "b": ("a",), "c": ("a",), "e": ("b",), "f": ("c",), "g": ("e", "f")}


def test_chain_takes_groups() -> None:
    with DAG("d") as dag:
        a, c = plain("a"), plain("c")
        with TaskGroup("g") as g:
            plain("x")
        chain(a, g, c)
    assert edges(dag) == {"a": (), "c": ("g.x",), "g.x": ("a",)}


def test_cross_downstream_joins_each_with_each() -> None:
    with DAG("d") as dag:
        a, b, c, e = (plain(name) for name in "abce")
        cross_downstream([a, b], [c, e])
    assert edges(dag) == {"a": (), "b": (), "c": ("a", "b"), "e": ("a", "b")}


def test_arguments_that_are_other_tasks_make_edges() -> None:
    with DAG("d") as dag:
        a, b = plain("a"), plain("b")
        plain("c", args={"one": a, "deep": {"list": [1, b.output["key"]]}}, after=b)
    args = {"one": {"$output": "a"}, "deep": {"list": [1, {"$output": "b", "key": "key"}]}}
    assert dag.spec().tasks == (spec_of("a"), spec_of("b"), spec_of("c", "a", "b", args=args))


# --- tasks that decide ----------------------------------------------------------------------------------------------


def test_branch() -> None:
    with DAG("d") as dag:
        branch("steps:choose", args={"n": 1}, trigger_rule="none_failed") >> [plain("left"), plain("right")]
    assert dag.spec().tasks == (
        spec_of("choose", args={"n": 1}, interpret="branch", trigger_rule="none_failed"),
        spec_of("left", "choose"),
        spec_of("right", "choose"),
    )


def test_short_circuit() -> None:
    with DAG("d") as dag:
        short_circuit("steps:is_open") >> plain("a")
        short_circuit("steps:is_open", skip_all=False, task_id="b")
    assert dag.spec().tasks == (
        spec_of("is_open", interpret="short_circuit"),
        spec_of("a", "is_open"),
        spec_of("b", function="is_open", interpret="short_circuit", skip_all=False),
    )


def test_sensor() -> None:
    with DAG("d") as dag:
        sensor("steps:arrived")
        sensor(
            "steps:arrived",
            task_id="again",
            args={"path": "{{ ds }}.csv"},
            mode="reschedule",
            poke_interval="5 min",
            timeout=timedelta(hours=2),
            soft_fail=True,
            backoff=True,
            max_wait="1 h",
            try_timeout=30,
            retries=1,
        )
    looks = SensorSpec(
        mode="reschedule", poke_interval=300.0, timeout=7200.0, soft_fail=True, backoff=True, max_wait=3600.0
    )
    assert dag.spec().tasks == (
        spec_of("arrived", interpret="sensor", sensor=SensorSpec()),
        spec_of(
            "again",
            function="arrived",
            args={"path": "{{ ds }}.csv"},
            interpret="sensor",
            sensor=looks,
            timeout=30.0,
            retries=1,
        ),
    )


def test_timeouts_of_default_args_are_for_tasks_that_try_something() -> None:
    with DAG("d", default_args={"timeout": "1 min"}) as dag:
        plain("a")
        empty("join")
        wait("10 min")
    assert [task.timeout for task in dag.spec().tasks] == [60.0, None, None]


# --- tasks that the scheduler does itself ---------------------------------------------------------------------------


def test_empty_and_latest_only() -> None:
    with DAG("d") as dag:
        latest_only() >> empty("join", trigger_rule="all_done", retries=1) >> empty()
        latest_only("newest")
    assert dag.spec().tasks == (
        TaskSpec(id="latest_only", kind="latest_only"),
        TaskSpec(id="join", kind="empty", upstream=("latest_only",), trigger_rule="all_done", retries=1),
        TaskSpec(id="empty", kind="empty", upstream=("join",)),
        TaskSpec(id="newest", kind="latest_only"),
    )


def test_approval_by_default() -> None:
    with DAG("d") as dag:
        approval("Ship it?")
    config = {"subject": "Ship it?", "options": ["Approve", "Reject"]}
    assert dag.spec().tasks == (TaskSpec(id="approval", kind="approval", config=config),)


def test_approval_with_everything() -> None:
    with DAG("d") as dag:
        approval(
            "Which?",
            task_id="ask",
            options=["left", "right"],
            body="Look at the *report*.",
            default="left",
            multiple=True,
            timeout="1 day",
            chooses_branch=True,
            inputs={"n": Param(1, minimum=0), "why": ""},
        ) >> [plain("left"), plain("right")]
    config = {
        "subject": "Which?",
        "options": ["left", "right"],
        "body": "Look at the *report*.",
        "default": ["left"],
        "multiple": True,
        "timeout": 86400.0,
        "params": {"n": 1, "why": ""},
        "param_schemas": {"n": {"minimum": 0}},
    }
    assert dag.spec().tasks[0] == TaskSpec(id="ask", kind="approval", config=config, interpret="branch")


def test_approval_that_fails_on_reject() -> None:
    with DAG("d") as dag:
        approval("Ship it?", on_reject="fail")
    config = {"subject": "Ship it?", "options": ["Approve", "Reject"], "on_reject": "fail"}
    assert dag.spec().tasks[0].config == config


@pytest.mark.parametrize(
    ("made", "config"),
    [
        (lambda: wait("1 h 30 min"), {"seconds": 5400.0}),
        (lambda: wait(0), {"seconds": 0.0}),
        (lambda: wait(timedelta(days=1)), {"seconds": 86400.0}),
        (lambda: wait(at="2026-12-01T06:00"), {"at": "2026-12-01T06:00"}),
        (lambda: wait(at=date(2026, 12, 1)), {"at": "2026-12-01"}),
        (lambda: wait(time="14:30"), {"time": "14:30"}),
        (lambda: wait(until="logical_date"), {"seconds": 0.0, "reference": "logical_date"}),
        (
            lambda: wait("10 min", until="data_interval_end"),
            {"seconds": 600.0, "reference": "data_interval_end"},
        ),
    ],
)
def test_waits(made: Callable[[], object], config: dict[str, Any]) -> None:
    with DAG("d") as dag:
        made()
    assert dag.spec().tasks == (TaskSpec(id="wait", kind="wait", config=config),)


# --- mistakes -------------------------------------------------------------------------------------------------------

MISTAKES: list[tuple[Callable[[], object], str]] = [
    (
        lambda: plain("a") >> 5,
        "`>>` and `<<` stand between tasks and lists of tasks; 5 is int.",
    ),
    (
        lambda: plain("a") >> "b",
        "`>>` and `<<` stand between tasks and lists of tasks; 'b' is str.",
    ),
    (
        lambda: chain([plain("a"), plain("b")], [plain("c")]),
        "chain(...): a list of 2 stands before one of 1; they must match. "
        "Use cross_downstream(a, b) to join each with each.",
    ),
    (
        lambda: chain(plain("a"), None),
        "`>>` and `<<` stand between tasks and lists of tasks; None is NoneType.",
    ),
    (
        lambda: cross_downstream(plain("a"), ["b"]),
        "`>>` and `<<` stand between tasks and lists of tasks; 'b' is str.",
    ),
    (
        lambda: sensor("steps:arrived", mode="pok"),  # type: ignore[arg-type]
        "mode is 'pok'; it must be 'poke' or 'reschedule'. Did you mean 'poke'?",
    ),
    (
        lambda: sensor("steps:arrived", soft_fail="no"),  # type: ignore[arg-type]
        "soft_fail is 'no'; it must be True or False.",
    ),
    (
        lambda: sensor("steps:arrived", poke_intervall=5),  # type: ignore[call-arg]
        "sensor(...) takes no 'poke_intervall'. Did you mean 'poke_interval'?",
    ),
    (
        lambda: short_circuit("steps:is_open", skip_all="next"),  # type: ignore[arg-type]
        "skip_all is 'next'; it must be True or False.",
    ),
    (
        lambda: branch("steps.choose"),
        "A function is named by module and name, not 'steps.choose'. Write it like 'package.module:function'.",
    ),
    (
        lambda: empty(timeout=5),  # type: ignore[call-arg]
        "empty(...) takes no 'timeout'. Did you mean 'queue_timeout'?",
    ),
    (
        lambda: approval("Go?", default="Yes"),
        "The default 'Yes' is none of the options. Known: Approve, Reject.",
    ),
    (lambda: approval(5), "subject is 5; it must be text."),  # type: ignore[arg-type]
    (lambda: approval("Go?", options=5), "options is 5; it must be a list."),  # type: ignore[arg-type]
    (
        lambda: approval("Go?", multiple=1),  # type: ignore[arg-type]
        "multiple is 1; it must be True or False.",
    ),
    (
        lambda: approval("Go?", inputs={"a b": 1}),
        "'a b' cannot be a parameter of the approval 'Go?': a parameter's name is an identifier. "
        "Use letters, digits and `_`, not starting with a digit, and no Python keyword.",
    ),
    (
        lambda: wait(),
        "wait(...) takes one of: a duration, at=, time=, until=. "
        "For example wait('10 min'), or wait(until='data_interval_end').",
    ),
    (
        lambda: wait("10 min", time="14:30"),
        "wait(...) takes one of: a duration, at=, time=, until=. "
        "For example wait('10 min'), or wait(until='data_interval_end').",
    ),
    (
        lambda: wait("soon"),
        "duration is 'soon', which is no duration. "
        "Give seconds (300), a timedelta, or text such as '90 s', '5 min', '1 h 30 min', '2 days'.",
    ),
    (
        lambda: wait(at=5),  # type: ignore[arg-type]
        "at is 5, which is no date. Give text such as '2013-01-31', a date or a datetime.",
    ),
    (lambda: wait(time=1430), "time is 1430; it must be text."),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("wrong", "told"), MISTAKES)
def test_mistakes_are_told_where_they_are_made(wrong: Callable[[], object], told: str) -> None:
    with DAG("d"), pytest.raises(StudioError) as caught:
        wrong()
    assert str(caught.value) == told


LATE_MISTAKES: list[tuple[Callable[[], object], str]] = [
    (
        lambda: wait(until="now"),  # type: ignore[arg-type]
        "The task 'wait': reference is 'now'; it must be 'logical_date' or 'data_interval_end'.",
    ),
    (
        lambda: wait(time="25:00"),
        "The task 'wait': time is '25:00'; it must be a time of day. For example '14:30'.",
    ),
    (
        lambda: approval("Go?", on_reject="stop"),  # type: ignore[arg-type]
        "The task 'approval': on_reject is 'stop'; it must be 'skip' or 'fail'.",
    ),
    (
        lambda: approval("Go?", options=["left", "right"], chooses_branch=True) >> plain("left"),
        "The task 'approval' chooses a branch, but 'right' is no task or group right after it. Known: left.",
    ),
    (
        lambda: approval("Go?", default=["Approve", "Reject"]),
        "The task 'approval' has 2 defaults, but one option is chosen. Let several be chosen: multiple=True.",
    ),
]


@pytest.mark.parametrize(("wrong", "told"), LATE_MISTAKES)
def test_mistakes_that_only_the_whole_dag_shows(wrong: Callable[[], object], told: str) -> None:
    with DAG("d") as dag:
        wrong()
    with pytest.raises(StudioError) as caught:
        dag.spec()
    assert str(caught.value) == told


def test_tasks_outside_of_a_dag_are_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        wait("10 min")
    assert str(caught.value) == (
        "wait(...) belongs to a DAG, and none is open. "
        "Write it into a `with DAG('name') as dag:` block, or give it: wait(..., dag=dag)."
    )


def test_tasks_can_be_given_their_dag() -> None:
    dag = DAG("d")
    plain("a", dag=dag) >> wait(5, dag=dag)
    assert dag.spec().tasks[0] == spec_of("a")
    assert dag.spec().tasks[0].config["path"] == [HERE]
    with pytest.raises(InvalidInput, match="dag is 'd'; it must be a DAG"):
        plain("b", dag="d")
