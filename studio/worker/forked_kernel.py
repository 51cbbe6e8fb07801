"""A Python kernel that is a fork of its fork server: there at once, spoken to over a pair of sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile

from studio_kernels import requester

from studio.worker.environment import PROBE
from studio.worker.kernel_process import GRACE, TERM_GRACE, KernelProcess
from studio.worker.pipe_client import PipeClient

_GONE: float = 10.0  # seconds for what a kernel left behind to be killed by the fork server


class ForkedKernel(KernelProcess):
    """`path`: where its fork server listens; `display_name`: of the kernelspec.

    Entering raises `NoForkServer` and `Refused` of `studio_kernels.requester`: then it is to be spawned.
    """

    is_forked = True

    def __init__(
        self,
        kernel_name: str,
        *,
        path: str,
        display_name: str,
        cwd: str | None,
        env: dict[str, str] | None,
        startup_timeout: float,
    ) -> None:
        super().__init__(kernel_name, cwd=cwd, env=env, startup_timeout=startup_timeout)
        self.display_name = display_name
        self._path = path
        self._process: requester.ForkedProcess | None = None
        self._asked: socket.socket | None = None
        self._ends: tuple[socket.socket, ...] = ()
        self._parts = False  # it was asked to end, and does
        self.client: PipeClient

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def interrupt(self) -> None:
        if self._process is not None:
            self._process.signal_group(signal.SIGINT)

    def kill(self) -> None:
        process = self._process
        if process is not None and process.exit_code is None:
            process.signal_group(signal.SIGKILL)
            process.wait_gone(_GONE)
            self.exit_code = process.exit_code

    def last_words(self) -> str:
        if self._process is not None and self._process.lost_server:
            return "the fork server that it came from was killed, and it ended with it"
        return super().last_words()

    def release(self) -> None:
        process = self._process
        if process is not None and self._parts and not process.wait_gone(GRACE):
            process.signal_group(signal.SIGTERM)
            process.wait_gone(TERM_GRACE)
        self.kill()
        for link in (self._asked, *self._ends):  # the fork server ends what nobody has entered
            if link is not None:
                link.close()
        if process is not None:
            self.exit_code = process.exit_code
            process.close()
        if self._stderr is not None:
            self._stderr.close()

    def begin(self) -> None:
        """Ask for it already; what is done until it is entered, it uses to come up. Raises as entering does."""
        if self._cwd is not None and not os.path.isdir(self._cwd):
            return  # entering says it
        if self._stderr is None:
            self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in release()
        for link in self._ends:  # of a first attempt, before there was a server
            link.close()
        requests, their_requests = socket.socketpair()
        answers, their_answers = socket.socketpair()
        request = {"cwd": self._cwd or os.getcwd(), "env": self._env, "argv": [], "farewell": PROBE}
        fds = (self._stderr.fileno(), their_requests.fileno(), their_answers.fileno())
        self._ends = (requests, answers)
        try:
            self._asked = requester.ask(self._path, request, fds)
        finally:
            their_requests.close()
            their_answers.close()

    async def _start(self) -> None:
        if self._asked is None:
            self.begin()
        assert self._asked is not None
        asked, self._asked = self._asked, None
        self._process = requester.answered(asked)
        self.info = self._process.info
        self.client = await PipeClient.connect(*self._ends)
        self._ends = ()
        asyncio.get_running_loop().add_reader(self._process.pidfd, self._died)

    def _died(self) -> None:
        if self._process is not None:
            asyncio.get_running_loop().remove_reader(self._process.pidfd)
        self.dead.set()

    async def _stop(self) -> None:
        """Of a kernel that answers only the farewell is waited for here: `release` waits until it is gone."""
        process = self._process
        if process is None:
            return
        try:
            if not self.hopeless and not self.dead.is_set():
                self.client.end()
                self.farewell = await self.client.last_words(GRACE)
                self._parts = True
        finally:
            if process.pidfd >= 0:
                asyncio.get_running_loop().remove_reader(process.pidfd)
            self.client.close()
            if not self._parts:
                self.release()
