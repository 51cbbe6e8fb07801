"""What happens to the machine: reports of the executor and commands of people. All frozen, all past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studio.core.model import AssetEvent, Backfill, Command, Pool, Run, RunWithTasks
from studio.core.questions import Question
from studio.core.signals import Signal

NOTHING_SAID = Signal()


@dataclass(frozen=True, slots=True)
class Started:
    """A worker has begun an attempt."""

    attempt_id: int
    worker: str
    at: float


@dataclass(frozen=True, slots=True)
class Finished:
    """An attempt has ended; the worker keeps this until it is acknowledged and says it again after a reconnect.

    `state` is an AttemptState value: success, failed, skipped, rescheduled or cancelled. A deferred task is a
    rescheduled one whose signal has `resume`.
    """

    attempt_id: int
    worker: str
    state: str
    started_at: float
    ended_at: float
    error: str | None = None
    value: Any = None
    details: dict[str, Any] | None = None
    signal: Signal = NOTHING_SAID


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker of an attempt is gone and left no outcome. No process of the attempt is alive any more."""

    attempt_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many attempts the executor wants to hold at once."""

    slots: int


@dataclass(frozen=True, slots=True)
class PoolsSeen:
    """The pools as stored: other schedulers take slots of them, too, and give them back."""

    pools: tuple[Pool, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database says about things that are not in memory: the machine holds unfinished runs only.

    Whoever gives a command looks up what it may be about: `studio.scheduler.inquiry` says what for which.
    """

    runs: tuple[RunWithTasks, ...] = ()  # stored runs that the command may change
    dated: tuple[Run, ...] = ()  # `backfill`: stored runs with a logical date in its range
    before: tuple[RunWithTasks, ...] = ()  # the runs that tasks with `depends_on_past` look at
    taken: frozenset[str] = frozenset()  # stored run ids that a new run must not have
    backfills: tuple[
        Backfill, ...
    ] = ()  # stored ones that the command may change: the one it names, those of `runs`
    too_many: bool = False  # more runs are concerned than one command may change


@dataclass(frozen=True, slots=True)
class CommandGiven:
    """A durable command is to be handled."""

    command: Command
    facts: Facts = Facts()


@dataclass(frozen=True, slots=True)
class Answered:
    """What the store said to a question of a task instance that waits; what it is, the question says."""

    task_instance: int
    question: Question
    found: Command | tuple[RunWithTasks, ...] | AssetEvent | None


Report = Started | Finished | Lost | Capacity
Event = Report | CommandGiven | PoolsSeen | Answered
