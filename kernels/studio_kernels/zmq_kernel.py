"""IPython's kernel over zmq with some faults of ipykernel cured. Imported only where a kernel is to run.

* Its iopub socket drops nothing: with the default high water mark, fast output (and the "idle" that ends a cell)
  is lost.
* It ends its control thread before `atexit` closes the iopub thread, which otherwise deadlocks for seconds in some
  per cent of shutdowns (ipykernel 7; jupyter_client issue 756).
* It waits no seconds for children that have ended but were not waited for.
* `logging` in a task's kernel goes to the task's log.
* What is printed goes out in pieces.
"""

from __future__ import annotations

import sys
from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp

from studio_kernels import streams, task_log


class StudioKernelApp(IPKernelApp):
    """IPKernelApp with an unbounded iopub queue."""

    name = "ipython-kernel"  # the same configuration files

    def init_iopub(self, context: Any) -> None:
        """Called by `initialize`."""
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)


def pass_over_zombies(kernel: Any) -> None:
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


def _show_plots() -> None:
    """After a fork: the backend for plots was loaded when there was no shell that it could hook into."""
    backend = sys.modules.get("matplotlib_inline.backend_inline")
    if backend is not None:
        backend._enable_matplotlib_integration()


def serve(argv: list[str] | None = None) -> None:
    """Start the kernel and serve until it is told to shut down. `argv`: as for `ipykernel_launcher`."""
    app = StudioKernelApp.instance()
    app.initialize(argv)
    pass_over_zombies(app.kernel)
    _show_plots()
    task_log.install(app.kernel)
    streams.send_in_pieces()
    if task_log.is_of_task():
        streams.keep_no_history(app.shell)
    app.start()
    for name in ("control_thread", "shell_channel_thread"):
        thread = getattr(app, name, None)
        if thread is not None and thread.is_alive():
            thread.stop()
            thread.join(1.0)
