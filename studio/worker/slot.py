"""A slot of a worker: one runner process at a time, and in it one attempt at a time, from its begin to its outcome."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from studio.core.signals import Signal
from studio.worker.error_names import TIMED_OUT
from studio.worker.fork_servers import WorkerForkServers
from studio.worker.messages import (
    NO_DETAILS,
    NO_SIGNAL,
    NOTHING,
    Done,
    FromRunner,
    Job,
    Observed,
    Outcome,
    Ready,
    WantsForkServer,
    Warm,
    raw,
)
from studio.worker.processes import descendants, send_signal
from studio.worker.runner_output import AttemptOutput, to_worker_log
from studio.worker.runner_process import RunnerProcess

_KILL_AGAIN: Final = 0.1  # seconds
_OVERTIME: Final = raw(Signal(errors=TIMED_OUT))

_log = logging.getLogger(__name__)


class SlotHost(Protocol):
    """The supervisor, as its slots see it."""

    forks: WorkerForkServers

    def observed(self, observed: Observed) -> None:
        """An attempt said something."""

    def ended(self, slot: Slot, outcome: Outcome) -> None:
        """The attempt of `slot` has ended and none of its processes is left."""

    def free(self, slot: Slot) -> None:
        """The slot can take a job."""

    async def end_orphans(self) -> list[int]:
        """Kill what dead runners left behind; returns what could not be killed."""

    async def end_kernel(self, kernel: int, known: dict[int, float | None]) -> list[int]:
        """Kill this forked kernel and all that is below it, `known` or not; returns what could not be killed."""


@dataclass(slots=True)
class _Attempt:
    job: Job
    began_at: float  # seconds since the epoch
    kernel: int | None = None  # pid of the notebook's kernel
    kernel_tree: dict[int, float | None] = field(default_factory=dict)  # of a forked one: pid → start
    stopped_for: str | None = None  # "cancel" or "timeout", once it was told to end
    done: Done | None = None
    timer: asyncio.TimerHandle | None = None
    output: AttemptOutput | None = None  # of its processes, once they have written something


class Slot:
    """`grace`: seconds from the interrupt to SIGTERM, and from there to SIGKILL."""

    def __init__(self, host: SlotHost, *, grace: float) -> None:
        self._host = host
        self._grace = grace
        self._process: RunnerProcess | None = None
        self._is_ready = False  # the runner has said so
        self._attempt: _Attempt | None = None
        self._escalation: asyncio.Task[None] | None = None
        self._burial: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Of the runner, while it is not reaped."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the runner if there is none."""
        if self._process is None:
            self._is_ready = False
            self._process = RunnerProcess(self._received, self._cut_off, self._written)

    def warm(self) -> None:
        """Have an idle runner import what notebooks need."""
        if self._process is not None:
            self._process.send(Warm())

    def begin(self, job: Job, at: float) -> None:
        """Run `job`, whose begin is in the journal."""
        attempt = self._attempt = _Attempt(job, at)
        try:
            self.start()
        except OSError as error:
            self._attempt = None
            self._host.ended(self, _outcome(attempt, "failed", f"No process could be started: {error}."))
            self._host.free(self)
            return
        if job.timeout is not None:
            loop = asyncio.get_running_loop()
            attempt.timer = loop.call_later(job.timeout, self.stop, "timeout")
        assert self._process is not None
        self._process.send(job)

    def stop(self, cause: str) -> None:
        """End the attempt: interrupt, then SIGTERM, then SIGKILL to all of its processes."""
        if self._attempt is not None and self._attempt.stopped_for is None and self._process is not None:
            self._attempt.stopped_for = cause
            self._escalation = asyncio.get_running_loop().create_task(self._escalate(self._attempt))

    def reaped(self, status: int) -> None:
        """The runner has ended with this code (as in `subprocess`: negative for a signal)."""
        assert self._process is not None
        process, self._process = self._process, None
        process.ended(status)  # hands on what it said last
        if self._escalation is not None:
            self._escalation.cancel()
            self._escalation = None
        self._burial = asyncio.get_running_loop().create_task(self._bury(self._attempt, status))

    # What the runner says ---------------------------------------------------------------------------------------

    def _received(self, message: FromRunner) -> None:
        attempt = self._attempt
        if isinstance(message, Ready):
            self._is_ready = True
        elif isinstance(message, WantsForkServer):
            self._host.forks.want(message.command, message.libraries, message.is_stale)
        elif attempt is None or message.attempt_id != attempt.job.attempt_id:
            return  # a thread that outlived its attempt
        elif isinstance(message, Observed):
            if message.key == "kernel":
                attempt.kernel = _pid_of(message.event)
            self._host.observed(message)
        elif attempt.stopped_for is not None:
            attempt.done = message
            self._kill()  # the outcome waits for the last process; and the interrupt may have hurt the runner
        else:
            self._finish(attempt, _judge(attempt, message))
            if message.spent:
                self._kill()
            elif self._process is not None:  # else it died after its last word, and is being buried
                self._host.free(self)

    def _written(self, name: str, data: bytes) -> None:
        attempt = self._attempt
        if attempt is None or not self._is_ready:  # why a runner does not start is said in the worker's log
            to_worker_log(data)
            return
        if attempt.output is None:
            attempt.output = AttemptOutput(attempt.job, self._host.observed)
        attempt.output.write(name, data)

    def _cut_off(self) -> None:
        """The runner closed its link, or garbles it, and lives: user code did that."""
        _log.warning("runner %s broke its link and is killed", self.pid)
        self._kill()

    def _finish(self, attempt: _Attempt, outcome: Outcome) -> None:
        if attempt.timer is not None:
            attempt.timer.cancel()
        if self._process is not None:
            self._process.drain()
        if attempt.output is not None:
            attempt.output.end()
        self._attempt = None
        self._host.ended(self, outcome)

    # Ends -------------------------------------------------------------------------------------------------------

    def _kill(self) -> None:
        attempt = self._attempt
        if attempt is not None and attempt.kernel is not None:
            self._host.forks.end(attempt.kernel, attempt.kernel_tree)
        if self.pid is not None:
            send_signal([self.pid, *descendants(self.pid)], signal.SIGKILL)

    async def _escalate(self, attempt: _Attempt) -> None:
        pid = self.pid
        assert pid is not None
        if attempt.kernel is not None and self._interrupt(attempt.kernel, pid):
            await asyncio.sleep(self._grace / 2)
            send_signal([pid], signal.SIGINT)  # the kernel was between two cells
            await asyncio.sleep(self._grace / 2)
        else:
            send_signal([pid], signal.SIGINT)
            await asyncio.sleep(self._grace)
        kernel = self._host.forks.tree(attempt.kernel) if attempt.kernel is not None else []
        send_signal([*kernel, *descendants(pid), pid], signal.SIGTERM)
        await asyncio.sleep(self._grace)
        while True:
            self._kill()
            await asyncio.sleep(_KILL_AGAIN)

    def _interrupt(self, kernel: int, runner: int) -> bool:
        """Interrupt the kernel's cell: it ends with a traceback, and the notebook is saved. False if it is gone."""
        if kernel not in descendants(runner):
            return self._host.forks.interrupt(kernel)
        try:
            os.killpg(kernel, signal.SIGINT)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    async def _bury(self, attempt: _Attempt | None, status: int) -> None:
        left = await self._host.end_orphans()
        if attempt is not None and attempt.kernel is not None:  # a forked one is no orphan of ours
            left += await self._host.end_kernel(attempt.kernel, attempt.kernel_tree)
        if attempt is not None:
            outcome = _judge(attempt, attempt.done, exit_status=status, is_ready=self._is_ready)
            if left:
                error = f"{outcome.error or ''}\nProcesses {left} of it cannot be killed.".strip()
                outcome = msgspec.structs.replace(outcome, error=error)
            self._finish(attempt, outcome)
        if self._attempt is None:  # an idle runner's slot may have been taken meanwhile
            self._host.free(self)


