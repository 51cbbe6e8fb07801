"""The log of a task, shown in a notebook or a terminal: a line for each record."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from studio.api.models import LogRecord, TaskLog

_CONTROL: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class LogView:
    """The end of a task's log; `records` has it as data."""

    def __init__(self, log: TaskLog) -> None:
        self.log = log

    @property
    def records(self) -> list[LogRecord]:
        """`studio.api.models.LogRecord`, oldest first."""
        return self.log.records

    def __repr__(self) -> str:
        lines = [_line(record) for record in self.log.records] or ["(nothing in the log)"]
        return "\n".join(["… (the beginning is left out)", *lines] if self.log.truncated else lines)


def _line(record: LogRecord) -> str:
    at = "" if record.time is None else f"{datetime.fromtimestamp(record.time).astimezone():%H:%M:%S} "
    return _CONTROL.sub("", f"{at}{record.level} {record.source}: {record.text}")
