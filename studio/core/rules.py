"""Trigger rules: when a task instance runs, given the states of those directly upstream of it.

A rule is one entry of `RULES`: a function from counts to a verdict. Semantics: Airflow 3.3, `TriggerRuleDep`. A verdict
falls as soon as its condition holds, without waiting for the others, unless the table says "all done".
S success, K skipped, X failed or upstream_failed or cancelled, R removed, N all of them.

| rule                        | runs when                | and else is marked                               |
|-----------------------------|--------------------------|--------------------------------------------------|
| all_success                 | S + R = N                | X: upstream_failed; K: skipped                   |
| all_failed                  | X + R = N                | S or K: skipped                                  |
| all_done                    | all done                 | never                                            |
| all_done_min_one_success    | all done, no K, an S     | K: skipped; all done, no S: upstream_failed      |
| all_done_setup_success      | all done, see `_taken_up`| see `_taken_up`                                  |
| all_skipped                 | K = N                    | S or X: skipped; all done: skipped               |
| one_success                 | an S                     | K = N: skipped; all done, no S: upstream_failed  |
| one_failed                  | an X                     | all done, no X: skipped                          |
| one_done                    | an S or a failed one     | all done, none of these: skipped                 |
| none_failed                 | S + K + R = N            | X: upstream_failed                               |
| none_failed_min_one_success | S + K + R = N, an S      | X: upstream_failed; K = N: skipped;              |
|                             |                          | all done, no S: upstream_failed                  |
| none_skipped                | all done, no K           | K: skipped                                       |
| always                      | at once                  | never                                            |

`cancelled` is not a state of Airflow's. Under every rule it counts as upstream_failed does: what was to be done was
not done. So it is a failure to the rules all_* and none_failed*, and to one_failed; and to one_done it is, like
upstream_failed, not "done". `removed` is no reason to run or to fail, but it does end the waiting: all_skipped with a
removed one is skipped once all are done, where Airflow's would wait for ever.

A mapped instance beyond the end of a map that shrank is removed by the expansion; that is not a matter of rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from studio.core.states import TaskState

_SCHEDULED: Final = TaskState.SCHEDULED
_SUCCESS: Final = TaskState.SUCCESS
_SKIPPED: Final = TaskState.SKIPPED
_FAILED: Final = TaskState.FAILED
_UPSTREAM_FAILED: Final = TaskState.UPSTREAM_FAILED
_CANCELLED: Final = TaskState.CANCELLED
_REMOVED: Final = TaskState.REMOVED


@dataclass(slots=True)
class UpstreamCounts:
    """How many upstream TaskInstances there are, and how many ended how."""

    total: int
    success: int = 0
    skipped: int = 0
    failed: int = 0
    upstream_failed: int = 0
    cancelled: int = 0
    removed: int = 0

    def add(self, state: TaskState, n: int = 1) -> None:
        """Count `n` more upstream tasks in `state`; states that are not terminal do not count."""
        # Every end of a task comes through here, once for each task below: identity is what costs least.
        if state is _SUCCESS:
            self.success += n
        elif state is _SKIPPED:
            self.skipped += n
        elif state is _FAILED:
            self.failed += n
        elif state is _UPSTREAM_FAILED:
            self.upstream_failed += n
        elif state is _CANCELLED:
            self.cancelled += n
        elif state is _REMOVED:
            self.removed += n

    def include(self, other: UpstreamCounts) -> None:
        """Count what `other` counts, too."""
        self.total += other.total
        self.success += other.success
        self.skipped += other.skipped
        self.failed += other.failed
        self.upstream_failed += other.upstream_failed
        self.cancelled += other.cancelled
        self.removed += other.removed

    @property
    def done(self) -> int:
        """How many are terminal."""
        return (
            self.success + self.skipped + self.failed + self.upstream_failed + self.cancelled + self.removed
        )

    @property
    def unsuccessful(self) -> int:
        """How many did not do what they were to do: failed, upstream_failed or cancelled."""
        return self.failed + self.upstream_failed + self.cancelled

    @property
    def signature(self) -> int:
        """Changes whenever a verdict of any rule may change, and not with each task that ends: seven bits.

        Which states there are at all, and whether all are done; no rule asks for more.
        """
        return (
            (self.success > 0)
            | (self.skipped > 0) << 1
            | (self.failed > 0) << 2
            | (self.upstream_failed > 0) << 3
            | (self.cancelled > 0) << 4
            | (self.removed > 0) << 5
            | (self.done >= self.total) << 6
        )


#: SCHEDULED = run it; a terminal state = mark it so; None = wait.
Verdict = TaskState | None


def _all_success(n: UpstreamCounts) -> Verdict:
    if n.failed or n.upstream_failed or n.cancelled:
        return _UPSTREAM_FAILED
    if n.skipped:
        return _SKIPPED
    return _SCHEDULED if n.success + n.removed >= n.total else None


def _all_failed(n: UpstreamCounts) -> Verdict:
    if n.success or n.skipped:
        return _SKIPPED
    return _SCHEDULED if n.unsuccessful + n.removed >= n.total else None


def _all_done(n: UpstreamCounts) -> Verdict:
    return _SCHEDULED if n.done >= n.total else None


def _all_done_min_one_success(n: UpstreamCounts) -> Verdict:
    if n.skipped:
        return _SKIPPED
    if n.done < n.total:
        return None
    return _SCHEDULED if n.success else _UPSTREAM_FAILED


def _all_skipped(n: UpstreamCounts) -> Verdict:
    if n.success or n.unsuccessful:
        return _SKIPPED
    if n.done < n.total:
        return None
    return _SKIPPED if n.removed else _SCHEDULED


def _one_success(n: UpstreamCounts) -> Verdict:
    if n.success:
        return _SCHEDULED
    if n.done < n.total:
        return None
    return _SKIPPED if n.skipped >= n.total else _UPSTREAM_FAILED


def _one_failed(n: UpstreamCounts) -> Verdict:
    if n.unsuccessful:
        return _SCHEDULED
    return _SKIPPED if n.done >= n.total else None


def _one_done(n: UpstreamCounts) -> Verdict:
    if n.success or n.failed:
        return _SCHEDULED
    return _SKIPPED if n.done >= n.total else None


def _none_failed(n: UpstreamCounts) -> Verdict:
    if n.unsuccessful:
        return _UPSTREAM_FAILED
    return _SCHEDULED if n.done >= n.total else None


def _none_failed_min_one_success(n: UpstreamCounts) -> Verdict:
    if n.unsuccessful:
        return _UPSTREAM_FAILED
    if n.done < n.total:
        return None
    if n.success:
        return _SCHEDULED
    return _SKIPPED if n.skipped >= n.total else _UPSTREAM_FAILED


def _none_skipped(n: UpstreamCounts) -> Verdict:
    if n.skipped:
        return _SKIPPED
    return _SCHEDULED if n.done >= n.total else None


def _always(_: UpstreamCounts) -> Verdict:
    return _SCHEDULED


RULES: Final[dict[str, Callable[[UpstreamCounts], Verdict]]] = {
    "all_success": _all_success,
    "all_failed": _all_failed,
    "all_done": _all_done,
    "all_done_min_one_success": _all_done_min_one_success,
    "all_done_setup_success": _all_done,  # and what `_taken_up` says of the setups
    "all_skipped": _all_skipped,
    "one_success": _one_success,
    "one_failed": _one_failed,
    "one_done": _one_done,
    "none_failed": _none_failed,
    "none_failed_min_one_success": _none_failed_min_one_success,
    "none_skipped": _none_skipped,
    "always": _always,
}


def judge(rule: str, counts: UpstreamCounts, setups: UpstreamCounts | None = None) -> Verdict:
    """What `rule` says of a task with these upstream states. A task without upstream runs.

    `setups` counts the setups of a teardown, for all_done_setup_success; the other rules do not look at them.
    """
    verdict = _SCHEDULED if counts.total == 0 else RULES[rule](counts)
    if setups is not None and verdict is _SCHEDULED and rule == "all_done_setup_success":
        return _taken_up(setups)
    return verdict


def judge_setups(counts: UpstreamCounts) -> Verdict:
    """What the setups that a task works under say, besides its own rule: all of them must have succeeded."""
    return _all_success(counts)


def _taken_up(setups: UpstreamCounts) -> Verdict:
    """Whether there is something to take down: a teardown runs if one of its setups succeeded.

    All of them skipped: skipped; none succeeded: upstream_failed; not all done: wait. Without setups it runs, and
    removed ones are none.
    """
    if setups.done < setups.total:
        return None
    left = setups.total - setups.removed
    if setups.success or left == 0:
        return _SCHEDULED
    return _SKIPPED if setups.skipped >= left else _UPSTREAM_FAILED
