"""The store of values: files named by the SHA-256 of their content, `<aa>/<digest>`, below a path or a URL of fsspec.

A file is there whole or not at all: it is written under another name first. The same content is kept once; saving it
again renews the file's time, by which the cleaning of the server knows that somebody has just counted on it.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from studio.values.errors import ValueNotRead, ValueNotThere, ValueStoreUnavailable

DIGEST: Final = re.compile(r"[0-9a-f]{64}")

_CHUNK: Final = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the store."""

    digest: str
    size: int  # bytes
    touched: float  # when it was last saved; seconds since the epoch


class ValueStore(ABC):
    """Where values are. Every method may raise `ValueStoreUnavailable`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, write: Callable[[str], object]) -> tuple[str, int]:
        """Keep what `write` writes to the path it is given: its digest and its size in bytes."""
        with self._told("written"), self._scratch() as path:
            write(path)
            digest, size = _digest_of(path)
            self._keep(path, digest)
        return digest, size

    @contextmanager
    def fetched(self, digest: str) -> Iterator[str]:
        """A local path of the content, as long as the block lasts.

        Raises `ValueNotThere`, and `ValueNotRead` if the file is damaged.
        """
        with self._told("read"), self._local(digest) as path:
            if _digest_of(path)[0] != digest:
                raise ValueNotRead(
                    f"The value {digest[:12]}… in {self.url} is damaged: its content does not have its hash.",
                    hint="Clear the task that made it.",
                )
            yield path

    @abstractmethod
    def open(self, digest: str) -> BinaryIO:
        """The content as a stream, to be closed. Raises `ValueNotThere`."""

    @abstractmethod
    def has(self, digest: str) -> bool: ...

    @abstractmethod
    def renew(self, digest: str) -> bool:
        """Count on a file as if it had just been saved; whether it is there."""

    @abstractmethod
    def files(self) -> Iterator[StoredFile]:
        """All that are there, in no order."""

    @abstractmethod
    def remove(self, digest: str, before: float) -> bool:
        """Remove a file unless it was saved again since `before`; whether it is gone.

        Locally no save is missed, however close; elsewhere one within the time of a request may be.
        """

    # Small files beside the values, by a relative path: the entries of the cache.

    @abstractmethod
    def read_note(self, name: str) -> bytes | None: ...

    @abstractmethod
    def write_note(self, name: str, content: bytes) -> None:
        """Whoever reads sees the old or the new one."""

    @abstractmethod
    def notes(self, folder: str) -> list[str]:
        """The names of those below `folder`, sorted."""

    @abstractmethod
    def remove_note(self, name: str) -> None:
        """Not there is fine."""

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unavailable(done, error) from error

    def _unavailable(self, done: str, error: BaseException) -> ValueStoreUnavailable:
        return ValueStoreUnavailable(
            f"The store of values {self.url} could not be {done}: {type(error).__name__}: {error}.",
            hint="The server's STUDIO_VALUES sets it; look whether it can be reached and written from here.",
        )

    @abstractmethod
    def _scratch(self) -> Any:
        """A context: the path of a new file to be written."""

    @abstractmethod
    def _keep(self, path: str, digest: str) -> None:
        """Keep the file at `path`, which may be moved."""

    @abstractmethod
    def _local(self, digest: str) -> Any:
        """A context: the path of a local file with the content. Raises `ValueNotThere`."""

    def _missing(self, digest: str) -> ValueNotThere:
        return ValueNotThere(
            f"The value {digest[:12]}… is not in {self.url} any more.",
            hint="Values go with their runs. Clear the task that made it.",
        )


def _digest_of(path: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
