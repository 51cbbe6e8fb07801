"""Whether the file of a notebook still has the content that an attempt ran, or that was published."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from threading import Lock
from typing import Final

from studio.artifacts.notebook_files import read_bytes
from studio.core.cells.generated import made_of
from studio.core.notebook_format import parse_notebook
from studio.errors import InvalidInput

MAX_KNOWN: Final = 4096  # files


class SourceDigests:
    """Hashes of files, each read again only when its size or time has changed. Blocking: call it in a thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[tuple[int, int, int], str]] = OrderedDict()
        self._lock = Lock()

    def differs(self, path: object, digest: object, cell: object = None) -> bool | None:
        """Whether the file at `path` now has another SHA-256; None if either is unknown, or it cannot be read.

        `cell`: of a task that was made of this %%task cell of the notebook, what is made of it now counts.
        """
        if not (isinstance(path, str) and isinstance(digest, str) and os.path.isabs(path)):
            return None
        found = self._digest(path, cell if isinstance(cell, str) else "")
        return None if found is None else found != digest

    def _digest(self, path: str, cell: str) -> str | None:
        try:
            state = os.stat(path)
            stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
            with self._lock:
                known = self._known.get((path, cell))
            if known is not None and known[0] == stamp:
                return known[1]
            digest = _digest_of(read_bytes(path), cell)
        except (OSError, ValueError, InvalidInput):
            return None
        with self._lock:
            self._known[path, cell] = (stamp, digest)
            while len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return digest


def _digest_of(content: bytes, cell: str) -> str:
    """Raises `InvalidInput` if it is no notebook."""
    made = made_of(parse_notebook(content, "the notebook"), cell) if cell else content
    return "" if made is None else hashlib.sha256(made).hexdigest()  # "": the cell is gone
