"""The log of an attempt: `log.jsonl`, one JSON object a line, `{"time", "level", "source", "text"}`.

A line is in the file when the call that completed it returns: whatever kills the process afterwards, nothing of it is
lost, and nobody has to flush. The file exists only if something is said.
"""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Literal, TextIO

import msgspec

from studio.secrets.access import current_masker
from studio.secrets.masking import NOTHING, Masker
from studio.worker.task import Emit, LogGrown, TaskRequest

LOG: Final = "log.jsonl"  # in the attempt's directory
MAX_LOG: Final = 100_000_000  # bytes of the file; what comes after is dropped, once with a notice
MAX_TEXT: Final = 64 * 1024  # characters of one record; a longer one is split
TELL_EVERY: Final = 0.25  # seconds between two calls of `grown` at least

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LEVELS: Final[tuple[Level, ...]] = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")  # by weight

_LEVEL_OF: Final[dict[str, Level]] = {"stdout": "INFO", "stderr": "WARNING"}
_BAR_EVERY: Final = 1.0  # seconds between two records of a progress bar, which rewrites its line


class LogLine(msgspec.Struct, frozen=True):
    """A line of the file."""

    time: float  # seconds since the epoch
    level: Level
    source: str  # "stdout", "stderr", "studio", "kernel", or the name of a logger
    text: str


