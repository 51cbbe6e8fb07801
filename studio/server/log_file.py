"""The log of an attempt, read in pieces of bounded size. Blocking: call it in a thread.

A log may have 100 MB and may grow meanwhile. Whatever is asked, memory is bounded by an answer and a chunk, and time
by `PATIENCE`: an answer that is not complete says from where to go on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from studio.api.models import LogLevel, LogRecord
from studio.errors import NotFound
from studio.server.notebook_file import open_file
from studio.worker.task_log import LEVELS, LOG, LogLine

OLD_LOG: Final = "log.txt"  # of attempts before there were records: plain text
NAMES: Final = (LOG, OLD_LOG)

MAX_RECORDS: Final = 5000  # of an answer
MAX_BYTES: Final = 1024 * 1024  # of the lines of an answer
PATIENCE: Final = 3.0  # seconds of reading for one answer

_CHUNK: Final = 256 * 1024  # bytes
_MAX_LINE: Final = 1024 * 1024  # bytes; our own are shorter, so a longer one is cut anywhere
_MAX_TEXT: Final = 64 * 1024  # characters shown of a line that is no record

_decode = msgspec.json.Decoder(LogLine).decode
_Line = tuple[int, bytes]  # offset, without its newline
_Wanted = Callable[[LogRecord], bool]


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which records: those from byte `after` to before byte `before`; with `tail` (always, if there is no `after`)
    the last of them, else the first.
    """

    level: LogLevel = "DEBUG"  # at least
    source: str | None = None
    search: str | None = None  # part of the text, in any case
    after: int | None = None
    before: int | None = None
    tail: int | None = None  # records

    def wants(self, record: LogRecord) -> bool:
        return (
            LEVELS.index(record.level) >= LEVELS.index(self.level)
            and (self.source is None or record.source == self.source)
            and (self.search is None or self.search.lower() in record.text.lower())
        )


@dataclass(frozen=True, slots=True)
class LogPage:
    """As `studio.api.models.TaskLog`."""

    records: list[LogRecord]
    start: int = 0
    end: int = 0
    size: int = 0
    truncated: bool = False


def read_log(paths: Sequence[Path], query: LogQuery) -> LogPage:
    """From the first of `paths` that exists; empty if none does."""
    with _opened(paths) as found:
        return LogPage([]) if found is None else found.page(query)


def read_new(paths: Sequence[Path], start: int, most: int, behind: int) -> LogPage:
    """What follows `start`: at most `most` bytes of whole lines, but one line at least; of more than `behind` bytes
    only the end.
    """
    with _opened(paths) as found:
        return LogPage([], start, start) if found is None else found.after(start, most, behind)


def log_size(paths: Sequence[Path]) -> int:
    """Bytes up to the last whole line."""
    with _opened(paths) as found:
        return 0 if found is None else found.end


def log_text(paths: Sequence[Path], start: int) -> tuple[bytes, int]:
    """Lines for people from `start` on, and where to go on; no lines: that was all."""
    with _opened(paths) as found:
        return (b"", start) if found is None else found.text(start)


@contextmanager
def _opened(paths: Sequence[Path]) -> Iterator[_LogFile | None]:
    for path in paths:
        try:
            file = open_file(path)
        except NotFound:
            continue
        with file:
            yield _LogFile(file, is_plain=path.name == OLD_LOG)
        return
    yield None


