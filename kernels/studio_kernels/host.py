"""Starts fork servers, replaces them, and takes leave of them. Standard library only; Linux.

A host belongs to one process, which its servers do not outlive: a worker, or a Jupyter server.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SCRIPT = str(Path(__file__).with_name("fork_server.py"))
_START = 60.0  # seconds until a server that is not ready is given up
_PAUSES = (0.5, 600.0)  # seconds until one that failed is tried again: after the first failure, and at most

_log = logging.getLogger(__name__)


def is_possible() -> bool:
    """Whether this system has what fork servers need."""
    return sys.platform.startswith("linux") and hasattr(os, "pidfd_open")


def socket_name(command: Sequence[str], kind: str) -> str:
    """The file, in a host's directory, at which the server for this Python is found."""
    return hashlib.sha256("\0".join([kind, *command]).encode()).hexdigest()[:16]


def forkable(argv: Sequence[str]) -> tuple[str, ...] | None:
    """The command of the Python if `argv`, of a kernelspec, starts ipykernel in one and does no more; else None."""
    options = tuple(argv[1:])
    if options[:1] == ("-Xfrozen_modules=off",):
        options = options[1:]
    if not argv or options != ("-m", "ipykernel_launcher", "-f", "{connection_file}"):
        return None
    return (argv[0], *argv[1 : len(argv) - 4])


