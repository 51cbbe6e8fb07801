"""The store of values wherever fsspec gets to."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from studio.values.errors import ValueNotRead, ValueNotThere, ValueStoreUnavailable
from studio.values.store import DIGEST, StoredFile, ValueStore

_FRESH: Final = 600.0  # seconds: a file that is younger is not written once more only to renew its time


class RemoteStore(ValueStore):
    """Wherever fsspec gets to. What it needs to get there (keys, endpoints) it reads from its own configuration."""

    def __init__(self, url: str) -> None:
        super().__init__(url.rstrip("/"))
        self._opened: tuple[Any, str] | None = None

    @property
    def _files(self) -> tuple[Any, str]:
        """The file system, and the root in it."""
        if self._opened is None:
            try:
                import fsspec  # noqa: PLC0415 - heavy, for stores elsewhere only

                self._opened = fsspec.core.url_to_fs(self.url)
            except (ImportError, ValueError) as error:
                raise ValueStoreUnavailable(
                    f"The store of values {self.url} cannot be used: {error}.",
                    hint="Install what fsspec needs for it, for example `pip install pipeline-studio[s3]`.",
                ) from error
        return self._opened

    def open(self, digest: str) -> BinaryIO:
        files, _ = self._files
        try:
            opened: BinaryIO = files.open(self._path(digest), "rb")
        except FileNotFoundError:
            raise self._missing(digest) from None
        except Exception as error:
            raise self._unavailable("read", error) from error
        return opened

    def has(self, digest: str) -> bool:
        return self._info(self._path(digest)) is not None

    def renew(self, digest: str) -> bool:
        if self._is_fresh(digest):
            return True
        try:
            with self._told("written"), self._local(digest) as path:
                self._keep(path, digest)
        except ValueNotThere:
            return False
        return True

    def files(self) -> Iterator[StoredFile]:
        files, root = self._files
        with self._told("listed"):
            files.invalidate_cache()
            found = files.find(root, detail=True)
        for path, info in found.items():
            name = path.rsplit("/", 1)[-1]
            if DIGEST.fullmatch(name) and path.rsplit("/", 2)[-2] == name[:2]:
                yield StoredFile(name, int(info.get("size") or 0), _moment(info))

    def remove(self, digest: str, before: float) -> bool:
        info = self._info(self._path(digest))
        if info is not None and _moment(info) >= before:
            return False
        self._remove(self._path(digest))
        return True

    def read_note(self, name: str) -> bytes | None:
        files, root = self._files
        with self._told("read"):
            try:
                content: bytes = files.cat_file(f"{root}/{name}")
            except FileNotFoundError:
                return None
        return content

    def write_note(self, name: str, content: bytes) -> None:
        files, root = self._files
        with self._told("written"):
            files.pipe_file(f"{root}/{name}", content)

    def notes(self, folder: str) -> list[str]:
        files, root = self._files
        with self._told("listed"):
            files.invalidate_cache()
            try:
                found = files.find(f"{root}/{folder}")
            except FileNotFoundError:
                return []
        return sorted(path.removeprefix(root).lstrip("/") for path in found)

    def remove_note(self, name: str) -> None:
        self._remove(f"{self._files[1]}/{name}")

    def _path(self, digest: str) -> str:
        return f"{self._files[1]}/{digest[:2]}/{digest}"

    def _remove(self, path: str) -> None:
        files, _ = self._files
        with self._told("cleaned"):
            try:
                files.rm_file(path)
            except FileNotFoundError:
                pass

    def _info(self, path: str) -> dict[str, Any] | None:
        files, _ = self._files
        with self._told("read"):
            files.invalidate_cache()
            try:
                found: dict[str, Any] = files.info(path)
            except FileNotFoundError:
                return None
        return found

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except (ValueNotThere, ValueNotRead, ValueStoreUnavailable):
            raise
        except Exception as error:  # each file system has errors of its own
            if isinstance(error, OSError) or _is_of_the_network(error):
                raise self._unavailable(done, error) from error
            raise

    @contextmanager
    def _scratch(self) -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix="studio-value-") as folder:
            yield os.path.join(folder, "value")

    def _keep(self, path: str, digest: str) -> None:
        if not self._is_fresh(digest):
            self._files[0].put_file(path, self._path(digest))

    def _is_fresh(self, digest: str) -> bool:
        info = self._info(self._path(digest))
        return info is not None and time.time() - _moment(info) <= _FRESH

    @contextmanager
    def _local(self, digest: str) -> Iterator[str]:
        with self._scratch() as path:
            try:
                self._files[0].get_file(self._path(digest), path)
            except FileNotFoundError:
                raise self._missing(digest) from None
            yield path


def _moment(info: dict[str, Any]) -> float:
    """When a remote file was written, as its file system says; 0 if it does not."""
    told = info.get("LastModified") or info.get("mtime") or info.get("modified") or info.get("updated") or 0
    return float(told.timestamp()) if hasattr(told, "timestamp") else float(told)


def _is_of_the_network(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in {
        "botocore",
        "aiohttp",
        "aiobotocore",
        "google",
        "azure",
        "gcsfs",
    }
