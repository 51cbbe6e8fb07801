"""What an execution of a notebook tells whoever watches it, and the ways in which it ends badly."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from typing import Any

from nbformat import NotebookNode

from studio.errors import StudioError
from studio.worker.cell_resources import Usage
from studio.worker.kernel_process import KernelFailed


class NotebookTimeout(StudioError):
    """The notebook took longer than it may."""

    code = "timeout"


class CellTimeout(StudioError):
    """A cell took longer than it may."""

    code = "cell_timeout"


class ConditionFailed(StudioError):
    """Whether a cell is to be run could not be found out."""

    code = "condition_failed"


class KernelDied(KernelFailed):
    """The kernel died while a cell ran. `reason` is the stable word for how."""

    code = "kernel_died"

    def __init__(self, message: str | None = None, *, exit_code: int | None = None) -> None:
        self.reason = _reason(exit_code)
        super().__init__(message)


def _reason(exit_code: int | None) -> str:
    if exit_code is None:
        return "kernel_died"
    if exit_code >= 0:
        return "kernel_exited"
    if -exit_code in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        return "kernel_killed"
    return "kernel_crashed"


class NotebookObserver:
    """Told of a notebook's execution, on the thread that executes it. Does nothing; subclasses override."""

    def notebook_started(self, notebook: NotebookNode) -> None:
        """Parameters are injected, outputs cleared, no kernel yet."""

    def fork_server_wanted(
        self, command: tuple[str, ...], libraries: tuple[str, ...], is_stale: bool
    ) -> None:
        """The kernels that follow could be forks: of the Python that `command` starts, with `libraries` imported.

        `is_stale`: there is a fork server, which should be replaced.
        """

    def kernel_started(self, pid: int, kernel_name: str) -> None:
        """The kernel answers."""

    def kernel_described(self, display_name: str | None, info: Mapping[str, Any], is_forked: bool) -> None:
        """What it says of itself: `info` is its kernel_info reply."""

    def kernel_probed(self, answer: str) -> None:
        """After the last cell: what a Python kernel answers to `environment.PROBE`, as text."""

    def kernel_used(self, usage: Usage) -> None:
        """After the last cell: what the kernel's process has used in its life."""

    def raised(self, traceback: Sequence[str]) -> bool:
        """A cell has ended with an error; whether it ends the notebook early, as no error."""
        return False

    def cell_changed(
        self,
        index: int,
        cell: NotebookNode,
        state: str,
        started: float | None,
        duration: float | None,
        usage: Usage,
    ) -> None:
        """A code cell has another state or other outputs; `started` in epoch seconds, `duration` in seconds."""

    def truncated(self) -> None:
        """Outputs were left out of the notebook."""

    def noted(self, level: str, text: str) -> None:
        """Something for the log about the execution itself; `level` as of `logging`."""

    def logged(self, content: Mapping[str, Any]) -> None:
        """The notebook's code logged a record: `level`, `name`, `text`, `time` (epoch seconds)."""

    def spilled(self, stream: str, text: str) -> None:
        """Text of "stdout" or "stderr" that no cell keeps: beyond its limits, or too late."""

    def notebook_ends(self, notebook: NotebookNode) -> None:
        """It is saved for the last time after this, however it ended."""
