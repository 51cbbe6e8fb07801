"""Trigger rules: when a task runs, given the states of its direct upstream tasks.

A rule is one entry of `RULES`: a function from counts to a verdict. Semantics: Airflow 3.3, `TriggerRuleDep`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from studio.core.states import TaskState


@dataclass(slots=True)
class UpstreamCounts:
    """How many direct upstream TaskInstances there are, and how many ended how."""

    total: int
    success: int = 0
    skipped: int = 0
    failed: int = 0
    upstream_failed: int = 0
    cancelled: int = 0

    def add(self, state: TaskState, n: int = 1) -> None:
        """Count `n` more upstream tasks in `state`; states that are not terminal do not count."""
        match state:
            case TaskState.SUCCESS:
                self.success += n
            case TaskState.SKIPPED:
                self.skipped += n
            case TaskState.FAILED:
                self.failed += n
            case TaskState.UPSTREAM_FAILED:
                self.upstream_failed += n
            case TaskState.CANCELLED:
                self.cancelled += n
            case _:
                pass


#: SCHEDULED = run it; a terminal state = mark it so; None = wait.
Verdict = TaskState | None


def _all_success(n: UpstreamCounts) -> Verdict:
    if n.failed or n.upstream_failed or n.cancelled:
        return TaskState.UPSTREAM_FAILED
    if n.skipped:
        return TaskState.SKIPPED
    return TaskState.SCHEDULED if n.success == n.total else None


RULES: Final[dict[str, Callable[[UpstreamCounts], Verdict]]] = {
    "all_success": _all_success,
}


def judge(rule: str, counts: UpstreamCounts) -> Verdict:
    """What `rule` says of a task with these upstream states. A task without upstream runs."""
    return TaskState.SCHEDULED if counts.total == 0 else RULES[rule](counts)
