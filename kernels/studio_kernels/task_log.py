"""`logging` in the kernel of a task: records go to the task's log, with their level, and not among the outputs."""

from __future__ import annotations

import logging
import os
from typing import Any

MESSAGE = (
    "studio_log"  # type of the iopub message: {"level", "name", "text", "time": seconds since the epoch}
)
_MAX_TEXT = 100_000  # characters of one record
_LEVELS = (
    (logging.CRITICAL, "CRITICAL"),
    (logging.ERROR, "ERROR"),
    (logging.WARNING, "WARNING"),
    (logging.INFO, "INFO"),
)
_OURS = (
    "IPKernelApp",
    "tornado",
    "asyncio",
    "traitlets",
    "parso",
    "matplotlib",
    "PIL",
)  # heard from WARNING on


class TaskLogHandler(logging.Handler):
    """Sends each record as a message of the kernel."""

    def __init__(self, kernel: Any) -> None:
        super().__init__()
        self._kernel = kernel

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging`."""
        if record.levelno < logging.WARNING and record.name.split(".")[0] in _OURS:
            return
        try:
            content = {
                "level": next((name for least, name in _LEVELS if record.levelno >= least), "DEBUG"),
                "name": record.name,
                "text": self.format(record)[:_MAX_TEXT],
                "time": record.created,
            }
            kernel = self._kernel
            kernel.session.send(
                kernel.iopub_socket,
                MESSAGE,
                content,
                parent=kernel.get_parent("shell"),
                ident=kernel._topic(MESSAGE),
            )
        except Exception:
            self.handleError(record)


def is_of_task() -> bool:
    """Whether this process is the kernel of a task."""
    return "STUDIO_ATTEMPT" in os.environ


def install(kernel: Any) -> None:
    """If this is the kernel of a task: from INFO on, and whatever the task's own code asks for."""
    if is_of_task():
        root = logging.getLogger()
        root.addHandler(TaskLogHandler(kernel))
        if root.level == logging.WARNING:  # the default: nobody has chosen
            root.setLevel(logging.INFO)
