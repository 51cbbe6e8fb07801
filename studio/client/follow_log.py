"""The log of an attempt as it grows: the stream says when, the route gives the records, filtered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.api.models import Hello, LogAppended, LogRecord, Resync, RunChanged, Subscribe, TaskLog
from studio.client.follow import follow
from studio.client.transport import Transport
from studio.core.states import TERMINAL


def follow_log(
    transport: Transport, path: Mapping[str, str], query: Mapping[str, Any]
) -> Iterator[LogRecord]:
    """Records from the last `tail` of `query` on, until the attempt has ended; of a task that waits, its next one's.

    It is the attempt that is the latest when this begins, or that of `try_number`. Raises `NotFound`.
    """
    dag_id, run_id, task_id = (path[name] for name in ("dag_id", "run_id", "task_id"))
    map_index = query.get("map_index")
    task = (task_id, -1 if map_index is None else int(map_index))
    topic = f"{dag_id}/{run_id}/{task_id}/{task[1]}"
    page: TaskLog = transport.call("get_log", path, query=query)
    yield from page.records
    if page.ended:
        return
    is_over = False
    for message in follow(transport, Subscribe(dag_ids=[dag_id], logs=[topic])):
        match message:
            case Hello() | Resync():
                # A task that never starts (skipped, upstream failed) may have been over before this listened.
                detail = transport.call("get_task", path, query={"map_index": map_index})
                is_over = detail.task.state in TERMINAL
            case LogAppended():
                is_over = message.ended and message.attempt_id == page.attempt_id
            case RunChanged(run, tasks):
                is_over = run.run_id == run_id and any(
                    (found.task_id, found.map_index) == task and found.state in TERMINAL for found in tasks
                )
                if not is_over:
                    continue
            case _:
                continue
        is_truncated = True
        while is_truncated:
            page = transport.call("get_log", path, query=_rest(query, page))
            yield from page.records
            is_truncated = page.truncated
        if is_over or page.ended:
            return


def _rest(query: Mapping[str, Any], page: TaskLog) -> dict[str, Any]:
    """For what follows `page`, of the same attempt."""
    pinned = page.try_number or query.get("try_number")
    return {**query, "tail": None, "after": page.end, "try_number": pinned}
