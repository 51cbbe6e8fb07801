"""The lives of the pool executor's workers: found, expected, watched, started, retired, and buried when they end.

Adoption, when the server starts. Every directory under the worker root is a worker of an earlier server:

* Its process is gone: its journal says which attempts ended and which are lost.
* It lives: its `Hello` says all that it knows; workers try to connect all the time, so that takes milliseconds.
* It lives and says nothing within `PoolTimings.hello` (paused, or the machine is very busy): the start does not wait
  for it. But an attempt that nobody else knows may be in it, not begun, so none is handed back to be launched again:
  those are doubtful until it speaks, or is silent for the whole lease and then killed and its journal read. What
  then is still unknown is reported as lost.

So an attempt is handed back only if no worker, alive or dead, can know it; and after a crash of the machine not even
then, because "begun" may not have reached the disk.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Final

from studio.executors.jobs import never_begun
from studio.executors.pool_attempts import PoolAttempts
from studio.executors.pool_worker import PoolTimings, PoolWorker, spawn_worker
from studio.executors.settlement import Settlement, identify, log_tail, remove, settle
from studio.worker.messages import Job, Outcome, Quit

_DEATHS_IN_A_ROW: Final = 5  # of workers, at once after their start, until waiting attempts are given up
_LONGEST_BACKOFF: Final = 30.0  # seconds

_log = logging.getLogger(__name__)


class PoolCrew:
    """The workers under `root`; `wanted` of them with `slots` each shall work for the server at `socket`."""

    def __init__(
        self,
        root: Path,
        socket: str,
        attempts: PoolAttempts,
        *,
        slots: int,
        wanted: int,
        timings: PoolTimings,
        dispatch_soon: Callable[[], None],
    ) -> None:
        self._root = root
        self._socket = socket
        self._attempts = attempts
        self._slots = slots
        self._wanted = wanted
        self._timings = timings
        self._dispatch_soon = dispatch_soon
        self.workers: dict[str, PoolWorker] = {}
        self.silent: set[PoolWorker] = set()  # they live, and have not said hello to this server
        self.look = asyncio.Event()  # set: somebody may have ended
        self.is_stopping = False
        self._deaths = 0
        self._not_before = 0.0  # monotonic seconds: when a worker may be started again
        self._tasks: set[asyncio.Task[None]] = set()
        self._spoken = asyncio.Event()

    async def settle_all(self, dead: Iterable[PoolWorker]) -> bool:
        """Settle the `dead` and hear the others, for a while; whether all the journals can be relied on."""
        is_certain = True
        for worker in dead:
            is_certain = (
                await self.settle(worker, "Its worker ended while no server was there.") and is_certain
            )
        deadline = time.monotonic() + self._timings.hello
        while self.silent and (left := deadline - time.monotonic()) > 0:
            for worker in [worker for worker in self.silent if not worker.is_alive()]:
                is_certain = await self.settle(worker, "Its worker has just ended.") and is_certain
            self._spoken.clear()
            if self.silent:
                try:
                    await asyncio.wait_for(self._spoken.wait(), min(left, 0.05))
                except asyncio.TimeoutError:
                    pass
        return is_certain

    def watch(self) -> None:
        """Begin to look after them."""
        self._spawn_task(self._watch())
        self.ensure()

    async def stop(self) -> None:
        """Leave them alone."""
        self.is_stopping = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def let_go(self) -> None:
        """After `stop`: they live on without us."""
        for worker in self.workers.values():
            worker.let_go()
        self.workers.clear()
        self.silent.clear()

    async def end(self) -> None:
        """End all workers and what they run; return when they are gone."""
        self.is_stopping = True
        for worker in self.workers.values():
            if worker.connection is not None:
                worker.is_retiring = True
                worker.connection.send([Quit(when_idle=False)])
        while any(worker.is_alive() for worker in self.workers.values()):  # noqa: ASYNC110 - a moment, once
            await asyncio.sleep(0.01)

    def ended(self, worker: PoolWorker, outcomes: Iterable[Outcome]) -> None:
        """Outcomes came in: a worker that brings some was no death at the start, and has room."""
        if self._attempts.ended(worker, outcomes):
            self._deaths = 0
            self._dispatch_soon()

    async def find(self) -> list[PoolWorker]:
        """Look through the worker root; returns the workers that are dead, expects the others to speak."""
        dead: list[PoolWorker] = []
        for directory in sorted(path for path in self._root.iterdir() if path.is_dir()):
            found = await asyncio.to_thread(identify, directory)
            pid, start = found or (None, None)
            worker = PoolWorker(directory, 0, pid, start, time.monotonic())
            self.workers[worker.worker_id] = worker
            if found is None:
                dead.append(worker)
            else:
                self.silent.add(worker)
        return dead

    async def _watch(self) -> None:
        while not self.is_stopping:  # before Python 3.12 `wait_for` may swallow a cancellation
            now = time.monotonic()
            for worker in list(self.workers.values()):
                if worker.is_gone:
                    continue
                heard = worker.connection.heard if worker.connection is not None else worker.heard
                if not worker.is_alive():
                    reason = f"Worker {worker.worker_id} ended unexpectedly."
                elif now - heard > self._timings.lease:
                    reason = f"Worker {worker.worker_id} was silent for {now - heard:.0f} s and was killed."
                else:
                    continue
                worker.is_gone = True
                self._spawn_task(self._bury(worker, reason))
            self.ensure()
            # Whose connection is broken ends any moment, or is back any moment.
            is_urgent = any(w.connection is None and not w.is_gone for w in self.workers.values())
            self.look.clear()
            try:
                await asyncio.wait_for(self.look.wait(), 0.05 if is_urgent else self._timings.look)
            except asyncio.TimeoutError:
                continue
            await asyncio.sleep(0.01)

    async def _bury(self, worker: PoolWorker, reason: str) -> None:
        is_orderly = worker.is_retiring or (worker.has_said_hello and not worker.given)
        if not is_orderly:
            _log.warning("%s The end of its log:\n%s", reason, log_tail(worker.directory))
        if not worker.has_said_hello and worker.slots:  # one that this server started
            self._deaths += 1
            pause = min(_LONGEST_BACKOFF, self._timings.backoff * 2**self._deaths)
            self._not_before = time.monotonic() + pause
            asyncio.get_running_loop().call_later(pause + 0.01, self.look.set)
            if self._deaths >= _DEATHS_IN_A_ROW:
                told = f"No worker can be started: {self._deaths} in a row ended at once."
                waiting = sorted(self._attempts.queue)
                self._attempts.queue.clear()
                self._attempts.lose(
                    waiting, None, f"{told} The log of the last one ends with:\n{log_tail(worker.directory)}"
                )
        await self.settle(worker, reason)
        self.look.set()

    async def settle(self, worker: PoolWorker, reason: str) -> bool:
        """End what is left of `worker` and report what its journal says; whether the journal can be relied on."""
        worker.is_gone = True
        if worker.connection is not None:
            worker.connection.abort()
            worker.connection = None
        found: Settlement = await asyncio.to_thread(settle, worker.directory, worker.pid, worker.start)
        if worker.process is not None:
            worker.process.poll()
        if found.left:
            reason += f" Processes {found.left} of it cannot be killed."
        books = self._attempts
        books.doubtful.difference_update(found.begun, (outcome.attempt_id for outcome in found.outcomes))
        self.ended(worker, found.outcomes)
        self._attempts.lose(found.begun, worker, reason)
        untouched: list[Job] = []
        for attempt_id, job in list(worker.given.items()):
            is_unwanted = attempt_id in books.ending
            is_sure = found.is_complete and attempt_id not in worker.begun
            if is_sure and is_unwanted:
                books.forget(worker, attempt_id)
                books.tell([never_begun(attempt_id, "cancelled", time.time())])
            elif is_sure and job is not None:
                books.forget(worker, attempt_id)
                untouched.append(job)
            else:
                self._attempts.lose([attempt_id], worker, reason)
        books.queue.put_back(untouched)  # they never began: another worker runs them, first
        worker.is_settled = True
        self.remove_if_settled(worker)
        self.has_spoken(worker)
        self.settle_doubts()
        self._dispatch_soon()
        return found.is_complete

    def remove_if_settled(self, worker: PoolWorker) -> None:
        if worker.is_settled and not worker.unacknowledged:
            self.workers.pop(worker.worker_id, None)
            remove(worker.directory)

    def has_spoken(self, worker: PoolWorker) -> None:
        self.silent.discard(worker)
        self._spoken.set()

    def settle_doubts(self) -> None:
        """Once no worker is silent, nobody is left who could know of the doubtful attempts."""
        if not self.silent:
            self._attempts.lose_doubtful()

    def ensure(self) -> None:
        now = time.monotonic()
        if self.is_stopping or now < self._not_before:
            return
        expected = [
            worker
            for worker in self.workers.values()
            if not (worker.is_gone or worker.is_retiring or worker in self.silent)
        ]
        for _ in range(self._wanted - len(expected)):
            try:
                worker = spawn_worker(self._root, self._socket, self._slots, self._timings)
            except OSError as error:
                _log.error("no worker can be started: %s", error)
                self._not_before = now + 1.0
                return
            self.workers[worker.worker_id] = worker

    def retire(self, worker: PoolWorker) -> None:
        if not worker.is_retiring and worker.connection is not None:
            worker.is_retiring = True
            worker.connection.send([Quit(when_idle=True)])
            self.look.set()

    def retire_surplus(self) -> None:
        available = [worker for worker in self.workers.values() if worker.is_available]
        available.sort(key=lambda worker: len(worker.given))
        for worker in available[: max(0, len(available) - self._wanted)]:
            self.retire(worker)

    def _spawn_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
