"""Asks a fork server for a kernel. Standard library only; Linux."""

from __future__ import annotations

import os
import select
import signal
import socket
from typing import Any

from studio_kernels import wire

_PATIENCE = 10.0  # seconds for a fork; a server that takes longer is not one


class NoForkServer(Exception):
    """There is none, or it has gone: the kernel is to be spawned, and a server may be started."""


class Refused(Exception):
    """The fork server cannot make this kernel. `stale`: another server could."""

    def __init__(self, reason: str, *, stale: bool) -> None:
        super().__init__(reason)
        self.stale = stale


class ForkedProcess:
    """A kernel that a fork server has made: its process, and the connection on which the server speaks of it.

    `pidfd` becomes readable when it ends. Closing kills it, with everything that it has started.
    """

    def __init__(self, pid: int, pidfd: int, link: socket.socket, info: dict[str, Any]) -> None:
        self.pid = pid
        self.info = (
            info  # what the kernel would answer to `kernel_info_request`; empty unless it is a pipe kernel
        )
        self.pidfd = pidfd
        self.link = link
        self.exit_code: int | None = None
        self.lost_server = False  # the fork server has ended, and the kernel with it

    def signal_group(self, number: int) -> None:
        """To the kernel and what it has started, as far as that has not left its process group."""
        if self.is_alive:
            try:
                wire.send_packet(self.link, {"signal": int(number)})
            except OSError:  # the server is gone, and with it the kernel
                pass

    @property
    def is_alive(self) -> bool:
        """Whether the process is there; what it left may be there longer."""
        return self.exit_code is None and self.pidfd >= 0 and not _is_readable(self.pidfd, 0)

    def wait_gone(self, timeout: float) -> bool:
        """Block until the kernel has ended and nothing is left of it; False if it has not after `timeout` seconds."""
        if self.exit_code is not None:
            return True
        if self.link.fileno() < 0 or not _is_readable(self.link.fileno(), timeout):
            return False
        self.hear()
        return True

    def hear(self) -> None:
        """The connection is readable: the kernel has ended, or the server has, which kills it."""
        try:
            message, _ = wire.receive_packet(self.link)
        except (OSError, ValueError):
            message = None
        self.lost_server = not (message and "exit" in message)
        self.exit_code = int(message["exit"]) if message and "exit" in message else -signal.SIGKILL

    def close(self) -> None:
        """Safe to call again."""
        self.link.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


def _is_readable(fd: int, timeout: float) -> bool:
    """Whether it is within so many seconds; its end counts. `select` would know no descriptors above 1023."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(timeout * 1000))


def ask(path: str, request: dict[str, Any], fds: tuple[int, ...]) -> socket.socket:
    """Ask the server that listens at `path` for a kernel; `answered` takes what this returns.

    `request` and `fds` as in `studio_kernels.wire`. Raises `NoForkServer`.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    try:
        wire.widen(link)
        link.settimeout(_PATIENCE)
        link.connect(path)
        wire.send_packet(link, request, fds)
    except OSError as error:
        link.close()
        raise NoForkServer(str(error)) from error
    return link


def answered(link: socket.socket) -> ForkedProcess:
    """The kernel that was asked for; blocks for some milliseconds. Raises `NoForkServer` and `Refused`."""
    received: list[int] = []
    try:
        reply, received = wire.receive_packet(link)
        if reply is None:
            raise NoForkServer("The fork server closed the connection.")
        if "pid" not in reply or not received:
            raise Refused(str(reply.get("refused", "it sent no pidfd")), stale=bool(reply.get("stale")))
        link.settimeout(None)
        return ForkedProcess(int(reply["pid"]), received.pop(), link, reply.get("info") or {})
    except BaseException as error:
        link.close()
        for fd in received:
            os.close(fd)
        if isinstance(error, (OSError, ValueError)):
            raise NoForkServer(str(error)) from error
        raise


def fork(path: str, request: dict[str, Any], fds: tuple[int, ...]) -> ForkedProcess:
    """`ask` and `answered` at once."""
    return answered(ask(path, request, fds))