class LogStream(io.TextIOBase):
    """What user code prints to: each line a record. What is not ended by a newline waits for it, or for a flush."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, log: TaskLog, source: str) -> None:
        self.log: Final = log
        self.source: Final = source
        self._level: Final = _LEVEL_OF.get(source, "INFO")
        self._lock = threading.RLock()  # a signal handler may print too
        self._waiting: list[str] = []  # the beginning of a line
        self._length = 0
        self._is_split = False  # the line has a record already
        self._bar_until = 0.0  # monotonic

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() takes text, not {type(text).__name__}")
        with self._lock:
            if "\n" not in text:
                self._waiting.append(text)
                self._length += len(text)
                if self._length > MAX_TEXT:
                    self._say([self._taken()])
                    self._is_split = True
                return len(text)
            lines = text.split("\n")
            rest = lines.pop()
            if self._waiting:
                self._waiting.append(lines[0])
                lines[0] = self._taken()
            elif self._is_split and not lines[0]:
                del lines[0]
            self._is_split = False
            if rest:
                self._waiting.append(rest)
                self._length = len(rest)
            self._say(lines)
        return len(text)

    def flush(self) -> None:
        """Makes a record of an unfinished line; of a progress bar (`\\r…`) only now and then."""
        with self._lock:
            if (
                not self._waiting or self.log.masker
            ):  # half a secret would not be found: the line waits for its end
                return
            if any("\r" in part for part in self._waiting):
                now = time.monotonic()
                if now < self._bar_until:
                    return
                self._bar_until = now + _BAR_EVERY
            self._say([self._taken()])
            self._is_split = True

    def end(self) -> None:
        """Makes a record of an unfinished line."""
        with self._lock:
            if self._waiting:
                self._say([self._taken()])

    def close(self) -> None:
        """Nothing: user code that closes `sys.stdout` does not silence what comes after it."""

    def writable(self) -> bool:
        return True

    def _taken(self) -> str:
        text = "".join(self._waiting)
        self._waiting.clear()
        self._length = 0
        return text

    def _say(self, lines: list[str]) -> None:
        shown = [line if "\r" not in line else _overwritten(line) for line in lines]
        self.log.lines(self._level, self.source, shown)


class TaskLog:
    """Of one attempt. `with log:` puts it in place of `sys.stdout` and `sys.stderr`. Safe for threads.

    `grown` is told the size of the file in bytes after the first record, and then at most every `TELL_EVERY` seconds:
    the last records before a pause may be untold, so whoever hears of it looks again a little later.
    """

    def __init__(
        self, path: str, grown: Callable[[int], None] | None = None, masker: Masker = NOTHING
    ) -> None:
        self._path = path
        self._grown = grown
        self.masker: Final = masker
        self._file: int | None = None
        self._lock = threading.RLock()
        self._encode = msgspec.json.Encoder().encode
        self._size = 0
        self._told_at = float("-inf")  # monotonic
        self._is_torn = False  # the file ends within a line: the disk was full
        self._is_full = False
        self._ended = False
        self._saved: tuple[TextIO, TextIO] | None = None
        self._streams: dict[str, LogStream] = {}
        self._out = self.stream("stdout")

    def __enter__(self) -> TaskLog:
        self._saved = (sys.stdout, sys.stderr)
        sys.stdout, sys.stderr = self._out, self.stream("stderr")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._saved is not None:
            sys.stdout, sys.stderr = self._saved
        self.end()

    def stream(self, source: str) -> LogStream:
        """The file-like whose lines are records of `source`: "stdout" or "stderr"."""
        with self._lock:
            if source not in self._streams:
                self._streams[source] = LogStream(self, source)
            return self._streams[source]

    def write(self, text: str) -> int:
        """As `stdout`."""
        return self._out.write(text)

    def flush(self) -> None:
        """Make records of unfinished lines."""
        for stream in list(self._streams.values()):
            stream.flush()

    def record(self, level: str, source: str, text: str, time: float | None = None) -> None:
        """One record, of any number of lines; `time` in seconds since the epoch. Unknown levels are INFO."""
        known: Level = next((each for each in LEVELS if each == level), "INFO")
        self.lines(known, source, [text.rstrip("\n")], time)

    def lines(self, level: Level, source: str, texts: list[str], at: float | None = None) -> None:
        """One record for each of `texts`."""
        now = time.time() if at is None else at
        content = bytearray()
        for text in self.masker.value(texts):
            while len(text) > MAX_TEXT:
                content += self._line(LogLine(now, level, source, text[:MAX_TEXT]))
                text = text[MAX_TEXT:]
            content += self._line(LogLine(now, level, source, text))
        size = self._append(content)
        if size is not None and self._grown is not None:
            self._grown(size)

    def end(self) -> None:
        """Close the file; what is written from now on is dropped: a thread that outlived its task speaks to nobody."""
        for stream in list(self._streams.values()):
            stream.end()
        with self._lock:
            self._ended = True
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _line(self, line: LogLine) -> bytes:
        try:
            return self._encode(line) + b"\n"
        except UnicodeEncodeError:  # a lone surrogate
            source, text = (part.encode("utf-8", "replace").decode() for part in (line.source, line.text))
            return self._encode(LogLine(line.time, line.level, source, text)) + b"\n"

    def _append(self, content: bytes | bytearray) -> int | None:
        """Write whole lines; the file's size if it should be told."""
        with self._lock:
            if self._ended or self._is_full or not content:
                return None
            if self._file is None and not self._open():
                return None
            if self._size + len(content) > MAX_LOG:
                self._is_full = True
                room = max(0, MAX_LOG - self._size)
                content = content[: content.rfind(b"\n", 0, room) + 1]
                text = f"The log ends here: it has more than {MAX_LOG:,} bytes. What follows is dropped."
                content += self._line(LogLine(time.time(), "WARNING", "studio", text))
            self._put(content)
            now = time.monotonic()
            if self._grown is None or now - self._told_at < TELL_EVERY:
                return None
            self._told_at = now
            assert self._file is not None
            return os.fstat(self._file).st_size  # others write into it, too

    def _open(self) -> bool:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        try:
            self._file = os.open(self._path, flags, 0o644)
            self._size = os.fstat(self._file).st_size
        except OSError:  # a task does not fail because it speaks
            return False
        return True

    def _put(self, content: bytes | bytearray) -> None:
        """Append; on a full disk what does not fit is dropped, and the next line begins a line again."""
        assert self._file is not None
        rest = memoryview(b"\n" + content if self._is_torn else content)
        try:
            while rest:
                written = os.write(self._file, rest)
                self._size += written
                rest = rest[written:]
                self._is_torn = bool(rest)
        except OSError:
            pass


def log_of(request: TaskRequest, emit: Emit | None = None) -> TaskLog:
    """The log of the attempt; `emit` is told that it grows."""
    grown = None if emit is None else lambda size: emit(LogGrown(size=size))
    return TaskLog(os.path.join(request.directory, LOG), grown, current_masker())


def _overwritten(line: str) -> str:
    """`line` as a terminal shows it: a carriage return starts it anew."""
    body = line.rstrip("\r")
    return body[body.rfind("\r") + 1 :]
