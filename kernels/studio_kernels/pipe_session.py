"""What a pipe kernel has in the place of ipykernel's sockets and their thread: a session that sends frames.

Imported only where a kernel is to run.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ipykernel.iostream import IOPubThread, OutStream
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session

from studio_kernels import wire

#: Those whose Python handlers could raise, or send themselves, between two halves of a frame.
_SIGNALS = frozenset(
    {signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
)


@contextmanager
def signals_wait() -> Iterator[None]:
    """What is done in here is done as a whole; and threads that are started in here are never woken by a signal.

    A signal that another thread takes interrupts the main thread all the same, between two of Python's steps.
    """
    former = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # may raise what has come before
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS - former)


class _Timer:
    """`call_later` of a stream that was written to and not flushed: one thread, started by the first write."""

    def __init__(self) -> None:
        self._due: list[tuple[float, Any]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def call_later(self, delay: float, function: Any) -> None:
        with self._changed:
            self._due.append((time.monotonic() + delay, function))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="flush", daemon=True)
                with signals_wait():
                    self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due:
                    self._changed.wait()
                at, function = self._due[0]
                wait = at - time.monotonic()
                if wait > 0:
                    self._changed.wait(wait)
                    continue
                del self._due[0]
            with suppress(Exception):
                function()


class PipePublisher(IOPubThread):
    """In the place of the iopub thread and its socket: there is no thread, who publishes sends."""

    def __init__(self) -> None:
        self.thread: Any = None
        self.io_loop: Any = _Timer()
        self.name = wire.IOPUB

    def schedule(self, f: Any) -> None:
        f()

    @property
    def closed(self) -> bool:
        return False


class PipeStream(OutStream):
    """Standard output or error. What is taken out of it is sent before anything else is: no thread can come between."""

    def __init__(self, session: PipeSession, *args: Any, **kwargs: Any) -> None:
        super().__init__(session, *args, **kwargs)
        session.streams.append(self)

    def _flush(self) -> None:
        with self.session.lock:
            super()._flush()


class PipeSession(Session):
    """A session that sends frames; one process at a time, one thread at a time, never half a frame.

    What a child of this kernel prints is sent too; that its copy of the running cell has ended is not.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lock = threading.RLock()  # of who sends
        self.streams: list[PipeStream] = []  # that send by it
        self.owner = 0  # process
        self.answered = ""  # the request to which the last reply was
        self.is_leaving = False  # nobody has to listen any more
        self._answers: socket.socket | None = None
        self._between_processes = (
            -1
        )  # descriptor of a file that is locked once there are children, which send as well

    def connect(self, answers: socket.socket) -> None:
        """In the fork."""
        self._answers = answers
        self.owner = self.pid = os.getpid()
        self.session = uuid.uuid4().hex
        os.register_at_fork(
            before=self._before_fork, after_in_parent=self._after_fork, after_in_child=self._in_child
        )

    def _before_fork(self) -> None:
        """No other thread is within a frame, or within a stream, when the child is made: it would be so for ever."""
        self.lock.acquire()
        for stream in self.streams:
            stream._buffer_lock.acquire()
        if self._between_processes < 0:
            self._between_processes = os.memfd_create("studio-kernel")

    def _after_fork(self) -> None:
        for stream in self.streams:
            stream._buffer_lock.release()
        self.lock.release()

    def _in_child(self) -> None:
        self.lock = threading.RLock()
        for stream in self.streams:
            stream._buffer_lock = threading.RLock()
            stream._buffers.clear()  # its parent sends that

    def send(
        self,
        stream: Any,
        msg_or_type: Any,
        content: Any = None,
        parent: Any = None,
        ident: Any = None,
        buffers: Any = None,
        track: bool = False,
        header: Any = None,
        metadata: Any = None,
    ) -> Any:
        """As of `Session`."""
        if (
            os.getpid() != self.owner
            and self._answers is not None
            and not self._may_child(stream, msg_or_type)
        ):
            return None
        if isinstance(msg_or_type, dict):
            message, buffers = msg_or_type, buffers or msg_or_type.get("buffers")
        else:
            message = self.msg(msg_or_type, content=content, parent=parent, header=header, metadata=metadata)
        document = {
            "channel": stream.name,
            "header": message["header"],
            "parent_header": message["parent_header"],
            "metadata": message["metadata"],
            "content": message["content"],
        }
        self._put(
            wire.frame(
                json.dumps(document, default=json_default).encode("utf-8", "surrogateescape"), buffers or ()
            )
        )
        if stream.name == wire.SHELL:  # only now: an interrupt may have come before
            self.answered = message["parent_header"].get("msg_id", "")
        return message

    @staticmethod
    def _may_child(stream: Any, msg_or_type: Any) -> bool:
        kind = msg_or_type["header"]["msg_type"] if isinstance(msg_or_type, dict) else msg_or_type
        return stream.name == wire.IOPUB and kind not in ("status", "execute_input")

    def _put(self, data: bytes) -> None:
        if self._answers is None:
            return
        with signals_wait(), self.lock:
            try:
                if self._between_processes >= 0:
                    fcntl.lockf(self._between_processes, fcntl.LOCK_EX)
                try:
                    rest = memoryview(data)
                    while rest:  # once: `sendall` would run handlers of signals after each piece
                        rest = rest[self._answers.send(rest) :]
                finally:
                    if self._between_processes >= 0:
                        fcntl.lockf(self._between_processes, fcntl.LOCK_UN)
            except OSError:
                if os.getpid() == self.owner and not self.is_leaving:
                    os._exit(1)  # nobody listens any more

    # Requests come as messages already.

    def feed_identities(self, msg: Any, copy: bool = True) -> Any:
        return [], msg

    def deserialize(self, msg: Any, content: bool = True, copy: bool = True) -> Any:
        return msg