def private_directory(path: str) -> str:
    """Make `path`, for this user alone. Raises `OSError` if it is there and somebody else could write to it."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        status = os.lstat(path)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise
    return path


@dataclass(slots=True)
class _Server:
    preload: frozenset[str]
    process: subprocess.Popen[bytes] | None = None
    report: dict[str, Any] = field(default_factory=dict)
    inode: int = 0  # of its socket, once it is ready


class ForkServers:
    """The fork servers of one process, found by others through files in `directory`.

    kind: "pipe" or "zmq", see `studio_kernels.fork_server`. contain: no process outlives its kernel. options: more
    arguments for each server.
    """

    def __init__(
        self,
        directory: str,
        kind: str,
        *,
        contain: bool,
        env: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._directory = private_directory(directory)
        self._kind = kind
        self._contain = contain
        self._options = list(options)
        self._env = dict(env if env is not None else os.environ)
        self._lock = threading.Lock()
        self._servers: dict[str, _Server] = {}  # by socket name: the one that is to be used
        self._starting: dict[str, _Server] = {}
        self._old: list[_Server] = []  # told to retire
        self._failures: dict[str, tuple[int, float]] = {}  # by socket name: how many, not before (monotonic)
        self._is_closed = False

    def path(self, command: Sequence[str]) -> str:
        return os.path.join(self._directory, socket_name(command, self._kind))

    def pids(self) -> set[int]:
        """Of all servers, those that start and that retire included."""
        with self._lock:
            servers = [*self._servers.values(), *self._starting.values(), *self._old]
            return {server.process.pid for server in servers if server.process is not None}

    def want(self, command: Sequence[str], preload: Iterable[str] = (), *, renew: bool = False) -> None:
        """See to it that there is a server for this Python, with these libraries; returns at once.

        renew: the one that is there is out of date.
        """
        name = socket_name(command, self._kind)
        with self._lock:
            known = self._servers.get(name)
            wanted = frozenset(preload) | (known.preload if known else frozenset())
            is_enough = known is not None and not renew and wanted == known.preload
            _, not_before = self._failures.get(name, (0, 0.0))
            if self._is_closed or is_enough or name in self._starting or time.monotonic() < not_before:
                return
            server = self._starting[name] = _Server(wanted)
        threading.Thread(
            target=self._live, args=(name, list(command), server), name="fork server", daemon=True
        ).start()

    def close(self) -> None:
        """End them all, with their kernels."""
        with self._lock:
            self._is_closed = True
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for entry in os.listdir(self._directory):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self._directory, entry))
        with contextlib.suppress(OSError):
            os.rmdir(self._directory)

    def _live(self, name: str, command: list[str], server: _Server) -> None:
        """The life of one server, on a thread of its own."""
        error = ""
        began = time.monotonic()
        try:
            error = self._run(name, command, server)
        except Exception as fault:  # whatever it is, another one may be started later
            error = str(fault) or type(fault).__name__
        with self._lock:
            for known in (self._starting, self._servers):  # there may be another one under this name by now
                if known.get(name) is server:
                    del known[name]
            if server in self._old:
                self._old.remove(server)
            path = os.path.join(self._directory, name)
            with contextlib.suppress(OSError):
                if server.inode and os.stat(path).st_ino == server.inode:
                    os.unlink(path)
            if not server.inode or (error and time.monotonic() - began < _START):
                count = self._failures.get(name, (0, 0.0))[0] + 1
                pause = min(_PAUSES[0] * 8 ** (count - 1), _PAUSES[1])
                self._failures[name] = (count, time.monotonic() + pause)
        if error and not self._is_closed:
            _log.warning("kernels of %s are spawned, not forked, for now: %s", command[0], error)

    def _run(self, name: str, command: list[str], server: _Server) -> str:
        """Start it and wait for its end; what was wrong with it."""
        path = os.path.join(self._directory, name)
        new = f"{path}.{threading.get_ident()}"
        ready, says_ready = os.pipe()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            try:
                listening.bind(new)
                listening.listen(128)
                arguments = [
                    *command,
                    _SCRIPT,
                    *self._arguments(listening.fileno(), says_ready, server.preload),
                ]
                with self._lock:  # whoever looks at this process's children shall know it from the start
                    if self._is_closed:
                        raise OSError("its host has been closed")
                    server.process = process = subprocess.Popen(
                        arguments,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        pass_fds=[listening.fileno(), says_ready],
                        start_new_session=True,
                        env=self._env,
                    )
            except OSError:
                os.close(ready)
                with contextlib.suppress(OSError):
                    os.unlink(new)
                raise
            finally:
                os.close(says_ready)
        pidfd = os.pidfd_open(process.pid)
        try:
            if not self._is_ready(ready, pidfd, server):
                process.kill()
                os.unlink(new)
                return "its fork server did not become ready; what it wrote is in the log of this process"
            with self._lock:
                former = self._servers.get(name)
                server.inode = os.stat(new).st_ino
                os.rename(new, path)
                self._servers[name] = server
                self._starting.pop(name, None)
                self._failures.pop(name, None)
                if former is not None and former.process is not None:
                    self._old.append(former)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(former.process.pid, signal.SIGTERM)
            libraries = ", ".join(sorted(server.preload)) or "nothing more"
            _log.info("fork server %d of %s is ready, with %s", process.pid, command[0], libraries)
            process.wait()
            return "" if server in self._old else self._status_of(process)
        finally:
            os.close(ready)
            os.close(pidfd)
            process.wait()

    def _arguments(self, listening: int, ready: int, preload: frozenset[str]) -> list[str]:
        fds = ["--listen", str(listening), "--ready", str(ready), "--parent", str(os.getpid())]
        what = ["--kind", self._kind, "--preload", ",".join(sorted(preload))]
        return [*fds, *what, *(["--contain"] if self._contain else []), *self._options]

    @staticmethod
    def _status_of(process: subprocess.Popen[bytes]) -> str:
        code = process.wait()
        return f"its fork server ended with code {code}" if code else ""

    @staticmethod
    def _is_ready(ready: int, pidfd: int, server: _Server) -> bool:
        text = b""
        deadline = time.monotonic() + _START
        poll = select.poll()  # `select` knows no descriptors above 1023
        for fd in (ready, pidfd):
            poll.register(fd, select.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            if ready not in [fd for fd, _ in poll.poll(left * 1000)]:
                return False
            data = os.read(ready, 1 << 16)
            if not data:
                break
            text += data
        try:
            server.report = json.loads(text)
        except ValueError:
            return False
        return True
