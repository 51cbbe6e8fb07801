"""The fork servers of one worker: where its runners find them, and what is left of a kernel whose runner has died."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Final

from studio_kernels.host import ForkServers, is_possible, private_directory

from studio.worker.processes import children, descendants, is_same_process, send_signal, started_at

FORK_SERVERS: Final = "STUDIO_FORK_SERVERS"  # in the environment of a runner: their directory


def directory_of(worker: Path) -> str:
    """Of the sockets of the worker with this directory. Its path is short, as those of sockets have to be."""
    name = hashlib.sha256(os.fsencode(worker.absolute())).hexdigest()[:16]
    return os.path.join(tempfile.gettempdir(), f"studio-forks-{name}")


def remove_directory(worker: Path) -> None:
    """For whoever buries a worker."""
    shutil.rmtree(directory_of(worker), ignore_errors=True)


class WorkerForkServers:
    """Fork servers for pipe kernels, and their kernels as processes. Without them, kernels are spawned."""

    def __init__(self, worker: Path) -> None:
        """Raises `OSError` if there is no place for the sockets."""
        self._servers: ForkServers | None = None
        self.directory = ""
        if is_possible():
            self.directory = private_directory(directory_of(worker))
            self._servers = ForkServers(self.directory, "pipe", contain=True)

    def want(self, command: tuple[str, ...], libraries: tuple[str, ...], is_stale: bool) -> None:
        """A runner would have liked one. Returns at once."""
        if self._servers is not None:
            self._servers.want(command, libraries, renew=is_stale)

    def pids(self) -> set[int]:
        return self._servers.pids() if self._servers is not None else set()

    def tree(self, kernel: int) -> list[int]:
        """The kernel with this pid and all below it; empty if it is none of ours or is gone."""
        if not any(kernel in children(server) for server in self.pids()):
            return []
        return [kernel, *descendants(kernel)]

    def identities(self, kernel: int) -> dict[int, float | None]:
        """`tree`, with what tells each process from a later one of the same pid."""
        return {pid: started_at(pid) for pid in self.tree(kernel)}

    def interrupt(self, kernel: int) -> bool:
        """SIGINT to the kernel's process group; whether there was one."""
        if not self.tree(kernel):
            return False
        try:
            os.killpg(kernel, signal.SIGINT)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def end(self, kernel: int, known: dict[int, float | None]) -> list[int]:
        """Kill the kernel and what it is `known` to have started, as far as it lives; who does."""
        known.update(self.identities(kernel))
        left = [pid for pid, start in known.items() if is_same_process(pid, start)]
        send_signal(left, signal.SIGKILL)
        return left

    def close(self) -> None:
        if self._servers is not None:
            self._servers.close()
