"""Exports of attempts, kept beside the notebook they were made of as long as that is the same."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from studio.artifacts.local import write_atomically
from studio.errors import NotFound
from studio.exports.conversion import MAX_EXPORT, Format, convert

AT_ONCE: Final = 2  # conversions; more wait


def file_name(form: Format) -> str:
    """Of a kept export, in the attempt's directory."""
    return f"output.{form}"


class Exports:
    """Makes exports, at most `AT_ONCE` at a time, and each only once. For one event loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._making: dict[Path, tuple[asyncio.Lock, int]] = {}  # by kept file; how many are in line

    async def export(
        self, notebook: Path, form: Format, *, is_final: bool, title: str = "", images: str = ""
    ) -> bytes:
        """The notebook in this format; what is kept, if that is of this notebook.

        is_final: nobody writes to the notebook any more, so that the export is kept. title, images: see `convert`.
        Raises `NotFound` without a notebook, `ExportFailed`, `ExportUnavailable`.
        """
        kept = notebook.with_name(file_name(form))
        async with self._in_line(kept):
            if is_final and (found := await asyncio.to_thread(_read, notebook, kept)) is not None:
                return found
            stamp = _stamp(notebook)
            if stamp is None:
                raise NotFound("There is no output notebook to export yet.")
            async with self._turn:
                content = await convert(notebook, form, title=title, images=images)
            if is_final and _stamp(notebook) == stamp:
                await asyncio.to_thread(_keep, kept, content, stamp)
            return content

    @asynccontextmanager
    async def _in_line(self, kept: Path) -> AsyncIterator[None]:
        """Who asks for what is being made waits for it, and then finds it."""
        lock, waiting = self._making.get(kept, (asyncio.Lock(), 0))
        self._making[kept] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._making.pop(kept)
            if waiting > 1:
                self._making[kept] = (lock, waiting - 1)


def _stamp(path: Path) -> list[int] | None:
    """By which a file is known to be the same; None if it is no regular file."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size] if stat.S_ISREG(status.st_mode) else None


def _record(kept: Path) -> Path:
    """The file that says of which notebook `kept` was made."""
    return kept.with_name(f".{kept.name}.json")


def _read(notebook: Path, kept: Path) -> bytes | None:
    try:
        descriptor = os.open(_record(kept), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            told = json.loads(file.read(1000))
        if told != [_stamp(notebook), _stamp(kept)] or told[1] is None or told[1][1] > MAX_EXPORT:
            return None
        descriptor = os.open(kept, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MAX_EXPORT)
    except (OSError, ValueError):
        return None


def _keep(kept: Path, content: bytes, stamp: list[int]) -> None:
    """The record comes last: until then the former one, of another notebook, makes nobody believe it."""
    try:
        write_atomically(kept, content)
        write_atomically(_record(kept), json.dumps([stamp, _stamp(kept)]).encode())
    except OSError:  # a full or read-only disk: then it is made again next time
        return
