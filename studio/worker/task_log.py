"""The text a task says, written to a file that exists only if something is said."""

from __future__ import annotations

import io
import sys
import threading
from types import TracebackType
from typing import Final, TextIO

MAX_LOG: Final = 100_000_000  # characters; what comes after is dropped, once with a notice


class TaskLog(io.TextIOBase):
    """A text sink; `with log:` puts it in place of `sys.stdout` and `sys.stderr`. Safe for threads."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._lock = threading.Lock()
        self._left = MAX_LOG
        self._ended = False
        self._saved: tuple[TextIO, TextIO] | None = None

    def __enter__(self) -> TaskLog:
        self._saved = (sys.stdout, sys.stderr)
        sys.stdout = sys.stderr = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._saved is not None:
            sys.stdout, sys.stderr = self._saved
        self.end()

    def end(self) -> None:
        """Close the file; what is written from now on is dropped."""
        with self._lock:
            self._ended = True
            if self._file is not None:
                self._file.close()

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing: user code that closes `sys.stdout` does not silence what comes after it."""

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() takes text, not {type(text).__name__}")
        with self._lock:
            if self._ended or not text or self._left < 0:
                return len(text)  # a thread that outlived its task speaks to nobody
            if self._file is None:
                self._file = open(self._path, "a", encoding="utf-8", errors="replace")  # noqa: SIM115
            self._left -= len(text)
            self._file.write(
                text if self._left >= 0 else f"\n[the log ends here: more than {MAX_LOG} characters]\n"
            )
            if text.endswith("\n"):
                self._file.flush()  # the log is read while the task runs
        return len(text)

    def stream(self, source: str) -> TaskLog:
        """A file-like for "stdout" or "stderr"."""
        return self

    def record(self, level: str, source: str, text: str, time: float | None = None) -> None:
        """A line with its level and where it comes from."""
        self.write(f"{level} {source}: {text}\n")

    def flush(self) -> None:
        with self._lock:
            if self._file is not None and not self._ended:
                self._file.flush()
