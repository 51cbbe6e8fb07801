"""The inline executor: attempts run one after another in a thread of this process. For `dag.test` and for tests.

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
from studio.worker.task import Event, KernelStarted, TaskResult

WORKER: Final = "inline"
_AGAIN: Final = 1.0  # seconds between two interrupts
_POLITE: Final = 3  # interrupts until the kernel is killed


class InlineExecutor:
    """`studio.ports.Executor` without processes of its own. `observe` is called on the event loop.

    A cancel, or a timeout, interrupts the notebook's kernel, or raises `KeyboardInterrupt` in the function at its
    next step of Python; a function that is inside of one long call of C code ends only when that returns.
    """

    def __init__(self, *, observe: Callable[[int, Event], None], artifacts: LocalArtifacts) -> None:
        self._observe = observe
        self._artifacts = artifacts
        # (priority, arrival, launch): the least first; None in place of a launch ends the thread.
        self._jobs: queue.PriorityQueue[tuple[tuple[float, ...], int, Launch | None]] = queue.PriorityQueue()
        self._arrivals = itertools.count()
        self._thread: threading.Thread | None = None
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
        self._thread = threading.Thread(target=self._work, name="inline-executor", daemon=True)
        self._thread.start()
        lost = [a.id for a in unfinished if a.state is not AttemptState.QUEUED]
        self._tell([Capacity(1), *(Lost(i, "The process in which it ran is gone.") for i in lost)])
        return {a.id for a in unfinished} - set(lost)

    async def stop(self) -> None:
        """What runs is interrupted, what waits is dropped: there is nobody to adopt it."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        while not self._jobs.empty():
            try:
                self._jobs.get_nowait()
            except queue.Empty:
                break
        self._jobs.put(((), -1, None))
        with self._lock:
            if self._current is not None:
                self._stopped.setdefault(self._current, "cancel")
                self._interrupt(thread)
        await asyncio.to_thread(thread.join)

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
            if self._current == attempt_id and self._thread is not None:
                self._interrupt(self._thread)
                again = threading.Timer(_AGAIN, self._stop, (attempt_id, cause))
                again.daemon = True
                again.start()

    def _interrupt(self, thread: threading.Thread) -> None:
        """With the lock held, so that it hits the attempt's code and not ours."""
        if self._kernel is not None:
            self._interrupts += 1
            try:  # a kernel between two cells ignores an interrupt
                os.killpg(self._kernel, signal.SIGINT if self._interrupts <= _POLITE else signal.SIGKILL)
                return
            except (ProcessLookupError, PermissionError):
                pass
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(KeyboardInterrupt)
        )

    def _work(self) -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        first = asyncio.get_event_loop()
        try:
            self._run_all()
        finally:
            first.close()
            asyncio.get_event_loop().close()  # notebooks are run on one that jupyter_core makes for the thread
            asyncio.set_event_loop(None)

    def _run_all(self) -> None:
        while (launch := self._jobs.get()[2]) is not None:
            begin = time.time()
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
            return run_task(request, emit)
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
        value, now = result.value, time.time()
        return Finished(launch.attempt_id, WORKER, state, begin, now, error, value, details, said)

    def _tell(self, reports: Sequence[Report]) -> None:
        def deliver() -> None:
            if self._thread is not None:
                self._report(reports)

        try:
            self._loop.call_soon_threadsafe(deliver)
        except RuntimeError:  # the loop is closed
            pass
