"""What a runner's processes write to their standard streams by themselves: programs that a function starts, native
code, the last words of a crash. (What Python code prints goes to the task's log directly.)

The supervisor reads it, because it lives on when the runner is killed, and is told of the end of an attempt only after
all that was written before. What belongs to no function or operator goes to the worker's own log.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from studio.secrets.masking import NOTHING, Masker
from studio.worker.messages import Job, Observed, raw
from studio.worker.task import LogGrown, TaskRequest
from studio.worker.task_log import LOG, TaskLog

STREAMS: Final = ("stdout", "stderr")
_READ: Final = 1 << 16  # bytes
_MOST: Final = 64  # reads before anybody else has a turn, or the end is no longer waited for

Written = Callable[[str, bytes], None]  # the stream, and what was written to it


class RunnerOutput:
    """The pipes of one runner; `written` is told what comes."""

    def __init__(self, written: Written) -> None:
        self._written = written
        self._loop = asyncio.get_running_loop()
        self._reading: dict[str, int] = {}
        self.writing: dict[str, int] = {}  # for the process; closed by `begun`
        for name in STREAMS:
            self._reading[name], self.writing[name] = os.pipe()
            os.set_blocking(self._reading[name], False)

    def begun(self, *, has_begun: bool) -> None:
        """The process has the ends that are written to, or does not exist."""
        for descriptor in self.writing.values():
            os.close(descriptor)
        if not has_begun:
            self.close()
            return
        for name, descriptor in self._reading.items():
            self._loop.add_reader(descriptor, self._readable, name)

    def drain(self) -> None:
        """Hand on all that was written up to now."""
        for name in tuple(self._reading):
            for _ in range(_MOST):
                if not self._readable(name):
                    break

    def close(self) -> None:
        for name in tuple(self._reading):
            self._end(name)

    def _readable(self, name: str) -> bool:
        """Read once; whether there may be more."""
        descriptor = self._reading.get(name)
        if descriptor is None:
            return False
        try:
            data = os.read(descriptor, _READ)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._end(name)
            return False
        self._written(name, data)
        return True

    def _end(self, name: str) -> None:
        descriptor = self._reading.pop(name)
        self._loop.remove_reader(descriptor)
        os.close(descriptor)


_requests = msgspec.msgpack.Decoder(TaskRequest)


class AttemptOutput:
    """Where it goes, of one attempt. `observed` is told that the task's log grows."""

    def __init__(self, job: Job, observed: Callable[[Observed], None]) -> None:
        request = _requests.decode(job.request)
        masker = Masker(request.secrets.hidden) if request.secrets.hidden else NOTHING
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in STREAMS}

        def grown(size: int) -> None:
            observed(Observed(job.attempt_id, "log", raw(LogGrown(size=size))))

        # A notebook's own programs write into their cells; what is left is the machinery's.
        self._is_machinery = request.kind == "notebook"
        self._masker = masker
        self._log = TaskLog(os.path.join(request.directory, LOG), grown, masker)

    def write(self, name: str, data: bytes) -> None:
        text = self._decoders[name].decode(data)
        if self._is_machinery:
            to_worker_log(self._masker.text(text).encode())
        else:
            self._log.stream(name).write(text)

    def end(self) -> None:
        """What no newline ended is a line, too."""
        self._log.end()


def to_worker_log(data: bytes) -> None:
    """As it is."""
    try:
        os.write(sys.stderr.fileno(), data)
    except (OSError, ValueError):
        pass
