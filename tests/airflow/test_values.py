"""Airflow's examples of values that tasks hand on, and of templates."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.airflow.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

DATE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc).timestamp()


async def test_xcom(stage: Stage) -> None:
    # Airflow's example_xcom: what a task returns is its XCom; others pull it by the task's id in a template, or get
    # it as an argument. A list of ids gives a list of values. A template that names a task that does not exist gives
    # None in Airflow; here it is an error, unless there is a default.
    await stage.load("example_xcom")
    ended = await stage.run("example_xcom")
    assert ended.state == "failed"
    assert ended.values["puller"] == {
        "one": [1, 2, 3],
        "key": "b",
        "several": [[1, 2, 3], {"a": "b", "deep": {"n": 7}}],
        "in_text": "first: 1",
        "outputs": 8,
        "default": "none",
        "part": {"n": 7},
    }
    assert ended.tasks_in("failed") == {"typo"}
    assert ended.tasks_in("success") == {"push", "push_by_returning", "puller"}


async def test_xcomargs(stage: Stage) -> None:
    # Airflow's example_xcom_args: a value as an argument makes the one task wait for the other.
    await stage.load("example_xcomargs")
    ended = await stage.run("example_xcom_args", logical_date=DATE)
    assert ended.state == "success"
    assert ended.values["print_value"] == ["Bring me a shrubbery!", "2026-03-04"]


async def test_values_of_tasks_that_did_not_succeed_are_none(stage: Stage) -> None:
    # Airflow: the return value of a task that was skipped or has failed is None for a task that runs all the same; an
    # entry of it is not there, and asking for that fails.
    await stage.load("example_xcomargs")
    ended = await stage.run("example_xcom_args_without_values")
    assert ended.state == "failed"
    assert ended.values["join"] == ["Bring me a shrubbery!", None, None]
    assert ended.tasks_in("failed") == {"failed", "part"}


async def test_python_operator(stage: Stage) -> None:
    # Airflow's example_python_operator: arguments are templates, in lists and dicts too; what is no template stays
    # as it is. Five tasks sleep a little, each for longer.
    await stage.load("example_python_operator")
    ended = await stage.run("example_python_operator", logical_date=DATE)
    assert ended.state == "success"
    assert ended.values["print_context"] == {
        "ds": "2026-03-04",
        "ts_nodash": "20260304T050607",
        "tomorrow": "2026-03-05",
        "weekday": "Wednesday",
        "run_id": ended.run.run_id,
        "task": "example_python_operator.print_context, try 1",
        "number": 42,
        "mapping": {"a list": [41, "n = 41"]},
        "no_template": "{ ds }",
    }
    assert [ended.values[f"sleep_for_{n}"] for n in range(5)] == [0, 0.01, 0.02, 0.03, 0.04]
    assert ended.values["later"] == 82


async def test_native_templates(stage: Stage) -> None:
    # Airflow documents render_template_as_native_obj: what is rendered is read as a Python literal.
    await stage.load("example_python_operator")
    ended = await stage.run("example_python_operator_native")
    assert ended.values["print_context"] == {"text": [41, 1], "number": 41}


async def test_undefined_names_fail_the_task(stage: Stage) -> None:
    # Airflow's default: an undefined name is an error (template_undefined is StrictUndefined).
    await stage.load("example_python_operator")
    ended = await stage.run("example_python_operator_undefined")
    assert (ended.state, ended.states) == ("failed", {"print_context": "failed"})
    [attempt] = await stage.store.attempts(ended.tasks[0].id)
    assert attempt.error is not None
    assert "'no_such_name' is undefined" in attempt.error
