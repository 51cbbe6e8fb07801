"""States of DagRuns, TaskInstances and Attempts, and the only ways between them.

Everything else that knows about states is derived from the tables here: terminal sets, the SQL guards, the
colours in the front end and the diagram in `docs/states.md`.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from studio.errors import Conflict


class TaskState(str, Enum):
    """State of a TaskInstance."""

    NONE = "none"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    RESTARTING = "restarting"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    CANCELLED = "cancelled"
    REMOVED = "removed"


class RunState(str, Enum):
    """State of a DagRun."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AttemptState(str, Enum):
    """State of one try of a TaskInstance. A terminal one never changes again."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    RESCHEDULED = "rescheduled"  # it waits for something and holds no slot; its row goes when it looks again
    CANCELLED = "cancelled"
    LOST = "lost"


_T = TaskState
_R = RunState
_A = AttemptState

#: Nothing more happens to a TaskInstance in these unless a person clears or marks it, or its DAG changes.
TERMINAL: Final = frozenset({_T.SUCCESS, _T.FAILED, _T.SKIPPED, _T.UPSTREAM_FAILED, _T.CANCELLED, _T.REMOVED})

_CLEARED = {_T.NONE: "it or an upstream task was cleared"}
_CANCELLED = {_T.CANCELLED: "its run was cancelled"}
_REMOVED = {_T.REMOVED: "it is no longer in the DAG, or beyond the end of its map"}
_MARKED = {
    _T.SUCCESS: "marked by hand",
    _T.FAILED: "marked by hand, or its run failed fast",
    _T.SKIPPED: "marked by hand, or its run timed out or failed fast",
}
_OUTCOMES = {
    _T.SUCCESS: "it succeeded",
    _T.FAILED: "it failed and has no retry left",
    _T.SKIPPED: "it ended early as skipped",
    _T.UP_FOR_RETRY: "it failed, or its worker was lost, and may be tried again",
    _T.UP_FOR_RESCHEDULE: "what it waits for is not there yet",
    _T.DEFERRED: "it waits for a time, or for what happens elsewhere",
    _T.STOPPING: "its run was cancelled, or it was marked",
    _T.RESTARTING: "it was cleared",
}

#: state → {next state: why}. A pair that is not here is refused.
TRANSITIONS: Final[dict[TaskState, dict[TaskState, str]]] = {
    _T.NONE: {
        _T.SCHEDULED: "its trigger rule holds",
        _T.DEFERRED: "its trigger rule holds, and it waits for a time, or for what happens elsewhere",
        _T.AWAITING_INPUT: "its trigger rule holds, and it waits for a person",
        _T.UPSTREAM_FAILED: "an upstream task failed",
        **_MARKED,
        _T.SUCCESS: "it has nothing to run, or was marked by hand",
        _T.SKIPPED: "an upstream task was skipped or took another branch",
        **_CANCELLED,
        **_REMOVED,
    },
    _T.SCHEDULED: {
        _T.QUEUED: "every limit has room: handed to the executor",
        **_CLEARED,
        **_MARKED,
        **_CANCELLED,
        **_REMOVED,
    },
    _T.QUEUED: {_T.RUNNING: "a worker started it", **_OUTCOMES},
    _T.RUNNING: dict(_OUTCOMES),
    _T.STOPPING: {
        _T.CANCELLED: "its last process is gone",
        _T.SUCCESS: "it succeeded before it could be stopped, or was marked",
        _T.FAILED: "its last process is gone; it was marked, or its run failed fast",
        _T.SKIPPED: "its last process is gone; it was marked, or its run timed out",
        _T.UP_FOR_RETRY: "it was queued for too long",
        _T.RESTARTING: "it was cleared",
        **_REMOVED,
    },
    _T.RESTARTING: {
        _T.NONE: "its last process is gone",
        _T.STOPPING: "its run was cancelled, or it was marked",
        **_REMOVED,
    },
    _T.UP_FOR_RETRY: {
        _T.SCHEDULED: "its retry delay is over",
        **_CLEARED,
        **_MARKED,
        **_CANCELLED,
        **_REMOVED,
    },
    _T.UP_FOR_RESCHEDULE: {
        _T.SCHEDULED: "it is time to look again",
        **_CLEARED,
        **_MARKED,
        **_CANCELLED,
        **_REMOVED,
    },
    _T.DEFERRED: {
        _T.SCHEDULED: "the time has come: it goes on",
        _T.UP_FOR_RETRY: "what it waited for has failed, and it may be tried again",
        **_CLEARED,
        **_MARKED,
        _T.SUCCESS: "what it waits for has come, or it was marked by hand",
        _T.FAILED: "what it waits for failed or did not come in time, or it was marked by hand",
        _T.SKIPPED: "what it waits for did not come in time, or it was marked by hand",
        **_CANCELLED,
        **_REMOVED,
    },
    _T.AWAITING_INPUT: {
        **_CLEARED,
        _T.SUCCESS: "a person answered, or it was marked by hand",
        _T.FAILED: "refused, nobody answered in time, or marked by hand",
        _T.SKIPPED: "marked by hand, or its run timed out",
        **_CANCELLED,
        **_REMOVED,
    },
    _T.SUCCESS: {_T.NONE: "cleared", _T.FAILED: "marked by hand", _T.SKIPPED: "marked by hand", **_REMOVED},
    _T.FAILED: {_T.NONE: "cleared", _T.SUCCESS: "marked by hand", _T.SKIPPED: "marked by hand", **_REMOVED},
    _T.SKIPPED: {_T.NONE: "cleared", _T.SUCCESS: "marked by hand", _T.FAILED: "marked by hand", **_REMOVED},
    _T.UPSTREAM_FAILED: {_T.NONE: "cleared", **_MARKED, **_REMOVED},
    _T.CANCELLED: {_T.NONE: "cleared", **_MARKED, **_REMOVED},
    _T.REMOVED: {_T.NONE: "it is in the DAG again"},
}

RUN_TRANSITIONS: Final[dict[RunState, dict[RunState, str]]] = {
    _R.QUEUED: {
        _R.RUNNING: "max_active_runs has room",
        _R.SUCCESS: "marked by hand",
        _R.FAILED: "marked by hand",
        _R.CANCELLED: "cancelled, or replaced by a newer run",
    },
    _R.RUNNING: {
        _R.SUCCESS: "all tasks ended, no leaf failed",
        _R.FAILED: "all tasks ended, a leaf failed, or it timed out",
        _R.CANCELLED: "cancelled, and all tasks ended",
    },
    _R.SUCCESS: {_R.QUEUED: "tasks of it were cleared", _R.FAILED: "marked by hand"},
    _R.FAILED: {_R.QUEUED: "tasks of it were cleared", _R.SUCCESS: "marked by hand"},
    _R.CANCELLED: {
        _R.QUEUED: "tasks of it were cleared",
        _R.SUCCESS: "marked by hand",
        _R.FAILED: "marked by hand",
    },
}

_REPORTED = {
    _A.SUCCESS: "reported",
    _A.FAILED: "reported",
    _A.SKIPPED: "reported",
    _A.RESCHEDULED: "reported",
    _A.CANCELLED: "stopped on request",
    _A.LOST: "its worker is gone and left no outcome",
}

ATTEMPT_TRANSITIONS: Final[dict[AttemptState, dict[AttemptState, str]]] = {
    _A.QUEUED: {_A.RUNNING: "a worker started it", **_REPORTED},
    _A.RUNNING: dict(_REPORTED),
    _A.SUCCESS: {},
    _A.FAILED: {},
    _A.SKIPPED: {},
    _A.RESCHEDULED: {},
    _A.CANCELLED: {},
    _A.LOST: {},
}

#: An attempt of the TaskInstance is alive, or may be: it holds a slot.
ACTIVE: Final = frozenset({_T.QUEUED, _T.RUNNING, _T.STOPPING, _T.RESTARTING})
#: It waits for a time or a person, and holds no slot.
WAITING: Final = frozenset({_T.UP_FOR_RETRY, _T.UP_FOR_RESCHEDULE, _T.DEFERRED, _T.AWAITING_INPUT})
#: A leaf in one of these makes its run fail.
FAILED_LIKE: Final = frozenset({_T.FAILED, _T.UPSTREAM_FAILED})
#: What comes after goes on as if it had run.
SUCCESS_LIKE: Final = frozenset({_T.SUCCESS, _T.SKIPPED})

RUN_TERMINAL: Final = frozenset({_R.SUCCESS, _R.FAILED, _R.CANCELLED})
ATTEMPT_TERMINAL: Final = frozenset(state for state, nexts in ATTEMPT_TRANSITIONS.items() if not nexts)


def check_transition(start: TaskState, finish: TaskState, who: str) -> None:
    """Raise `Conflict` unless `start` → `finish` is in `TRANSITIONS`; `who` names the TaskInstance."""
    if finish not in TRANSITIONS[start]:
        legal = ", ".join(state.value for state in TRANSITIONS[start]) or "nothing"
        raise Conflict(f"{who} is {start.value} and cannot become {finish.value}; it can become {legal}.")


def check_run_transition(start: RunState, finish: RunState, who: str) -> None:
    """Raise `Conflict` unless `start` → `finish` is in `RUN_TRANSITIONS`; `who` names the run."""
    if finish not in RUN_TRANSITIONS[start]:
        raise Conflict(f"The run {who} is {start.value} and cannot become {finish.value}.")


def _within_a_turn(
    table: dict[TaskState, dict[TaskState, str]] | dict[RunState, dict[RunState, str]], last: object = None
) -> dict[object, frozenset[object]]:
    """State → the states that several steps of one turn can lead to; nothing follows on `last` within a turn."""
    steps: dict[object, frozenset[object]] = {state: frozenset(nexts) for state, nexts in table.items()}
    reach: dict[object, frozenset[object]] = {}
    for start in steps:
        found: set[object] = set()
        stack = [start]
        while stack:
            state = stack.pop()
            if state is last and state is not start:
                continue
            stack.extend(steps[state] - found)
            found |= steps[state]
        reach[start] = frozenset(found)
    return reach


#: A turn is written once, so several steps may be merged into one UPDATE. An attempt begins only after the commit of
#: the turn that queued it: nothing leads from before QUEUED to after it within a turn.
TASK_WRITES: Final = _within_a_turn(TRANSITIONS, last=TaskState.QUEUED)
RUN_WRITES: Final = _within_a_turn(RUN_TRANSITIONS)
