"""The bytes of a notebook in the file system: only of regular files, never waiting, never more than a notebook has."""

from __future__ import annotations

import os
import stat
from typing import Final

from studio.core.names import shown
from studio.errors import InvalidInput, NotARegularFile, NotebookNotFound, NotebookTooLarge

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

    Raises `NotebookNotFound`, `NotARegularFile`, `NotebookTooLarge`, or `InvalidInput` for what the system refuses.
    """
    name = f"The notebook {shown(path, 300)}"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError):
        raise NotebookNotFound(f"There is no notebook {shown(path, 300)}.", field="path") from None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and os.path.exists(path) and not os.path.isfile(path):
            raise _not_regular(name, os.stat(path).st_mode) from error  # a socket cannot even be opened
        raise InvalidInput(f"{name} cannot be read: {_reason(error)}.", field="path") from error
    with open(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise _not_regular(name, state.st_mode)
        try:
            content = file.read(MAX_BYTES + 1) if state.st_size <= MAX_BYTES else b""
        except OSError as error:
            raise InvalidInput(f"{name} cannot be read: {_reason(error)}.", field="path") from error
    if max(state.st_size, len(content)) > MAX_BYTES:
        raise too_large(name)
    return content


def too_large(name: str) -> NotebookTooLarge:
    """The error for a notebook of more than `MAX_BYTES`."""
    return NotebookTooLarge(
        f"{name} has more than {MAX_BYTES >> 20} MB.", hint="Clear its outputs and save it.", field="path"
    )


def _not_regular(name: str, mode: int) -> NotARegularFile:
    kind = next((kind for is_kind, kind in _KINDS if is_kind(mode)), "no file")
    return NotARegularFile(
        f"{name} is {kind}, not a file.",
        hint="Name an .ipynb file, for example 'reports/daily.ipynb'.",
        field="path",
    )


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
