"""The names of the package, and that whatever a spec can say can be said in Python."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import studio
from studio import DAG, Calendar, RetryRule, TaskGroup, approval, sensor
from studio.authoring.callbacks import Callback, Deadline
from studio.authoring.options import CommonOptions, TaskOptions
from studio.authoring.schedules import Asset
from studio.core import spec as specs
from studio.core.map_spec import GroupSpec
from studio.core.schedule_spec import CalendarSpec

NAMES = [
    "Asset", "AssetOrTime", "Cache", "Calendar", "Callback", "Client", "DAG", "DataInterval", "Deadline", "Defer",
    "Fail", "Operator", "Param", "Reschedule", "RetryRule", "Sensor", "Skip", "TaskGroup", "Verbatim",
    "__version__", "approval", "asset_event", "asset_sensor", "branch", "chain", "connect", "connection",
    "cross_downstream", "dag_sensor", "empty", "exit", "file_sensor", "function", "http", "http_sensor", "latest_only",
    "load", "notebook", "operator", "save", "sensor", "shell", "short_circuit", "show", "sql", "sql_sensor", "task",
    "trigger_dag", "variable", "wait",
]  # fmt: skip


def test_public_names_are_these() -> None:
    assert sorted(studio.__all__) == NAMES == dir(studio)


def test_each_name_loads_and_is_known_to_type_checkers() -> None:
    assert all(getattr(studio, name) is not None for name in NAMES)
    tree = ast.parse(Path(inspect.getfile(studio)).read_text())
    typed = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert set(NAMES) <= typed


def test_name_that_there_is_not_is_told() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = studio.Dag
    assert str(caught.value).startswith("module 'studio' has no attribute 'Dag'; public names: DAG, Asset,")


def keywords(call: object) -> set[str]:
    return set(inspect.signature(call).parameters)  # type: ignore[arg-type]


def test_every_field_of_a_task_has_a_keyword() -> None:
    taken = {*CommonOptions.__annotations__, *TaskOptions.__annotations__}
    called = {"max_active_per_dag": "max_active", "id": "task_id", "upstream": "after"}
    # What operators, groups and methods of tasks say.
    elsewhere = {
        "kind", "config", "group", "role", "setups", "fail_run", "interpret", "skip_all", "sensor", "expand",
        "param_schemas", "callbacks",
    }  # fmt: skip
    fields = {called.get(name, name) for name in specs.TaskSpec.__struct_fields__}
    assert fields - elsewhere <= taken
    assert taken - fields == {
        "dag", "no_retry_on", "on_failure", "on_retry", "on_skipped", "on_success", "retry_on",
    }  # fmt: skip


def test_every_field_of_a_dag_has_a_keyword() -> None:
    called = {"id": "dag_id"}
    fields = {called.get(name, name) for name in specs.DagSpec.__struct_fields__}
    elsewhere = {"tasks", "groups", "format", "origin", "param_schemas", "callbacks"}
    assert fields - elsewhere <= keywords(DAG.__init__)


@pytest.mark.parametrize(
    ("kind", "call", "called"),
    [
        (specs.SensorSpec, sensor, {}),
        (specs.RetryRule, RetryRule, {}),
        (specs.AssetSpec, Asset, {}),
        (specs.CallbackSpec, Callback, {"function": "target", "on": None, "path": None}),
        (specs.DeadlineSpec, Deadline, {"at": "reference"}),
        (GroupSpec, TaskGroup.__init__, {"id": "group_id", "parent": None, "expand": None}),
        (CalendarSpec, Calendar, {}),
    ],
)
def test_every_field_can_be_given(kind: type, call: object, called: dict[str, str | None]) -> None:
    fields = {called.get(name, name) for name in kind.__struct_fields__} - {None}  # type: ignore[attr-defined]
    assert fields <= keywords(call)


def test_every_word_of_an_approval_can_be_given() -> None:
    called = {"params": "inputs", "param_schemas": "inputs"}
    words = (
        "subject",
        "body",
        "options",
        "default",
        "multiple",
        "params",
        "param_schemas",
        "timeout",
        "on_reject",
    )
    assert {called.get(word, word) for word in words} <= keywords(approval)
