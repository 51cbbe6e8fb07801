"""IPython's kernel without zmq: its messages are frames on two sockets. Built before the fork, connected after it.

The kernel, the shell, the displays and the messages are ipykernel's own; what is here replaces its sockets and its
threads. It knows one client, which allows no input and has no control channel: it interrupts by signal, and closes
the requests to end the kernel. What of ipykernel's insides this relies on is tried out by the fork server's canary
before any task gets such a kernel.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import socket
import sys
import threading
import uuid
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ipykernel.displayhook import ZMQDisplayHook
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from traitlets import Any as AnyTrait

from studio_kernels import forked, streams, task_log, wire
from studio_kernels.pipe_session import PipePublisher, PipeSession, PipeStream, signals_wait

_CHUNK = 1 << 18  # bytes


class _Channel:
    """Stands where ipykernel has a socket or a stream; falsy, so that nothing is flushed or polled."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __bool__(self) -> bool:
        return False


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
