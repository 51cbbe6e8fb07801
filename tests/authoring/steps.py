"""Functions that the DAGs of these tests are made of, as a user's module has them; and what specs become of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio import function, task
from studio.authoring.tasks import Task
from studio.core.spec import TaskSpec

#: Where a worker looks for modules that are named as text.
HERE = str(Path(__file__).parent)


def plain(name: str, **options: Any) -> Task:
    """A task of the function `steps:<name>`."""
    return function(f"steps:{name}", **options)


def spec_of(task_id: str, *upstream: str, function: str = "", **fields: Any) -> TaskSpec:
    """What `plain(...)` becomes. `function`: its name, if it is not the last part of the id."""
    name = function or task_id.rpartition(".")[2]
    config = {"function": f"steps:{name}", "args": fields.pop("args", {}), "path": [HERE]}
    return TaskSpec(id=task_id, kind="function", config=config, upstream=upstream, **fields)


def double(n: int) -> int:
    return 2 * n


def told(context: dict[str, Any]) -> None:
    """A callback."""


class Flaky(Exception):
    """Something to try again after."""


@task
def extract(day: str, table: str = "flights") -> str:
    return f"{table}/{day}"


@task(retries=2, task_id="store")
def load(path: str, **options: Any) -> None:
    """Keeps what is at `path`."""


@task.branch
def choose(n: int) -> str:
    return "left" if n else "right"


@task.short_circuit(skip_all=False)
def is_open() -> bool:
    return True


@task.sensor(mode="reschedule", poke_interval="5 min", timeout="1 h")
def arrived(path: str) -> bool:
    return False


@task
def positional(first: int, /, *others: int) -> int:
    return first
