"""Run by the kernel's own Python instead of `-m ipykernel_launcher`: the same kernel, with four faults cured.

Imports nothing of studio: the kernel may live in another environment.

* Its iopub socket drops nothing: with the default high water mark, fast output (and the "idle" that ends a cell)
  is lost.
* It ends its control thread before `atexit` closes the iopub thread, which otherwise deadlocks for seconds in some
  per cent of shutdowns (ipykernel 7; jupyter_client issue 756).
* It waits no seconds for children that have ended but were not waited for.
* It dies with the process that started it (Linux).
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any


def _die_with_parent() -> None:
    parent = int(os.environ.get("JPY_PARENT_PID") or 0)
    if not parent or not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def _pass_over_zombies(kernel: Any) -> None:
    """A shutdown waits until the kernel has no children; a zombie is one until its parent ends, so for ever."""
    children = getattr(kernel, "_process_children", None)
    if children is None:
        return

    def living() -> list[Any]:
        found = []
        for child in children():
            try:
                if child.status() != "zombie":
                    found.append(child)
            except Exception:  # psutil's errors: it is gone
                continue
        return found

    kernel._process_children = living


def main() -> None:
    """Start the kernel and serve until it is told to shut down."""
    for entry in ("", str(Path(__file__).resolve().parent), str(Path(__file__).parent)):
        if sys.path and sys.path[0] == entry:
            del sys.path[0]  # neither this folder nor the working directory may shadow a library
    try:
        _die_with_parent()
    except (OSError, AttributeError, ValueError):
        pass
    import zmq  # noqa: PLC0415
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415

    class StudioKernelApp(IPKernelApp):
        """IPKernelApp with an unbounded iopub queue."""

        name = "ipython-kernel"  # the same configuration files

        def init_iopub(self, context: zmq.Context) -> None:  # type: ignore[type-arg]
            context.setsockopt(zmq.SNDHWM, 0)
            super().init_iopub(context)  # type: ignore[no-untyped-call]

    app = StudioKernelApp.instance()
    app.initialize()  # type: ignore[no-untyped-call]
    _pass_over_zombies(app.kernel)
    app.start()  # type: ignore[no-untyped-call]
    for name in ("control_thread", "shell_channel_thread"):
        thread = getattr(app, name, None)
        if thread is not None and thread.is_alive():
            thread.stop()
            thread.join(1.0)


if __name__ == "__main__":
    main()
