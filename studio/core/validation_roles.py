"""Setups, teardowns and fail-fast: rules over several tasks."""

from __future__ import annotations

from studio.core.names import nearest, shown
from studio.core.spec import DagSpec, TaskSpec
from studio.errors import InvalidDag


def check_roles(spec: DagSpec) -> None:
    """Raise `InvalidDag` where roles of tasks contradict each other."""
    known = {task.id: task for task in spec.tasks}
    for task in spec.tasks:
        where = f"The task {shown(task.id)}"
        if task.role == "teardown":
            _check_teardown(task, known, where)
        else:
            _check_other(task, where)
        if spec.fail_fast and task.role != "teardown" and task.trigger_rule != "all_success":
            raise InvalidDag(
                f"{where} has the trigger rule {shown(task.trigger_rule)}; with fail_fast it must be 'all_success'.",
                hint="A task that runs after failures contradicts a run that ends with the first.",
                field="trigger_rule",
            )


def _check_teardown(task: TaskSpec, known: dict[str, TaskSpec], where: str) -> None:
    for name in task.setups:
        if name not in known or known[name].role != "setup":
            setups = [each.id for each in known.values() if each.role == "setup"]
            raise InvalidDag(
                f"{where} takes down {shown(name)}, which is no setup.",
                hint=nearest(name, setups) or "Mark it: setup.as_setup().",
                field="setups",
            )
        if name not in task.upstream:
            raise InvalidDag(
                f"{where} takes down {shown(name)}, but does not wait for it.",
                hint=f"Add it to upstream: {name} >> {task.id}.",
                field="setups",
            )


def _check_other(task: TaskSpec, where: str) -> None:
    if task.setups:
        raise InvalidDag(
            f"{where} has setups, but is no teardown.",
            hint="Mark it: task.as_teardown(setups=...).",
            field="setups",
        )
    if task.fail_run:
        raise InvalidDag(
            f"{where} has fail_run, but is no teardown: the failure of other tasks counts anyway.",
            field="fail_run",
        )
