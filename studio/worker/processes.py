"""Processes of this machine: who lives, who descends from whom, who carries a mark, and how to end them all.

Linux has it in `/proc` and needs nothing else; elsewhere psutil does the same, slower, and nothing keeps a process
that left its session within the tree: there only the mark in its environment finds it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def started_at(pid: int) -> float | None:
    """When `pid` started, on a clock of the machine's own: with it a pid is unique. None if it is gone or a zombie."""
    if not _LINUX:
        return _psutil_started_at(pid)
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else float(fields[19])


def is_same_process(pid: int, start: float | None) -> bool:
    """Whether `pid` lives and is the one that started at `start`."""
    return start is not None and started_at(pid) == start


def children(pid: int) -> list[int]:
    """Direct children of `pid`, zombies included; empty if it is gone."""
    if not _LINUX:
        return _psutil_children(pid)
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
        except OSError:  # the thread ended
            continue
    return found


def descendants(pid: int) -> list[int]:
    """All below `pid`, parents before children."""
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for parent in level for child in children(parent)]
        found += level
    return found


def marked(name: str, value: str) -> list[int]:
    """Live processes of this user that were started with `name=value` in their environment; not this one."""
    wanted = f"{name}={value}"
    me = os.getpid()
    if not _LINUX:
        return [pid for pid in _psutil_marked(name, value) if pid != me]
    needle = wanted.encode()
    found: list[int] = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == me:
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                content = file.read()
        except OSError:  # gone, or another user's
            continue
        if needle in content and needle in content.split(b"\0"):
            found.append(int(entry))
    return [pid for pid in found if started_at(pid) is not None]


def boot_id() -> str:
    """Changes when the machine starts again, and with that what was only in its memory is gone."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        import psutil  # noqa: PLC0415 - heavy, and not needed on Linux

        return f"{psutil.boot_time():.0f}"


def send_signal(pids: Iterable[int], number: int) -> None:
    """Send signal `number` to each that still lives."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def kill_all(find: Callable[[], Iterable[int]], *, patience: float = 30.0) -> list[int]:
    """Kill whatever `find` finds until it finds nothing; block until then. Returns who is left after `patience` s.

    Again and again, because a process can fork between being found and being killed.
    """
    deadline = time.monotonic() + patience
    pause = 0.001
    while left := [pid for pid in find() if started_at(pid) is not None]:
        if time.monotonic() > deadline:
            return left
        send_signal(left, signal.SIGKILL)
        time.sleep(pause)
        pause = min(0.05, pause * 2)
    return []


def has_children() -> bool:
    """Whether this process has any child, dead ones not waited for included: one system call."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def reap_children() -> None:
    """Wait for the children that have ended, whoever started them."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def become_subreaper() -> None:
    """Have orphaned descendants become children of this process instead of init's, so that they stay findable."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Be killed when `parent`, which started this process, ends. Exits at once if it has ended already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    if _LINUX:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _psutil_started_at(pid: int) -> float | None:
    import psutil  # noqa: PLC0415

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def _psutil_children(pid: int) -> list[int]:
    import psutil  # noqa: PLC0415

    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


def _psutil_marked(name: str, value: str) -> list[int]:
    import psutil  # noqa: PLC0415

    found: list[int] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(name) == value:
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found
