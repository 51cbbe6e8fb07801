"""What is told of a flow, in the kernel and by the API alike."""

from __future__ import annotations

from studio.core.cells.flow import CellFlow, TaskFlow
from studio.core.cells.problems import Problem


def reads_of(task: TaskFlow) -> tuple[tuple[str, str], ...]:
    """Each name that a task takes from outside of its cell, and the task that gives it; "": the run does."""
    own = (*task.params, *task.context)
    return (*((given.name, given.by) for given in task.needs), *((name, "") for name in own))


def task_of(problem: Problem, flow: CellFlow) -> str | None:
    """The id of the task whose cell has the problem."""
    return next((task.id for task in flow.tasks if task.cell == problem.cell), None)
