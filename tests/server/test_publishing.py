"""A notebook that becomes a DAG of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.settings import Settings

from .conftest import CHAIN, Running
from .test_actions import error_of, until


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    root = tmp_path / "notebooks"
    (root / "in").mkdir(parents=True)
    changed = replace(settings, notebook_root=root)
    write(changed, "in/a daily report.ipynb", "day = '2013-01-01'\nlimit: int = 5\nwhere = None")
    return changed


def write(settings: Settings, name: str, parameters: str) -> None:
    cell: dict[str, object] = {
        "cell_type": "code",
        "metadata": {"tags": ["parameters"]},
        "source": parameters,
        "outputs": [],
        "execution_count": None,
    }
    content = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (settings.notebook_root / name).write_text(json.dumps(content))


async def publish(studio: Running, **body: Any) -> dict[str, Any]:
    body = {"path": "in/a daily report.ipynb", **body}
    answer = await studio.http.post("/api/notebooks/publish", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_schedule_with_params_that_runs_may_change(studio: Running, settings: Settings) -> None:
    schedule = {"type": "cron", "expression": "0 6 * * *"}
    parameters = {"day": "{{ ds }}", "limit": 7}
    made = await publish(
        studio, schedule=schedule, timezone="Europe/Vienna", parameters=parameters, retries=2
    )
    spec, run = made["dag"]["spec"], made["run"]
    assert (spec["id"], spec["timezone"], spec["schedule"], run) == (
        "a_daily_report",
        "Europe/Vienna",
        schedule,
        None,
    )
    assert spec["params"] == {"limit": 7, "where": None}
    assert spec["param_schemas"]["limit"]["type"] == "integer"
    (task,) = spec["tasks"]
    assert (task["id"], task["retries"]) == ("a_daily_report", 2)
    config = task["config"]
    assert config["parameters"] == {
        "day": "{{ ds }}",
        "limit": "{{ params.limit }}",
        "where": "{{ params.where }}",
    }
    assert config["path"] == str(settings.notebook_root / "in" / "a daily report.ipynb")
    assert made["dag"]["dag"]["next_run"] is not None


async def test_run_once(studio: Running) -> None:
    made = await publish(studio, start=True)
    assert made["dag"]["dag"]["schedule"] is None
    await until(studio, made["run"]["run"]["run_id"], dag_id="a_daily_report")


async def test_what_was_scheduled_can_be_changed_and_what_is_no_such_dag_is_left_alone(
    studio: Running, settings: Settings
) -> None:
    first = await publish(studio, dag_id="mine", retries=1)
    write(settings, "in/a daily report.ipynb", "day = '2013-01-02'")
    second = await publish(studio, dag_id="mine", source="latest")
    assert first["dag"]["dag"]["version"] != second["dag"]["dag"]["version"]
    assert second["dag"]["spec"]["tasks"][0]["config"]["source"] == "latest"
    await studio.publish(CHAIN)
    body = {"path": "in/a daily report.ipynb", "dag_id": "chain"}
    error = error_of(await studio.http.post("/api/notebooks/publish", json=body), 409)
    assert "not of this notebook" in error["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"path": "none.ipynb"}, None),
        ({"path": "/etc/passwd"}, None),
        ({"parameters": {"dya": 1}}, "parameters.dya"),
        ({"dag_id": "a/b"}, None),
        ({"retries": -1}, None),
        ({"schedule": {"type": "cron", "expression": "every day"}}, None),
        ({"timezone": "Vienna"}, None),
        ({"kernel_name": ""}, None),
    ],
)
async def test_what_makes_no_sense_is_refused(
    studio: Running, body: dict[str, Any], field: str | None
) -> None:
    answer = await studio.http.post(
        "/api/notebooks/publish", json={"path": "in/a daily report.ipynb", **body}
    )
    assert 400 <= answer.status_code < 500, answer.text
    if field is not None:
        assert answer.json()["error"]["field"] == field
    assert (await studio.http.get("/api/dags")).json()["dags"] == []


async def test_who_is_told_and_where_copies_go(studio: Running) -> None:
    body = {"path": "in/a daily report.ipynb", "notify": {"connection": "alerts", "to": ["a@example.org"]}}
    error = error_of(await studio.http.post("/api/notebooks/publish", json=body), 400)
    assert (error["field"], "no connection 'alerts'" in error["message"]) == ("notify.connection", True)
    answer = await studio.http.put("/api/connections/alerts", json={"url": "https://hooks.example.org/x"})
    assert answer.status_code == 200, answer.text
    made = await publish(
        studio,
        copy_to="reports/{{ ds }}",
        notify={"connection": "alerts", "on": ["failure", "success"], "to": ["a@example.org"]},
    )
    spec = made["dag"]["spec"]
    assert spec["tasks"][0]["config"]["copy_to"] == "reports/{{ ds }}"
    args = {"url": "{{ conn['alerts'].url }}", "to": ["a@example.org"]}
    assert [(one["on"], one["function"], one["args"]) for one in spec["callbacks"]] == [
        ("failure", "studio.operators.notify:notify", args),
        ("success", "studio.operators.notify:notify", args),
    ]
    assert "hooks.example.org" not in json.dumps(made)
