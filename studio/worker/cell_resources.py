"""What a process uses while a cell runs: CPU seconds, and its peak memory.

On Linux read from /proc by whoever may see the process, at 0.03 ms a cell: nothing runs in the kernel. CPU counts the
process with all its threads, and children of it that have ended and were waited for. Elsewhere psutil's figures, and
None for what the system does not tell.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any, Final, Protocol

_TICKS: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used from one moment to another."""

    cpu: float | None = None  # seconds
    peak_memory: int | None = None  # bytes, resident

    def as_json(self) -> dict[str, Any]:
        """What is known of it."""
        known = {"cpu": self.cpu, "peak_memory": self.peak_memory}
        return {name: value for name, value in known.items() if value is not None}


UNKNOWN: Final = Usage()


class Meter(Protocol):
    """Reads what one process uses."""

    def begin(self) -> None:
        """A cell begins now."""

    def used(self) -> Usage:
        """Since `begin()`; of a process that is gone nothing is known."""

    def total(self) -> Usage:
        """Since the process began."""

    def close(self) -> None:
        """Let go of the process."""


def meter_of(pid: int) -> Meter:
    """A meter for the process `pid`, which may be gone."""
    if sys.platform.startswith("linux"):
        try:
            return ProcMeter(pid)
        except OSError:  # gone, or /proc is not to be seen
            pass
    return PsutilMeter(pid)


class ProcMeter:
    """By three files of /proc that stay open: they are those of this process, also when its id is used again."""

    def __init__(self, pid: int) -> None:
        self._files: list[int] = []
        try:
            self._stat = self._open(f"/proc/{pid}/stat", os.O_RDONLY)
            self._status = self._open(f"/proc/{pid}/status", os.O_RDONLY)
        except OSError:
            self.close()
            raise
        try:
            self._reset: int | None = self._open(f"/proc/{pid}/clear_refs", os.O_WRONLY)
        except OSError:  # a hardened system: then the peak is that of all cells so far
            self._reset = None
        self._cpu: float | None = None
        self._peak = 0

    def begin(self) -> None:
        self._cpu = self._read_cpu()
        self._peak = max(self._peak, self._read_peak() or 0)
        if self._reset is not None:
            try:
                os.write(self._reset, b"5")  # proc(5): the peak is counted anew from here
            except OSError:
                self._reset = None

    def used(self) -> Usage:
        cpu, peak = self._read_cpu(), self._read_peak()
        self._peak = max(self._peak, peak or 0)
        taken = None if cpu is None or self._cpu is None else max(0.0, round(cpu - self._cpu, 6))
        return Usage(taken, peak if self._reset is not None else None)

    def total(self) -> Usage:
        self._peak = max(self._peak, self._read_peak() or 0)
        return Usage(self._read_cpu(), self._peak or None)

    def close(self) -> None:
        while self._files:
            os.close(self._files.pop())

    def _open(self, path: str, flags: int) -> int:
        file = os.open(path, flags | os.O_CLOEXEC)
        self._files.append(file)
        return file

    def _read_cpu(self) -> float | None:
        try:
            told = os.pread(self._stat, 1024, 0)
        except OSError:
            return None
        fields = told[told.rfind(b")") + 2 :].split()  # the name before it may have spaces
        return sum(map(int, fields[11:15])) / _TICKS if len(fields) > 15 else None

    def _read_peak(self) -> int | None:
        try:
            told = os.pread(self._status, 4096, 0)
        except OSError:
            return None
        at = told.find(b"VmHWM:")
        return int(told[at + 6 :].split(maxsplit=1)[0]) * 1024 if at >= 0 else None


class PsutilMeter:
    """By psutil; the peak of memory is known on Windows only, and there of the whole life of the process."""

    def __init__(self, pid: int) -> None:
        import psutil  # noqa: PLC0415 - seldom needed

        self._errors = psutil.Error
        self._process: Any = None
        self._cpu: float | None = None
        try:
            self._process = psutil.Process(pid)
        except psutil.Error:
            pass

    def begin(self) -> None:
        self._cpu = self.total().cpu

    def used(self) -> Usage:
        cpu = self.total().cpu
        return Usage(None if cpu is None or self._cpu is None else max(0.0, round(cpu - self._cpu, 6)))

    def total(self) -> Usage:
        if self._process is None:
            return UNKNOWN
        try:
            times, memory = self._process.cpu_times(), self._process.memory_info()
        except self._errors:
            return UNKNOWN
        cpu = (
            times.user
            + times.system
            + getattr(times, "children_user", 0)
            + getattr(times, "children_system", 0)
        )
        return Usage(cpu, getattr(memory, "peak_wset", None))

    def close(self) -> None:
        self._process = None
