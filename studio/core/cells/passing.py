"""What passes between the tasks of a cell DAG: what each loads, keeps and returns, and over what it is mapped."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from studio.core.cells.flow import CellFlow, Given, TaskFlow
from studio.core.cells.marks import MarkedCell
from studio.core.cells.names import names_of
from studio.core.cells.problems import Problem
from studio.core.names import shown


@dataclass(frozen=True, slots=True)
class MappedOver:
    """Where the items come from, one of which a task instance has as `variable`."""

    variable: str
    name: str
    kind: Literal["output", "param", "literal"]
    by: str = ""  # the task that returns them
    items: Any = None  # those of a literal


@dataclass(frozen=True, slots=True)
class Passing:
    """Of one task."""

    loads: tuple[Given, ...]
    keeps: Mapping[str, tuple[str, ...]]  # name → ids of the tasks that load it
    returns: str  # the name whose items tasks are mapped over; "" if there is none
    over: tuple[MappedOver, ...]

    @property
    def is_mapped(self) -> bool:
        return bool(self.over)


def passing_of(flow: CellFlow, cells: Sequence[MarkedCell]) -> tuple[dict[str, Passing], list[Problem]]:
    """By task id, and what of it cannot be done. `cells`: those that `flow` was made of."""
    problems: list[Problem] = []
    loads = {task.id: _loads(task, cells[task.cell]) for task in flow.tasks}
    over = {task.id: tuple(_over(task, flow, problems)) for task in flow.tasks}
    readers: dict[Given, list[str]] = {}
    for other, names in loads.items():
        for given in names:
            readers.setdefault(given, []).append(other)
    mappers: dict[
        str, dict[str, str]
    ] = {}  # task → the names of it that tasks are mapped over, and one such task
    for other, sources in over.items():
        for each in sources:
            mappers.setdefault(each.by, {})[each.name] = other
    found = {}
    for task in flow.tasks:
        returned = mappers.get(task.id, {})
        if len(returned) > 1:
            problems.append(_two_mapped_over(task.id, returned, flow))
        keeps = {name: tuple(readers.get(Given(name, task.id), ())) for name in task.gives}
        kept = {name: ids for name, ids in keeps.items() if ids or name not in returned}
        found[task.id] = Passing(loads[task.id], kept, next(iter(returned), ""), over[task.id])
    return found, problems


def _two_mapped_over(task_id: str, returned: Mapping[str, str], flow: CellFlow) -> Problem:
    first, second = list(returned)[:2]
    return Problem(
        "two_mapped_over",
        f"Tasks are mapped over {shown(first)} and {shown(second)}, which the task {shown(task_id)} both gives; it can "
        "return the items of one name only.",
        f"Let another task give {shown(second)}, or map over pairs: `both = list(zip({first}, {second}))`.",
        next(other.cell for other in flow.tasks if other.id == returned[second]),
    )


def _loads(task: TaskFlow, cell: MarkedCell) -> tuple[Given, ...]:
    """What it needs, without the names that it is only mapped over: of these an instance has its own item."""
    if not task.maps:
        return task.needs
    only_mapped = {name for _, name in task.maps} - {
        *names_of(cell.python).reads,
        *cell.options.get("needs", ()),
    }
    variables = {variable for variable, _ in task.maps}
    return tuple(given for given in task.needs if given.name not in only_mapped | variables)


def _over(task: TaskFlow, flow: CellFlow, problems: list[Problem]) -> list[MappedOver]:
    given = {each.name: each.by for each in task.needs}
    found = []
    for variable, name in task.maps:
        if name in given:
            found.append(MappedOver(variable, name, "output", by=given[name]))
        elif name in flow.params:
            found.append(MappedOver(variable, name, "param"))
        elif (literal := _literal(name, flow.setup)) is not None:
            found.append(MappedOver(variable, name, "literal", items=literal))
        elif not _is_told(flow, task.cell):
            problems.append(
                Problem(
                    "not_mappable",
                    f"The task {shown(task.id)} is mapped over {shown(name)}, whose items nobody tells.",
                    f"Let a task give {shown(name)}, or write it out as a list in a %%params or %%setup cell.",
                    task.cell,
                )
            )
    return found


def _is_told(flow: CellFlow, cell: int) -> bool:
    """Whether the flow has named something wrong with the cell already, such as a name that nobody gives."""
    return any(problem.cell == cell and problem.severity == "error" for problem in flow.problems)


def _literal(name: str, setup: Sequence[MarkedCell]) -> Any:
    """What the last plain assignment of a %%setup cell gives to `name`; None if that is no list, tuple or dict."""
    found: Any = None
    for cell in setup:
        try:
            tree = ast.parse(cell.python)
        except SyntaxError:
            continue
        for statement in tree.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if isinstance(statement, ast.AnnAssign):
                targets = [statement.target]
            value = getattr(statement, "value", None)
            if value is not None and any(isinstance(each, ast.Name) and each.id == name for each in targets):
                try:
                    found = ast.literal_eval(value)
                except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                    found = None
    return found if isinstance(found, (list, tuple, dict)) else None
