"""The real clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """The `Clock` of this machine. Sleeping is by asyncio's loop, which is monotonic."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
