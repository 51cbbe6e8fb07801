"""What time alone brings about. Entries are never taken back: whoever handles one checks whether it still holds."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from studio.core.active import ActiveRun
from studio.core.model import TaskInstance


@dataclass(frozen=True, slots=True)
class GoOn:
    """A task instance waits until its `retry_at`."""

    active: ActiveRun
    task: TaskInstance


@dataclass(frozen=True, slots=True)
class QueuedTooLong:
    """An attempt that has not begun by now is taken back."""

    attempt_id: int


@dataclass(frozen=True, slots=True)
class RunTooLong:
    """The run timeout."""

    active: ActiveRun
    started_at: float


@dataclass(frozen=True, slots=True)
class Deadline:
    """A run should have succeeded by now."""

    active: ActiveRun
    number: int  # of the DAG's deadlines


@dataclass(frozen=True, slots=True)
class RunDue:
    """The schedule of a DAG."""

    dag_id: str


@dataclass(frozen=True, slots=True)
class EventsQueued:
    """The asset condition of a DAG held while its run came and went."""

    dag_id: str


@dataclass(frozen=True, slots=True)
class LookElsewhere:
    """A task instance that waits asks the store again."""

    task: TaskInstance
    waiting_since: float | None  # another one: it has begun to wait anew


Alarm: TypeAlias = GoOn | LookElsewhere | QueuedTooLong | RunTooLong | Deadline | RunDue | EventsQueued


class Timers:
    """A heap of alarms by wall clock time."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Alarm]] = []
        self._tickets = count()
        self._most = 1000  # entries, before those that are void are looked for

    def set(self, when: float, alarm: Alarm) -> None:
        heapq.heappush(self._heap, (when, next(self._tickets), alarm))

    def trim(self, is_void: Callable[[float, Alarm], bool]) -> None:
        """Drop what waits for nothing any more, now and then: a run that is over is not kept by its timeout."""
        if len(self._heap) > self._most:
            self._heap = [entry for entry in self._heap if not is_void(entry[0], entry[2])]
            heapq.heapify(self._heap)
            self._most = max(1000, 2 * len(self._heap))

    @property
    def next(self) -> float | None:
        """When the first one goes off, or None."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> tuple[float, Alarm] | None:
        """The first alarm that is due, with the time it was set for."""
        if self._heap and self._heap[0][0] <= now:
            when, _, alarm = heapq.heappop(self._heap)
            return when, alarm
        return None
