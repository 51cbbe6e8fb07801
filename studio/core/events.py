"""What happens to the machine: reports of the executor and commands of people. All frozen, all past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studio.core.model import Command, RunWithTasks


@dataclass(frozen=True, slots=True)
class Started:
    """A worker has begun an attempt."""

    attempt_id: int
    worker: str
    at: float


@dataclass(frozen=True, slots=True)
class Finished:
    """An attempt has ended; the worker keeps this until it is acknowledged and says it again after a reconnect."""

    attempt_id: int
    worker: str
    state: str  # an AttemptState value: success, failed or cancelled
    started_at: float
    ended_at: float
    error: str | None = None
    value: Any = None
    details: dict[str, Any] | None = None


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
class CommandGiven:
    """A durable command is to be handled, with what the database says of the run it is about.

    The machine holds unfinished runs only, so whoever gives the command looks the rest up.
    """

    command: Command
    run: RunWithTasks | None = None  # the run the command names, if it is stored
    taken: frozenset[str] = frozenset()  # for `trigger`: stored run ids that the new one must not have


Report = Started | Finished | Lost | Capacity
Event = Report | CommandGiven
