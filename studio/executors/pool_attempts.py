"""Where each attempt of the pool executor is, and what is reported of it.

`queue` (here) → `where` (a worker holds or runs it) → `reported` (its outcome was reported) → acknowledged.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from studio.executors.jobs import finished_for
from studio.executors.pool_worker import PoolWorker
from studio.ports import Lost, Report, Started
from studio.worker.job_queue import JobQueue
from studio.worker.messages import Outcome

_REMEMBERED: Final = 20_000  # acknowledged attempts, should a worker say their outcomes again


class PoolAttempts:
    """The executor's books. `doubtful`: what a silent worker may hold; `ending`: to be cancelled once it speaks."""

    def __init__(self) -> None:
        self.queue = JobQueue()
        self.where: dict[int, PoolWorker] = {}
        self.reported: dict[int, PoolWorker] = {}
        self.acknowledged: OrderedDict[int, None] = OrderedDict()
        self.doubtful: set[int] = set()
        self.ending: set[int] = set()
        self._reports: list[Report] = []
        self._report: Callable[[Sequence[Report]], None] | None = None  # set once the start is over
        self._is_closed = False

    def open(self) -> None:
        """Begin to gather reports."""
        self._is_closed = False

    def deliver_to(self, report: Callable[[Sequence[Report]], None]) -> None:
        """The start is over: hand on what was gathered, and all that comes."""
        self._report = report

    def close(self) -> None:
        """Forget everything: the workers know it."""
        self._is_closed = True
        self._report = None
        self.queue.clear()
        for place in (self.where, self.reported, self.acknowledged):
            place.clear()
        self.doubtful.clear()
        self.ending.clear()
        self._reports.clear()

    def begun(self, worker: PoolWorker, attempt_id: int, at: float) -> None:
        if attempt_id in worker.begun or attempt_id in self.reported:
            return
        self.where[attempt_id] = worker
        worker.given[attempt_id] = None
        worker.begun.add(attempt_id)
        self.tell([Started(attempt_id, worker.worker_id, at)])

    def ended(self, worker: PoolWorker, outcomes: Iterable[Outcome]) -> bool:
        """Report those that are news; whether any is."""
        reports: list[Report] = []
        again: list[int] = []
        for outcome in outcomes:
            attempt_id = outcome.attempt_id
            self.forget(worker, attempt_id)
            if attempt_id in self.acknowledged:
                again.append(attempt_id)
            elif attempt_id not in self.reported:
                self.reported[attempt_id] = worker
                worker.unacknowledged.add(attempt_id)
                reports.append(finished_for(outcome, worker.worker_id))
        if again:
            worker.acknowledge(again)
        self.tell(reports)
        return bool(reports)

    def lose(self, attempt_ids: Iterable[int], worker: PoolWorker | None, reason: str) -> None:
        for attempt_id in attempt_ids:
            if worker is not None:
                self.forget(worker, attempt_id)
                if attempt_id in self.acknowledged or attempt_id in self.reported:
                    continue
                self.reported[attempt_id] = worker
                worker.unacknowledged.add(attempt_id)
            self.tell([Lost(attempt_id, reason)])

    def lose_doubtful(self) -> None:
        """Nobody is left who could know of them."""
        if self.doubtful and self._report is not None:
            doubtful, self.doubtful = self.doubtful, set()
            self.ending -= doubtful
            self.lose(doubtful, None, "No worker knows of it any more.")

    def forget(self, worker: PoolWorker, attempt_id: int) -> None:
        """The worker has nothing to do with it any more."""
        self.where.pop(attempt_id, None)
        worker.given.pop(attempt_id, None)
        worker.begun.discard(attempt_id)
        self.ending.discard(attempt_id)

    def acknowledge(self, attempt_ids: Iterable[int]) -> list[PoolWorker]:
        """Tell the workers that held the outcomes; returns them."""
        by_worker: dict[PoolWorker, list[int]] = {}
        for attempt_id in attempt_ids:
            worker = self.reported.pop(attempt_id, None)
            if worker is not None:
                by_worker.setdefault(worker, []).append(attempt_id)
                self.acknowledged[attempt_id] = None
        while len(self.acknowledged) > _REMEMBERED:
            self.acknowledged.popitem(last=False)
        for worker, ids in by_worker.items():
            worker.acknowledge(ids)
        return list(by_worker)

    def tell(self, reports: Sequence[Report]) -> None:
        """All that comes up in one turn of the event loop is reported in one call."""
        if not reports:
            return
        if not self._reports:
            asyncio.get_running_loop().call_soon(self._deliver)
        self._reports += reports

    def _deliver(self) -> None:
        if self._report is None:
            if not self._is_closed and self._reports:  # the start is not over
                asyncio.get_running_loop().call_later(0.005, self._deliver)
            return
        reports, self._reports = self._reports, []
        if reports:
            self._report(reports)
