"""A runner: the process in which attempts run, one after another. Started by the supervisor, never by hand.

Everything user code can do to a process happens here and not in the supervisor. Between two attempts the runner
makes sure that nothing of the first is left: its processes are killed, and if it left threads behind, the runner
says that it is spent.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType

import msgspec

from studio.worker.framing import FrameReader, encode_frame
from studio.worker.kinds import run_task
from studio.worker.messages import (
    NO_DETAILS,
    NO_SIGNAL,
    NOTHING,
    Done,
    Job,
    Observed,
    Ready,
    ToRunner,
    WantsForkServer,
    Warm,
    raw,
)
from studio.worker.notebook_imports import load_notebooks
from studio.worker.processes import (
    become_subreaper,
    children,
    die_with,
    has_children,
    kill_all,
    reap_children,
)
from studio.worker.task import (
    MAX_TOLD,
    CellChanged,
    Event,
    ForkServerWanted,
    KernelStarted,
    Log,
    LogGrown,
    NotebookStarted,
    TaskRequest,
    TaskResult,
    failure,
)

MAX_VALUE = 16 << 20  # bytes of a returned value, encoded

_KEYS: dict[type, str] = {KernelStarted: "kernel", LogGrown: "log"}
_requests = msgspec.msgpack.Decoder(TaskRequest)


class Runner:
    """The loop of a runner over its socket to the supervisor."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._pid = os.getpid()
        self._sending = threading.Lock()  # user code may emit from its threads
        self._is_interruptible = False
        self._must_finish_frame = False
        self._interrupt_waits = False

    def serve(self) -> None:
        """Run jobs until the supervisor closes the link."""
        reader: FrameReader[ToRunner] = FrameReader(ToRunner)
        self._send(Ready())
        while data := self._link.recv(1 << 18):
            for message in reader.feed(data):
                if isinstance(message, Warm):
                    _warm()
                else:
                    self._send(self._run(message))

    def _run(self, job: Job) -> Done:
        threads = threading.active_count()
        result = self._result(job)
        ended_at = time.time()
        if os.getpid() != self._pid:  # user code forked, and the child came back here
            os._exit(0)
        # Processes and threads that the attempt left go with it. Threads only of functions: those of the notebook
        # machinery (sockets, executors) are there to stay.
        spent = job.kind != "notebook" and threading.active_count() > threads
        if has_children():
            reap_children()
            spent = has_children() or spent
            _kill_children()
        value, details, said = NOTHING, NO_DETAILS, NO_SIGNAL
        try:
            if result.value is not None:
                value = raw(result.value)
            if result.details or result.failed_cell is not None:
                details = raw(_details(result))
            said = raw(result.signal)
        except (TypeError, ValueError, OverflowError) as error:
            result = failure(f"The result of the task cannot be kept: {error}.")
            value, said = NOTHING, NO_SIGNAL
        if len(bytes(value)) > MAX_VALUE:
            result = failure(_too_large(len(bytes(value))))
            value, said = NOTHING, NO_SIGNAL
        return Done(job.attempt_id, result.state, result.error, value, details, ended_at, spent, said)

    def _result(self, job: Job) -> TaskResult:
        result: TaskResult | None = None
        signal.signal(signal.SIGINT, self._interrupt)  # user code may have replaced it
        try:
            request = _requests.decode(job.request)
            os.makedirs(request.directory, mode=0o700, exist_ok=True)
            self._is_interruptible = True
            result = run_task(request, lambda event: self._emit(job.attempt_id, event))
        except KeyboardInterrupt:  # between the task's own code and ours
            result = result or failure("KeyboardInterrupt")
        except (OSError, msgspec.MsgspecError) as error:
            result = failure(f"The attempt could not be begun: {error}.")
        finally:
            self._is_interruptible = False
        return result

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._must_finish_frame:
            self._interrupt_waits = True
        elif self._is_interruptible:
            raise KeyboardInterrupt

    def _emit(self, attempt_id: int, event: Event) -> None:
        if isinstance(event, ForkServerWanted):
            self._send(WantsForkServer(event.command, event.libraries, event.is_stale))
            return
        told = raw(event)
        if isinstance(event, CellChanged):
            key = str(event.index)
            if len(memoryview(told)) > MAX_TOLD:
                told = raw(msgspec.structs.replace(event, outputs=[], elided=True))
        elif isinstance(event, NotebookStarted):
            key = "notebook"
            if len(memoryview(told)) > MAX_TOLD:
                told = raw(msgspec.structs.replace(event, cells=[]))
        elif isinstance(event, Log):
            key = ""
        else:
            key = _KEYS.get(type(event), type(event).__name__)
        self._send(Observed(attempt_id, key, told))

    def _send(self, message: object) -> None:
        if os.getpid() != self._pid:  # a forked child has no voice
            return
        frame = encode_frame([message])
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main:
            with self._sending:
                self._link.sendall(frame)
            return
        self._must_finish_frame = True  # half a frame would garble all that follows
        try:
            with self._sending:
                self._link.sendall(frame)
        finally:
            self._must_finish_frame = False
        if self._interrupt_waits:
            self._interrupt_waits = False
            if self._is_interruptible:
                raise KeyboardInterrupt


def _details(result: TaskResult) -> dict[str, object]:
    if result.failed_cell is None:
        return result.details
    return {**result.details, "failed_cell": result.failed_cell}


def _too_large(size: int) -> str:
    return (
        f"The returned value has {size >> 20} MiB; {MAX_VALUE >> 20} MiB are allowed. "
        "Write large data to a file and return its path."
    )


def _kill_children() -> None:
    """End what the attempt left. Orphans further down become children of this process, so this gets them all."""

    def alive() -> list[int]:
        reap_children()
        return children(os.getpid())

    left = kill_all(alive, patience=10.0)
    reap_children()
    if left:
        sys.stderr.write(f"processes {left} of the attempt cannot be killed\n")


def _warm() -> None:
    try:
        load_notebooks()
        importlib.import_module("studio.worker.installed_packages").warm()
    except ImportError as error:  # the notebook task will say it
        sys.stderr.write(f"notebooks cannot be run here: {error}\n")


def _prefer_to_be_killed() -> None:
    """Out of memory, the system shall kill user code and neither the supervisor nor the server."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
    except OSError:
        pass


def main() -> None:
    """`python -m studio.worker.runner SOCKET_FD SUPERVISOR_PID`."""
    link = socket.socket(fileno=int(sys.argv[1]))
    link.set_inheritable(False)
    link.setblocking(True)
    die_with(int(sys.argv[2]))
    become_subreaper()
    _prefer_to_be_killed()
    faulthandler.enable()
    sys.argv = ["studio-runner"]
    os.chdir(os.environ.get("STUDIO_WORKER_DIRECTORY") or "/")
    try:
        Runner(link).serve()
    except (BrokenPipeError, ConnectionResetError):
        pass
    os._exit(0)  # threads that user code left must not hold the process


if __name__ == "__main__":
    main()
