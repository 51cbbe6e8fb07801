"""Fixtures for tests of DAGs, in every pytest where Pipeline Studio is installed. Imports nothing that takes time.

def test_flights(run_dag):
    assert run_dag(dag, "2013-01-01", succeed="upload*").check()["clean"].value == 842
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import studio.testing


@pytest.fixture
def studio_connections() -> dict[str, Any]:
    """What `run_dag` and `run_task` give to tasks that declare connections, by name. Fill it, or override it."""
    return {}


@pytest.fixture
def studio_variables() -> dict[str, Any]:
    """What `run_dag` and `run_task` give to tasks that declare variables, by name. Fill it, or override it."""
    return {}


@pytest.fixture
def run_dag(studio_connections: dict[str, Any], studio_variables: dict[str, Any]) -> Callable[..., Any]:
    """Runs a DAG in this process: `run_dag(dag, "2013-01-01", values={…})`, as `dag.test(…)` does."""
    return partial(studio.testing.run_dag, connections=studio_connections, variables=studio_variables)


@pytest.fixture
def run_task(studio_connections: dict[str, Any], studio_variables: dict[str, Any]) -> Callable[..., Any]:
    """Runs one task in this process: `run_task(dag["clean"], values={…})`, as `task.test(…)` does."""
    return partial(studio.testing.run_task, connections=studio_connections, variables=studio_variables)
