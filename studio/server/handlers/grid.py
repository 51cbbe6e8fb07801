"""Many runs, or all of one, at a glance: the grid, the calendar, the chart of attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from studio.api import models as m
from studio.core.dates import zone_of
from studio.core.spec import DagSpec
from studio.core.states import TaskState
from studio.errors import InvalidInput
from studio.ports import TaskStates
from studio.server import views
from studio.server.lookup import find_dag, find_run
from studio.server.request import Request
from studio.server.run_pages import cursor_after, read_cursor, read_filter, read_moment
from studio.server.services import Services

_DAY: Final = 86_400.0  # seconds
_YEAR: Final = 366 * _DAY
_MOST: Final = 10 * _YEAR


async def get_grid(request: Request, services: Services) -> m.Grid:
    limit = request.whole("limit", 100, 1, 400)
    before = read_cursor(request)
    dag = await find_dag(services, request.dag_id)
    asked = read_filter(request, dag.spec.timezone)
    found = await services.store.runs(dag.dag_id, asked, before=before, limit=limit + 1, is_counted=False)
    page = found[:limit]
    of_runs = await services.store.task_states([item.run.id for item in page])
    tasks = _tasks(dag.spec, of_runs.values())
    place = {name: index for index, name in enumerate(tasks)}
    return m.Grid(
        tasks=tasks,
        rows=[
            m.GridRow(run=views.run_summary(item.run, _counts(states)), cells=_cells(states, place))
            for item in page
            for states in (of_runs.get(item.run.id, {}),)
        ],
        next=cursor_after(page[-1].run) if len(found) > limit else None,
    )


async def list_days(request: Request, services: Services) -> m.DayList:
    dag = await find_dag(services, request.dag_id)
    zone = zone_of(dag.spec.timezone)
    now = services.clock.now()
    since = read_moment(request, "since", dag.spec.timezone)
    until = read_moment(request, "until", dag.spec.timezone)
    until = now + _DAY if until is None else until
    since = until - _YEAR if since is None else since
    if not 0 < until - since <= _MOST:
        raise InvalidInput(
            "`until` must be after `since`, by ten years at most.", hint="Ask for one year.", field="until"
        )
    counts: dict[date, Counter[str]] = {}
    for moment, state in await services.store.run_dates(dag.dag_id, since, until):
        day = datetime.fromtimestamp(moment, zone).date()
        counts.setdefault(day, Counter())[state.value] += 1
    return m.DayList(days=[m.DayRuns(day=day, counts=dict(counts[day])) for day in sorted(counts)])


async def list_attempts(request: Request, services: Services) -> m.RunAttempts:
    run, _ = await find_run(services, request.dag_id, request.run_id)
    return m.RunAttempts(
        attempts=[
            m.RunAttempt(
                task_id=attempt.task_id,
                map_index=attempt.map_index,
                try_number=attempt.try_number,
                state=attempt.state,
                queued_at=views.when(attempt.queued_at),
                started_at=views.maybe(attempt.started_at),
                ended_at=views.maybe(attempt.ended_at),
                worker=attempt.worker,
            )
            for attempt in await services.store.attempts_of_run(run.id)
        ]
    )


def _counts(states: TaskStates) -> dict[str, int]:
    return {state: len(names) for state, names in states.items()}


def _tasks(spec: DagSpec, of_runs: Iterable[TaskStates]) -> list[str]:
    present = [task.id for task in spec.tasks]
    former = set[str]().union(*(names for states in of_runs for names in states.values())).difference(present)
    return [*present, *sorted(former)]


def _cells(states: TaskStates, place: dict[str, int]) -> list[m.GridCells]:
    """One entry for each state that there is."""
    cells = []
    for state, names in states.items():
        counts = Counter(names) if len(set(names)) < len(names) else {}
        tasks = [place[name] for name in counts or names]
        cells.append(m.GridCells(state=TaskState(state), tasks=tasks, counts=list(counts.values())))
    return cells
