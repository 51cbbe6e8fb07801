"""Artifacts on the local disk: published sources by content hash, and a directory for each attempt."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from studio.errors import Forbidden, InvalidInput, NotFound

_DIGEST = re.compile(r"[0-9a-f]{64}")


def contained(root: Path, relative: str) -> Path:
    """`root`/`relative` with symlinks resolved; raises `Forbidden` if that is outside of `root`."""
    base = root.resolve()
    path = (base / relative).resolve()
    if not path.is_relative_to(base):
        raise Forbidden(f"The path {relative!r} leads out of its root.")
    return path


def write_atomically(path: Path, content: bytes) -> None:
    """Write so that a reader sees the old or the new content, never a part; private to the user."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)


@dataclass(frozen=True, slots=True)
class LocalArtifacts:
    """`source_root` holds notebooks by hash, `artifact_root` what attempts leave behind.

    `value_url`: where values are kept that tasks pass on (`studio.values`), a path or a URL of fsspec; by default
    beside the attempts, where no DAG can have its name.
    """

    source_root: Path
    artifact_root: Path
    value_url: str = ""

    @property
    def values(self) -> str:
        """Path or URL of the store of values."""
        return self.value_url or f"{self.artifact_root}/.values"

    @property
    def environments(self) -> Path:
        """Where virtual environments of tasks are made (`studio.worker.environments`)."""
        return self.artifact_root.parent / "environments"

    def put_source(self, digest: str, content: bytes) -> None:
        """Keep a published notebook or a pickled function. Raises `InvalidInput` if that is not its SHA-256."""
        if hashlib.sha256(content).hexdigest() != digest:
            raise InvalidInput("The content does not have the given SHA-256.", field="digest")
        path = self._source(digest)
        if not path.exists():
            write_atomically(path, content)

    def has_source(self, digest: str) -> bool:
        return self._source(digest).is_file()

    def source_path(self, digest: str) -> Path:
        """Where the notebook with this hash is. Raises `NotFound` if it was never published."""
        path = self._source(digest)
        if not path.is_file():
            raise NotFound(
                f"No published notebook has the hash {digest[:12]}…", hint="Publish the DAG again."
            )
        return path

    def attempt_directory(self, relative: str) -> str:
        """Absolute path of an attempt's directory (it may not exist yet), for the worker that will fill it.

        `relative` is made of checked names, so its text is enough to tell that it stays inside. What is read later
        goes through `attempt_file`, because task code may have put a symlink there.
        """
        if relative.startswith("/") or ".." in relative.split("/"):
            raise Forbidden(f"The path {relative!r} leads out of its root.")
        return f"{self.artifact_root}/{relative}"

    def attempt_file(self, relative: str, name: str) -> Path:
        """Where a file of an attempt is (it may not exist). Raises `Forbidden` if that is outside, by symlinks too."""
        return contained(self.artifact_root, f"{relative}/{name}")

    def _source(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise InvalidInput("A source is named by 64 hex digits.", field="digest")
        return self.source_root / digest[:2] / f"{digest}.ipynb"
