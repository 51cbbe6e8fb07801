"""The part of a trigger that a worker does: rendering, checking, saying what is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.core.signals import TriggerSignal
from studio.worker.kinds import Rendered
from tests.worker.conftest import Attempt


def trigger(directory: Path, context: dict[str, Any] | None = None, **args: Any) -> Attempt:
    attempt = Attempt(directory)
    attempt.run("trigger_dag", {"args": {"dag_id": "other", **args}, "wait": True}, context=context)
    return attempt


def test_arguments_are_rendered_and_told(tmp_path: Path) -> None:
    context = {"outputs": {"load": {"rows": [1, 2]}}, "dag": {"timezone": "Europe/Vienna"}}
    params = {"day": "{{ ds }}", "rows": {"$output": "load", "key": "rows"}}
    ran = trigger(tmp_path, context, params=params, logical_date="{{ ds }}", run_id="r-{{ params.n }}")
    given = {"day": "2013-01-01", "rows": [1, 2]}
    rendered = {"dag_id": "other", "params": given, "logical_date": "2013-01-01", "run_id": "r-5"}
    assert ran.events[0] == Rendered(parameters=rendered)
    assert (ran.result.state, ran.result.details) == ("success", {"rendered": rendered})
    wanted = TriggerSignal(dag_id="other", params=given, logical_date=1356994800.0, run_id="r-5")
    assert ran.result.signal.trigger == wanted


def test_mapped_arguments_are_its_own(tmp_path: Path) -> None:
    ran = trigger(tmp_path, {"mapped_args": {"params": {"n": 1}}})
    assert ran.result.signal.trigger == TriggerSignal(dag_id="other", params={"n": 1})


def test_date_of_the_run_is_handed_on(tmp_path: Path) -> None:
    context = {"logical_date": "2013-01-01T06:00:00+00:00"}
    ran = trigger(tmp_path, context, logical_date="{{ logical_date }}")
    assert ran.result.signal.trigger == TriggerSignal(dag_id="other", logical_date=1357020000.0)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"dag_id": "{{ 'd' }}"}, "The DAG 'd' would trigger itself, again and again."),
        ({"dag_id": "no such name"}, "The DAG id 'no such name' is not allowed"),
        ({"dag_id": None}, "The id of a DAG is text, not None."),
        ({"params": "{{ ds }}"}, "params is '2013-01-01'; it must be names with values."),
        ({"logical_date": "soon"}, "logical_date is 'soon', which is no date."),
        ({"run_id": "a b"}, "The run id 'a b' is not allowed."),
        ({"params": {"x": "{{ nothing.here }}"}}, "nothing"),
        ({"dagid": "x"}, "trigger_dag(...) takes no 'dagid'. Did you mean 'dag_id'?"),
    ],
)
def test_what_no_run_can_have_is_refused(tmp_path: Path, args: dict[str, Any], told: str) -> None:
    ran = trigger(tmp_path, **args)
    assert (ran.result.state, ran.result.signal.trigger) == ("failed", None)
    assert told in (ran.result.error or "")
