"""Marked cells: what they come to. Their code is read, never run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from studio.api import models as m
from studio.core.cells.flow import CellFlow, flow_of
from studio.core.cells.marks import read_cell
from studio.core.cells.told import reads_of, task_of
from studio.server.base import Refused
from studio.server.request import Request
from studio.server.services import Services

MAX_CELLS: Final = 2000
MAX_CHARACTERS: Final = 2_000_000  # of all cells together


async def check_cells(request: Request, services: Services) -> m.CellsChecked:
    sources: list[str] = request.body.cells
    if len(sources) > MAX_CELLS or sum(map(len, sources)) > MAX_CHARACTERS:
        raise Refused(
            413,
            f"The notebook is too large to be checked: at most {MAX_CELLS} cells of {MAX_CHARACTERS:,} characters.",
        )
    return await asyncio.to_thread(_checked, sources)


def _checked(sources: Sequence[str]) -> m.CellsChecked:
    flow = flow_of([read_cell(source, index) for index, source in enumerate(sources)])
    return m.CellsChecked(
        dag_id="" if flow.dag is None else flow.dag.name, tasks=_tasks(flow), problems=_problems(flow)
    )


def _tasks(flow: CellFlow) -> list[m.CellTask]:
    return [
        m.CellTask(
            id=task.id,
            cell=task.cell,
            kind="notebook",
            upstream=list(task.upstream),
            label="cell",
            reads=[m.CellRead(name=name, by=by) for name, by in reads_of(task)],
            gives=list(task.gives),
        )
        for task in flow.tasks
    ]


def _problems(flow: CellFlow) -> list[m.CellProblem]:
    return [
        m.CellProblem(
            code=problem.code,
            message=problem.message,
            hint=problem.hint,
            cell=problem.cell,
            line=problem.line,
            severity=problem.severity,
            task=task_of(problem, flow),
        )
        for problem in flow.problems
    ]
