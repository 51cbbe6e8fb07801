"""What bounds how much runs at once: a pool, a DAG, a run, a task. And the lines of tasks that wait at each of them."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TypeAlias

from studio.core.active import ActiveRun
from studio.core.model import TaskInstance

#: Less is launched earlier: (is backfill, -priority weight, run_after, Run.id, ticket).
Order: TypeAlias = tuple[int, int, float, int, int]
LimitKey: TypeAlias = tuple[str, ...]


@dataclass(slots=True)
class Limit:
    """`used` of `slots` are taken (-1: unlimited; None: there is no such pool). Lanes without room wait in line."""

    words: str  # for people: "The pool gpu"
    slots: int | None
    used: int = 0
    parked: list[tuple[Order, int, Lane]] = field(default_factory=list)  # heap
    is_hot: bool = False  # it may have room for somebody who is parked

    def has_room(self, n: int) -> bool:
        return self.slots is not None and (self.slots < 0 or self.used + n <= self.slots)


@dataclass(slots=True)
class Lane:
    """Ready task instances of one run that are held by the same limits, and take as much of each."""

    active: ActiveRun
    limits: tuple[tuple[Limit, int], ...]  # with the slots that one takes
    ready: list[tuple[Order, TaskInstance]] = field(default_factory=list)  # heap
    entry: int = 0  # the ticket of its place in the dispatcher's heap or at a limit; 0: it stands nowhere
    parked_at: Limit | None = None

    def push(self, order: Order, task: TaskInstance) -> None:
        heapq.heappush(self.ready, (order, task))

    def blocked_by(self) -> Limit | None:
        """The first limit without room."""
        return next((limit for limit, n in self.limits if not limit.has_room(n)), None)
