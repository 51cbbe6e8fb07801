"""The pool executor, the default: attempts run in workers on this machine, which outlive the server.

Where an attempt is: `_queue` (here) → `_where` (a worker holds or runs it) → `_reported` (its outcome was reported)
→ acknowledged. A worker's journal is the truth about it, and is read when the worker is gone (`settlement`).

Adoption, when the server starts. Every directory under the worker root is a worker of an earlier server:

* Its process is gone: its journal says which attempts ended and which are lost.
* It lives: its `Hello` says all that it knows; workers try to connect all the time, so that takes milliseconds.
* It lives and says nothing within `PoolTimings.hello` (paused, or the machine is very busy): the start does not wait
  for it. But an attempt that nobody else knows may be in it, not begun, so none is handed back to be launched again:
  those are `_doubtful` until it speaks, or is silent for the whole lease and then killed and its journal read. What
  then is still unknown is reported as lost.

So an attempt is handed back only if no worker, alive or dead, can know it; and after a crash of the machine not even
then, because "begun" may not have reached the disk.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final

import msgspec

from studio._version import __version__
from studio.artifacts.local import LocalArtifacts, write_atomically
from studio.core.model import Attempt
from studio.core.states import AttemptState
from studio.core.turn import Launch
from studio.errors import StudioError
from studio.executors.jobs import finished_for, job_for, never_begun
from studio.executors.pool_worker import PoolTimings, PoolWorker, spawn_worker
from studio.executors.settlement import Settlement, identify, log_tail, remove, settle
from studio.executors.worker_server import Connection, WorkerServer
from studio.ports import Capacity, Lost, Report, Started
from studio.settings import Settings
from studio.worker.messages import Begun, Ended, FromWorker, Hello, Job, Observed, Outcome, Quit
from studio.worker.supervisor import SOCKET_FILE
from studio.worker.task import Event

_DEATHS_IN_A_ROW: Final = 5  # of workers, at once after their start, until waiting attempts are given up
_LONGEST_BACKOFF: Final = 30.0  # seconds
_REMEMBERED: Final = 20_000  # acknowledged attempts, should a worker say their outcomes again

_log = logging.getLogger(__name__)


class PoolExecutor:
    """`studio.ports.Executor` over `workers` processes with `slots` attempts at once in all.

    The scheduler may hand over `prefetch` attempts more than that (default: twelve times the slots), so that a worker
    that ends one has the next. `observe` is called with each event of a running attempt, on the event loop; after a
    restart of the server with what the attempt's present state is made of.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        observe: Callable[[int, Event], None],
        artifacts: LocalArtifacts,
        workers: int = 1,
        prefetch: int | None = None,
        timings: PoolTimings | None = None,
    ) -> None:
        self._root = settings.worker_root
        self._slots = -(-settings.slots // workers)  # of one worker
        self._workers_wanted = workers
        self._window = self._slots + -(-(12 * settings.slots if prefetch is None else prefetch) // workers)
        self._observe = observe
        self._artifacts = artifacts
        self._timings = timings or PoolTimings()
        self._server = WorkerServer(settings.socket_directory, self)
        self._events: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
        self._queue: dict[int, Job] = {}
        self._workers: dict[str, PoolWorker] = {}
        self._where: dict[int, PoolWorker] = {}
        self._reported: dict[int, PoolWorker] = {}
        self._acknowledged: OrderedDict[int, None] = OrderedDict()
        self._doubtful: set[int] = set()
        self._silent: set[PoolWorker] = set()
        self._ending: set[int] = set()  # to be cancelled once their worker is heard
        self._reports: list[Report] = []
        self._report: Callable[[Sequence[Report]], None] | None = None  # set once the start is over
        self._deaths = 0
        self._not_before = 0.0  # monotonic seconds: when a worker may be started again
        self._is_stopping = False
        self._is_dispatching = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._look = asyncio.Event()
        self._spoken = asyncio.Event()

    # The port ---------------------------------------------------------------------------------------------------

    async def start(
        self, report: Callable[[Sequence[Report]], None], unfinished: Sequence[Attempt]
    ) -> set[int]:
        """See `studio.ports.Executor.start`. Takes at most `PoolTimings.hello` seconds, mostly milliseconds.

        Raises `Conflict` if another server holds the workers, `Forbidden` if the socket's directory is not ours.
        """
        self._is_stopping = False
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        await self._server.lock()
        dead = await self._find_workers()
        await self._server.listen()
        write_atomically(self._root / SOCKET_FILE, self._server.path.encode())
        is_certain = True  # that an attempt which nobody knows has not begun
        for worker in dead:
            is_certain = (
                await self._settle(worker, "Its worker ended while no server was there.") and is_certain
            )
        deadline = time.monotonic() + self._timings.hello
        while self._silent and (left := deadline - time.monotonic()) > 0:
            for worker in [worker for worker in self._silent if not worker.is_alive()]:
                is_certain = await self._settle(worker, "Its worker has just ended.") and is_certain
            self._spoken.clear()
            if self._silent:
                try:
                    await asyncio.wait_for(self._spoken.wait(), min(left, 0.05))
                except asyncio.TimeoutError:
                    pass
        unknown = {a.id for a in unfinished} - self._where.keys() - self._reported.keys()
        begun = {a.id for a in unfinished if a.state is not AttemptState.QUEUED}
        free: set[int] = set()
        if self._silent:
            names = ", ".join(worker.worker_id for worker in self._silent)
            _log.warning("worker %s does not answer; %d attempts may be in it", names, len(unknown))
            self._doubtful = unknown
        else:
            free = unknown - begun if is_certain else set()
            self._lose(unknown - free, None, "No worker knows of it any more.")
        self._spawn_task(self._watch())
        self._ensure_workers()
        self._tell([Capacity(self._window * self._workers_wanted)])
        self._report = report
        return free

    async def stop(self) -> None:
        """See `studio.ports.Executor.stop`."""
        self._is_stopping = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.stop()
        for worker in self._workers.values():
            worker.let_go()
        self._report = None
        for place in (self._queue, self._workers, self._where, self._reported, self._acknowledged):
            place.clear()
        for ids in (self._doubtful, self._ending):
            ids.clear()
        self._silent.clear()
        self._reports.clear()

    async def end_workers(self) -> None:
        """Before `stop`: end all workers and what they run. They exit when their last process is gone."""
        self._is_stopping = True
        for worker in self._workers.values():
            if worker.connection is not None:
                worker.is_retiring = True
                worker.connection.send([Quit(when_idle=False)])
        while any(worker.is_alive() for worker in self._workers.values()):  # noqa: ASYNC110 - a moment, once
            await asyncio.sleep(0.01)

    def launch(self, launches: Sequence[Launch]) -> None:
        for launch in launches:
            try:
                self._queue[launch.attempt_id] = job_for(launch, self._artifacts)
            except StudioError as error:
                self._tell([never_begun(launch.attempt_id, "failed", time.time(), str(error))])
        self._dispatch_soon()

    def cancel(self, attempt_ids: Sequence[int]) -> None:
        ends: dict[PoolWorker, list[int]] = {}
        for attempt_id in attempt_ids:
            worker = self._where.get(attempt_id)
            if worker is not None:
                if worker.connection is not None:
                    ends.setdefault(worker, []).append(attempt_id)
                else:
                    self._ending.add(attempt_id)
            elif attempt_id in self._doubtful:
                self._ending.add(attempt_id)
            elif attempt_id not in self._reported and attempt_id not in self._acknowledged:
                self._queue.pop(attempt_id, None)
                self._tell([never_begun(attempt_id, "cancelled", time.time())])
        for worker, ids in ends.items():
            worker.end(ids)

    def acknowledge(self, attempt_ids: Sequence[int]) -> None:
        by_worker: dict[PoolWorker, list[int]] = {}
        for attempt_id in attempt_ids:
            worker = self._reported.pop(attempt_id, None)
            if worker is not None:
                by_worker.setdefault(worker, []).append(attempt_id)
                self._acknowledged[attempt_id] = None
        while len(self._acknowledged) > _REMEMBERED:
            self._acknowledged.popitem(last=False)
        for worker, ids in by_worker.items():
            worker.acknowledge(ids)
            self._remove_if_settled(worker)

    # The link ---------------------------------------------------------------------------------------------------

    def hello(self, connection: Connection, hello: Hello) -> object:
        """A worker has connected: bring what we think of it in line with what it says."""
        worker = self._workers.get(hello.worker_id)
        if worker is None or worker.is_gone:
            _log.warning("refused worker %s, which is none of this server's", hello.worker_id)
            return None
        if worker.connection is not None:
            worker.connection.abort()
        worker.connection = connection
        worker.has_said_hello = True
        worker.slots = hello.slots
        self._has_spoken(worker)
        known = {attempt_id for attempt_id, _ in hello.running} | set(hello.held)
        ended = {outcome.attempt_id for outcome in hello.outcomes}
        for attempt_id, at in hello.running:
            self._begun(worker, attempt_id, at)
        for attempt_id in hello.held:
            self._where[attempt_id] = worker
            worker.given.setdefault(attempt_id, None)
        self._doubtful -= known | ended
        self._ended(worker, hello.outcomes)
        missing = [attempt_id for attempt_id in worker.given if attempt_id not in known]
        again = [job for i in missing if (job := worker.given[i]) is not None and i not in worker.begun]
        worker.run(again)  # they were on the way when the connection broke
        vanished = set(missing) - {job.attempt_id for job in again}
        self._lose(vanished, worker, f"Worker {worker.worker_id} does not know of it any more.")
        if ends := [i for i in worker.given if i in self._ending]:
            self._ending.difference_update(ends)
            worker.end(ends)
        if self._is_stopping:
            connection.send([Quit(when_idle=False)])
        elif hello.version != __version__ or hello.slots != self._slots:
            self._retire(worker)
        self._retire_surplus()
        self._settle_doubts()
        self._dispatch_soon()
        return worker

    def received(self, key: object, messages: list[FromWorker]) -> None:
        assert isinstance(key, PoolWorker)
        outcomes: list[Outcome] = []
        for message in messages:
            if isinstance(message, Ended):
                outcomes.append(message.outcome)
            elif isinstance(message, Begun):
                self._begun(key, message.attempt_id, message.at)
            elif isinstance(message, Observed):
                try:
                    event = self._events.decode(message.event)
                except msgspec.MsgspecError:  # of another version
                    continue
                self._observe(message.attempt_id, event)
        if outcomes:
            self._ended(key, outcomes)

    def disconnected(self, key: object, connection: Connection) -> None:
        assert isinstance(key, PoolWorker)
        if key.connection is connection:
            key.connection = None
            key.heard = connection.heard
            self._look.set()

    def _begun(self, worker: PoolWorker, attempt_id: int, at: float) -> None:
        if attempt_id in worker.begun or attempt_id in self._reported:
            return
        self._where[attempt_id] = worker
        worker.given[attempt_id] = None
        worker.begun.add(attempt_id)
        self._tell([Started(attempt_id, worker.worker_id, at)])

    def _ended(self, worker: PoolWorker, outcomes: Iterable[Outcome]) -> None:
        reports: list[Report] = []
        again: list[int] = []
        for outcome in outcomes:
            attempt_id = outcome.attempt_id
            self._forget(worker, attempt_id)
            if attempt_id in self._acknowledged:
                again.append(attempt_id)
            elif attempt_id not in self._reported:
                self._reported[attempt_id] = worker
                worker.unacknowledged.add(attempt_id)
                reports.append(finished_for(outcome, worker.worker_id))
        if again:
            worker.acknowledge(again)
        if reports:
            self._deaths = 0
            self._tell(reports)
            self._dispatch_soon()

    def _lose(self, attempt_ids: Iterable[int], worker: PoolWorker | None, reason: str) -> None:
        for attempt_id in attempt_ids:
            if worker is not None:
                self._forget(worker, attempt_id)
                if attempt_id in self._acknowledged or attempt_id in self._reported:
                    continue
                self._reported[attempt_id] = worker
                worker.unacknowledged.add(attempt_id)
            self._tell([Lost(attempt_id, reason)])

    def _forget(self, worker: PoolWorker, attempt_id: int) -> None:
        self._where.pop(attempt_id, None)
        worker.given.pop(attempt_id, None)
        worker.begun.discard(attempt_id)
        self._ending.discard(attempt_id)

    # Reports ----------------------------------------------------------------------------------------------------

    def _tell(self, reports: Sequence[Report]) -> None:
        """All that comes up in one turn of the event loop is reported in one call."""
        if not reports:
            return
        if not self._reports:
            asyncio.get_running_loop().call_soon(self._deliver)
        self._reports += reports

    def _deliver(self) -> None:
        if self._report is None:
            if not self._is_stopping and self._reports:  # the start is not over
                asyncio.get_running_loop().call_later(0.005, self._deliver)
            return
        reports, self._reports = self._reports, []
        if reports:
            self._report(reports)

    # Giving work ------------------------------------------------------------------------------------------------

    def _dispatch_soon(self) -> None:
        if self._queue and not self._is_dispatching:
            self._is_dispatching = True
            asyncio.get_running_loop().call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._is_dispatching = False
        if self._is_stopping:
            return
        available = [worker for worker in self._workers.values() if worker.is_available]
        batches: dict[PoolWorker, list[Job]] = {}
        while self._queue and available:
            worker = min(available, key=lambda w: len(w.given))
            if len(worker.given) >= self._window:
                break
            attempt_id, job = next(iter(self._queue.items()))
            del self._queue[attempt_id]
            self._where[attempt_id] = worker
            worker.given[attempt_id] = job
            batches.setdefault(worker, []).append(job)
        for worker, jobs in batches.items():
            worker.run(jobs)

    # Workers' lives ---------------------------------------------------------------------------------------------

    async def _find_workers(self) -> list[PoolWorker]:
        """Look through the worker root; returns the workers that are dead, expects the others to speak."""
        dead: list[PoolWorker] = []
        for directory in sorted(path for path in self._root.iterdir() if path.is_dir()):
            found = await asyncio.to_thread(identify, directory)
            pid, start = found or (None, None)
            worker = PoolWorker(directory, 0, pid, start, time.monotonic())
            self._workers[worker.worker_id] = worker
            if found is None:
                dead.append(worker)
            else:
                self._silent.add(worker)
        return dead

    async def _watch(self) -> None:
        while not self._is_stopping:  # before Python 3.12 `wait_for` may swallow a cancellation
            now = time.monotonic()
            for worker in list(self._workers.values()):
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
            self._ensure_workers()
            # Whose connection is broken ends any moment, or is back any moment.
            is_urgent = any(w.connection is None and not w.is_gone for w in self._workers.values())
            self._look.clear()
            try:
                await asyncio.wait_for(self._look.wait(), 0.05 if is_urgent else self._timings.look)
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
            asyncio.get_running_loop().call_later(pause + 0.01, self._look.set)
            if self._deaths >= _DEATHS_IN_A_ROW:
                told = f"No worker can be started: {self._deaths} in a row ended at once."
                waiting, self._queue = list(self._queue), {}
                self._lose(
                    waiting, None, f"{told} The log of the last one ends with:\n{log_tail(worker.directory)}"
                )
        await self._settle(worker, reason)
        self._look.set()

    async def _settle(self, worker: PoolWorker, reason: str) -> bool:
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
        self._doubtful.difference_update(found.begun, (outcome.attempt_id for outcome in found.outcomes))
        self._ended(worker, found.outcomes)
        self._lose(found.begun, worker, reason)
        untouched: dict[int, Job] = {}
        for attempt_id, job in list(worker.given.items()):
            is_unwanted = attempt_id in self._ending
            is_sure = found.is_complete and attempt_id not in worker.begun
            if is_sure and is_unwanted:
                self._forget(worker, attempt_id)
                self._tell([never_begun(attempt_id, "cancelled", time.time())])
            elif is_sure and job is not None:
                self._forget(worker, attempt_id)
                untouched[attempt_id] = job
            else:
                self._lose([attempt_id], worker, reason)
        self._queue = {**untouched, **self._queue}  # they never began: another worker runs them, first
        worker.is_settled = True
        self._remove_if_settled(worker)
        self._has_spoken(worker)
        self._settle_doubts()
        self._dispatch_soon()
        return found.is_complete

    def _remove_if_settled(self, worker: PoolWorker) -> None:
        if worker.is_settled and not worker.unacknowledged:
            self._workers.pop(worker.worker_id, None)
            remove(worker.directory)

    def _has_spoken(self, worker: PoolWorker) -> None:
        self._silent.discard(worker)
        self._spoken.set()

    def _settle_doubts(self) -> None:
        """Nobody is left who could know of them."""
        if self._doubtful and not self._silent and self._report is not None:
            doubtful, self._doubtful = self._doubtful, set()
            self._ending -= doubtful
            self._lose(doubtful, None, "No worker knows of it any more.")

    def _ensure_workers(self) -> None:
        now = time.monotonic()
        if self._is_stopping or now < self._not_before:
            return
        expected = [
            worker
            for worker in self._workers.values()
            if not (worker.is_gone or worker.is_retiring or worker in self._silent)
        ]
        for _ in range(self._workers_wanted - len(expected)):
            try:
                worker = spawn_worker(self._root, self._server.path, self._slots, self._timings)
            except OSError as error:
                _log.error("no worker can be started: %s", error)
                self._not_before = now + 1.0
                return
            self._workers[worker.worker_id] = worker

    def _retire(self, worker: PoolWorker) -> None:
        if not worker.is_retiring and worker.connection is not None:
            worker.is_retiring = True
            worker.connection.send([Quit(when_idle=True)])
            self._look.set()

    def _retire_surplus(self) -> None:
        available = [worker for worker in self._workers.values() if worker.is_available]
        available.sort(key=lambda worker: len(worker.given))
        for worker in available[: max(0, len(available) - self._workers_wanted)]:
            self._retire(worker)

    def _spawn_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
