"""Waking up at a moment of the wall clock, although only monotonic time can be waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from studio.ports import Clock

LONGEST_NAP = 60.0  # seconds; the wall clock may have been set meanwhile
SHORTEST_NAP = 0.001  # seconds; the wall clock need not move at all in less


class Alarm:
    """Calls `ring` at (or soon after) the moment that was last `set`. One at a time."""

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._moment: float | None = None
        self._task: asyncio.Task[None] | None = None

    def set(self, moment: float | None) -> None:
        """Ring at `moment` (wall clock) instead of at the one before; None: do not ring."""
        if moment == self._moment:
            return
        self.cancel()
        self._moment = moment
        if moment is not None:
            self._task = asyncio.create_task(self._wait(moment))

    def cancel(self) -> None:
        self._moment = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _wait(self, moment: float) -> None:
        while (left := moment - self._clock.now()) > 0:
            await self._clock.sleep(min(max(left, SHORTEST_NAP), LONGEST_NAP))
        self._moment = None
        self._task = None
        self._ring()
