"""Tasks about other DAGs, and sensors that take no slot, as they are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from studio import DAG, Asset, asset_sensor, dag_sensor, trigger_dag
from studio.core.spec import TaskSpec
from studio.core.validation import validate
from studio.errors import StudioError

from .steps import plain


def made(define: Callable[[], Any]) -> TaskSpec:
    with DAG("d") as dag:
        define()
    spec = dag.spec()
    validate(spec)
    return spec.tasks[-1]


def test_trigger_says_what_it_wants() -> None:
    task = made(
        lambda: trigger_dag(
            "other", params={"day": "{{ ds }}"}, logical_date=date(2013, 1, 31), wait=True, if_exists="clear",
            cancel_with=True, poll_interval="1 min", retries=2,
        )
    )  # fmt: skip
    assert (task.id, task.kind, task.retries) == ("trigger_other", "trigger_dag", 2)
    assert task.config == {
        "args": {"dag_id": "other", "params": {"day": "{{ ds }}"}, "logical_date": "2013-01-31"},
        "wait": True, "cancel_with": True, "if_paused": "fail", "if_exists": "clear", "poll_interval": 60.0,
    }  # fmt: skip


def test_trigger_takes_values_of_tasks_and_waits_for_them() -> None:
    with DAG("d") as dag:
        first = plain("first")
        trigger_dag("{{ params.which }}", params={"rows": first.output["rows"]}, run_id=first.output["id"])
        trigger_dag("other", params=first.output)
    _, task, whole = dag.spec().tasks
    assert whole.config["args"] == {"dag_id": "other", "params": {"$output": "first"}}
    assert (task.id, task.upstream) == ("trigger", ("first",))
    assert task.config["args"] == {
        "dag_id": "{{ params.which }}",
        "params": {"rows": {"$output": "first", "key": "rows"}},
        "run_id": {"$output": "first", "key": "id"},
    }


def test_trigger_of_a_dag_and_of_many_runs() -> None:
    other = DAG("other")
    task = made(lambda: trigger_dag(other, task_id="each").expand(params=[{"n": 1}, {"n": 2}]))
    assert (task.id, task.config["args"], task.expand is not None) == ("each", {"dag_id": "other"}, True)


def test_sensor_of_a_dag_says_which_run() -> None:
    task = made(lambda: dag_sensor("other", tasks="load", offset="-1 day", soft_fail=True, timeout="1 h"))
    assert (task.id, task.kind) == ("wait_for_other", "dag_sensor")
    assert task.config == {
        "dag_id": "other", "tasks": ["load"], "offset": -86400.0, "states": ["success"], "failed_states": ["failed"],
        "timeout": 3600.0, "soft_fail": True, "poll_interval": 30.0,
    }  # fmt: skip
    assert made(lambda: dag_sensor("other", offset=timedelta(hours=-1))).config["offset"] == -3600.0


def test_sensor_of_an_asset_says_since_when() -> None:
    config = {"asset": "s3://data/flights", "timeout": 604800.0, "soft_fail": False, "poll_interval": 30.0}
    task = made(lambda: asset_sensor(Asset("s3://data/flights"), since="2 h"))
    assert (task.id, task.config) == ("wait_for_s3_data_flights", {**config, "since": 7200.0})
    assert made(lambda: asset_sensor("s3://data/flights")).config == config


@pytest.mark.parametrize(
    ("define", "told"),
    [
        (lambda: trigger_dag("d"), "The task 'trigger_d' would trigger its own DAG, again and again."),
        (lambda: trigger_dag("other", wiat=True), "trigger_dag(...) takes no 'wiat'. Did you mean 'wait'?"),
        (lambda: trigger_dag("other", params=[1]), "params is [1]; it must be a dict of names and values."),  # type: ignore[arg-type]
        (lambda: trigger_dag(5), "dag_id is 5; it must be text."),  # type: ignore[arg-type]
        (
            lambda: trigger_dag("other").expand(parms=[{}]),
            "trigger_dag(...) takes no 'parms'. Did you mean 'params'?",
        ),
        (
            lambda: dag_sensor("other", states="sucess"),
            "The task 'wait_for_other': states has 'sucess', which is no state to wait for. Did you mean 'success'?",
        ),
        (lambda: dag_sensor("other", offset="-1 dya"), "offset is '1 dya', which is no duration."),
        (
            lambda: dag_sensor("other", mode="poke"),  # type: ignore[call-arg]
            "dag_sensor(...) takes no 'mode'. Known: tasks, offset, logical_date,",
        ),
        (
            lambda: asset_sensor("a", since="runs"),
            "The task 'wait_for_a': since is 'runs'. Did you mean 'run'?",
        ),
    ],
)
def test_what_is_refused(define: Callable[[], Any], told: str) -> None:
    with pytest.raises(StudioError) as refused:
        made(define)
    assert str(refused.value).startswith(told)
