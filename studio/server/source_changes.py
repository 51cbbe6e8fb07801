"""Whether the file of a notebook still has the content that an attempt ran, or that was published."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from threading import Lock
from typing import Final

from studio.artifacts.notebook_files import read_bytes
from studio.errors import InvalidInput

MAX_KNOWN: Final = 4096  # files


class SourceDigests:
    """Hashes of files, each read again only when its size or time has changed. Blocking: call it in a thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[tuple[int, int, int], str]] = OrderedDict()
        self._lock = Lock()

    def differs(self, path: object, digest: object) -> bool | None:
        """Whether the file at `path` now has another SHA-256; None if either is unknown, or it cannot be read."""
        if not (isinstance(path, str) and isinstance(digest, str) and os.path.isabs(path)):
            return None
        found = self._digest(path)
        return None if found is None else found != digest

    def _digest(self, path: str) -> str | None:
        try:
            state = os.stat(path)
            stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
            with self._lock:
                known = self._known.get(path)
            if known is not None and known[0] == stamp:
                return known[1]
            digest = hashlib.sha256(read_bytes(path)).hexdigest()
        except (OSError, ValueError, InvalidInput):
            return None
        with self._lock:
            self._known[path] = (stamp, digest)
            while len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return digest
