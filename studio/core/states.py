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
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    CANCELLED = "cancelled"


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
    CANCELLED = "cancelled"
    LOST = "lost"


_T = TaskState
_R = RunState
_A = AttemptState

#: state → {next state: why}. A pair that is not here is refused.
TRANSITIONS: Final[dict[TaskState, dict[TaskState, str]]] = {
    _T.NONE: {
        _T.SCHEDULED: "its trigger rule holds",
        _T.UPSTREAM_FAILED: "an upstream task failed",
        _T.SKIPPED: "an upstream task was skipped",
        _T.CANCELLED: "its run was cancelled",
    },
    _T.SCHEDULED: {
        _T.QUEUED: "every limit has room: handed to the executor",
        _T.NONE: "it or an upstream task was cleared",
        _T.CANCELLED: "its run was cancelled",
    },
    _T.QUEUED: {
        _T.RUNNING: "a worker started it",
        _T.SUCCESS: "it succeeded (start and end came together)",
        _T.FAILED: "it failed and has no retry left",
        _T.SKIPPED: "it ended early as skipped",
        _T.UP_FOR_RETRY: "it failed, or its worker was lost, and may be tried again",
        _T.STOPPING: "its run was cancelled",
        _T.RESTARTING: "it was cleared",
    },
    _T.RUNNING: {
        _T.SUCCESS: "it succeeded",
        _T.FAILED: "it failed and has no retry left",
        _T.SKIPPED: "it ended early as skipped",
        _T.UP_FOR_RETRY: "it failed, or its worker was lost, and may be tried again",
        _T.STOPPING: "its run was cancelled",
        _T.RESTARTING: "it was cleared",
    },
    _T.STOPPING: {
        _T.CANCELLED: "its last process is gone",
        _T.SUCCESS: "it succeeded before it could be stopped",
        _T.RESTARTING: "it was cleared",
    },
    _T.RESTARTING: {
        _T.NONE: "its last process is gone",
        _T.STOPPING: "its run was cancelled",
    },
    _T.UP_FOR_RETRY: {
        _T.SCHEDULED: "its retry delay is over",
        _T.NONE: "it or an upstream task was cleared",
        _T.CANCELLED: "its run was cancelled",
    },
    _T.SUCCESS: {_T.NONE: "cleared"},
    _T.FAILED: {_T.NONE: "cleared"},
    _T.SKIPPED: {_T.NONE: "cleared"},
    _T.UPSTREAM_FAILED: {_T.NONE: "cleared"},
    _T.CANCELLED: {_T.NONE: "cleared"},
}

RUN_TRANSITIONS: Final[dict[RunState, dict[RunState, str]]] = {
    _R.QUEUED: {
        _R.RUNNING: "max_active_runs has room",
        _R.CANCELLED: "cancelled",
    },
    _R.RUNNING: {
        _R.SUCCESS: "all tasks ended, no leaf failed",
        _R.FAILED: "all tasks ended, a leaf failed",
        _R.CANCELLED: "cancelled, and all tasks ended",
    },
    _R.SUCCESS: {_R.QUEUED: "tasks of it were cleared"},
    _R.FAILED: {_R.QUEUED: "tasks of it were cleared"},
    _R.CANCELLED: {_R.QUEUED: "tasks of it were cleared"},
}

ATTEMPT_TRANSITIONS: Final[dict[AttemptState, dict[AttemptState, str]]] = {
    _A.QUEUED: {
        _A.RUNNING: "a worker started it",
        _A.SUCCESS: "reported",
        _A.FAILED: "reported",
        _A.CANCELLED: "stopped on request",
        _A.LOST: "its worker is gone and left no outcome",
    },
    _A.RUNNING: {
        _A.SUCCESS: "reported",
        _A.FAILED: "reported",
        _A.CANCELLED: "stopped on request",
        _A.LOST: "its worker is gone and left no outcome",
    },
    _A.SUCCESS: {},
    _A.FAILED: {},
    _A.CANCELLED: {},
    _A.LOST: {},
}

#: Nothing more happens to a TaskInstance in these unless a person clears it.
TERMINAL: Final = frozenset(
    state for state, nexts in TRANSITIONS.items() if all(why == "cleared" for why in nexts.values())
)
#: An attempt of the TaskInstance is alive, or may be: it holds a slot.
ACTIVE: Final = frozenset({_T.QUEUED, _T.RUNNING, _T.STOPPING, _T.RESTARTING})
#: A leaf in one of these makes its run fail.
FAILED_LIKE: Final = frozenset({_T.FAILED, _T.UPSTREAM_FAILED})

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
