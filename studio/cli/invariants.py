"""What must hold of every run in the database. Read only; see the invariants in `docs/states.md` and the design."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from studio.core.model import Attempt, Run, TaskInstance
from studio.core.states import ACTIVE, ATTEMPT_TERMINAL, RUN_TERMINAL, TERMINAL
from studio.ports import Store

_PAGE = 200  # runs


async def violations(store: Store, limit: int) -> AsyncIterator[str]:
    """A sentence for each broken invariant of the newest `limit` runs.

    A run that a turn changes while it is read may look broken: such a one is read once more.
    """
    before: tuple[float, int] | None = None
    left = limit
    while left > 0:
        page = await store.runs(before=before, limit=min(_PAGE, left))
        if not page:
            return
        for item in page:
            found = await _of(store, item.run.dag_id, item.run.run_id)
            if found:
                found = await _of(store, item.run.dag_id, item.run.run_id)
            for text in found:
                yield f"{item.run.dag_id} {item.run.run_id}: {text}"
        left -= len(page)
        before = (page[-1].run.run_after, page[-1].run.id)


async def _of(store: Store, dag_id: str, run_id: str) -> list[str]:
    stored = await store.run(dag_id, run_id)
    if stored is None:
        return []  # deleted meanwhile
    run, tasks = stored
    found = list(_of_run(run, tasks))
    for task in tasks:
        if task.try_number:
            found.extend(_of_task(task, await store.attempts(task.id)))
    return found


def _of_run(run: Run, tasks: list[TaskInstance]) -> Iterator[str]:
    unfinished = [task.task_id for task in tasks if task.state not in TERMINAL]
    if run.state in RUN_TERMINAL and unfinished:
        yield f"it is {run.state.value}, but {', '.join(unfinished[:5])} not"
    if run.state not in RUN_TERMINAL and tasks and not unfinished:
        yield f"it is {run.state.value}, but all its tasks have ended"
    if run.state in RUN_TERMINAL and run.ended_at is None:
        yield "it has ended, but not when"


def _of_task(task: TaskInstance, attempts: list[Attempt]) -> Iterator[str]:
    name = f"the task {task.task_id}"
    last = attempts[-1] if attempts else None
    if last is None or last.id != task.attempt or last.try_number != task.try_number:
        yield f"{name} is at try {task.try_number}, but its latest attempt is not"
        return
    alive = [attempt for attempt in attempts if attempt.state not in ATTEMPT_TERMINAL]
    if len(alive) > 1:
        yield f"{name} has {len(alive)} attempts alive"
    if task.state in ACTIVE and last.state in ATTEMPT_TERMINAL:
        yield f"{name} is {task.state.value}, but its attempt is {last.state.value}"
    if task.state in TERMINAL and alive:
        yield f"{name} is {task.state.value}, but an attempt is {alive[0].state.value}"
