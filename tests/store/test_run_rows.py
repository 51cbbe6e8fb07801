"""Records as rows, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from studio.core.model import Attempt, Run, TaskInstance
from studio.core.states import RunState, TaskState
from studio.core.turn import AttemptGuard, RunGuard, TaskGuard
from studio.store import run_rows
from studio.store import statements as sql
from studio.store.tables import attempt, dag_run, task_instance

RUN = Run(1, "d", "r", "manual", "v", 0.5)
TASK = TaskInstance(2, 1, "t")
ATTEMPT = Attempt(3, 2, 1)


@pytest.mark.parametrize(
    ("table", "record"), [(dag_run, Run), (task_instance, TaskInstance), (attempt, Attempt)]
)
def test_columns_are_the_fields_in_their_order(table: Any, record: type) -> None:
    """Rows are made records by position."""
    columns = [column for column in table.c.keys() if column != "scheduled_key"]  # noqa: SIM118 -- no dict
    assert columns == [field.name for field in fields(record)]


def test_values_are_those_of_the_statements() -> None:
    """A batch takes them as they are: one that is missing or too many would not be noticed on every database."""
    for statement, values in (
        (sql.update_runs, run_rows.changed_run_values(RunGuard(RUN, 1, RunState.QUEUED))),
        (sql.update_tasks, run_rows.changed_task_values(TaskGuard(TASK, 1, TaskState.NONE))),
        (sql.update_attempts, run_rows.changed_attempt_values(AttemptGuard(ATTEMPT, ATTEMPT.state))),
    ):
        assert set(values) == set(statement.compile().params)
    for table, values in (
        (dag_run, run_rows.run_values(RUN)),
        (task_instance, run_rows.task_values(TASK)),
        (attempt, run_rows.attempt_values(ATTEMPT)),
    ):
        assert set(values) == set(table.columns.keys())
