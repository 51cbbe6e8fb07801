"""Forked kernels for any Jupyter client: the provisioner of the kernelspec "Python 3 (Studio)".

    {"metadata": {"kernel_provisioner": {"provisioner_name": "studio-fork"}}}

A kernel that cannot be forked (yet) is started as `LocalProvisioner` does it.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import tempfile
import uuid
from functools import cache
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir

from studio_kernels import host, preloads, requester

_LAUNCHER = ["-m", "ipykernel_launcher"]
_SOCKET_PATH_LIMIT = 95  # bytes; sockaddr_un holds 107, and a few follow


@cache
def fork_servers() -> host.ForkServers | None:
    """Those of this process, which end with it; None where there can be none."""
    if not host.is_possible():
        return None
    servers = host.ForkServers(tempfile.mkdtemp(prefix="studio-forks-"), "zmq", contain=False)
    atexit.register(servers.close)
    return servers


def _runtime_directory() -> str:
    directory = jupyter_runtime_dir()
    os.makedirs(directory, mode=0o700, exist_ok=True)
    return directory


class ForkedPopen:
    """As much of `subprocess.Popen` as `LocalProvisioner` uses."""

    stdin = stdout = stderr = None

    def __init__(self, process: requester.ForkedProcess) -> None:
        self._process = process
        self.pid = process.pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and self._process.wait_gone(0):
            self.returncode = self._process.exit_code
            self._process.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        if self.returncode is None and self._process.wait_gone(3600.0 if timeout is None else timeout):
            self.poll()
        return self.returncode

    def send_signal(self, number: int) -> None:
        self._process.signal_group(number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class ForkProvisioner(LocalProvisioner):
    """Forks the kernel from a fork server of its Python, over unix sockets rather than ports."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Called by the kernel manager before each start."""
        manager = self.parent
        if (
            manager is not None
            and manager.transport == "tcp"
            and not self.ports_cached
            and host.is_possible()
        ):
            # A manager on its own has no file yet; the sockets lie beside it, so it is named now.
            if not manager.connection_file:
                manager.connection_file = os.path.join(_runtime_directory(), f"kernel-{uuid.uuid4()}.json")
            stem = os.path.splitext(manager.connection_file)[0]
            if os.path.isabs(stem) and len(os.fsencode(stem)) < _SOCKET_PATH_LIMIT - len("-ipc"):
                manager.cache_ports = False
                manager.transport = "ipc"
                manager.ip = f"{stem}-ipc"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Called by the kernel manager with the command of the kernelspec, filled in."""
        process = await asyncio.to_thread(self._fork, cmd, kwargs)
        if process is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process = process  # type: ignore[assignment]
        self.pid = self.pgid = process.pid
        self.cwd = kwargs.get("cwd") or os.getcwd()
        return self.connection_info

    def _fork(self, cmd: list[str], kwargs: dict[str, Any]) -> ForkedPopen | None:
        servers = fork_servers()
        at = next((i for i in range(1, len(cmd) - 1) if cmd[i : i + 2] == _LAUNCHER), None)
        if servers is None or at is None or cmd[1:at] not in ([], ["-Xfrozen_modules=off"]):
            return None
        command = (os.path.abspath(cmd[0]), *cmd[1:at])
        env = {name: str(value) for name, value in (kwargs.get("env") or os.environ).items()}
        request = {"cwd": str(kwargs.get("cwd") or os.getcwd()), "env": env, "argv": cmd[at + 2 :]}
        try:
            stderr = (
                sys.__stderr__.fileno() if sys.__stderr__ is not None else os.open(os.devnull, os.O_WRONLY)
            )
            return ForkedPopen(requester.fork(servers.path(command), request, (stderr,)))
        except requester.Refused as refusal:
            servers.want(command, preloads.COMMON, renew=refusal.stale)
        except (requester.NoForkServer, OSError, ValueError):
            servers.want(command, preloads.COMMON)
        return None
