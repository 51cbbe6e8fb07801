"""Every refusal of a spec, word for word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from studio.core.bounds import WHOLE
from studio.core.map_spec import (
    Concatenated,
    ExpandSpec,
    FromParam,
    GroupSpec,
    Items,
    Output,
    Transformed,
    Zipped,
)
from studio.core.schedule_spec import CronSpec
from studio.core.spec import (
    AssetSpec,
    CallbackSpec,
    DagSpec,
    DeadlineSpec,
    RetryRule,
    SensorSpec,
    TaskSpec,
)
from studio.core.validation import validate
from studio.core.validation_tasks import WORKER_KINDS
from studio.errors import StudioError
from studio.worker.kinds import KINDS
from tests.core.driver import dag, task

TEN_YEARS = "and at most ten years. For example 1800 (in Python also '30m')."
APPROVAL: dict[str, Any] = {"subject": "Ship it?", "options": ["Approve", "Reject"]}


def refusal(spec: DagSpec) -> tuple[str, str]:
    """(code, whole message)"""
    with pytest.raises(StudioError) as caught:
        validate(spec)
    return caught.value.code, str(caught.value)


def local(kind: str, **config: Any) -> TaskSpec:
    return TaskSpec(id="a", kind=kind, config=config)


def uses(name: str, *upstream: str, **more: Any) -> TaskSpec:
    """A task that takes what another one returns."""
    return task("z", *upstream, config={"args": {"x": [{"$output": name, **more}]}})


def over(**sources: Any) -> ExpandSpec:
    return ExpandSpec(over=sources)


def expanded(*upstream: str, **sources: Any) -> TaskSpec:
    return task("z", *upstream, expand=over(**sources))


# --- the whole DAG -------------------------------------------------------------------------------------------------

DAGS = [
    (dag(), "no_tasks", "The DAG 'd' has no tasks. Add one, for example notebook('x.ipynb')."),
    (
        dag(*(task(f"t{n}") for n in range(10_001))),
        "invalid_dag",
        "The DAG 'd' has 10001 tasks; at most 10000 are allowed. "
        "Let tasks be mapped over a list instead: function(...).expand(x=[...]).",
    ),
    (
        dag(task("a"), max_active_runs=0),
        "invalid_dag",
        "The DAG 'd': max_active_runs is 0; it must be a whole number from 1 to 100000. For example 3.",
    ),
    (
        dag(task("a"), max_active_tasks_per_dag=-1),
        "invalid_dag",
        "The DAG 'd': max_active_tasks_per_dag is -1; it must be a whole number from 1 to 100000. For example 3.",
    ),
    (
        dag(task("a"), pause_after_failures=0),
        "invalid_dag",
        "The DAG 'd': pause_after_failures is 0; it must be a whole number from 1 to 1000. For example 3.",
    ),
    (
        dag(task("a"), run_timeout=0),
        "invalid_dag",
        f"The DAG 'd': run_timeout is 0; it must be more than 0 seconds, {TEN_YEARS}",
    ),
    (
        dag(task("a"), catchup="lastest"),
        "invalid_dag",
        "The DAG 'd': catchup is 'lastest'. Did you mean 'latest'?",
    ),
    (
        dag(task("a"), callbacks=(CallbackSpec(on="retry", function="m:f"),)),
        "invalid_dag",
        "The DAG 'd' has a callback on 'retry'; there it can only be on success, failure.",
    ),
    (
        dag(task("a"), callbacks=(CallbackSpec(on="failure", function="alerts.late"),)),
        "invalid_dag",
        "The DAG 'd': the callback on failure names the function 'alerts.late'; a function is named by module and "
        "name. Write it like 'package.module:function'.",
    ),
    (
        dag(task("a"), task("b", "a", trigger_rule="all_done"), fail_fast=True),
        "invalid_dag",
        "The task 'b' has the trigger rule 'all_done'; with fail_fast it must be 'all_success'. "
        "A task that runs after failures contradicts a run that ends with the first.",
    ),
]

# --- deadlines and params -------------------------------------------------------------------------------------------


def late(**options: Any) -> DagSpec:
    return dag(task("a"), deadlines=(DeadlineSpec(**options),))


DEADLINES = [
    (
        late(reference="fixed"),
        "invalid_dag",
        "The DAG 'd': its deadline from fixed on has no date (`at`). "
        "`at` belongs to deadlines that are fixed, and only to these.",
    ),
    (
        late(reference="queued_at", at="2013-01-01"),
        "invalid_dag",
        "The DAG 'd': its deadline from queued_at on has a date (`at`). "
        "`at` belongs to deadlines that are fixed, and only to these.",
    ),
    (
        late(reference="fixed", at="2013-02-30"),
        "invalid_schedule",
        "deadlines.at is '2013-02-30', which is no date. Write it like 2013-01-31 or 2013-01-31T06:00.",
    ),
    (
        late(reference="average_runtime", runs=0),
        "invalid_dag",
        "The DAG 'd': its deadline from average_runtime on: runs is 0; it must be a whole number from 1 to 1000. "
        "For example 3.",
    ),
    (
        late(reference="queued"),
        "invalid_dag",
        "The DAG 'd' has a deadline that refers to 'queued'. Did you mean 'queued_at'?",
    ),
    (
        late(reference="queued_at", after=float("nan")),
        "invalid_dag",
        "The DAG 'd': its deadline from queued_at on: after is nan; "
        "it must be a number from -3.16224e+08 to 3.16224e+08.",
    ),
    (
        late(reference="queued_at", callback=CallbackSpec(on="failure", function="m:f")),
        "invalid_dag",
        "The DAG 'd': its deadline from queued_at on has a callback on 'failure'; there it can only be on deadline.",
    ),
    (
        dag(task("a"), params={"n": 0}, param_schemas={"n": {"type": "integer", "minimum": 1}}),
        "invalid_parameter",
        "The default of param 'n' is 0, but it must be at least 1. For example: 1.",
    ),
    (
        dag(task("a"), params={"day of": 1}),
        "invalid_parameter",
        "'day of' cannot be a parameter of The DAG 'd': a parameter's name is an identifier. "
        "Use letters, digits and `_`, not starting with a digit, and no Python keyword.",
    ),
    (
        dag(
            task("a", param_schemas={"n": {"maximum": 1}}),
            params={"n": 5},
        ),
        "invalid_parameter",
        "The default of param 'n' is 5, but it must be at most 1.",
    ),
    (
        dag(task("a"), param_schemas={"n": {"type": "integer"}}, schedule=CronSpec("@daily")),
        "invalid_dag",
        "The DAG 'd' has the param 'n' without a default, but runs of a schedule have nobody to give it. "
        "Give it a default, or leave the schedule out.",
    ),
    (
        dag(task("a", param_schemas={"n": {"type": "integer"}}), schedule=CronSpec("@daily")),
        "invalid_dag",
        "The task 'a' has the param 'n' without a default, but runs of a schedule have nobody to give it. "
        "Give it a default, or leave the schedule out.",
    ),
    (
        dag(*(task(f"t{n}", param_schemas={"n": {"const": n}}) for n in range(1002))),
        "invalid_dag",
        "The DAG 'd' has 1001 different schemas of params; at most 1000 are allowed.",
    ),
]

# --- edges and groups -----------------------------------------------------------------------------------------------

GRAPHS = [
    (
        dag(task("a"), task("a")),
        "invalid_dag",
        "Two tasks of 'd' have the id 'a'. Give one of them another name, for example task_id='a_2'.",
    ),
    (
        dag(task("extract"), task("b", "extrct")),
        "unknown_upstream",
        "The task 'b' waits for 'extrct', which is no task of 'd'. Did you mean 'extract'?",
    ),
    (dag(task("a", "a")), "cycle", "The task 'a' waits for itself: a → a. Remove this edge."),
    (
        dag(task("a", "b"), task("b", "a")),
        "cycle",
        "The DAG 'd' has a cycle: a → b → a. Remove one of these edges.",
    ),
    (
        dag(task("a", group="elt"), groups=(GroupSpec(id="etl"),)),
        "invalid_dag",
        "The task 'a' is in the group 'elt', which there is not. Did you mean 'etl'?",
    ),
    (
        dag(task("a"), groups=(GroupSpec(id="g", parent="h"),)),
        "invalid_dag",
        "The group 'g' is in the group 'h', which there is not. Known: g.",
    ),
    (
        dag(task("a"), groups=(GroupSpec(id="g"), GroupSpec(id="g"))),
        "invalid_dag",
        "Two groups of 'd' have the id 'g'.",
    ),
    (
        dag(task("a"), groups=(GroupSpec(id="a"),)),
        "invalid_dag",
        "A group and a task of 'd' have the id 'a'. Give one of them another name.",
    ),
    (
        dag(task("a"), groups=(GroupSpec(id="g", parent="h"), GroupSpec(id="h", parent="g"))),
        "invalid_dag",
        "Groups of 'd' are within each other: g → h → g. Give one of them another parent.",
    ),
    (
        dag(task("a"), groups=(GroupSpec(id="g", parent="g"),)),
        "invalid_dag",
        "Groups of 'd' are within each other: g → g. Give one of them another parent.",
    ),
    (
        dag(
            task("a"),
            groups=tuple(GroupSpec(id=f"g{n}", parent=f"g{n + 1}" if n < 100 else "") for n in range(101)),
        ),
        "invalid_dag",
        "The group 'g0' is nested more than 100 levels deep.",
    ),
    (
        dag(task("a"), groups=(GroupSpec(id="a b"),)),
        "invalid_name",
        "The group id 'a b' is not allowed: ' ' (U+0020) cannot stand there. "
        "Use letters, digits, `_`, `-` and `.`, for example `daily_report`.",
    ),
]

# --- a task by itself -----------------------------------------------------------------------------------------------


def _tasks() -> Iterator[tuple[TaskSpec, str]]:
    for value in (-1, 101, 1e9, True, 3.5, float("nan"), "three"):
        yield (
            task("a", retries=value),
            f"The task 'a': retries is {value!r}; it must be a whole number from 0 to 100. For example 3.",
        )
    for value in (0, -5, float("nan"), float("inf"), 1e12):
        yield (
            task("a", timeout=value),
            f"The task 'a': timeout is {value!r}; it must be more than 0 seconds, {TEN_YEARS}",
        )
    for name in ("retry_delay", "max_retry_delay"):
        yield (
            task("a", **{name: -1.0}),
            f"The task 'a': {name} is -1.0; it must be 0 or more seconds, {TEN_YEARS}",
        )
    yield (
        task("a", queue_timeout=0.0),
        f"The task 'a': queue_timeout is 0.0; it must be more than 0 seconds, {TEN_YEARS}",
    )
    yield task("a", retry_backoff=-2), "The task 'a': retry_backoff is -2; it must be a number from 0 to 100."
    yield (
        task("a", pool_slots=0),
        "The task 'a': pool_slots is 0; it must be a whole number from 1 to 1000000. For example 3.",
    )
    yield (
        task("a", priority_weight=2**31),
        "The task 'a': priority_weight is 2147483648; it must be a whole number from -2147483648 to 2147483647. "
        "For example 3.",
    )
    yield (
        task("a", max_active_per_dag=0),
        "The task 'a': max_active_per_dag is 0; it must be a whole number from 1 to 100000. For example 3.",
    )
    yield (
        task("a", lost_retries=-1),
        "The task 'a': lost_retries is -1; it must be a whole number from 0 to 100. For example 3.",
    )
    yield (
        task("a", trigger_rule="all_sucess"),
        "The task 'a' has the trigger rule 'all_sucess', which there is not. Did you mean 'all_success'?",
    )
    yield (
        task("a", weight_rule="downsteam"),
        "The task 'a' has the weight rule 'downsteam', which there is not. Did you mean 'downstream'?",
    )
    yield (
        TaskSpec(id="a", kind="notebok"),
        "The task 'a' is of the kind 'notebok', which there is not. Did you mean 'notebook'?",
    )
    yield (
        task("a", retry_rules=(RetryRule(exception="no such"),)),
        "The task 'a' has a retry rule for 'no such', which is no name of an exception. "
        "Write it like 'TimeoutError' or 'requests.exceptions.Timeout'.",
    )
    yield (
        task("a", retry_rules=(RetryRule(exception="OSError", delay=-1),)),
        f"The task 'a': the retry rule for OSError: delay is -1; it must be 0 or more seconds, {TEN_YEARS}",
    )
    yield (
        task("a", interpret="sensor"),
        "The task 'a' has no `sensor`, and its value is interpreted as 'sensor'; it must be both or neither. "
        'A sensor says {"interpret": "sensor", "sensor": {"mode": "poke"}}.',
    )
    yield (
        task("a", sensor=SensorSpec()),
        "The task 'a' has `sensor`, and its value is interpreted as 'value'; it must be both or neither. "
        'A sensor says {"interpret": "sensor", "sensor": {"mode": "poke"}}.',
    )
    yield (
        TaskSpec(id="a", kind="notebook", interpret="sensor", sensor=SensorSpec()),
        "The task 'a' cannot interpret its value as 'sensor': it is of the kind 'notebook'. "
        "That is for function and operator.",
    )
    yield (
        TaskSpec(id="a", kind="empty", interpret="branch"),
        "The task 'a' cannot interpret its value as 'branch': it is of the kind 'empty'. "
        "That is for function and notebook and operator and approval.",
    )
    yield (
        task("a", interpret="sensor", sensor=SensorSpec(poke_interval=0)),
        f"The task 'a': poke_interval is 0; it must be more than 0 seconds, {TEN_YEARS}",
    )
    yield (
        task("a", outlets=(AssetSpec(name=" "),)),
        "The task 'a' names the asset ' '; it must be 1 to 500 printable characters. "
        "For example 'flights' or 's3://bucket/flights'.",
    )
    yield (
        task("a", outlets=(AssetSpec(name="x"), AssetSpec(name="x"))),
        "The task 'a' has the outlet 'x' twice.",
    )
    yield (
        task("a", callbacks=(CallbackSpec(on="deadline", function="m:f"),)),
        "The task 'a' has a callback on 'deadline'; there it can only be on success, failure, retry, skipped.",
    )
    yield (
        task("a", config={"function": "os.system"}),
        "The task 'a' names the function 'os.system'; a function is named by module and name. "
        "Write it like 'package.module:function'.",
    )
    yield (
        task("a", config={"args": [1]}),
        "The task 'a': args is [1]; it must be names with values.",
    )


TASKS = [(dag(spec), "invalid_dag", message) for spec, message in _tasks()]
TASKS += [
    (
        dag(task("a", pool="gpu/1")),
        "invalid_name",
        "The pool id 'gpu/1' is not allowed: '/' (U+002F) cannot stand there. "
        "Use letters, digits, `_`, `-` and `.`, for example `daily_report`.",
    ),
]

# --- approvals and waits --------------------------------------------------------------------------------------------

LOCAL = [
    (
        local("empty", x=1),
        "The task 'a': the config of the kind 'empty' takes no 'x'.",
    ),
    (
        local("approval", **{**APPROVAL, "subject": ""}),
        "The task 'a': subject is ''; it must be text that says what is asked.",
    ),
    (
        local("approval", **{**APPROVAL, "options": []}),
        "The task 'a': options is []; it must be 1 to 100 different texts.",
    ),
    (
        local("approval", **{**APPROVAL, "options": "Approve"}),
        "The task 'a': options is 'Approve'; it must be a list of texts. For example ['Approve', 'Reject'].",
    ),
    (
        local("approval", **APPROVAL, default=["Aprove"]),
        "The task 'a': the default 'Aprove' is none of its options. Did you mean 'Approve'?",
    ),
    (
        local("approval", **APPROVAL, default=["Approve", "Reject"]),
        "The task 'a' has 2 defaults, but one option is chosen. Let several be chosen: multiple=True.",
    ),
    (
        local("approval", **APPROVAL, timeout=0),
        f"The task 'a': timeout is 0; it must be more than 0 seconds, {TEN_YEARS}",
    ),
    (
        local("approval", subject="?", options=["Yes"], on_reject="fail"),
        "The task 'a' says what happens on 'Reject', which is none of its options. "
        "Leave on_reject out, or give options=['Approve', 'Reject'].",
    ),
    (
        local("approval", **APPROVAL, param_schemas={"n": {}}),
        "The task 'a': the param 'n' has no value to begin with. "
        "Give it a default, which the person may change.",
    ),
    (
        local("approval", **APPROVAL, params={"n": 1}, param_schemas={"n": True}),
        "The task 'a': the schema of 'n' is True; it must be a JSON Schema, as an object.",
    ),
    (
        local("approval", **APPROVAL, timout=5),
        "The task 'a': the config of the kind 'approval' takes no 'timout'. Did you mean 'timeout'?",
    ),
    (
        local("wait"),
        "The task 'a' waits for nothing; it must be one of: seconds, at, time, reference. For example wait('10 min').",
    ),
    (
        local("wait", seconds=5, time="14:30"),
        "The task 'a' waits for time and seconds; it must be one of: seconds, at, time, reference. "
        "For example wait('10 min').",
    ),
    (
        local("wait", time="24:00"),
        "The task 'a': time is '24:00'; it must be a time of day. For example '14:30'.",
    ),
    (
        local("wait", seconds=-5),
        f"The task 'a': seconds is -5; it must be 0 or more seconds, {TEN_YEARS}",
    ),
    (
        local("wait", reference="start"),
        "The task 'a': reference is 'start'; it must be 'logical_date' or 'data_interval_end'.",
    ),
]

# --- setups and teardowns -------------------------------------------------------------------------------------------

ROLES = [
    (
        dag(task("s"), task("t", "s", role="teardown", setups=("s",))),
        "The task 't' takes down 's', which is no setup. Mark it: setup.as_setup().",
    ),
    (
        dag(task("s", role="setup"), task("t", role="teardown", setups=("s",))),
        "The task 't' takes down 's', but does not wait for it. Add it to upstream: s >> t.",
    ),
    (
        dag(task("s", role="setup"), task("t", "s", setups=("s",))),
        "The task 't' has setups, but is no teardown. Mark it: task.as_teardown(setups=...).",
    ),
    (
        dag(task("a", fail_run=True)),
        "The task 'a' has fail_run, but is no teardown: the failure of other tasks counts anyway.",
    ),
]

# --- values of other tasks, and mappings ------------------------------------------------------------------------------

A_GROUP = GroupSpec(id="g", expand=over(day=Items([1, 2])))
VALUES = [
    (
        dag(task("extract"), uses("extrct", "extract")),
        "The task 'z' uses what 'extrct' returns, which is no task of 'd'. Did you mean 'extract'?",
    ),
    (
        dag(task("a"), uses("a")),
        "The task 'z' uses what 'a' returns, but does not come after it. Let 'z' wait for it: a >> z.",
    ),
    (dag(uses("z")), "The task 'z' uses what 'z' returns, but does not come after it."),
    (
        dag(TaskSpec(id="e", kind="empty"), uses("e", "e")),
        "The task 'z' uses what 'e' returns, but a task of the kind 'empty' returns nothing.",
    ),
    (
        dag(task("a"), uses("a", "a", key=True)),
        "The task 'z' uses the entry True of what 'a' returns; an entry is named by a text or a whole number.",
    ),
    (
        dag(task("z", config={"args": {"x": {"$mapped": "day"}}})),
        "The task 'z' uses the mapped argument 'day', but no group around it is mapped over that.",
    ),
    (
        dag(task("z", group="g", config={"args": {"x": {"$mapped": "dya"}}}), groups=(A_GROUP,)),
        "The task 'z' uses the mapped argument 'dya', but no group around it is mapped over that. "
        "Did you mean 'day'?",
    ),
    (
        dag(task("a"), expanded(x=Output("a"))),
        "The task 'z' is mapped over what 'a' returns, but does not come after it. Let 'z' wait for it: a >> z.",
    ),
    (
        dag(task("a"), expanded("a", x=Transformed(Zipped((Output("a"), Output("b"))), "m:f"))),
        "The task 'z' is mapped over what 'b' returns, which is no task of 'd'. Known: a, z.",
    ),
    (
        dag(task("a"), task("z", group="g"), groups=(GroupSpec(id="g", expand=over(x=Output("a"))),)),
        "The group 'g' is mapped over what 'a' returns, but does not come after it. Let 'z' wait for it: a >> z.",
    ),
    (
        dag(task("z", group="g"), groups=(GroupSpec(id="g", expand=over(x=Output("z"))),)),
        "The group 'g' is mapped over what 'z' returns, but does not come after it.",
    ),
    (dag(expanded()), "The task 'z' is mapped over nothing. Write .expand(x=[1, 2])."),
    (
        dag(expanded(x=Items([0] * 10_001))),
        "The task 'z' is mapped over 10001 items; at most 10000 are allowed. "
        "Let each task instance do several of them.",
    ),
    (
        dag(expanded(x=Items([0] * 101), y=Items([0] * 100))),
        "The task 'z' is mapped over 10100 items; at most 10000 are allowed. "
        "Let each task instance do several of them.",
    ),
    (
        dag(expanded(x=Concatenated((Items([0] * 6000), Items([0] * 6000))))),
        "The task 'z' is mapped over 12000 items; at most 10000 are allowed. "
        "Let each task instance do several of them.",
    ),
    (dag(expanded(x=Zipped(()))), "The task 'z' is mapped over zip of nothing."),
    (
        dag(expanded(x=Transformed(Items([1]), "f"))),
        "The task 'z': its mapping names the function 'f'; a function is named by module and name. "
        "Write it like 'package.module:function'.",
    ),
    (
        dag(expanded(x=FromParam("day")), params={"days": []}),
        "The task 'z' is mapped over the param 'day', which 'd' does not have. Did you mean 'days'?",
    ),
    (
        dag(task("z", config={"args": {"x": 1}}, expand=over(x=Items([1])))),
        "The task 'z': the argument 'x' is given, and mapped over. Leave one of them out.",
    ),
    (
        dag(task("z", expand=ExpandSpec(by="kwargs", over={"x": Items([])}))),
        "The task 'z' is mapped by kwargs over ['x']; it must be one source, called ''.",
    ),
    (
        dag(task("z", expand=ExpandSpec(by="kwargs", over={"": Items([{"x": 1}, 2])}))),
        "The task 'z': item 1 of expand_kwargs is 2; it must be a dict of arguments. "
        "Write .expand_kwargs([{'x': 1}, {'x': 2}]).",
    ),
    (
        dag(task("z", expand=ExpandSpec(by="kwargs", over={"": Items({"x": 1})}))),
        "The task 'z': what expand_kwargs gets is a dict; it must be a list of dicts. "
        "Write .expand_kwargs([{'x': 1}, {'x': 2}]).",
    ),
]


@pytest.mark.parametrize(("spec", "code", "message"), [*DAGS, *DEADLINES, *GRAPHS, *TASKS])
def test_what_is_refused_and_how(spec: DagSpec, code: str, message: str) -> None:
    assert refusal(spec) == (code, message)


@pytest.mark.parametrize(
    ("spec", "message"), [*((dag(spec), message) for spec, message in LOCAL), *ROLES, *VALUES]
)
def test_what_contradicts_itself(spec: DagSpec, message: str) -> None:
    assert refusal(spec) == ("invalid_dag", message)


def test_approval_that_chooses_a_branch_names_what_is_next_to_it() -> None:
    ask = TaskSpec(
        id="ask", kind="approval", interpret="branch", config={"subject": "?", "options": ["g", "b"]}
    )
    groups = (GroupSpec(id="g"), GroupSpec(id="g.h", parent="g"))
    validate(dag(ask, task("b", "ask"), task("c", "ask", group="g.h"), groups=groups))
    assert refusal(dag(ask, task("b", "ask"), task("c", "b", group="g.h"), groups=groups)) == (
        "invalid_dag",
        "The task 'ask' chooses a branch, but 'g' is no task or group right after it. Known: b.",
    )


def test_values_of_tasks_far_above_can_be_used() -> None:
    chain = [task(f"t{n}", *([f"t{n - 1}"] if n else [])) for n in range(50)]
    validate(dag(*chain, uses("t0", "t49"), task("y", "t49", expand=over(x=Output("t7")))))


def test_members_of_a_mapped_group_use_its_items_and_those_around_it() -> None:
    marks = {"args": {"x": {"$mapped": "day"}, "y": {"$mapped": "hour"}}}
    inner = GroupSpec(id="g.h", parent="g", expand=over(hour=Items([1])))
    validate(dag(task("z", group="g.h", config=marks), groups=(A_GROUP, inner)))
    by_kwargs = GroupSpec(id="g", expand=ExpandSpec(by="kwargs", over={"": Items([{"day": 1, "hour": 2}])}))
    validate(dag(task("z", group="g", config=marks), groups=(by_kwargs,)))


def test_what_looks_like_a_reference_but_is_data_stays_data() -> None:
    validate(
        dag(task("a", config={"args": {"x": {"$output": "nobody", "more": 1}, "y": {"$mapped": 1, "n": 2}}}))
    )


def test_config_that_is_nested_without_end_is_refused_without_recursion() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    assert refusal(dag(task("a", config={"args": {"x": deep}}))) == (
        "invalid_dag",
        "The task 'a': its config is nested more than 100 levels deep.",
    )


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            dag(task("a", doc="\ud800")),
            "The DAG 'd' holds a lone surrogate, which is not valid text: '\\ud800'.",
        ),
        (dag(task("a"), params={"x": nested(5000)}), "The DAG 'd' holds a value that is nested too deeply."),
        (
            dag(task("a", outlets=(AssetSpec(name="x", extra={"of": 1j}),))),
            "The DAG 'd' holds a value that is no JSON: Encoding objects of type complex is unsupported.",
        ),
    ],
)
def test_what_cannot_be_kept_as_json_is_refused(spec: DagSpec, message: str) -> None:
    assert refusal(spec) == ("invalid_dag", message)


def test_teardown_may_have_its_rule_in_a_dag_that_fails_fast() -> None:
    down = task(
        "t", "s", role="teardown", setups=("s",), trigger_rule="all_done_setup_success", fail_run=True
    )
    validate(dag(task("s", role="setup"), down, fail_fast=True))


def test_every_kind_of_a_worker_is_known() -> None:
    assert {*WORKER_KINDS, "callback"} == set(KINDS)


def test_every_bound_belongs_to_a_field() -> None:
    fields = {*TaskSpec.__struct_fields__, *DagSpec.__struct_fields__, *DeadlineSpec.__struct_fields__}
    assert set(WHOLE) <= fields
    defaults = TaskSpec(id="a", kind="function"), DagSpec(id="d", tasks=()), DeadlineSpec(reference="fixed")
    for name, (least, most) in WHOLE.items():
        for value in (getattr(each, name) for each in defaults if name in each.__struct_fields__):
            assert value is None or least <= value <= most


def test_ten_thousand_tasks_that_use_values_from_everywhere() -> None:
    tasks = [
        task(
            f"t{n}",
            *([f"t{n - 1}"] if n else []),
            config={"args": {"x": {"$output": f"t{n // 2}"}}} if n else {},
        )
        for n in range(10_000)
    ]
    validate(dag(*tasks))
