"""A clock that stands still until it is told to go on."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class FakeClock:
    """A `Clock` for tests: both clocks move only by `advance`; sleepers wake in the order of their time."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self._now = now
        self._elapsed = 0.0
        self._tickets = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._tickets), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks; everybody who wakes meanwhile gets to run."""
        await settle()  # whoever is about to sleep shall be asleep
        end = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            moment, _, future = heapq.heappop(self._sleepers)
            if future.done():  # its sleeper was cancelled
                continue
            self._move(max(moment, self._elapsed) - self._elapsed)
            future.set_result(None)
            await settle()
        self._move(end - self._elapsed)
        await settle()

    def set_wall_clock(self, now: float) -> None:
        """Jump, as an administrator or NTP does: monotonic time does not notice."""
        self._now = now

    def _move(self, seconds: float) -> None:
        self._elapsed += seconds
        self._now += seconds


async def settle(rounds: int = 50) -> None:
    """Let everything that is ready on the event loop run."""
    for _ in range(rounds):
        await asyncio.sleep(0)
