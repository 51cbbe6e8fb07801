"""The grid: runs × tasks."""

from __future__ import annotations

from collections.abc import Iterable

from studio.api import models as m
from studio.core.spec import DagSpec
from studio.core.states import TaskState
from studio.ports import TaskStates
from studio.server import views
from studio.server.lookup import find_dag
from studio.server.request import Request
from studio.server.run_pages import cursor_after, read_cursor, read_states
from studio.server.services import Services


async def get_grid(request: Request, services: Services) -> m.Grid:
    limit = request.whole("limit", 100, 1, 400)
    states, before = read_states(request), read_cursor(request)
    dag = await find_dag(services, request.dag_id)
    found = await services.store.runs(dag.dag_id, states=states, before=before, limit=limit + 1)
    page = found[:limit]
    of_runs = await services.store.task_states([item.run.id for item in page])
    tasks = _tasks(dag.spec, of_runs.values())
    place = {name: index for index, name in enumerate(tasks)}
    return m.Grid(
        tasks=tasks,
        rows=[
            m.GridRow(run=views.overview(item), cells=_cells(of_runs.get(item.run.id, {}), place))
            for item in page
        ],
        next=cursor_after(page[-1].run) if len(found) > limit else None,
    )


def _tasks(spec: DagSpec, of_runs: Iterable[TaskStates]) -> list[str]:
    present = [task.id for task in spec.tasks]
    former = set[str]().union(*of_runs).difference(present)
    return [*present, *sorted(former)]


def _cells(tasks: TaskStates, place: dict[str, int]) -> list[m.GridCells]:
    """One entry for each state that there is."""
    of_states: dict[str, list[tuple[int, int]]] = {}
    for task_id, counts in tasks.items():
        for state, count in counts.items():
            of_states.setdefault(state, []).append((place[task_id], count))
    return [
        m.GridCells(
            state=TaskState(state),
            tasks=[index for index, _ in cells],
            counts=[] if all(count == 1 for _, count in cells) else [count for _, count in cells],
        )
        for state, cells in of_states.items()
    ]
