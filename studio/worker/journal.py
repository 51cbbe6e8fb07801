"""A worker's memory on disk. It makes two promises, across any kill -9 of server, worker or runner:

* **At most once.** "Begun" is in the file before a runner hears of the attempt. So an attempt that a dead worker
  was given and that is not in its journal never ran and may be given to another; one that is there without an
  outcome may have done anything, and is lost.
* **Nothing finished is lost.** An outcome is on the disk (`sync`) before the server hears of it, and stays until the
  server says that it is in the database.

What was written survives a kill of the process, because it is in the kernel's memory by then. "Begun" is not synced,
so it does not survive a crash of the machine: after another boot (`Header.boot_id`) what has no outcome is lost.

A record is length, CRC-32, msgpack. A record that is cut off at the end of the file was being written when the
writer died, so nothing that depends on it has happened: it is ignored. Any other fault makes the journal `damaged`,
and nobody may conclude from a record's absence.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from studio.errors import StudioError
from studio.worker.messages import Outcome

COMPACT_ABOVE: Final = 1 << 20  # bytes
_FRAME: Final = struct.Struct(">II")  # length, CRC-32
_encoder = msgspec.msgpack.Encoder()


class JournalError(StudioError):
    """The journal of a worker cannot be written."""

    code = "journal_error"


class Header(msgspec.Struct, frozen=True, array_like=True, tag="header"):
    """Who writes: first in every journal."""

    worker_id: str
    version: str
    boot_id: str
    pid: int
    pid_started: float | None


class _Begun(msgspec.Struct, frozen=True, array_like=True, tag="begun"):
    attempt_id: int
    at: float


class _Forgotten(msgspec.Struct, frozen=True, array_like=True, tag="forgotten"):
    attempt_ids: list[int]


_Record = Header | _Begun | Outcome | _Forgotten
_decoder = msgspec.msgpack.Decoder(_Record)


@dataclass(slots=True)
class JournalContent:
    """What a journal says: attempts that were acknowledged are gone from it."""

    header: Header | None = None  # None: the worker died before it could do anything
    begun: dict[int, float] = field(default_factory=dict)  # attempt → seconds since the epoch; no outcome yet
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    is_damaged: bool = False


def read_journal(path: Path) -> JournalContent:
    """Read the journal of a worker that is gone. A missing file is damaged: it never happens by itself."""
    content = JournalContent()
    try:
        data = path.read_bytes()
    except OSError:
        content.is_damaged = True
        return content
    at = 0
    while at < len(data):
        if len(data) - at < _FRAME.size:
            break
        length, checksum = _FRAME.unpack_from(data, at)
        body = data[at + _FRAME.size : at + _FRAME.size + length]
        at += _FRAME.size + length
        if len(body) < length:
            break
        if zlib.crc32(body) != checksum:
            content.is_damaged = at < len(data)
            break
        try:
            _apply(_decoder.decode(body), content)
        except msgspec.MsgspecError:  # whole, but of a newer version
            content.is_damaged = True
    return content


def _apply(record: _Record, content: JournalContent) -> None:
    if isinstance(record, _Begun):
        content.begun[record.attempt_id] = record.at
    elif isinstance(record, Outcome):
        content.begun.pop(record.attempt_id, None)
        content.outcomes[record.attempt_id] = record
    elif isinstance(record, _Forgotten):
        for attempt_id in record.attempt_ids:
            content.outcomes.pop(attempt_id, None)
            content.begun.pop(attempt_id, None)
    else:
        content.header = record


class Journal:
    """The writing side. Records gather in memory until `write`; `sync` may be called from another thread."""

    def __init__(self, path: Path, header: Header) -> None:
        self._path = path
        self._header = header
        self._pending = bytearray()
        self._size = 0  # bytes that are whole records
        self._long = COMPACT_ABOVE
        self._file = self._replace([header])

    def begun(self, attempt_id: int, at: float) -> None:
        self._add(_Begun(attempt_id, at))

    def ended(self, outcome: Outcome) -> None:
        self._add(outcome)

    def forget(self, attempt_ids: list[int]) -> None:
        """Their outcomes were acknowledged."""
        self._add(_Forgotten(attempt_ids))

    def write(self) -> None:
        """Hand all that gathered to the system, in one call. Raises `JournalError`; then none of it was written."""
        if not self._pending:
            return
        data = bytes(self._pending)
        self._pending.clear()
        try:
            if os.write(self._file, data) != len(data):
                raise OSError("only a part could be written; is the disk full?")
        except OSError as error:
            self._cut_torn_record()
            raise JournalError(f"The journal {self._path} cannot be written: {error}.") from error
        self._size += len(data)

    def sync(self) -> None:
        """Return when all that was written is on the disk. Raises `JournalError`."""
        try:
            getattr(os, "fdatasync", os.fsync)(self._file)
        except OSError as error:
            raise JournalError(f"The journal {self._path} cannot be synced: {error}.") from error

    @property
    def is_long(self) -> bool:
        return self._size > self._long

    def compact(self, begun: Iterable[tuple[int, float]], outcomes: Iterable[Outcome]) -> None:
        """Start a new file with only this in it. Not while another thread is in `sync`."""
        self.write()
        file = self._replace([self._header, *(_Begun(*pair) for pair in begun), *outcomes])
        os.close(self._file)
        self._file = file

    def close(self) -> None:
        os.close(self._file)

    def _cut_torn_record(self) -> None:
        """One in the middle would hide those after it."""
        try:
            os.ftruncate(self._file, self._size)
        except OSError:  # the reader will find the journal damaged, and conclude nothing from it
            pass

    def _add(self, record: _Record) -> None:
        self._pending += _encode(record)

    def _replace(self, records: list[_Record]) -> int:
        """Write and sync a new file, put it in the old one's place; returns it, open for appending."""
        data = b"".join(map(_encode, records))
        new = self._path.with_name(f"{self._path.name}.new")
        file = -1
        try:
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
            if os.write(file, data) != len(data):
                raise OSError("only a part could be written; is the disk full?")
            os.fsync(file)
            new.replace(self._path)
            directory = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            if file >= 0:
                os.close(file)
            raise JournalError(f"The journal {self._path} cannot be written: {error}.") from error
        self._size = len(data)
        self._long = max(COMPACT_ABOVE, 4 * self._size)  # mostly live records: not worth rewriting soon
        return file


def _encode(record: _Record) -> bytes:
    body = _encoder.encode(record)
    return _FRAME.pack(len(body), zlib.crc32(body)) + body
