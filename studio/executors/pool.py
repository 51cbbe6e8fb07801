"""The pool executor, the default: attempts run in workers on this machine, which outlive the server.

It gives work to the workers and takes what they say; where each attempt is stands in `pool_attempts`, how workers
come and go in `pool_crew`. A worker's journal is the truth about it; it is read when the worker is gone (`settlement`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

import msgspec

from studio._version import __version__
from studio.artifacts.local import LocalArtifacts, write_atomically
from studio.core.model import Attempt
from studio.core.states import AttemptState
from studio.core.turn import Launch
from studio.errors import StudioError
from studio.executors.jobs import job_for, never_begun
from studio.executors.pool_attempts import PoolAttempts
from studio.executors.pool_crew import PoolCrew
from studio.executors.pool_worker import PoolTimings, PoolWorker
from studio.executors.worker_server import Connection, WorkerServer
from studio.ports import Capacity, Report
from studio.settings import Settings
from studio.worker.messages import Begun, Ended, FromWorker, Hello, Job, Observed, Outcome, Quit
from studio.worker.supervisor import SOCKET_FILE
from studio.worker.task import Event

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
        self._attempts = PoolAttempts()
        self._crew = self._new_crew()
        self._is_dispatching = False
        self._refused: set[str] = set()  # workers

    def _new_crew(self) -> PoolCrew:
        return PoolCrew(
            self._root,
            self._server.path,
            self._attempts,
            slots=self._slots,
            wanted=self._workers_wanted,
            timings=self._timings,
            dispatch_soon=self._dispatch_soon,
        )

    # The port ---------------------------------------------------------------------------------------------------

    async def start(
        self, report: Callable[[Sequence[Report]], None], unfinished: Sequence[Attempt]
    ) -> set[int]:
        """See `studio.ports.Executor.start`. Takes at most `PoolTimings.hello` seconds, mostly milliseconds.

        Raises `Conflict` if another server holds the workers, `Forbidden` if the socket's directory is not ours.
        """
        books, self._crew = self._attempts, self._new_crew()
        books.open()
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        await self._server.lock()
        dead = await self._crew.find()
        await self._server.listen()
        write_atomically(self._root / SOCKET_FILE, self._server.path.encode())
        is_certain = await self._crew.settle_all(dead)  # that an attempt which nobody knows has not begun
        unknown = {a.id for a in unfinished} - books.where.keys() - books.reported.keys()
        begun = {a.id for a in unfinished if a.state is not AttemptState.QUEUED}
        free: set[int] = set()
        if self._crew.silent:
            names = ", ".join(worker.worker_id for worker in self._crew.silent)
            _log.warning("worker %s does not answer; %d attempts may be in it", names, len(unknown))
            books.doubtful = unknown
        else:
            free = unknown - begun if is_certain else set()
            books.lose(unknown - free, None, "No worker knows of it any more.")
        self._crew.watch()
        books.tell([Capacity(self._window * self._workers_wanted)])
        books.deliver_to(report)
        return free

    async def stop(self) -> None:
        """See `studio.ports.Executor.stop`."""
        await self._crew.stop()
        await self._server.stop()
        self._crew.let_go()
        self._attempts.close()

    async def end_workers(self) -> None:
        """Before `stop`: end all workers and what they run. They exit when their last process is gone."""
        await self._crew.end()

    def launch(self, launches: Sequence[Launch]) -> None:
        for launch in launches:
            try:
                self._attempts.queue.put(job_for(launch, self._artifacts))
            except StudioError as error:
                self._attempts.tell([never_begun(launch.attempt_id, "failed", time.time(), str(error))])
        self._dispatch_soon()

    def cancel(self, attempt_ids: Sequence[int]) -> None:
        ends: dict[PoolWorker, list[int]] = {}
        for attempt_id in attempt_ids:
            worker = self._attempts.where.get(attempt_id)
            if worker is not None:
                if worker.connection is not None:
                    ends.setdefault(worker, []).append(attempt_id)
                else:
                    self._attempts.ending.add(attempt_id)
            elif attempt_id in self._attempts.doubtful:
                self._attempts.ending.add(attempt_id)
            elif attempt_id not in self._attempts.reported and attempt_id not in self._attempts.acknowledged:
                self._attempts.queue.remove(attempt_id)
                self._attempts.tell([never_begun(attempt_id, "cancelled", time.time())])
        for worker, ids in ends.items():
            worker.end(ids)

    def acknowledge(self, attempt_ids: Sequence[int]) -> None:
        for worker in self._attempts.acknowledge(attempt_ids):
            self._crew.remove_if_settled(worker)

    # The link ---------------------------------------------------------------------------------------------------

    def hello(self, connection: Connection, hello: Hello) -> object:
        """A worker has connected: bring what we think of it in line with what it says."""
        worker = self._crew.workers.get(hello.worker_id)
        if worker is None or worker.is_gone:
            if hello.worker_id not in self._refused:  # it will try again
                self._refused.add(hello.worker_id)
                _log.warning("refused worker %s, which is none of this server's", hello.worker_id)
            return None
        if worker.connection is not None:
            worker.connection.abort()
        worker.connection = connection
        worker.has_said_hello = True
        worker.slots = hello.slots
        self._crew.has_spoken(worker)
        known = {attempt_id for attempt_id, _ in hello.running} | set(hello.held)
        ended = {outcome.attempt_id for outcome in hello.outcomes}
        for attempt_id, at in hello.running:
            self._attempts.begun(worker, attempt_id, at)
        for attempt_id in hello.held:
            self._attempts.where[attempt_id] = worker
            worker.given.setdefault(attempt_id, None)
        self._attempts.doubtful -= known | ended
        self._crew.ended(worker, hello.outcomes)
        missing = [attempt_id for attempt_id in worker.given if attempt_id not in known]
        again = [job for i in missing if (job := worker.given[i]) is not None and i not in worker.begun]
        worker.run(again)  # they were on the way when the connection broke
        vanished = set(missing) - {job.attempt_id for job in again}
        self._attempts.lose(vanished, worker, f"Worker {worker.worker_id} does not know of it any more.")
        if ends := [i for i in worker.given if i in self._attempts.ending]:
            self._attempts.ending.difference_update(ends)
            worker.end(ends)
        if self._crew.is_stopping:
            connection.send([Quit(when_idle=False)])
        elif hello.version != __version__ or hello.slots != self._slots:
            self._crew.retire(worker)
        self._crew.retire_surplus()
        self._crew.settle_doubts()
        self._dispatch_soon()
        return worker

    def received(self, key: object, messages: list[FromWorker]) -> None:
        assert isinstance(key, PoolWorker)
        outcomes: list[Outcome] = []
        for message in messages:
            if isinstance(message, Ended):
                outcomes.append(message.outcome)
            elif isinstance(message, Begun):
                self._attempts.begun(key, message.attempt_id, message.at)
            elif isinstance(message, Observed):
                try:
                    event = self._events.decode(message.event)
                except msgspec.MsgspecError:  # of another version
                    continue
                self._observe(message.attempt_id, event)
        if outcomes:
            self._crew.ended(key, outcomes)

    def disconnected(self, key: object, connection: Connection) -> None:
        assert isinstance(key, PoolWorker)
        if key.connection is connection:
            key.connection = None
            key.heard = connection.heard
            self._crew.look.set()

    # Giving work ------------------------------------------------------------------------------------------------

    def _dispatch_soon(self) -> None:
        if self._attempts.queue and not self._is_dispatching:
            self._is_dispatching = True
            asyncio.get_running_loop().call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._is_dispatching = False
        if self._crew.is_stopping:
            return
        available = [worker for worker in self._crew.workers.values() if worker.is_available]
        batches: dict[PoolWorker, list[Job]] = {}
        while self._attempts.queue and available:
            worker = min(available, key=lambda w: len(w.given))
            job = self._attempts.queue.first()
            if len(worker.given) >= self._window and not worker.holds_less_urgent(job):
                break
            self._attempts.queue.take()
            self._attempts.where[job.attempt_id] = worker
            worker.given[job.attempt_id] = job
            batches.setdefault(worker, []).append(job)
        for worker, jobs in batches.items():
            worker.run(jobs)
