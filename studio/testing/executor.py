"""An executor that runs nothing: a script says how each attempt ends, or the test does so by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from studio.core.events import NOTHING_SAID, Capacity, Finished, Lost, Report, Started
from studio.core.model import Attempt
from studio.core.signals import Signal
from studio.core.turn import Launch


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ends; `state` is an AttemptState value."""

    state: str = "success"
    error: str | None = None
    value: Any = None
    signal: Signal = NOTHING_SAID


#: Says how an attempt ends: an `Ending`, or its state such as "success"; None: it runs until the test ends it.
Script = Callable[[Launch], Ending | str | None]


class ScriptedExecutor:
    """An `Executor` for tests. It keeps what it was told: `launched`, `cancelled`, `acknowledged`, in order."""

    def __init__(self, script: Script = lambda launch: "success", *, slots: int = 1000) -> None:
        self.script = script
        self._slots = slots
        self._report: Callable[[Sequence[Report]], None] = lambda reports: None
        self.launched: list[Launch] = []
        self.cancelled: list[int] = []
        self.acknowledged: list[int] = []
        self.unknown: set[int] | None = None  # what `start` answers; None: every unfinished attempt

    async def start(
        self, report: Callable[[Sequence[Report]], None], unfinished: Sequence[Attempt]
    ) -> set[int]:
        self._report = report
        report([Capacity(self._slots)])
        return {attempt.id for attempt in unfinished} if self.unknown is None else self.unknown

    async def stop(self) -> None:
        self._report = lambda reports: None

    def launch(self, launches: Sequence[Launch]) -> None:
        self.launched.extend(launches)
        for launch in launches:
            said = self.script(launch)
            if said is None:
                continue
            ending = Ending(said) if isinstance(said, str) else said
            asyncio.get_running_loop().call_soon(
                self.end, launch.attempt_id, ending.state, ending.error, ending.value, ending.signal
            )

    def cancel(self, attempt_ids: Sequence[int]) -> None:
        self.cancelled.extend(attempt_ids)
        for attempt_id in attempt_ids:
            asyncio.get_running_loop().call_soon(self.end, attempt_id, "cancelled")

    def acknowledge(self, attempt_ids: Sequence[int]) -> None:
        self.acknowledged.extend(attempt_ids)

    # --- for the test -----------------------------------------------------------------------------------------

    def begin(self, attempt_id: int, at: float = 1.0) -> None:
        """Report that a worker has begun the attempt."""
        self._report([Started(attempt_id, "scripted", at)])

    def end(
        self,
        attempt_id: int,
        state: str = "success",
        error: str | None = None,
        value: Any = None,
        signal: Signal = NOTHING_SAID,
    ) -> None:
        """Report how the attempt ended."""
        self._report([Finished(attempt_id, "scripted", state, 1.0, 2.0, error, value, signal=signal)])

    def lose(self, attempt_id: int, reason: str = "the worker is gone") -> None:
        """Report that the attempt's worker is gone."""
        self._report([Lost(attempt_id, reason)])

    def attempt_of(self, task_id: str) -> int:
        """The id of the latest launch of a task."""
        return next(launch.attempt_id for launch in reversed(self.launched) if launch.task_id == task_id)
