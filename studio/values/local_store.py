"""The store of values in a directory, with nothing but the standard library."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from studio.values.store import DIGEST, StoredFile, ValueStore


class LocalStore(ValueStore):
    """In a directory, with nothing but the standard library."""

    def open(self, digest: str) -> BinaryIO:
        try:
            return open(self._path(digest), "rb")
        except FileNotFoundError:
            raise self._missing(digest) from None

    def has(self, digest: str) -> bool:
        return os.path.isfile(self._path(digest))

    def renew(self, digest: str) -> bool:
        with self._told("written"):
            try:
                os.utime(self._path(digest))
            except FileNotFoundError:
                return False
        return True

    def files(self) -> Iterator[StoredFile]:
        for folder in _listed(self.url):
            if len(folder) != 2:
                continue
            for name in _listed(os.path.join(self.url, folder)):
                if DIGEST.fullmatch(name):
                    try:
                        status = os.stat(os.path.join(self.url, folder, name))
                    except FileNotFoundError:
                        continue
                    yield StoredFile(name, status.st_size, status.st_mtime)

    def remove(self, digest: str, before: float) -> bool:
        kept, aside = (
            self._path(digest),
            os.path.join(self.url, "partial", f"{digest}-{secrets.token_hex(4)}"),
        )
        with self._told("cleaned"):
            os.makedirs(os.path.dirname(aside), mode=0o700, exist_ok=True)
            try:
                if os.stat(kept).st_mtime >= before:
                    return False
                os.replace(kept, aside)  # whoever saves it from now on writes it anew
            except FileNotFoundError:
                return True
            if os.stat(aside).st_mtime >= before:  # it was saved again just before that
                os.replace(aside, kept)
                return False
            os.unlink(aside)
        return True

    def read_note(self, name: str) -> bytes | None:
        try:
            with open(os.path.join(self.url, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable("read", error) from error

    def write_note(self, name: str, content: bytes) -> None:
        path = os.path.join(self.url, name)
        with self._told("written"):
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            partial = f"{path}.{secrets.token_hex(4)}.part"
            with open(partial, "wb") as file:
                file.write(content)
            os.replace(partial, path)

    def notes(self, folder: str) -> list[str]:
        found = []
        for directory, _, names in os.walk(os.path.join(self.url, folder)):
            inside = os.path.relpath(directory, self.url)
            found += [os.path.join(inside, name) for name in names if not name.endswith(".part")]
        return sorted(found)

    def remove_note(self, name: str) -> None:
        _removed(os.path.join(self.url, name))

    def _path(self, digest: str) -> str:
        return os.path.join(self.url, digest[:2], digest)

    @contextmanager
    def _scratch(self) -> Iterator[str]:
        folder = os.path.join(self.url, "partial")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = os.path.join(folder, f"{os.getpid()}-{secrets.token_hex(8)}")
        try:
            yield path
        finally:
            _removed(path)

    def _keep(self, path: str, digest: str) -> None:
        kept = self._path(digest)
        if self.renew(digest):
            return
        os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # a name must not outlive its content
        finally:
            os.close(descriptor)
        os.chmod(path, 0o600)
        os.replace(path, kept)

    @contextmanager
    def _local(self, digest: str) -> Iterator[str]:
        path = self._path(digest)
        if not os.path.isfile(path):
            raise self._missing(digest)
        yield path


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _removed(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
