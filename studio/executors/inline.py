"""The inline executor: attempts run one after another in this process. For `dag.test` and for tests.

Nothing outlives the process, so after a restart what had begun is lost, and what had not is launched again.
"""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from studio.artifacts.local import LocalArtifacts
from studio.core.model import Attempt
from studio.core.signals import Signal
from studio.core.states import AttemptState
from studio.core.turn import Launch
from studio.errors import StudioError
from studio.executors.jobs import never_begun, request_for
from studio.ports import Capacity, Finished, Lost, Report, Started
from studio.worker.error_names import TIMED_OUT
from studio.worker.kinds import run_task
from studio.worker.task import Emit, Event, KernelStarted, TaskRequest, TaskResult

WORKER: Final = "inline"
_AGAIN: Final = 1.0  # seconds between two interrupts
_POLITE: Final = 3  # interrupts until the kernel is killed


class InlineExecutor:
    """`studio.ports.Executor` without processes of its own. `observe` is called on the event loop.

    A cancel, or a timeout, interrupts the notebook's kernel, or raises `KeyboardInterrupt` in the function at its
    next step of Python; a function that is inside of one long call of C code ends only when that returns.

    Attempts run in a thread of the executor's own; with `waits_for_work` in the one that calls `work`. `run` runs one
    attempt; `now` is the wall clock by which attempts begin and end.
    """

    def __init__(
        self,
        *,
        observe: Callable[[int, Event], None],
        artifacts: LocalArtifacts,
        run: Callable[[TaskRequest, Emit], TaskResult] = run_task,
        now: Callable[[], float] = time.time,
        waits_for_work: bool = False,
    ) -> None:
        self._observe = observe
        self._artifacts = artifacts
        self._run_task = run
        self._now = now
        self._waits_for_work = waits_for_work
        # (priority, arrival, launch): the least first; None in place of a launch ends the thread.
        self._jobs: queue.PriorityQueue[tuple[tuple[float, ...], int, Launch | None]] = queue.PriorityQueue()
        self._arrivals = itertools.count()
        self._thread: threading.Thread | None = None  # in which attempts run
        self._has_ended = threading.Event()  # of that thread: it runs nothing, at present or any more
        self._is_open = False
        self._capacity = 1
        self._lock = threading.Lock()
        self._current: int | None = None  # the attempt whose code runs now
        self._kernel: int | None = None
        self._interrupts = 0
        self._stopped: dict[int, str] = {}  # attempt → "cancel" or "timeout"
        self._loop: asyncio.AbstractEventLoop
        self._report: Callable[[Sequence[Report]], None]

    async def start(
        self, report: Callable[[Sequence[Report]], None], unfinished: Sequence[Attempt]
    ) -> set[int]:
        self._loop = asyncio.get_running_loop()
        self._report = report
        self._is_open = True
        if not self._waits_for_work:
            threading.Thread(target=self.work, name="inline-executor", daemon=True).start()
        lost = [a.id for a in unfinished if a.state is not AttemptState.QUEUED]
        self._tell(
            [Capacity(self._capacity), *(Lost(i, "The process in which it ran is gone.") for i in lost)]
        )
        return {a.id for a in unfinished} - set(lost)

    async def stop(self) -> None:
        """What runs is interrupted, what waits is dropped: there is nobody to adopt it."""
        if not self._is_open:
            return
        self._is_open = False
        while not self._jobs.empty():
            try:
                self._jobs.get_nowait()
            except queue.Empty:
                break
        self._jobs.put(((), -1, None))
        with self._lock:
            if self._current is not None:
                self._stopped.setdefault(self._current, "cancel")
                self._interrupt()
        await asyncio.to_thread(self._has_ended.wait)

    def launch(self, launches: Sequence[Launch]) -> None:
        for launch in launches:
            self._jobs.put((launch.priority, next(self._arrivals), launch))

    def cancel(self, attempt_ids: Sequence[int]) -> None:
        for attempt_id in attempt_ids:
            self._stop(attempt_id, "cancel")

    def acknowledge(self, attempt_ids: Sequence[int]) -> None:
        pass

    def _stop(self, attempt_id: int, cause: str) -> None:
        with self._lock:
            self._stopped.setdefault(attempt_id, cause)
            if self._current == attempt_id:
                self._interrupt()
                again = threading.Timer(_AGAIN, self._stop, (attempt_id, cause))
                again.daemon = True
                again.start()

    def _interrupt(self) -> None:
        """With the lock held, so that it hits the attempt's code and not ours."""
        if self._kernel is not None:
            self._interrupts += 1
            try:  # a kernel between two cells ignores an interrupt
                os.killpg(self._kernel, signal.SIGINT if self._interrupts <= _POLITE else signal.SIGKILL)
                return
            except (ProcessLookupError, PermissionError):
                pass
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong((self._thread and self._thread.ident) or 0), ctypes.py_object(KeyboardInterrupt)
        )

    def hold(self, capacity: int) -> None:
        """Before `start`, by who calls `work` now and then: it takes so many attempts, and ends between two."""
        self._capacity = capacity
        self._has_ended.set()

    def waiting(self) -> list[Launch]:
        """What has not begun, in the order in which it would."""
        with self._jobs.mutex:
            return [launch for *_, launch in sorted(self._jobs.queue, key=_arrived) if launch is not None]

    def work(self, may_begin: Callable[[Launch], bool] = lambda launch: True) -> None:
        """Run attempts in this thread, one after another, until the executor is stopped or one may not begin."""
        self._thread = threading.current_thread()
        self._has_ended.clear()
        asyncio.set_event_loop(asyncio.new_event_loop())
        first = asyncio.get_event_loop()
        try:
            self._run_all(may_begin)
        finally:
            first.close()
            asyncio.get_event_loop().close()  # notebooks are run on one that jupyter_core makes for the thread
            asyncio.set_event_loop(None)
            self._has_ended.set()

    def _run_all(self, may_begin: Callable[[Launch], bool]) -> None:
        while (launch := (job := self._jobs.get())[2]) is not None:
            if not may_begin(launch):
                self._jobs.put(job)
                return
            begin = self._now()
            if launch.attempt_id in self._stopped:
                self._tell([never_begun(launch.attempt_id, "cancelled", begin)])
                continue
            self._tell([Started(launch.attempt_id, WORKER, begin)])
            timer = self._timer(launch)
            try:
                result = self._run(launch)
            except KeyboardInterrupt:
                result = TaskResult(state="failed", error="KeyboardInterrupt")
            finally:
                timer.cancel()
            self._tell([self._finished(launch, result, begin)])

    def _run(self, launch: Launch) -> TaskResult:
        try:
            request = request_for(launch, self._artifacts)
            os.makedirs(request.directory, mode=0o700, exist_ok=True)
        except (StudioError, OSError) as error:
            return TaskResult(state="failed", error=str(error))

        def emit(event: Event) -> None:
            if isinstance(event, KernelStarted):
                self._kernel = event.pid
            self._loop.call_soon_threadsafe(self._observe, launch.attempt_id, event)

        with self._lock:
            self._current = launch.attempt_id
        try:
            return self._run_task(request, emit)
        finally:
            with self._lock:
                self._current = self._kernel = None
                self._interrupts = 0

    def _timer(self, launch: Launch) -> threading.Timer:
        timer = threading.Timer(launch.timeout or 0.0, self._stop, (launch.attempt_id, "timeout"))
        timer.daemon = True
        if launch.timeout is not None:
            timer.start()
        return timer

    def _finished(self, launch: Launch, result: TaskResult, begin: float) -> Finished:
        state: str = result.state
        error, said = result.error, result.signal
        cause = self._stopped.pop(launch.attempt_id, None)
        has_come_to_its_end = state in ("success", "skipped")
        if not has_come_to_its_end and cause == "cancel":
            state, error, said = "cancelled", None, Signal()
        elif not has_come_to_its_end and cause == "timeout":
            state, said = "failed", Signal(errors=TIMED_OUT)
            error = f"timed out after {launch.timeout:g} s\n{error or ''}".strip()
        details = dict(result.details)
        if result.failed_cell is not None:
            details["failed_cell"] = result.failed_cell
        value, now = result.value, self._now()
        return Finished(launch.attempt_id, WORKER, state, begin, now, error, value, details, said)

    def _tell(self, reports: Sequence[Report]) -> None:
        def deliver() -> None:
            if self._is_open:
                self._report(reports)

        try:
            self._loop.call_soon_threadsafe(deliver)
        except RuntimeError:  # the loop is closed
            pass


def _arrived(job: tuple[tuple[float, ...], int, Launch | None]) -> tuple[tuple[float, ...], int]:
    return job[:2]
