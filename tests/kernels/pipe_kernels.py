"""Forked kernels as tasks have them, behind the few calls of a blocking client and a manager that the tests make."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from studio_kernels import requester
from studio_kernels.host import ForkServers

from studio.worker.forked_kernel import ForkedKernel
from studio.worker.kernels import Kernels

GENEROUS = 60.0  # seconds until something that must happen is called missing
T = TypeVar("T")


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would make ipykernel leave file descriptor 1 alone."""
    return {name: text for name, text in {**os.environ, **more}.items() if name != "PYTEST_CURRENT_TEST"}


def command_of(name: str = "python3") -> tuple[str, ...]:
    """How the fork server of this kernelspec's Python is started."""
    wanted: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as empty:
        kernel = Kernels(empty).open(
            name, cwd=None, env=None, want=lambda command, *_: wanted.append(command)
        )
        assert kernel._want is not None
        kernel._want(False)
    return wanted[0]


class Servers:
    """Fork servers in a directory of their own."""

    def __init__(self, *options: str, **env: str) -> None:
        """`options` are of the fork server's command line."""
        self.directory = os.path.join(tempfile.mkdtemp(prefix="studio-test-"), "forks")
        self.host = ForkServers(self.directory, "pipe", contain=True, env=environment(**env), options=options)
        self.command = command_of()

    @property
    def path(self) -> str:
        return self.host.path(self.command)

    @property
    def pid(self) -> int:
        """Of the server that is in use."""
        with self.host._lock:  # its socket is there a moment before it is noted
            [pid] = [s.process.pid for s in self.host._servers.values() if s.process is not None]
        return pid

    def want(self, *libraries: str, renew: bool = False) -> None:
        """Ask for a server, and wait until there is a new one."""
        before = self.inode
        self.host.want(self.command, libraries, renew=renew)
        wait_until(lambda: self.inode not in (None, before))

    @property
    def inode(self) -> int | None:
        return os.stat(self.path).st_ino if os.path.exists(self.path) else None

    def close(self) -> None:
        pids = self.host.pids()
        self.host.close()
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))
        shutil.rmtree(os.path.dirname(self.directory), ignore_errors=True)


def wait_until(condition: Callable[[], object], timeout: float = GENEROUS) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


class BlockingPipeClient:
    """A `PipeClient` from outside its loop."""

    def __init__(self, kernel: ForkedKernel, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._client, self._run = kernel.client, run
        self.session = self._client.session
        self.shell_channel = self

    async def _call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return function(*args, **kwargs)

    def execute(self, code: str, allow_stdin: bool = False, **more: Any) -> str:
        return str(self._run(self._call(self._client.execute, code, **more)))

    def kernel_info(self) -> str:
        return str(self._run(self._call(self._client.kernel_info)))

    def complete(self, code: str) -> str:
        content = {"code": code, "cursor_pos": len(code)}
        return str(self._run(self._call(self._client.request, "complete_request", content)))

    def inspect(self, code: str) -> str:
        content = {"code": code, "cursor_pos": len(code), "detail_level": 0}
        return str(self._run(self._call(self._client.request, "inspect_request", content)))

    def send(self, message: dict[str, Any]) -> None:
        self._run(self._call(self._client.send, message))

    def get_iopub_msg(self, timeout: float | None = None) -> dict[str, Any]:
        return dict(self._run(self._client.iopub_channel.get_msg(timeout)))

    def get_shell_msg(self, timeout: float | None = None) -> dict[str, Any]:
        return dict(self._run(self._client.shell_channel.get_msg(timeout)))


class PipeManager:
    """As much of a kernel manager as the tests use; also its own provisioner."""

    def __init__(self, kernel: ForkedKernel, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self.kernel, self._run = kernel, run
        self.provisioner = self
        self._is_down = False

    def interrupt_kernel(self) -> None:
        self._run(self.kernel.interrupt())

    def is_alive(self) -> bool:
        return self.kernel._process is not None and self.kernel._process.is_alive

    async def poll(self) -> int | None:
        assert self.kernel._process is not None
        self.kernel._process.wait_gone(0)
        return self.kernel._process.exit_code

    def shutdown_kernel(self) -> None:
        if not self._is_down:
            self._is_down = True
            self._run(self.kernel.__aexit__(None, None, None))
            self.kernel.release()


@contextmanager
def ask(servers: Servers, folder: Path, **env: str) -> Iterator[requester.ForkedProcess]:
    """A kernel from its fork server, with nobody to talk to it. Raises `NoForkServer` and `Refused`."""
    pairs = [socket.socketpair() for _ in range(2)]
    request = {"cwd": str(folder), "env": {**environment(), **env}, "argv": []}
    with tempfile.TemporaryFile() as stderr:
        try:
            process = requester.fork(
                servers.path, request, (stderr.fileno(), *(two.fileno() for _, two in pairs))
            )
            try:
                yield process
            finally:
                process.close()
        finally:
            for one, two in pairs:
                one.close()
                two.close()


@contextmanager
def started_pipe(
    servers: Servers, folder: Path, **env: str
) -> Iterator[tuple[PipeManager, BlockingPipeClient]]:
    """A forked kernel that runs in `folder`."""
    loop = asyncio.new_event_loop()
    opening = Kernels(servers.directory).open(
        "python3", cwd=str(folder), env={"STUDIO_TEST_CWD": str(folder), **env}, want=lambda *_: None
    )
    try:
        kernel = loop.run_until_complete(opening.__aenter__())
        assert isinstance(kernel, ForkedKernel)
        manager = PipeManager(kernel, loop.run_until_complete)
        try:
            yield manager, BlockingPipeClient(kernel, loop.run_until_complete)
        finally:
            manager.shutdown_kernel()
    finally:
        opening.release()
        loop.close()
