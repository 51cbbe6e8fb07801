"""An event loop whose time is virtual: nobody waits, the clock is set to whatever comes next."""

from __future__ import annotations

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable
from contextvars import Context
from itertools import count
from typing import Any, Final

MOST_STEPS: Final = 200_000  # rounds of the loop; a world has some thousands


class Stuck(AssertionError):
    """Somebody waits for something that nobody will ever do."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Callbacks in the order they were asked for, timers in the order of their time: the same again in every run."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0  # seconds since the beginning of the world
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._tickets = count()
        self._soon: Any = self._ready  # type: ignore[attr-defined]  # the base class looks at it, too
        self.steps = 0

    def time(self) -> float:
        return self._virtual

    def call_soon(  # type: ignore[override]
        self, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = events.Handle(callback, args, self, context)
        self._soon.append(handle)
        return handle

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = events.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._tickets), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        return  # it is thrown away when its time comes

    def _run_once(self) -> None:
        ready, timers = self._soon, self._timers
        if not ready:
            while timers and timers[0][2].cancelled():
                heapq.heappop(timers)
            if not timers:
                raise Stuck("Nothing is ready and nothing will be.")
            self._virtual = max(self._virtual, timers[0][0])
        while timers and timers[0][0] <= self._virtual:
            ready.append(heapq.heappop(timers)[2])
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Stuck(f"{MOST_STEPS} rounds: something spins.")
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _process_events(self, event_list: Any) -> None:
        raise NotImplementedError("There is no input and no output here.")

    def _write_to_self(self) -> None:
        return


def run(main: Callable[[], Any], on_error: Callable[[BaseException], None]) -> Any:
    """Run the coroutine function `main` in a world of its own. `on_error` gets what nobody else has caught."""
    loop = VirtualLoop()

    def handler(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), Exception):
            on_error(context["exception"])

    loop.set_exception_handler(handler)
    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


class VirtualClock:
    """Both clocks of the world; the wall clock may be set."""

    def __init__(self, start: float) -> None:
        self.ahead = start  # wall clock minus monotonic clock

    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
