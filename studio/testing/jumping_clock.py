"""A clock for runs that nobody wants to wait for: it goes as real time does, and can be told to jump ahead."""

from __future__ import annotations

import asyncio
import time
from typing import Final

_LEAST: Final = 0.001  # seconds: a clock that is held is looked at no more often


class JumpingClock:
    """A `Clock` that begins at `at` (seconds since the epoch; None: now). `jump` wakes whose time has come.

    While it is held it stands still: nothing is too late because a person looks at something.
    """

    def __init__(self, at: float | None = None) -> None:
        self._ahead = 0.0 if at is None else at - time.time()
        self._jumped = 0.0
        self._stood = 0.0  # seconds, before it was held last
        self._held_since: float | None = None  # real time
        self._sleepers: set[asyncio.Future[None]] = set()

    def now(self) -> float:
        return time.time() + self._ahead + self._jumped - self._still()

    def monotonic(self) -> float:
        return time.monotonic() + self._jumped - self._still()

    def hold(self) -> None:
        """Stand still."""
        if self._held_since is None:
            self._held_since = time.monotonic()

    def go_on(self) -> None:
        """Go on from where it was held."""
        self._stood, self._held_since = self._still(), None

    def _still(self) -> float:
        since = self._held_since
        return self._stood + (0.0 if since is None else time.monotonic() - since)

    async def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleepers.add(woken)
            try:
                await asyncio.wait_for(woken, max(left, _LEAST))
            except asyncio.TimeoutError:
                pass  # it may have stood still meanwhile
            finally:
                self._sleepers.discard(woken)

    def jump(self, moment: float) -> None:
        """Go on at `moment` (wall clock); nothing happens if that has passed. On the sleepers' event loop only."""
        ahead = moment - self.now()
        if ahead <= 0:
            return
        self._jumped += ahead
        for woken in self._sleepers:
            if not woken.done():
                woken.set_result(None)
