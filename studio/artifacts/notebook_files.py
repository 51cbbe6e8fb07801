"""The bytes of a notebook in the file system: only of regular files, never waiting, never more than a notebook has."""

from __future__ import annotations

import os
import stat
from typing import Final

from studio.core.names import shown
from studio.errors import InvalidInput, NotARegularFile, NotebookNotFound, TooLarge

MAX_BYTES: Final = 64 << 20  # a source notebook; outputs that are this large do not belong into one
_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_bytes(path: str) -> bytes:
    """The content of the file at `path`, as it is at one opening. Blocking, but never on a pipe without a writer.

    Raises `NotebookNotFound`, `NotARegularFile`, `TooLarge`, or `InvalidInput` for what the system refuses.
    """
    name = f"The notebook {shown(path, 300)}"
    try:
        _check(os.stat(path), name)  # before it is opened: that alone does something to pipes and devices
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            _check(os.fstat(descriptor), name)
            content = _read(descriptor)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        raise NotebookNotFound(f"There is no notebook {shown(path, 300)}.", field="path") from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InvalidInput(f"{name} cannot be read: {reason}.", field="path") from error
    if len(content) > MAX_BYTES:
        raise too_large(name)
    return content


def _check(state: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(state.st_mode):
        kind = next((kind for is_kind, kind in _KINDS if is_kind(state.st_mode)), "no file")
        raise NotARegularFile(
            f"{name} is {kind}, not a file.",
            hint="Name an .ipynb file, for example 'reports/daily.ipynb'.",
            field="path",
        )
    if state.st_size > MAX_BYTES:
        raise too_large(name)


def _read(descriptor: int) -> bytes:
    """All of it, but hardly more than `MAX_BYTES`: it may grow."""
    with open(descriptor, "rb", closefd=False) as file:
        return file.read(MAX_BYTES + 1)


def too_large(name: str) -> TooLarge:
    """The error for a notebook of more than `MAX_BYTES`."""
    return TooLarge(
        f"{name} has more than {MAX_BYTES >> 20} MB.", hint="Clear its outputs and save it.", field="path"
    )
