"""A Python kernel that is a fork of its fork server: there at once, spoken to over a pair of sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

from studio_kernels import requester

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

    def release(self) -> None:
        self.kill()
        if self._process is not None:
            self._process.close()
        if self._stderr is not None:
            self._stderr.close()

    async def _start(self) -> None:
        assert self._stderr is not None
        requests, their_requests = socket.socketpair()
        answers, their_answers = socket.socketpair()
        try:
            request = {"cwd": self._cwd or os.getcwd(), "env": self._env, "argv": []}
            fds = (self._stderr.fileno(), their_requests.fileno(), their_answers.fileno())
            self._process = requester.fork(self._path, request, fds)
        except BaseException:
            requests.close()
            answers.close()
            raise
        finally:
            their_requests.close()
            their_answers.close()
        self.info = self._process.info
        self.client = await PipeClient.connect(requests, answers)
        asyncio.get_running_loop().add_reader(self._process.pidfd, self._died)

    def _died(self) -> None:
        if self._process is not None:
            asyncio.get_running_loop().remove_reader(self._process.pidfd)
        self.dead.set()

    async def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        try:
            if not self.hopeless and not self.dead.is_set():
                self.client.end()
                if not await self._ended(GRACE):
                    process.signal_group(signal.SIGTERM)
                    await self._ended(TERM_GRACE)
        finally:
            if process.pidfd >= 0:
                asyncio.get_running_loop().remove_reader(process.pidfd)
            if self.dead.is_set():  # it has ended: what it left is being killed, and then we hear of it
                process.wait_gone(_GONE)
                self.exit_code = process.exit_code
            self.kill()
            self.client.close()
            self.release()
