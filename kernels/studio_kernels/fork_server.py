"""The fork server: one process, one thread, everything imported; each request makes it fork a kernel.

    python fork_server.py --listen FD --kind pipe|zmq --parent PID [--contain] [--preload NAMES]

It runs no code of users. It ends with the process that started it, and its kernels end with it. With `--contain`
every process that descends from a kernel ends with the kernel: kernels are subreapers, and what is left when one
ends becomes a child of this process, whose children are otherwise kernels only.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if (
    __name__ == "__main__"
):  # import this package, and let neither its folder nor the working directory shadow a library
    _here = Path(__file__).parent
    for _entry in ("", str(_here.resolve()), str(_here)):
        if sys.path and sys.path[0] == _entry:
            del sys.path[0]
    sys.path.insert(0, str(_here.parent))

from studio_kernels import forked, preloads, warm_up, wire

if __name__ == "__main__":
    del sys.path[0]

_CLEAN_AGAIN = 0.005  # seconds
_PARK_AFTER = 0.005  # seconds without a request until a fork is made for the next one


@dataclass(slots=True)
class _Kernel:
    pid: int
    link: socket.socket
    code: int | None = None  # once it has ended; reported when what it left is gone


@dataclass(slots=True)
class ForkServer:
    """`listening` accepts one connection for each kernel."""

    listening: socket.socket
    kind: str  # "pipe" or "zmq"
    contain: bool
    environment: dict[str, str]  # the load-time part of it
    app: Any  # the kernel that was built, if the kind is "pipe"
    blas: forked.BlasThreads
    fingerprint: str
    info: dict[str, Any] = field(
        default_factory=dict
    )  # what a pipe kernel would answer to `kernel_info_request`
    kernels: dict[int, _Kernel] = field(default_factory=dict)
    links: dict[int, _Kernel] = field(default_factory=dict)  # by file descriptor
    launcher: str = ""  # what is `sys.argv[0]` in its kernels
    count: int = 0
    is_retiring: bool = False
    parked: _Kernel | None = None  # forked in advance; it waits for its request
    used_at: float = field(default_factory=time.monotonic)
    idle: float = 1800.0  # seconds without a kernel until it ends by itself
    most: int = 3000  # kernels; then a fresh server takes over

    def serve(self) -> None:
        """Until it is told to retire (SIGTERM), or nobody needs it, and it has no kernels any more."""
        wake, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGTERM, self._retire)
        poll = select.poll()
        poll.register(wake, select.POLLIN)
        poll.register(self.listening, select.POLLIN)
        pending: dict[int, socket.socket] = {}
        while not self.is_retiring or self.kernels:
            events = poll.poll(self._patience() * 1000)
            if not events and not self.kernels and time.monotonic() - self.used_at > self.idle:
                break
            if not events and self._may_park():
                self.parked = self._park([*pending.values()])
            for fd, _ in events:
                if fd == wake:
                    with suppress(BlockingIOError):
                        os.read(wake, 4096)
                elif fd == self.listening.fileno():
                    with suppress(OSError):
                        link, _ = self.listening.accept()
                        wire.widen(link)
                        pending[link.fileno()] = link
                        poll.register(link, select.POLLIN)
                elif fd in pending:
                    link = pending.pop(fd)
                    kernel = self._requested(link, [*pending.values()])
                    if kernel is None:
                        poll.unregister(link)
                        link.close()
                elif fd in self.links and not self._told(self.links[fd]):
                    poll.unregister(fd)
            for kernel in self._ended():
                if kernel.link.fileno() in self.links:
                    with suppress(KeyError):
                        poll.unregister(kernel.link)
                self.links.pop(kernel.link.fileno(), None)
                with suppress(OSError):
                    wire.send_packet(kernel.link, {"exit": kernel.code})
                kernel.link.close()
        if self.parked is not None:
            self.parked.link.close()

    def _patience(self) -> float:
        """Seconds until there is something to do of our own accord."""
        if any(kernel.code is not None for kernel in self.kernels.values()):
            return _CLEAN_AGAIN
        return _PARK_AFTER if self._may_park() else self.idle

    def _may_park(self) -> bool:
        return self.parked is None and not self.is_retiring and self.count > 0

    def _retire(self, number: int, frame: Any) -> None:
        self.is_retiring = True

    # Requests -----------------------------------------------------------------------------------------------------

    def _requested(self, link: socket.socket, others: list[socket.socket]) -> _Kernel | None:
        try:
            request, fds = wire.receive_packet(link)
        except (OSError, ValueError):
            return None
        try:
            if request is None:
                return None
            refusal = self._refusal(request)
            if refusal:
                wire.send_packet(link, refusal)
                return None
            return self._fork(request, link, fds, others)
        except OSError as error:
            with suppress(OSError):
                wire.send_packet(link, {"refused": str(error)})
            return None
        finally:
            for fd in fds:
                os.close(fd)

    def _refusal(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Why this server cannot make that kernel; it is spawned then."""
        if self.is_retiring or self.count >= self.most or warm_up.fingerprint() != self.fingerprint:
            self.is_retiring = True
            return {"refused": "its environment has changed, or it is old", "stale": True}
        asked = forked.load_time(request["env"])
        if asked != self.environment:
            names = sorted({name for name, _ in asked.items() ^ self.environment.items()})
            return {"refused": f"{', '.join(names)} would have to be set before libraries are loaded"}
        return None

    def _fork(
        self, request: dict[str, Any], link: socket.socket, fds: list[int], others: list[socket.socket]
    ) -> _Kernel:
        parked, self.parked = self.parked, None
        if parked is not None:
            try:
                wire.send_packet(parked.link, request, tuple(fds))
                pid = parked.pid
            except OSError:  # it is gone, and reaped elsewhere
                parked = None
            finally:
                if parked is not None:
                    parked.link.close()
        if parked is None:
            pid = self._child([link, *others], lambda: run_kernel(self, request, [os.dup(fd) for fd in fds]))
        self.count += 1
        self.used_at = time.monotonic()
        kernel = _Kernel(pid, link)
        self.kernels[pid] = self.links[link.fileno()] = kernel
        pidfd = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
        try:
            wire.send_packet(link, {"pid": pid, "info": self.info}, (pidfd,) if pidfd >= 0 else ())
        except OSError:
            self._kill(kernel)
        finally:
            if pidfd >= 0:
                os.close(pidfd)
        return kernel

    def _park(self, others: list[socket.socket]) -> _Kernel | None:
        """Fork one that is not wanted yet, to hand it out at once when it is."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            wire.widen(ours)
            return _Kernel(self._child([ours, *others], lambda: wait_for_request(self, theirs)), ours)
        except OSError:
            ours.close()
            return None
        finally:
            theirs.close()

    def _child(self, others: list[socket.socket], run: Callable[[], None]) -> int:
        """Fork a process that does `run`, which never returns; its pid."""
        parent = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            links = [self.listening, *others, *(kernel.link for kernel in self.kernels.values())]
            for link in [*links, *([self.parked.link] if self.parked is not None else [])]:
                link.close()
            forked.detach(contain=self.contain, parent=parent)
            forked.reseed()
            self.blas.restore()
            if self.app is not None:
                self.app.prepare()
            run()
        except BaseException:
            import traceback  # noqa: PLC0415

            os.write(2, traceback.format_exc().encode(errors="replace"))
        finally:
            os._exit(1)

    def _told(self, kernel: _Kernel) -> bool:
        """Hear what the kernel's owner wants; False once there is no owner."""
        try:
            message, _ = wire.receive_packet(kernel.link)
        except (OSError, ValueError):
            message = None
        if message is None:
            self.links.pop(kernel.link.fileno(), None)
            self._kill(kernel)
            return False
        if "signal" in message and kernel.code is None:
            self._send(kernel, int(message["signal"]))
        return True

    # Ends ---------------------------------------------------------------------------------------------------------

    def _kill(self, kernel: _Kernel) -> None:
        if kernel.code is None:
            self._send(kernel, signal.SIGKILL)

    @staticmethod
    def _send(kernel: _Kernel, number: int) -> None:
        """To the group of a kernel that is not reaped, so that its pid is still its own."""
        with suppress(ProcessLookupError, PermissionError):
            try:
                os.killpg(kernel.pid, number)
            except ProcessLookupError:  # it has not come to its own session yet
                os.kill(kernel.pid, number)

    def _ended(self) -> list[_Kernel]:
        """Reap; the kernels that have ended and of which nothing is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if self.parked is not None and pid == self.parked.pid:
                self.parked.link.close()
                self.parked = None
            if pid in self.kernels:
                self.kernels[pid].code = os.waitstatus_to_exitcode(status)
        ended = [kernel for kernel in self.kernels.values() if kernel.code is not None]
        if ended and self.contain and self._kill_strays():
            return []
        for kernel in ended:
            del self.kernels[kernel.pid]
        return ended

    def _kill_strays(self) -> bool:
        """End what kernels that are gone have left; whether there was anything."""
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:
            children = map(int, file.read().split())
        ours = {*self.kernels, *([self.parked.pid] if self.parked is not None else [])}
        strays = [pid for pid in children if pid not in ours]
        for pid in strays:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(strays)


def wait_for_request(server: ForkServer, link: socket.socket) -> None:
    """In a fork: be the kernel, once it is known which. Never returns."""
    request, fds = wire.receive_packet(link)
    if request is None:
        os._exit(0)
    link.close()
    run_kernel(server, request, fds)


def run_kernel(server: ForkServer, request: dict[str, Any], fds: list[int]) -> None:
    """In a fork: be the kernel. Never returns."""
    stderr, *pipes = fds
    forked.dress(request, stderr)
    sys.argv = [server.launcher, *request.get("argv", ())]
    if server.app is None:
        from studio_kernels.zmq_kernel import serve  # noqa: PLC0415 - imported before the fork

        try:
            serve(request["argv"])
        except SystemExit as ending:  # of `initialize`, which has said why
            forked.leave(ending.code if isinstance(ending.code, int) else 1)
        forked.leave(0)
    requests, answers = (socket.socket(fileno=fd) for fd in pipes)
    server.app.connect(requests, answers)
    server.app.end(server.app.serve(), request.get("farewell", ""))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--listen", type=int, required=True, help="descriptor of a listening unix socket, SEQPACKET"
    )
    parser.add_argument("--kind", choices=("pipe", "zmq"), required=True)
    parser.add_argument("--parent", type=int, required=True, help="process to end with")
    parser.add_argument("--contain", action="store_true", help="no process outlives its kernel")
    parser.add_argument("--preload", default="", help="libraries, with commas between them")
    parser.add_argument(
        "--idle", type=float, default=1800.0, help="seconds without a kernel until it ends by itself"
    )
    parser.add_argument("--most", type=int, default=3000, help="kernels; then a fresh server takes over")
    parser.add_argument("--ready", type=int, default=-1, help="descriptor to write to when it can be used")
    given = parser.parse_args()
    os.environ.pop("JPY_PARENT_PID", None)
    given_env = dict(os.environ)
    environment = forked.load_time(given_env)
    os.environ.update(forked.SERVER_ENV)
    forked.die_with_parent(given.parent, contain=given.contain)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is not meant for it
    listening = socket.socket(fileno=given.listen)
    stamp = warm_up.fingerprint()
    app = warm_up.build(given.kind)
    names = [name for name in given.preload.split(",") if name in preloads.ALLOWED]
    preloaded, culprit = warm_up.preload(names)
    if culprit is not None:  # it cannot be taken back: once more, without it
        rest = [name for name in names if name != culprit]
        again = [argument if argument != given.preload else ",".join(rest) for argument in sys.argv[1:]]
        for fd in (given.listen, given.ready):
            if fd >= 0:
                os.set_inheritable(fd, True)
        os.execve(sys.executable, [sys.executable, os.path.abspath(__file__), *again], given_env)
    warm_up.use_once(preloaded)
    if app is not None:
        app.rehearse()
    server = ForkServer(
        listening=listening,
        kind=given.kind,
        contain=given.contain,
        environment=environment,
        app=app,
        blas=forked.BlasThreads(environment),
        fingerprint=stamp,
        idle=given.idle,
        most=given.most,
        launcher=forked.launcher_path(),
    )
    from studio_kernels.canary import try_out  # noqa: PLC0415

    server.info = try_out(server)
    if warm_up.threads() > 1:
        raise SystemExit(f"The fork server has {warm_up.threads()} threads, so it cannot fork.")
    gc.collect()
    gc.freeze()
    if given.ready >= 0:
        os.write(given.ready, json.dumps({"preloaded": sorted(preloaded)}).encode())
        os.close(given.ready)
    server.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
