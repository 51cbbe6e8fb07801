"""What should happen, written a second time from the reference and in another way than in `studio.core`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from studio.core.spec import DagSpec, TaskSpec
from studio.core.states import TaskState

_T = TaskState
DONE = {_T.SUCCESS, _T.SKIPPED, _T.FAILED, _T.UPSTREAM_FAILED, _T.CANCELLED, _T.REMOVED}
#: A cancelled upstream task counts as a failed one.
FAILED = {_T.FAILED, _T.UPSTREAM_FAILED, _T.CANCELLED}


def verdict(rule: str, states: Sequence[TaskState]) -> TaskState | None:
    """SCHEDULED: it runs; a terminal state: it is marked so; None: it waits. The table of the reference, row by row."""
    if not states or rule == "always":
        return _T.SCHEDULED
    has = set(states).__contains__
    over = all(state in DONE for state in states)
    failed = any(state in FAILED for state in states)
    table: dict[str, tuple[bool, list[tuple[bool, TaskState]]]] = {
        "all_success": (
            all(state in (_T.SUCCESS, _T.REMOVED) for state in states),
            [(failed, _T.UPSTREAM_FAILED), (has(_T.SKIPPED), _T.SKIPPED)],
        ),
        "all_failed": (
            all(state in FAILED or state is _T.REMOVED for state in states),
            [(has(_T.SUCCESS) or has(_T.SKIPPED), _T.SKIPPED)],
        ),
        "all_done": (over, []),
        "all_done_min_one_success": (
            over and has(_T.SUCCESS) and not has(_T.SKIPPED),
            [(has(_T.SKIPPED), _T.SKIPPED), (over and not has(_T.SUCCESS), _T.UPSTREAM_FAILED)],
        ),
        "all_skipped": (
            all(state is _T.SKIPPED for state in states),
            [(over or has(_T.SUCCESS) or failed, _T.SKIPPED)],
        ),
        "one_success": (
            has(_T.SUCCESS),
            [
                (over and all(state is _T.SKIPPED for state in states), _T.SKIPPED),
                (over and not has(_T.SUCCESS), _T.UPSTREAM_FAILED),
            ],
        ),
        "one_failed": (failed, [(over and not failed, _T.SKIPPED)]),
        "one_done": (
            has(_T.SUCCESS) or has(_T.FAILED),
            [(over, _T.SKIPPED)],
        ),
        "none_failed": (over and not failed, [(failed, _T.UPSTREAM_FAILED)]),
        "none_failed_min_one_success": (
            over and not failed and has(_T.SUCCESS),
            [
                (failed, _T.UPSTREAM_FAILED),
                (over and all(state is _T.SKIPPED for state in states), _T.SKIPPED),
                (over and not has(_T.SUCCESS), _T.UPSTREAM_FAILED),
            ],
        ),
        "none_skipped": (over and not has(_T.SKIPPED), [(has(_T.SKIPPED), _T.SKIPPED)]),
    }
    runs, marks = table[rule]
    if runs:
        return _T.SCHEDULED
    return next((state for holds, state in marks if holds), None)


def teardown_verdict(states: Sequence[TaskState], setups: Sequence[TaskState]) -> TaskState | None:
    """all_done_setup_success: something was set up, so it is taken down, whatever became of the work."""
    if not all(state in DONE for state in states):
        return None
    left = [state for state in setups if state is not _T.REMOVED]
    if not left or _T.SUCCESS in left:
        return _T.SCHEDULED
    return _T.SKIPPED if all(state is _T.SKIPPED for state in left) else _T.UPSTREAM_FAILED


def least_delay(task: TaskSpec, failures: int) -> float:
    """The least seconds between the end of the `failures`th failed attempt and the next one."""
    if not task.retry_backoff:
        return min(task.retry_delay, task.max_retry_delay)
    delay = math.ceil(task.retry_delay * task.retry_backoff ** (failures - 1))
    return min(max(1.0, delay), task.max_retry_delay)


def minutes_due(spec: DagSpec, since: float, until: float, step: float) -> list[float]:
    """The ticks of a cron of every `step` seconds in (since, until] that the catch-up policy makes runs of."""
    first = math.floor(since / step) * step + step
    ticks = [first + n * step for n in range(max(0, int((until - first) // step) + 1))]
    if spec.catchup == "all":
        return ticks[-100:]
    if spec.catchup == "skip" and ticks and until - ticks[-1] > 60.0:
        return []
    return ticks[-1:]


def chosen(spec: DagSpec, payload: dict[str, Any]) -> set[str]:
    """The tasks that a clear is about."""
    found = set(payload["task_ids"])
    if payload.get("downstream", True):
        while more := {t.id for t in spec.tasks if t.id not in found and found.intersection(t.upstream)}:
            found |= more
    return found
