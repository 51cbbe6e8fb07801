"""Values that the database knows and the store of values does not have. Read only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from studio.ports import Store
from studio.values.store import ValueStore

_PAGE = 200  # runs


async def missing_values(store: Store, values: ValueStore, limit: int) -> AsyncIterator[str]:
    """A sentence for each value of the newest `limit` runs whose file is not there.

    Raises `ValueStoreUnavailable`.
    """
    before: tuple[float, int] | None = None
    left = limit
    while left > 0:
        page = await store.runs(before=before, limit=min(_PAGE, left))
        if not page:
            return
        for item in page:
            async for text in _of(store, values, item.run.dag_id, item.run.run_id):
                yield f"{item.run.dag_id} {item.run.run_id}: {text}"
        left -= len(page)
        before = (page[-1].run.run_after, page[-1].run.id)


async def _of(store: Store, values: ValueStore, dag_id: str, run_id: str) -> AsyncIterator[str]:
    stored = await store.run(dag_id, run_id)
    if stored is None:
        return  # deleted meanwhile
    keeping = {task.attempt: task.task_id for task in stored[1] if task.keeps and task.attempt is not None}
    for attempt, found in (await store.saved_values(list(keeping))).items():
        for value in found:
            is_there = await asyncio.to_thread(values.has, value.digest)
            # Who deletes the run meanwhile deletes the value.
            if not is_there and await store.referenced([value.digest]):
                yield f"the value {value.name} of the task {keeping[attempt]} is gone"