class _LogFile:
    """An open log. `is_plain`: each line is a text; nothing writes to it any more, so its last line is whole."""

    def __init__(self, file: BinaryIO, *, is_plain: bool) -> None:
        self._file = file
        self._is_plain = is_plain
        self.size = os.fstat(file.fileno()).st_size
        self.end = self.size if is_plain else self._line_before(self.size)

    def page(self, query: LogQuery) -> LogPage:
        stop = self.end if query.before is None else self._line_before(min(query.before, self.end))
        start = self._line_from(min(query.after or 0, stop))
        if query.after is not None and query.tail is None:
            return self._first(start, stop, query.wants)
        return self._last(start, stop, query.wants, min(query.tail or MAX_RECORDS, MAX_RECORDS))

    def after(self, start: int, most: int, behind: int | None = None) -> LogPage:
        end = self.end
        if behind is not None and end - start > behind:
            start = end - most
        start = self._line_from(min(start, end))
        if end - start > most:
            end = max(self._line_before(start + most), self._line_from(start + 1))
        lines = self._forward(start, end)
        records = [self._record(offset, line) for offset, line in lines]
        return LogPage(records, start, end, self.size)

    def text(self, start: int) -> tuple[bytes, int]:
        page = self.after(start, _CHUNK)
        if self._is_plain:
            texts = [record.text for record in page.records]
        else:
            texts = [f"{_moment(r.time)} {r.level} {r.source}: {r.text}" for r in page.records]
        return "".join(f"{text}\n" for text in texts).encode("utf-8", "replace"), page.end

    def _first(self, start: int, stop: int, wants: _Wanted) -> LogPage:
        records: list[LogRecord] = []
        room, deadline = MAX_BYTES, time.monotonic() + PATIENCE
        for number, (offset, line) in enumerate(self._forward(start, stop)):
            is_late = number % 500 == 499 and time.monotonic() > deadline
            if len(records) >= MAX_RECORDS or room <= 0 or is_late:
                return LogPage(records, start, offset, self.size, truncated=True)
            record = self._record(offset, line)
            if wants(record):
                records.append(record)
                room -= len(line)
        return LogPage(records, start, stop, self.size)

    def _last(self, start: int, stop: int, wants: _Wanted, most: int) -> LogPage:
        records: list[LogRecord] = []
        first, room, deadline = stop, MAX_BYTES, time.monotonic() + PATIENCE
        truncated = False
        for number, (offset, line) in enumerate(self._backward(start, stop)):
            is_late = number % 500 == 499 and time.monotonic() > deadline
            if len(records) >= most or room <= 0 or is_late:
                truncated = True
                break
            record, first = self._record(offset, line), offset
            if wants(record):
                records.append(record)
                room -= len(line)
        return LogPage(records[::-1], first, stop, self.size, truncated)

    def _record(self, offset: int, line: bytes) -> LogRecord:
        if not self._is_plain:
            try:
                found = _decode(line)
            except msgspec.MsgspecError:  # torn by a full disk, or written by the task itself
                pass
            else:
                return LogRecord(
                    offset=offset, time=found.time, level=found.level, source=found.source, text=found.text
                )
        text = line.decode("utf-8", "replace")[:_MAX_TEXT]
        return LogRecord(offset=offset, time=None, level="INFO", source="stdout", text=text)

    # Lines ------------------------------------------------------------------------------------------------------

    def _read(self, start: int, stop: int) -> bytes:
        self._file.seek(start)
        return self._file.read(stop - start)

    def _forward(self, start: int, stop: int) -> Iterator[_Line]:
        offset, rest = start, b""
        for position in range(start, stop, _CHUNK):
            lines = (rest + self._read(position, min(stop, position + _CHUNK))).split(b"\n")
            rest = lines.pop()
            for line in lines:
                yield offset, line
                offset += len(line) + 1
            if len(rest) >= _MAX_LINE:
                yield offset, rest
                offset, rest = offset + len(rest), b""
        if rest:
            yield offset, rest

    def _backward(self, start: int, stop: int) -> Iterator[_Line]:
        """The last line first."""
        position, rest = stop, b""  # `rest` begins within a line
        while position > start:
            begin = max(start, position - _CHUNK)
            block = self._read(begin, position) + rest
            position, cut = begin, 0
            if begin > start:
                cut = block.find(b"\n") + 1
                if cut in (0, len(block)) and len(block) < _MAX_LINE:
                    rest = block
                    continue
            rest = block[:cut]
            offset = begin + len(block)
            for line in reversed(_lines(block[cut:])):
                offset -= len(line)
                yield offset, line.removesuffix(b"\n")

    def _line_before(self, offset: int) -> int:
        """Where the line begins in which `offset` is; `offset` if that is its begin."""
        begin = max(0, offset - _MAX_LINE)
        found = self._read(begin, offset).rfind(b"\n") + 1
        return begin + found if found or begin == 0 else offset

    def _line_from(self, offset: int) -> int:
        """Where the first line begins that begins at `offset` or after it."""
        if offset == 0 or self._read(offset - 1, offset) == b"\n":
            return offset
        found = self._read(offset, min(offset + _MAX_LINE, self.end)).find(b"\n") + 1
        return offset + found if found else min(offset + _MAX_LINE, self.end)


def _lines(block: bytes) -> list[bytes]:
    """With their newlines. (`bytes.splitlines` would split at carriage returns too.)"""
    lines = [line + b"\n" for line in block.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return "-"
