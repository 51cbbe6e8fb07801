"""The supervisor of a worker: takes attempts from the server, has its runners run them, keeps what became of them.

It imports no user code and nothing heavy: it is what survives. The server may die, be stopped for a night or be
replaced by a newer one: the supervisor goes on with what it has, keeps the outcomes in its journal, and tells the
next server.

The way of an attempt: `_queue` → (journal: begun) → a slot → (journal: outcome, synced) → `_outcomes` → acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from studio._version import __version__
from studio.worker.fork_servers import FORK_SERVERS, WorkerForkServers
from studio.worker.job_queue import JobQueue
from studio.worker.journal import Header, Journal, JournalError
from studio.worker.link import ServerLink
from studio.worker.messages import (
    NO_DETAILS,
    NOTHING,
    Acknowledged,
    Beat,
    Begun,
    End,
    Ended,
    Hello,
    Job,
    Observed,
    Outcome,
    Run,
    ToWorker,
)
from studio.worker.observations import Observations
from studio.worker.processes import become_subreaper, boot_id, children, send_signal, started_at
from studio.worker.slot import Slot

JOURNAL: Final = "journal"
SOCKET_FILE: Final = "socket"  # in the worker root: where the server listens now
_BEGUN_DELAY: Final = 0.01  # seconds; an attempt that ends sooner is never reported as begun
_EAGER: Final = 2  # runners that are started before there is work
_UNKILLABLE: Final = 30.0  # seconds until a process that does not die is reported instead of waited for

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """`directory` is the worker's own, its name the worker's id. All times in seconds."""

    directory: Path
    socket: str
    slots: int
    beat: float = 5.0
    grace: float = 3.0
    orphan_timeout: float = 60.0  # without a server and without work until the worker exits


class Supervisor:
    """`await run()` works until it is told to quit or there has been no use for it for long enough."""

    def __init__(self, options: WorkerOptions) -> None:
        self._options = options
        self._queue = JobQueue()
        self._begun: dict[int, tuple[Slot, float]] = {}
        self._fresh: dict[int, Outcome] = {}  # not synced yet
        self._syncing: dict[int, Outcome] = {}
        self._outcomes: dict[int, Outcome] = {}  # not acknowledged yet
        self._slots = [Slot(self, grace=options.grace) for _ in range(options.slots)]
        self._idle = self._slots[::-1]  # the one used last is taken first: it is the warmest
        self._observations = Observations()
        self._outbox: list[object] = []
        self._untold: dict[int, Begun] = {}
        self._wants_notebooks = False
        self._is_quitting = False
        self._is_flushing = False
        self._is_telling = False
        self._is_filling = False
        self._is_sweeping = False
        self._sweep: asyncio.Task[None] | None = None
        self.forks: WorkerForkServers
        self._quit = asyncio.Event()
        self._has_fresh = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop
        self._journal: Journal
        self._link: ServerLink

    async def run(self) -> None:
        """Raises `JournalError` if the worker's directory cannot be written."""
        self._loop = asyncio.get_running_loop()
        directory = self._options.directory
        me = os.getpid()
        self._journal = Journal(
            directory / JOURNAL, Header(directory.name, __version__, boot_id(), me, started_at(me))
        )
        become_subreaper()
        self.forks = WorkerForkServers(directory)
        if self.forks.directory:
            os.environ[FORK_SERVERS] = self.forks.directory
        self._loop.add_signal_handler(signal.SIGCHLD, self._reap)
        self._link = ServerLink(self._options.socket, directory.parent / SOCKET_FILE, self)
        tasks = [self._loop.create_task(work) for work in (self._link.keep(), self._commit(), self._beat())]
        for slot in self._slots[:_EAGER]:
            slot.start()
        quitting = self._loop.create_task(self._quit.wait())
        done, _ = await asyncio.wait([quitting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # none but `quitting` ends without an error
        self.forks.close()
        self._journal.write()
        self._journal.sync()
        # The process exits now, and the runners, which are idle, with it.

    # From the server --------------------------------------------------------------------------------------------

    def connected(self) -> None:
        self._outbox.clear()
        self._untold.clear()
        running = [(attempt_id, at) for attempt_id, (_, at) in self._begun.items()]
        running += [(o.attempt_id, o.started_at) for o in (*self._fresh.values(), *self._syncing.values())]
        hello = Hello(
            self._options.directory.name,
            __version__,
            os.getpid(),
            self._options.slots,
            running,
            list(self._queue),
            list(self._outcomes.values()),
        )
        self._link.send([hello, *self._observations.take_all()])

    def disconnected(self) -> None:
        self._outbox.clear()

    def writable(self) -> None:
        self._flush_soon()

    def received(self, message: ToWorker) -> None:
        if isinstance(message, Run):
            self._take(message.jobs)
        elif isinstance(message, Acknowledged):
            self._forget(message.attempt_ids)
        elif isinstance(message, End):
            for attempt_id in message.attempt_ids:
                self._end(attempt_id)
        else:
            _log.info("told to quit%s", " when idle" if message.when_idle else "")
            self._is_quitting = True
            if not message.when_idle:
                for attempt_id in [*self._queue, *self._begun]:
                    self._end(attempt_id)
            self._quit_if_idle()

    def _take(self, jobs: list[Job]) -> None:
        for job in jobs:
            known = (self._queue, self._begun, self._fresh, self._syncing, self._outcomes)
            if not any(job.attempt_id in place for place in known):
                self._queue.put(job)
            if job.kind == "notebook" and not self._wants_notebooks:
                self._wants_notebooks = True
                # It comes up while the runner imports papermill.
                self.forks.want((sys.executable,), (), False)
                self._loop.call_later(0.2, self._warm_idle)
        self._fill()

    def _forget(self, attempt_ids: list[int]) -> None:
        known = [attempt_id for attempt_id in attempt_ids if self._outcomes.pop(attempt_id, None) is not None]
        if known:
            self._journal.forget(known)
        self._quit_if_idle()

    def _end(self, attempt_id: int) -> None:
        if self._queue.remove(attempt_id):
            now = time.time()
            self._keep(Outcome(attempt_id, "cancelled", now, now, None, NOTHING, NO_DETAILS))
        elif attempt_id in self._begun:
            self._begun[attempt_id][0].stop("cancel")

    # Slots ------------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Begin the most urgent jobs in the free slots; what has begun is in the journal before a runner knows."""
        if not (self._idle and self._queue):
            return
        chosen: list[tuple[Slot, Job]] = []
        at = time.time()
        while self._idle and self._queue:
            job = self._queue.take()
            self._journal.begun(job.attempt_id, at)
            chosen.append((self._idle.pop(), job))
        try:
            self._journal.write()
        except JournalError as error:
            _log.error("%s", error)
            for slot, job in chosen:
                self._idle.append(slot)
                self._keep(
                    Outcome(job.attempt_id, "failed", at, at, f"Not begun: {error}", NOTHING, NO_DETAILS)
                )
            self._fill_soon()
            return
        for slot, job in chosen:
            self._begun[job.attempt_id] = (slot, at)
            self._tell_soon(Begun(job.attempt_id, at))
            slot.begin(job, at)

    def _fill_soon(self) -> None:
        if not self._is_filling:
            self._is_filling = True
            self._loop.call_soon(self._filled)

    def _filled(self) -> None:
        self._is_filling = False
        self._fill()

    def free(self, slot: Slot) -> None:
        if slot not in self._idle:
            self._idle.append(slot)
        self._fill_soon()

    def observed(self, observed: Observed) -> None:
        self._observations.add(observed)
        self._flush_soon()

    def ended(self, slot: Slot, outcome: Outcome) -> None:
        self._begun.pop(outcome.attempt_id, None)
        self._observations.forget(outcome.attempt_id)
        self._keep(outcome)

    async def end_orphans(self) -> list[int]:
        """Whatever is a child and no runner was orphaned by a runner's death; its own children come after it."""

        def kill() -> list[int]:
            orphans = self._orphans()
            send_signal(orphans, signal.SIGKILL)
            return orphans

        return await _until_none_is_left(kill)

    async def end_kernel(self, kernel: int, known: dict[int, float | None]) -> list[int]:
        return await _until_none_is_left(lambda: self.forks.end(kernel, known))

    def _orphans(self) -> list[int]:
        ours = {*(slot.pid for slot in self._slots), *self.forks.pids()}
        return [p for p in children(os.getpid()) if p not in ours and started_at(p) is not None]

    def _reap(self) -> None:
        """SIGCHLD: wait for every child that has ended; adopted ones too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for slot in self._slots:
                if slot.pid == pid:
                    slot.reaped(os.waitstatus_to_exitcode(status))
                    break
            else:  # a fork server, perhaps: what its kernels had started is an orphan now
                if not self._is_sweeping and self._orphans():
                    self._is_sweeping = True
                    self._sweep = self._loop.create_task(self._end_orphans())

    async def _end_orphans(self) -> None:
        try:
            await self.end_orphans()
        finally:
            self._is_sweeping = False

    def _warm_idle(self) -> None:
        for slot in self._idle:
            slot.warm()

    # Outcomes ---------------------------------------------------------------------------------------------------

    def _keep(self, outcome: Outcome) -> None:
        self._fresh[outcome.attempt_id] = outcome
        self._journal.ended(outcome)
        self._has_fresh.set()

    async def _commit(self) -> None:
        """Sync, then report: all that ended during one sync shares the next."""
        with ThreadPoolExecutor(1, "journal") as thread:
            while True:
                await self._has_fresh.wait()
                self._has_fresh.clear()
                self._syncing, self._fresh = self._fresh, {}
                try:
                    self._journal.write()
                    await self._loop.run_in_executor(thread, self._journal.sync)
                    if self._journal.is_long:
                        self._compact()
                except JournalError as error:  # the server still gets them, as long as this process lives
                    _log.error("%s", error)
                for outcome in self._syncing.values():
                    self._untold.pop(outcome.attempt_id, None)
                    self._outbox.append(Ended(outcome))
                self._outcomes.update(self._syncing)
                self._syncing = {}
                self._flush_soon()

    def _compact(self) -> None:
        begun = [(attempt_id, at) for attempt_id, (_, at) in self._begun.items()]
        outcomes = [o for place in (self._outcomes, self._syncing, self._fresh) for o in place.values()]
        self._journal.compact(begun, outcomes)

    # To the server ----------------------------------------------------------------------------------------------

    def _tell_soon(self, begun: Begun) -> None:
        self._untold[begun.attempt_id] = begun
        if not self._is_telling:
            self._is_telling = True
            self._loop.call_later(_BEGUN_DELAY, self._tell)

    def _tell(self) -> None:
        self._is_telling = False
        due = time.time() - _BEGUN_DELAY
        for begun in list(self._untold.values()):
            if begun.at <= due:
                del self._untold[begun.attempt_id]
                self._outbox.append(begun)
        self._flush_soon()
        if self._untold:
            self._is_telling = True
            self._loop.call_later(_BEGUN_DELAY, self._tell)

    def _flush_soon(self) -> None:
        if not self._is_flushing:
            self._is_flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flushing = False
        if not self._link.is_connected:
            self._outbox.clear()  # the next hello says it all
            self._observations.take_unsent()
        elif self._link.is_ready:
            self._link.send([*self._observations.take_unsent(), *self._outbox])
            self._outbox.clear()

    async def _beat(self) -> None:
        """Say that this lives; and exit when nobody has wanted anything for long."""
        period = min(self._options.beat, self._options.orphan_timeout / 4)
        useful = time.monotonic()
        while True:
            await asyncio.sleep(period)
            now = time.monotonic()
            self._outbox.append(Beat())
            self._flush_soon()
            if self._link.is_connected or self._queue or self._begun or self._fresh or self._syncing:
                useful = now
            elif now - useful > self._options.orphan_timeout:
                _log.info("no server and no work for %g s", now - useful)
                self._quit.set()
            self._quit_if_idle()

    def _quit_if_idle(self) -> None:
        if self._is_quitting and not (
            self._queue or self._begun or self._fresh or self._syncing or self._outcomes
        ):
            self._quit.set()


async def _until_none_is_left(kill: Callable[[], list[int]]) -> list[int]:
    """Call `kill`, which returns who lives, until nobody does; who still does after `_UNKILLABLE`."""
    deadline = time.monotonic() + _UNKILLABLE
    pause = 0.002
    while left := kill():
        if time.monotonic() > deadline:
            return left
        await asyncio.sleep(pause)
        pause = min(0.05, pause * 2)
    return []
