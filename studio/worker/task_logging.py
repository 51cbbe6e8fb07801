"""`logging` of a function task: during the attempt its records go to the attempt's log, with level and logger."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from studio.worker.task_log import LogStream, TaskLog

_LEVELS: Final = (
    (logging.CRITICAL, "CRITICAL"),
    (logging.ERROR, "ERROR"),
    (logging.WARNING, "WARNING"),
    (logging.INFO, "INFO"),
)


class TaskLogHandler(logging.Handler):
    """Makes a record of the log of each record of `logging`."""

    def __init__(self, log: TaskLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging`."""
        try:
            level = next((name for least, name in _LEVELS if record.levelno >= least), "DEBUG")
            self._log.record(level, record.name, self.format(record), record.created)
        except Exception:
            self.handleError(record)


@contextmanager
def logging_to(log: TaskLog) -> Iterator[None]:
    """Records from INFO on, and whatever else the task's own code asks for; the handlers of others are left alone."""
    root = logging.getLogger()
    level, handler = root.level, TaskLogHandler(log)
    root.addHandler(handler)
    if level == logging.WARNING:  # the default: nobody has chosen
        root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        for other in root.handlers[:]:  # of the task, which print to what is gone with it
            if isinstance(other, logging.StreamHandler) and isinstance(other.stream, LogStream):
                root.removeHandler(other)
