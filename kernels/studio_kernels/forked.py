"""What a fork must mend about itself before it is a process of its own: all that it shares with its siblings."""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib.util
import io
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

#: Read by libraries when they are loaded, which was before the fork: a kernel that needs others is spawned.
LOAD_TIME_NAMES = frozenset(
    {
        "CUDA_VISIBLE_DEVICES",
        "LANG",
        "LANGUAGE",
        "IPYTHONDIR",
        "HOME",
        "VIRTUAL_ENV",
        "MPLCONFIGDIR",
        "JUPYTER_CONFIG_DIR",
    }
)
LOAD_TIME_PREFIXES = (
    "ARROW_",
    "BLIS_",
    "GOTO_",
    "JE_ARROW_",
    "KMP_",
    "LC_",
    "LD_",
    "MKL_",
    "NUMEXPR_",
    "OMP_",
    "OPENBLAS_",
    "PYTHON",
    "VECLIB_",
    "MPLBACKEND",
)
#: Set by the fork server for itself, and to be taken back in its forks.
SERVER_ENV = {
    "OPENBLAS_NUM_THREADS": "1",
    "OPENBLAS_THREAD_TIMEOUT": "20",  # 2**n cycles that a thread spins for; by default a kernel's first 20 ms of a core
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pyarrow, which pandas imports, would start one
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}


def load_time(env: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment in which a fork must agree with its fork server."""
    return {
        name: value
        for name, value in env.items()
        if (name in LOAD_TIME_NAMES or name.startswith(LOAD_TIME_PREFIXES))
        and (name, value) != ("MPLBACKEND", SERVER_ENV["MPLBACKEND"])  # which kernels have anyway
    }


def die_with_parent(parent: int, *, contain: bool) -> None:
    """End when the fork server does; `contain`: and be the parent of every orphan among one's descendants (Linux)."""
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if contain:
            libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def detach(*, contain: bool, parent: int) -> None:
    """A session, signals and standard streams of its own; it ends with the process `parent`."""
    os.setsid()
    die_with_parent(parent, contain=contain)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until it executes something: see `Kernel.pre_handler_hook`
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    os.close(nothing)
    if contain:  # out of memory, the system shall kill user code rather than those who watch over it
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")


def dress(request: Mapping[str, Any], stderr: int) -> None:
    """Standard error, environment, directory, as asked for. Raises `OSError` for a directory that is not there."""
    os.dup2(stderr, getattr(sys.stderr, "_original_stdstream_copy", None) or 2)
    os.close(stderr)
    os.environ.clear()
    os.environ.update(request["env"])
    os.environ.setdefault(
        "MPLBACKEND", SERVER_ENV["MPLBACKEND"]
    )  # as ipykernel does: else plots are seen by nobody
    time.tzset()
    if request.get("cwd"):
        os.chdir(request["cwd"])


def reseed() -> None:
    """Chance, where it was settled before the fork: two kernels shall not draw the same numbers."""
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def leave(code: int, *steps: Callable[[], object]) -> NoReturn:
    """Exit as an interpreter does: threads are waited for, handlers run, then `steps`; what was written is flushed."""
    join: Any = getattr(threading, "_shutdown")  # noqa: B009 - the interpreter's own way; it has no public name
    flush = (stream.flush for stream in (sys.stdout, sys.stderr) if stream is not None)
    for step in (join, atexit._run_exitfuncs, *steps, gc.collect, _flush_files, *flush):
        with suppress(BaseException):
            step()
    os._exit(code)


def _flush_files() -> None:
    """Of files that nobody has closed: an interpreter does it when it takes its modules apart."""
    for each in gc.get_objects():
        if issubclass(type(each), io.IOBase):
            with suppress(Exception):
                each.flush()


def launcher_path() -> str:
    """What is `sys.argv[0]` in a kernel that was started as everybody does."""
    spec = importlib.util.find_spec("ipykernel_launcher")
    return str(spec.origin) if spec is not None else "ipykernel_launcher.py"


class BlasThreads:
    """OpenBLAS in the fork server has one thread, so that there is none to lose; its forks get theirs back."""

    _SETTERS = tuple(
        f"{prefix}openblas_set_num_threads{suffix}" for prefix in ("scipy_", "") for suffix in ("64_", "")
    )

    def __init__(self, env: Mapping[str, str]) -> None:
        """`env`: what its forks are going to have."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        asked = (env.get(name) for name in ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"))
        wanted = next((int(text) for text in asked if text and text.isdecimal() and int(text)), cores)
        self._count = min(wanted, cores)  # as OpenBLAS has it
        self._setters = self._found() if self._count > 1 else []

    def restore(self) -> None:
        """In a fork."""
        for set_threads in self._setters:
            set_threads(self._count)

    @classmethod
    def _found(cls) -> list[Any]:
        """In all copies of it that are loaded: numpy and scipy each bring theirs."""
        found: list[Any] = []
        with suppress(OSError), open("/proc/self/maps") as file:
            paths = {line.split(maxsplit=5)[-1].strip() for line in file if "openblas" in line}
            libraries = [ctypes.CDLL(path) for path in sorted(paths)]
            for library in libraries:
                found += [getattr(library, name) for name in cls._SETTERS if hasattr(library, name)][:1]
        return found