def _judge(attempt: _Attempt, done: Done | None, *, exit_status: int = 0, is_ready: bool = True) -> Outcome:
    """What became of an attempt that said `done`, or whose runner ended without a word."""
    if done is not None and (attempt.stopped_for is None or done.state in ("success", "skipped")):
        return Outcome(
            attempt.job.attempt_id,
            done.state,
            attempt.began_at,
            done.ended_at,
            done.error,
            done.value,
            done.details,
            done.signal,
        )
    if attempt.stopped_for == "cancel":
        return _outcome(attempt, "cancelled", None, done)
    if attempt.stopped_for == "timeout":
        error = f"timed out after {attempt.job.timeout:g} s"
        told = f"{error}\n{done.error}" if done and done.error else error
        return msgspec.structs.replace(_outcome(attempt, "failed", told, done), signal=_OVERTIME)
    how = describe_exit(exit_status)
    if not is_ready:
        return _outcome(
            attempt, "failed", f"The runner could not be started, it {how}. Its worker's log says why."
        )
    return _outcome(attempt, "failed", f"The task's process {how}.")


def _outcome(attempt: _Attempt, state: Any, error: str | None, done: Done | None = None) -> Outcome:
    details = done.details if done is not None else NO_DETAILS
    now = time.time()
    return Outcome(attempt.job.attempt_id, state, attempt.began_at, now, error, NOTHING, details, NO_SIGNAL)


def describe_exit(status: int) -> str:
    """ "ended with …", for people."""
    if status >= 0:
        return f"ended with exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = "unknown"
    why = {
        "SIGKILL": ": often the machine or the container ran out of memory",
        "SIGSEGV": ": a crash in native code",
        "SIGABRT": ": native code gave up",
    }
    return f"ended with signal {-status} ({name}{why.get(name, '')})"


class _Kernel(msgspec.Struct):
    pid: int


_kernels = msgspec.msgpack.Decoder(_Kernel)


def _pid_of(event: msgspec.Raw) -> int | None:
    """The pid in an encoded `KernelStarted`."""
    try:
        return _kernels.decode(event).pid
    except msgspec.MsgspecError:
        return None
