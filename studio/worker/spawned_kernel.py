"""A kernel of any language, in a process of its own: start, readiness, death, end. Over ipc: no ports, no race for
them."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from difflib import get_close_matches
from queue import Empty
from typing import Any, Final

import studio_kernels
import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from studio.core.names import nearest, shown
from studio.worker.kernel_process import GRACE, TERM_GRACE, KernelFailed, KernelProcess

_KERNEL_MODULES: Final = ("ipykernel", "ipykernel_launcher", "zmq")  # one of them is missed first
_LAUNCHER: Final = os.path.join(os.path.dirname(studio_kernels.__file__), "launcher.py")
_SOCKET_PATH_LIMIT: Final = 100  # bytes; sockaddr_un holds 107


class SpawnedKernel(KernelProcess):
    """`manager` and `client` are jupyter_client's."""

    def __init__(
        self, kernel_name: str, *, cwd: str | None, env: dict[str, str] | None, startup_timeout: float
    ) -> None:
        super().__init__(kernel_name, cwd=cwd, env=env, startup_timeout=startup_timeout)
        self._process: Any = None  # subprocess.Popen
        self._python = "python"  # the program of its spec
        self._pidfd = -1
        self._watcher: asyncio.Task[None] | None = None
        self._directory = ""
        self.manager: AsyncKernelManager
        self.client: AsyncKernelClient
        self._context: zmq.asyncio.Context | None = None

    @property
    def pid(self) -> int:
        """Process id, which is its process group's as well."""
        return int(self._process.pid)

    async def interrupt(self) -> None:
        """Interrupt the running cell, as the kernel's spec says: SIGINT or a message."""
        await self.manager.interrupt_kernel()

    def kill(self) -> None:
        """Kill the whole process group at once, reap the kernel. Safe to call again, and without a loop."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:  # not reaped, so its pid, which is the group's, is still its own
            try:
                os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
            except (ProcessLookupError, PermissionError):
                pass
            process.wait(10)
        self.exit_code = process.returncode

    def release(self) -> None:
        """Remove what is left of it in the system: process, sockets, files. Safe to call again."""
        self.kill()
        if self._context is not None:
            self._context.destroy(linger=0)
        if self._stderr is not None:
            self._stderr.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)

    async def _start(self) -> None:
        self._directory = _socket_directory()
        self._context = zmq.asyncio.Context()
        self._context.setsockopt(zmq.RCVHWM, 0)  # outputs wait here rather than be dropped
        self._context.setsockopt(zmq.RECONNECT_IVL, 2)  # ms; libzmq's 100 would be the start's resolution
        self._context.setsockopt(zmq.RECONNECT_IVL_MAX, 50)
        ipc = os.name == "posix" and len(self._directory) < _SOCKET_PATH_LIMIT - 8
        self.manager = AsyncKernelManager(
            kernel_name=self.kernel_name,
            context=self._context,
            connection_file=os.path.join(self._directory, "kernel.json"),
            autorestart=False,
            **({"transport": "ipc", "ip": os.path.join(self._directory, "k")} if ipc else {}),
        )
        try:
            spec = self.manager.kernel_spec
        except NoSuchKernel:
            installed = sorted(KernelSpecManager().find_kernel_specs())
            raise KernelFailed(
                f"There is no kernel {shown(self.kernel_name)} here. Installed: {', '.join(installed) or 'none'}.",
                hint=nearest(self.kernel_name, installed)
                if get_close_matches(self.kernel_name, installed)
                else None,
            ) from None
        arguments: list[str] = []
        assert spec is not None
        self._python = spec.argv[0]
        if "ipykernel_launcher" in spec.argv:
            at = spec.argv.index("ipykernel_launcher")
            if spec.argv[at - 1] == "-m":
                spec.argv[at - 1 : at + 1] = [_LAUNCHER]
                arguments = ["--HistoryManager.hist_file=:memory:"]
                # Ours sends text in pieces of 1 MB and drops nothing: a flood of it waits there, not here.
                self._context.setsockopt(zmq.RCVHWM, 64)
        try:
            await self.manager.start_kernel(
                cwd=self._cwd,
                env=self._env,
                extra_arguments=arguments,
                stdout=self._stderr,
                stderr=self._stderr,
            )
        except OSError as error:
            raise KernelFailed(f"The kernel {shown(self.kernel_name)} cannot be started: {error}.") from error
        self._process = getattr(self.manager.provisioner, "process", None)
        self.connection_file = self.manager.connection_file
        self.display_name = spec.display_name
        self._watch()
        await self._ready()

    def _watch(self) -> None:
        """Have `dead` set when the process ends: at once by a pidfd, elsewhere by looking every 50 ms."""
        if self._process is not None and hasattr(os, "pidfd_open"):
            try:
                self._pidfd = os.pidfd_open(self._process.pid)
                asyncio.get_running_loop().add_reader(self._pidfd, self._died)
                return
            except OSError:  # an old kernel, a sandbox
                pass
        self._watcher = asyncio.ensure_future(self._poll())

    def _died(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self.dead.set()

    async def _poll(self) -> None:
        while await self.manager.is_alive():  # noqa: ASYNC110 - there is no event to wait for here
            await asyncio.sleep(0.05)
        self.dead.set()

    async def _ready(self) -> None:
        """Wait until it answers on shell and is heard on iopub; its subscription may come after its first answer."""
        self.client = self.manager.client(context=self._context)
        self.client.start_channels(stdin=False, hb=False, control=False)
        deadline = time.monotonic() + self.startup_timeout
        while True:
            request = self.client.kernel_info()
            while not await self._heard(self.client.shell_channel, request, "kernel_info_reply", 0.1):
                self._check_start(deadline)
            if await self._heard(self.client.iopub_channel, request, "status", 0.05):
                return
            self._check_start(deadline)

    def _check_start(self, deadline: float) -> None:
        if self.dead.is_set():
            self.kill()
            words = self.last_words()
            raise KernelFailed(
                f"The kernel {shown(self.kernel_name)} died while starting: {words}",
                hint=f"Its environment lacks ipykernel: {self._python} -m pip install ipykernel."
                if any(f"No module named {name!r}" in words for name in _KERNEL_MODULES)
                else None,
            )
        if time.monotonic() > deadline:
            self.kill()
            raise KernelFailed(
                f"The kernel {shown(self.kernel_name)} did not answer within {self.startup_timeout:g} s."
            )

    async def _heard(self, channel: Any, request: str, kind: str, timeout: float) -> bool:
        """Whether the message that ends `request` arrives on `channel` within `timeout` seconds of silence."""
        while True:
            try:
                message = await channel.get_msg(timeout=timeout)
            except Empty:
                return False
            if message["msg_type"] != kind or message["parent_header"].get("msg_id") != request:
                continue
            if kind == "status" and message["content"]["execution_state"] != "idle":
                continue
            if kind != "status":
                self.info = message["content"]
            return True

    async def _stop(self) -> None:
        try:
            if self._process is not None and not self.dead.is_set() and not self.hopeless:
                await self.manager.request_shutdown()
                if not await self._ended(GRACE):
                    await self.manager.signal_kernel(signal.SIGTERM)
                    await self._ended(TERM_GRACE)
        finally:
            if self._watcher is not None:
                self._watcher.cancel()
            if self._pidfd >= 0:
                asyncio.get_running_loop().remove_reader(self._pidfd)
            self.kill()
            if hasattr(self, "client"):
                self.client.shell_channel.stop()
                self.client.iopub_channel.stop()
            if hasattr(self, "manager"):
                await self.manager.cleanup_resources()
            self.release()


def _socket_directory() -> str:
    """A new directory of ours alone, with a path short enough for a socket where that can be had."""
    for parent in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        if (
            parent
            and len(os.fsencode(parent)) < _SOCKET_PATH_LIMIT - 30
            and os.access(parent, os.W_OK | os.X_OK)
        ):
            return tempfile.mkdtemp(prefix="studio-", dir=parent)
    return tempfile.mkdtemp(prefix="studio-")
