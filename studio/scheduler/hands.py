"""What the scheduler does to the world: it commits a turn, then hands its effects to the executor, in this order.

Nothing is decided here. A crash between any two steps loses nothing: `unknown` finds out what the executor was never
given.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from studio.core.events import Event, Finished, Lost, Report
from studio.core.machine import Turn
from studio.core.model import Attempt
from studio.core.states import AttemptState
from studio.core.turn import Acknowledge, Launch, Stop, Tell
from studio.errors import StoreUnavailable
from studio.ports import Clock, Executor, Store
from studio.scheduler.delivering import Deliver
from studio.scheduler.lease import LeaseKeeper
from studio.scheduler.reading import bound

log = logging.getLogger(__name__)

T = TypeVar("T")

ID_BITS = 32  # of an id that count; those above are the number of the lease that gave it out
#: Seconds between tries while the database is away; the last one repeats.
RETRY_DELAYS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Hands:
    """Store and executor of one scheduler, and which attempts the executor was given."""

    def __init__(
        self,
        store: Store,
        executor: Executor,
        clock: Clock,
        leases: LeaseKeeper,
        ours: Callable[[str], bool],
        deliver: Deliver,
    ) -> None:
        self._ours = ours
        self._deliver = deliver
        self._store = store
        self._executor = executor
        self._clock = clock
        self._leases = leases
        self._handed_over: set[int] = set()  # attempts that the executor knows of
        self._free: set[int] = set()  # those of earlier servers that our executor knows nobody to have

    async def begin(self, report: Callable[[Sequence[Report]], None], unfinished: Sequence[Attempt]) -> None:
        """Start the executor; `sort_out` then tells which attempts are to be launched again, and which are lost.

        The executor hears of those only that its own workers may have: what a server of another home had its workers
        do, they may be doing still.
        """
        names = await self.steadily(self._store.scheduler_names)
        own = [attempt for attempt in unfinished if self._ours(names.get(attempt.id >> ID_BITS, ""))]
        self._free = await self._executor.start(report, own)
        self._handed_over = {attempt.id for attempt in own} - self._free

    async def carry_out(self, turn: Turn, events: Sequence[Event]) -> None:
        """Commit, then act on what is now true."""
        if turn.writes:
            await self.steadily(lambda: self._store.commit(self._leases.lease, turn.writes))
        launches = [effect for effect in turn.effects if isinstance(effect, Launch)]
        if launches:
            complete = await self.steadily(lambda: bound(self._store, launches))
            complete = await self.steadily(lambda: self._deliver(complete))
            self._handed_over.update(launch.attempt_id for launch in complete)
            self._executor.launch(complete)
        stops = [effect.attempt_id for effect in turn.effects if isinstance(effect, Stop)]
        if stops:
            self._executor.cancel(stops)
        acknowledged = [effect.attempt_id for effect in turn.effects if isinstance(effect, Acknowledge)]
        if acknowledged:
            self._executor.acknowledge(acknowledged)
        for tell in [effect for effect in turn.effects if isinstance(effect, Tell)]:
            await self.steadily(partial(self._give, tell))
        self._handed_over.difference_update(e.attempt_id for e in events if isinstance(e, (Finished, Lost)))

    async def _give(self, tell: Tell) -> None:
        name = f"scheduler {self._leases.lease.name}"
        await self._store.submit(tell.dag_id, tell.kind, tell.payload, actor=name, at=self._clock.now())

    def sort_out(self, unfinished: Sequence[Attempt]) -> tuple[set[int], list[Lost]]:
        """What the executor was never given: committed, and then we got no further; or launched by another
        scheduler that was taken over. Its workers may have begun those, so they are not launched again."""
        unknown = [attempt for attempt in unfinished if attempt.id not in self._handed_over]
        relaunch = {
            attempt.id
            for attempt in unknown
            if attempt.state is AttemptState.QUEUED
            and (attempt.id in self._free or attempt.id >> ID_BITS == self._leases.lease.number)
        }
        reason = "The server that had it run is gone, and its workers with it."
        return relaunch, [Lost(attempt.id, reason) for attempt in unknown if attempt.id not in relaunch]

    async def steadily(self, work: Callable[[], Awaitable[T]]) -> T:
        """Await `work()` again and again while the database is away. Running tasks are not touched by that."""
        attempt = 0
        while True:
            try:
                return await work()
            except StoreUnavailable as error:
                log.warning("%s Trying again in %s s.", error, nap(attempt))
                await self._clock.sleep(nap(attempt))
                attempt += 1


def nap(attempt: int) -> float:
    """Seconds to wait after this many failures in a row."""
    return RETRY_DELAYS[min(attempt, len(RETRY_DELAYS) - 1)]
