"""What triggers and sensors without a slot may say."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.spec import CacheSpec, TaskSpec
from studio.core.validation import validate
from studio.errors import InvalidDag, StudioError
from tests.core.driver import dag


def told(kind: str, config: dict[str, Any]) -> str:
    with pytest.raises(StudioError) as refused:
        validate(dag(TaskSpec(id="x", kind=kind, config=config)))
    hint = f" {refused.value.hint}" if refused.value.hint else ""
    return f"{refused.value.message}{hint}"


def trigger(**config: Any) -> str:
    return told("trigger_dag", {"args": {"dag_id": "other"}, **config})


def run_sensor(**config: Any) -> str:
    return told("dag_sensor", {"dag_id": "other", "states": ["success"], **config})


def test_what_can_be_said_is_accepted() -> None:
    good: dict[str, Any] = {"args": {"dag_id": "{{ params.dag }}", "run_id": "{{ ds }}"}, "wait": True}
    runs = {"dag_id": "other", "states": ["success"], "failed_states": ["failed"], "offset": -86400.0}
    validate(
        dag(
            TaskSpec(id="a", kind="trigger_dag", config={**good, "cancel_with": True, "if_exists": "clear"}),
            TaskSpec(id="b", kind="dag_sensor", config={**runs, "tasks": ["x"], "states": ["skipped"]}),
            TaskSpec(id="c", kind="dag_sensor", config={**runs, "dag_id": "d"}),
            TaskSpec(id="e", kind="asset_sensor", config={"asset": "any name/at all", "since": 0.0}),
        )
    )


def test_trigger_is_not_cached() -> None:
    task = TaskSpec(id="x", kind="trigger_dag", config={"args": {"dag_id": "other"}}, cache=CacheSpec())
    with pytest.raises(InvalidDag) as refused:
        validate(dag(task))
    assert refused.value.message == "The task 'x' cannot be cached: each try makes a run."


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"args": {}}, "The task 'x' does not say which DAG it triggers."),
        (
            {"args": {"dag_id": "d"}},
            "The task 'x' would trigger its own DAG, again and again. Give the DAG a schedule, '@continuous' for "
            "one, or let another DAG trigger it.",
        ),
        (
            {"if_paused": "wait"},
            "The task 'x': if_paused is 'wait'. Known: fail, queue.",
        ),
        ({"if_exists": "skp"}, "The task 'x': if_exists is 'skp'. Did you mean 'skip'?"),
        ({"wait": "yes"}, "The task 'x': wait is 'yes'; it must be true or false."),
        (
            {"cancel_with": True},
            "The task 'x' has cancel_with, but does not wait for the run. Write wait=True.",
        ),
        (
            {"wate": True},
            "The task 'x': the config of the kind 'trigger_dag' takes no 'wate'. Did you mean 'wait'?",
        ),
        (
            {"args": {"dag_id": "other", "parms": {}}},
            "The task 'x': the config of the kind 'trigger_dag' takes no 'parms'. Did you mean 'params'?",
        ),
    ],
)
def test_trigger_that_is_refused(config: dict[str, Any], message: str) -> None:
    assert trigger(**config) == message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"states": []}, "The task 'x': states is []; it must be at least one state."),
        (
            {"states": ["succes"]},
            "The task 'x': states has 'succes', which is no state to wait for. Did you mean 'success'?",
        ),
        (
            {"tasks": ["t"], "states": ["running"]},
            "The task 'x': states has 'running', which is no state to wait for. "
            "Known: cancelled, failed, skipped, success, upstream_failed.",
        ),
        ({"failed_states": ["success"]}, "The task 'x': the state 'success' is waited for, and fails it."),
        (
            {"dag_id": "d"},
            "The task 'x' waits for the end of its own run, which waits for it. "
            "Give an offset, such as offset='-1 day', or the tasks.",
        ),
        (
            {"logical_date": "{{ ds }}"},
            "The task 'x': logical_date is the template '{{ ds }}', which nobody would render: no worker has it. "
            "Say which run by offset='-1 day', or by reference='data_interval_end'.",
        ),
        (
            {"logical_date": "2013-01-31", "offset": 5.0},
            "The task 'x' has both a logical_date and offset. Leave one out.",
        ),
        (
            {"logical_date": "soon"},
            "The task 'x': logical_date is 'soon', which is no date. Write it like 2013-01-31 or 2013-01-31T06:00.",
        ),
        (
            {"reference": "data_interval_ende"},
            "The task 'x': reference is 'data_interval_ende'. Did you mean 'data_interval_end'?",
        ),
        ({"soft_fail": 1}, "The task 'x': soft_fail is 1; it must be true or false."),
    ],
)
def test_run_sensor_that_is_refused(config: dict[str, Any], message: str) -> None:
    assert run_sensor(**config) == message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "The task 'x': asset is None; it must be the name of an asset, of 1 to 500 characters."),
        ({"asset": "a", "since": "runs"}, "The task 'x': since is 'runs'. Did you mean 'run'?"),
    ],
)
def test_asset_sensor_that_is_refused(config: dict[str, Any], message: str) -> None:
    assert told("asset_sensor", config) == message
