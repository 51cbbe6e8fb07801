"""Run by a kernel's own Python instead of `-m ipykernel_launcher`: the same kernel, spawned, with the cures of
`zmq_kernel`; and it dies with the process that started it (Linux)."""

import os
import signal
import sys
from pathlib import Path


def _find_ourselves() -> None:
    """Import this package, and let neither its folder nor the working directory shadow a library."""
    here = Path(__file__).parent
    for entry in ("", str(here.resolve()), str(here)):
        if sys.path and sys.path[0] == entry:
            del sys.path[0]
    sys.path.insert(0, str(here.parent))
    import studio_kernels.task_log  # noqa: F401, PLC0415 - only the standard library; what follows finds the package

    del sys.path[0]


def _die_with_parent() -> None:
    parent = int(os.environ.get("JPY_PARENT_PID") or 0)
    if not parent or not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


if __name__ == "__main__":
    _find_ourselves()
    try:
        _die_with_parent()
    except (OSError, AttributeError, ValueError):
        pass
    from studio_kernels.forked import launcher_path
    from studio_kernels.zmq_kernel import serve

    sys.argv[0] = launcher_path()
    serve()
