"""The keywords of tasks and DAGs: what becomes of them, and what is said about those that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from studio import DAG, Asset, Callback, Deadline, Param, RetryRule
from studio.core.spec import AssetSpec, CallbackSpec, DagSpec, DeadlineSpec
from studio.core.spec import RetryRule as Rule
from studio.errors import StudioError

from . import steps
from .steps import HERE, Flaky, plain, spec_of

OTHERWISE = Rule(exception="builtins.BaseException", action="fail")
FLAKY = f"{steps.__name__}.Flaky"
NO_DURATION = (
    "which is no duration. "
    "Give seconds (300), a timedelta, or text such as '90 s', '5 min', '1 h 30 min', '2 days'."
)


def test_every_keyword_of_a_task() -> None:
    with DAG("d") as dag:
        plain(
            "t",
            trigger_rule="all_done",
            retries=3,
            retry_delay="1 min",
            retry_backoff=2,
            max_retry_delay=timedelta(hours=1),
            lost_retries=5,
            timeout="30 min",
            queue_timeout=600,
            pool="small",
            pool_slots=2,
            priority_weight=-1,
            weight_rule="absolute",
            max_active=4,
            max_active_per_run=2,
            depends_on_past=True,
            wait_for_downstream=True,
            wait_for_past_before_skipping=True,
            params={"n": Param(1, minimum=0), "m": 2},
            outlets=[Asset("a", uri="s3://a", group="g", extra={"k": 1})],
            inlets=Asset("b"),
            map_index_template="{{ day }}",
            doc="What it does.",
        )
    assert dag.spec().tasks == (
        spec_of(
            "t",
            trigger_rule="all_done",
            retries=3,
            retry_delay=60.0,
            retry_backoff=2.0,
            max_retry_delay=3600.0,
            lost_retries=5,
            timeout=1800.0,
            queue_timeout=600.0,
            pool="small",
            pool_slots=2,
            priority_weight=-1,
            weight_rule="absolute",
            max_active_per_dag=4,
            max_active_per_run=2,
            depends_on_past=True,
            wait_for_downstream=True,
            wait_for_past_before_skipping=True,
            params={"n": 1, "m": 2},
            param_schemas={"n": {"minimum": 0}},
            outlets=(AssetSpec(name="a", uri="s3://a", group="g", extra={"k": 1}),),
            inlets=(AssetSpec(name="b"),),
            map_index_template="{{ day }}",
            doc="What it does.",
        ),
    )


def test_none_means_the_default() -> None:
    with DAG("d", default_args={"retries": 2, "pool": None}) as dag:
        plain("t", retries=None, timeout=None, after=None)
    assert dag.spec().tasks == (spec_of("t", retries=2),)


def test_every_keyword_of_a_dag() -> None:
    dag = DAG(
        "d",
        description="About flights.",
        max_active_runs=2,
        max_active_tasks=3,
        max_active_tasks_per_dag=4,
        run_timeout="2 h",
        fail_fast=True,
        pause_after_failures=3,
        native=True,
        tags="one",
        deadlines=Deadline("queued_at", "1 h", callback=steps.told, name="soon"),
        on_success="alerts:good",
        on_failure=["alerts:bad", Callback("alerts:worse", {"level": 2})],
    )
    with dag:
        plain("t")
    made = f"{steps.__name__}:told"
    told = dag.spec().deadlines[0].callback
    assert told is not None
    assert (told.on, told.function) == ("deadline", made)
    assert dag.spec() == DagSpec(
        id="d",
        tasks=(spec_of("t"),),
        description="About flights.",
        max_active_runs=2,
        max_active_tasks=3,
        max_active_tasks_per_dag=4,
        run_timeout=7200.0,
        fail_fast=True,
        pause_after_failures=3,
        native=True,
        tags=("one",),
        deadlines=(DeadlineSpec(reference="queued_at", after=3600.0, name="soon", callback=told),),
        callbacks=(
            CallbackSpec(on="success", function="alerts:good", path=(HERE,)),
            CallbackSpec(on="failure", function="alerts:bad", path=(HERE,)),
            CallbackSpec(on="failure", function="alerts:worse", args={"level": 2}, path=(HERE,)),
        ),
        origin=__file__,
    )


# --- retries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        ({"retry_on": TimeoutError}, (Rule(exception="builtins.TimeoutError"), OTHERWISE)),
        (
            {"retry_on": ["requests.exceptions.Timeout", Flaky]},
            (Rule(exception="requests.exceptions.Timeout"), Rule(exception=FLAKY), OTHERWISE),
        ),
        ({"no_retry_on": (ValueError, "KeyError")}, (
            Rule(exception="builtins.ValueError", action="fail"), Rule(exception="KeyError", action="fail"),
        )),
        (
            {"retry_on": OSError, "no_retry_on": FileNotFoundError},
            (
                Rule(exception="builtins.FileNotFoundError", action="fail"),
                Rule(exception="builtins.OSError"),
                OTHERWISE,
            ),
        ),
        (
            {"retry_rules": RetryRule(TimeoutError, delay="5 min")},
            (Rule(exception="builtins.TimeoutError", delay=300.0),),
        ),
        (
            {"retry_rules": [RetryRule("KeyError", "fail"), RetryRule(Flaky)]},
            (Rule(exception="KeyError", action="fail"), Rule(exception=FLAKY)),
        ),
    ],
)  # fmt: skip
def test_retry_rules(options: dict[str, Any], rules: tuple[Rule, ...]) -> None:
    with DAG("d") as dag:
        plain("t", **options)
    assert dag.spec().tasks == (spec_of("t", retry_rules=rules),)


def test_backoff_as_a_flag_doubles() -> None:
    with DAG("d") as dag:
        plain("t", retry_backoff=True)
    assert dag.spec().tasks == (spec_of("t", retry_backoff=2.0),)


# --- callbacks and deadlines ------------------------------------------------------------------------------------------


def test_callbacks_of_a_task() -> None:
    with DAG("d", default_args={"on_failure": "alerts:bad"}) as dag:
        plain(
            "a", on_success="alerts:good", on_retry=["alerts:a", "alerts:b"], on_skipped=Callback("alerts:c")
        )
        plain("b", on_failure=[])
    first, second = dag.spec().tasks
    assert first.callbacks == tuple(
        CallbackSpec(on=on, function=f"alerts:{name}", path=(HERE,))  # type: ignore[arg-type]
        for on, name in [
            ("success", "good"),
            ("failure", "bad"),
            ("retry", "a"),
            ("retry", "b"),
            ("skipped", "c"),
        ]
    )
    assert second.callbacks == ()


@pytest.mark.parametrize(
    ("deadline", "wanted"),
    [
        (Deadline("logical_date", 60), DeadlineSpec(reference="logical_date", after=60.0)),
        (Deadline("average_runtime", "10 min", runs=5), DeadlineSpec(
            reference="average_runtime", after=600.0, runs=5,
        )),
        (Deadline("2027-01-01"), DeadlineSpec(reference="fixed", at="2027-01-01")),
        (Deadline(date(2027, 1, 1)), DeadlineSpec(reference="fixed", at="2027-01-01")),
    ],
)  # fmt: skip
def test_deadlines(deadline: Deadline, wanted: DeadlineSpec) -> None:
    with DAG("d", deadlines=[deadline]) as dag:
        plain("t")
    assert dag.spec().deadlines == (wanted,)


# --- mistakes ---------------------------------------------------------------------------------------------------------


def of_dag(**options: Any) -> Callable[[], Any]:
    return lambda: DAG("other", **options)


def of_task(**options: Any) -> Callable[[], Any]:
    return lambda: plain("t", **options)


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (of_task(retires=3), "function(...) takes no 'retires'. Did you mean 'retries'?"),
    (of_task(retries="three"), "retries is 'three'; it must be a whole number."),
    (of_task(retries=True), "retries is True; it must be a whole number."),
    (of_task(retries=3.5), "retries is 3.5; it must be a whole number."),
    (of_task(timeout="1y"), f"timeout is '1y', {NO_DURATION}"),
    (of_task(timeout="PT"), f"timeout is 'PT', {NO_DURATION}"),
    (of_task(timeout=True), f"timeout is True, {NO_DURATION}"),
    (of_task(retry_backoff="2 min"), "retry_backoff is '2 min'; it must be a number."),
    (of_task(depends_on_past="no"), "depends_on_past is 'no'; it must be True or False."),
    (of_task(pool=5), "pool is 5; it must be text."),
    (of_task(trigger_rule="all_don"),
     "The task 't' has the trigger rule 'all_don', which there is not. Did you mean 'all_done'?"),
    (of_task(outlets="a"), "outlets holds 'a'; it must be assets. Write Asset('name')."),
    (of_task(outlets=["a"]), "outlets holds 'a'; it must be assets. Write Asset('name')."),
    (of_task(outlets=5), "outlets is 5; it must be a list."),
    (of_task(inlets=[Asset("a", extra={"x": {1}})]),
     "Asset.extra['x'] is {1} of type builtins.set, not a JSON value. Use text, numbers, True, False, None, lists and "
     "dicts: `str(day)`, `int(n)`, `frame.to_dict('list')`."),
    (of_task(after=5), "A task waits for tasks, not for 5."),
    (of_task(after=[None]), "The task 't' cannot wait for None: it is no task."),
    (of_task(task_id=5), "The id of a task is text, not 5."),
    (of_task(task_id="a/b"),
     "The task id 'a/b' is not allowed: '/' (U+002F) cannot stand there. "
     "Use letters, digits, `_`, `-` and `.`, for example `daily_report`."),
    (of_task(args=5), "args is 5; it must be a dict of names and values."),
    (of_task(params=[1]), "params is [1]; it must be a dict of names and values."),
    (of_task(retry_on=5),
     "retry_on names 5, which is no class of exceptions. "
     "Give classes (TimeoutError) or their names ('requests.exceptions.Timeout')."),
    (of_task(retry_on=int),
     "retry_on names <class 'int'>, which is no class of exceptions. "
     "Give classes (TimeoutError) or their names ('requests.exceptions.Timeout')."),
    (of_task(retry_rules="TimeoutError"),
     "retry_rules holds 'TimeoutError', which is no rule. Write RetryRule(TimeoutError, delay='5 min')."),
    (of_task(retry_rules=[RetryRule(TimeoutError, "retri")]),  # type: ignore[arg-type]
     "The action of a retry rule is 'retri'; it must be 'retry' or 'fail'."),
    (of_task(on_failure=5), "on_failure is 5; it must be a list."),
    (of_task(on_failure=[5]), "5 is no function and no name of one."),
    (of_task(on_failure="alerts.bad"),
     "A function is named by module and name, not 'alerts.bad'. Write it like 'package.module:function'."),
    (of_task(on_failure=lambda context: None),
     "<lambda> is not at the top level of its module, so a worker cannot import it. "
     "Define it at the top level, with `def`."),
    (of_task(on_failure=Callback("alerts:bad", {"a b": 1})),
     "'a b' cannot be a parameter of the callback alerts:bad: a parameter's name is an identifier. "
     "Use letters, digits and `_`, not starting with a digit, and no Python keyword."),
    (of_task(on_failure=Callback("alerts:bad", args=5)),  # type: ignore[arg-type]
     "on_failure: args is 5; it must be a dict of names and values."),
    (of_task(on_sucess="alerts:good"), "function(...) takes no 'on_sucess'. Did you mean 'on_success'?"),
    (of_dag(deadline="1 h"), "DAG(...) takes no 'deadline'. Did you mean 'deadlines'?"),
    (of_dag(deadlines="1 h"),
     "deadlines holds '1 h', which is no deadline. "
     "Write Deadline('queued_at', '1 h', callback='module:function')."),
    (of_dag(deadlines=Deadline("queued", "1 h")),
     "The deadline refers to 'queued', which is neither a date nor one of: logical_date, queued_at, average_runtime. "
     "Did you mean 'queued_at'?"),
    (of_dag(deadlines=Deadline("queued_at", "soon")), f"after is 'soon', {NO_DURATION}"),
    (of_dag(deadlines=Deadline("queued_at", callback=["a:b", "c:d"])),  # type: ignore[arg-type]
     "A deadline has one callback. Write a Deadline for each."),
    (of_dag(tags=5), "tags is 5; it must be a list."),
    (of_dag(tags=["a", 5]), "tags is 5; it must be text."),
    (of_dag(fail_fast="no"), "fail_fast is 'no'; it must be True or False."),
    (of_dag(native=0), "native is 0; it must be True or False."),
    (of_dag(max_active_runs=1.5), "max_active_runs is 1.5; it must be a whole number."),
    (of_dag(run_timeout="long"), f"run_timeout is 'long', {NO_DURATION}"),
    (of_dag(description=None), "description is None; it must be text."),
    (of_dag(default_args={"retrys": 1}), "default_args takes no 'retrys'. Did you mean 'retries'?"),
    (of_dag(default_args=5), "default_args is 5; it must be a dict of names and values."),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "told"), MISTAKES)
def test_mistakes_are_told_where_they_are_made(wrong: Callable[[], Any], told: str) -> None:
    with DAG("d"), pytest.raises(StudioError) as caught:
        wrong()
    assert str(caught.value) == told


TEN_YEARS = "and at most ten years. For example 1800 (in Python also '30m')."

LATE_MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"retries": -1}, "The task 't': retries is -1; it must be a whole number from 0 to 100. For example 3."),
    ({"retries": 10**9},
     "The task 't': retries is 1000000000; it must be a whole number from 0 to 100. For example 3."),
    ({"timeout": 0}, f"The task 't': timeout is 0.0; it must be more than 0 seconds, {TEN_YEARS}"),
    ({"timeout": -5}, f"The task 't': timeout is -5.0; it must be more than 0 seconds, {TEN_YEARS}"),
    ({"timeout": float("nan")}, f"The task 't': timeout is nan; it must be more than 0 seconds, {TEN_YEARS}"),
    ({"pool": "a/b"},
     "The pool id 'a/b' is not allowed: '/' (U+002F) cannot stand there. "
     "Use letters, digits, `_`, `-` and `.`, for example `daily_report`."),
    ({"weight_rule": "downstrem"},
     "The task 't' has the weight rule 'downstrem', which there is not. Did you mean 'downstream'?"),
    ({"retry_on": "no such name!"},
     "The task 't' has a retry rule for 'no such name!', which is no name of an exception. "
     "Write it like 'TimeoutError' or 'requests.exceptions.Timeout'."),
    ({"after": "extrct"}, "The task 't' waits for 'extrct', which is no task of 'd'. Known: t."),
    ({"outlets": [Asset("a\x00")]},
     "The task 't' names the asset 'a\\x00'; it must be 1 to 500 printable characters. "
     "For example 'flights' or 's3://bucket/flights'."),
]  # fmt: skip


@pytest.mark.parametrize(("options", "told"), LATE_MISTAKES)
def test_mistakes_that_the_spec_shows(options: dict[str, Any], told: str) -> None:
    with DAG("d") as dag:
        plain("t", **options)
    with pytest.raises(StudioError) as caught:
        dag.spec()
    assert str(caught.value) == told
