"""IPython's kernel without zmq: its messages are frames on two sockets. Built before the fork, connected after it.

The kernel, the shell, the displays and the messages are ipykernel's own; what is here replaces its sockets and its
threads. It knows one client, which allows no input and has no control channel: it interrupts by signal, and closes
the requests to end the kernel. What of ipykernel's insides this relies on is tried out by the fork server's canary
before any task gets such a kernel.
"""

from __future__ import annotations

import asyncio
import atexit
import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time
import uuid
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ipykernel.displayhook import ZMQDisplayHook
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session
from traitlets import Any as AnyTrait

from studio_kernels import forked, streams, task_log, wire

#: Those whose Python handlers could raise, or send themselves, between two halves of a frame.
_SIGNALS = frozenset(
    {signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
)
_CHUNK = 1 << 18  # bytes


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


class _Channel:
    """Stands where ipykernel has a socket or a stream; falsy, so that nothing is flushed or polled."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __bool__(self) -> bool:
        return False


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


class _MainThread:
    """What `do_execute` asks of the shell channel's thread."""

    def __init__(self) -> None:
        self.parent_thread = threading.main_thread()

    def __bool__(self) -> bool:
        return False


class PipeKernel(IPythonKernel):
    """IPython's kernel, without subshells."""

    shell_stream = AnyTrait()
    _execute_sleep = 0.0  # it is there for a race between sockets

    @property
    def _supports_kernel_subshells(self) -> bool:
        return False

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """After an error nothing waits to be aborted: its client asks for one thing at a time."""


class PipeKernelApp(IPKernelApp):
    """`build()` in the fork server, `connect()` and `serve()` in its forks."""

    name = "ipython-kernel"  # the same configuration files

    def build(self, argv: list[str]) -> None:
        """All of `initialize` that needs no socket, thread or stream."""
        super(IPKernelApp, self).initialize(argv)
        self.outstream_class = f"{PipeStream.__module__}.{PipeStream.__name__}"
        self.parent_handle = 0  # there is no process to watch: the requests end with it
        self.log.setLevel("ERROR")
        self.init_pdb()
        self.session = PipeSession(parent=self)
        self.iopub_thread = self.iopub_socket = PipePublisher()
        self.kernel = PipeKernel.instance(
            parent=self,
            session=self.session,
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            shell_stream=_Channel(wire.SHELL),
            shell_channel_thread=_MainThread(),
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.displayhook = ZMQDisplayHook(self.session, self.iopub_socket)
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count
        sys.displayhook = self.displayhook
        self.init_path()
        self.init_shell()
        self.init_gui_pylab()
        if not self._runs_code_of_users:
            self.init_extensions()
            self.init_code()

    def rehearse(self) -> None:
        """Run cells of ours before the fork, heard by nobody: what is compiled and cached by then, no fork has to."""
        shell: Any = self.shell
        cells = ("1 + 1", "print('', end='')", "rehearsed = [1]\nrehearsed")

        async def run() -> None:
            self.kernel.start()
            for cell in cells:
                await self.kernel.do_execute(cell, False, store_history=True, user_expressions={"x": "1"})
                content = {
                    "code": cell,
                    "silent": False,
                    "store_history": True,
                    "user_expressions": {"x": "1"},
                }
                await self.kernel.shell_main(None, _message("execute_request", content))
            await self.kernel.shell_main(None, _message("kernel_info_request", {}))

        of_the_module = {name: value for name, value in shell.user_ns.items() if name.startswith("__")}
        asyncio.run(run())
        shell.reset(new_session=False)
        for name, value in of_the_module.items():  # a module without `__spec__` cannot spawn processes
            shell.user_ns.setdefault(name, value)
        shell.execution_count = 1
        history = shell.history_manager
        history.input_hist_parsed[:] = history.input_hist_raw[:] = [""]
        history._i = history._ii = history._iii = history._i00 = ""
        shell.displayhook.flush()
        shell.events.trigger("post_execute")
        self.kernel.set_parent([], {"header": {}}, channel="shell")
        self.kernel.io_loop = None

    @property
    def _runs_code_of_users(self) -> bool:
        """Whether the profile has code to run at each start."""
        profile: Any = self.profile_dir
        startup = profile.startup_dir
        files = os.listdir(startup) if os.path.isdir(startup) else ()
        return bool(
            self.exec_lines or self.exec_files or any(name.endswith((".py", ".ipy")) for name in files)
        )

    def prepare(self) -> None:
        """In the fork, before it is known for whom: its streams."""
        self.kernel.ident = str(uuid.uuid4())
        with signals_wait():
            self.init_io()
        self.kernel._stdout, self.kernel._stderr = sys.stdout, sys.stderr
        self.init_signal()

    def connect(self, requests: socket.socket, answers: socket.socket) -> None:
        """In the fork: from now on it is heard."""
        self._requests = requests
        self.session.connect(answers)
        task_log.install(self.kernel)
        streams.send_in_pieces()
        streams.keep_no_history(self.shell)
        shell: Any = self.shell
        shell.init_environment()
        shell.history_manager.dir_hist[:] = [Path.cwd()]
        if self._runs_code_of_users:
            self.init_extensions()
            self.init_code()
        self._at_start = _what_an_exit_would_do()

    def serve(self) -> int:
        """Execute what is asked for until the requests end; the exit code."""
        try:
            asyncio.run(self._serve())
        except RuntimeError:  # `exit()` in a cell stops the loop
            shell: Any = self.shell
            if not shell.exit_now:
                raise
        return 0

    async def _serve(self) -> None:
        kernel = self.kernel
        kernel.start()
        loop = asyncio.get_running_loop()
        self._requests.setblocking(False)
        reader = wire.FrameReader()
        with _wakes(loop):
            while data := await loop.sock_recv(self._requests, _CHUNK):
                for message in reader.feed(data):
                    header = message["header"]
                    message["msg_id"], message["msg_type"] = header["msg_id"], header["msg_type"]
                    await self._answer(message)
                    if os.getpid() != self.session.owner:  # a cell forked, and the child came back here
                        os._exit(0)

    async def _answer(self, message: dict[str, Any]) -> None:
        """As the kernel does it; and an interrupt that comes before or after the user's code does no harm."""
        is_torn = False
        try:
            await self.kernel.shell_main(None, message)
        except KeyboardInterrupt:
            is_torn = True
        while signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            with suppress(KeyboardInterrupt):  # one that has come before
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        if message["msg_type"] == "execute_request" and self.session.answered != message["msg_id"]:
            content = {"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}
            more = {"execution_count": self.kernel.execution_count, "user_expressions": {}, "payload": []}
            self.session.send(self.kernel.shell_stream, "execute_reply", {**content, **more}, parent=message)
        if is_torn:
            self.kernel._publish_status("idle", "shell", message)

    def end(self, code: int, farewell: str) -> None:
        """Say what the expression `farewell` is; leave as an interpreter does, as far as there is anything to do."""
        with suppress(BaseException):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.session.is_leaving = True
        if farewell:
            with suppress(Exception):
                self.session.send(self.iopub_socket, wire.FAREWELL, {"text": repr(eval(farewell))})
        if _what_an_exit_would_do() != self._at_start:
            shell: Any = self.shell
            forked.leave(code, shell.user_ns.clear)
        for stream in (sys.stdout, sys.stderr):
            with suppress(BaseException):
                stream.flush()
        os._exit(code)


@contextmanager
def _wakes(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """A signal wakes the loop, so that an interrupt is noticed by a cell that awaits something."""
    woken, wake = socket.socketpair()
    with woken, wake:
        woken.setblocking(False)
        wake.setblocking(False)
        loop.add_reader(woken, lambda: woken.recv(4096))
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            loop.remove_reader(woken)


def _message(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    header = {"msg_id": "rehearsal", "msg_type": kind, "session": "", "username": "", "version": "5.3"}
    return {
        "header": header,
        "msg_id": "",
        "msg_type": kind,
        "parent_header": {},
        "metadata": {},
        "content": content,
    }


def _what_an_exit_would_do() -> tuple[int, int, int, int]:
    """Changes if there is anything to do at exit: handlers, finalizers, threads to wait for, files to be written."""
    threads = sum(not thread.daemon for thread in threading.enumerate())
    try:
        files = len(os.listdir("/proc/self/fd"))
    except OSError:
        files = -threading.get_ident()
    return atexit._ncallbacks(), len(weakref.finalize._registry), threads, files  # type: ignore[attr-defined]
