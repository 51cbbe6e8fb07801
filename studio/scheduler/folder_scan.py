"""Which files of the DAG folder may hold DAGs, and whether one is another than before."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".py", ".ipynb")


@dataclass(frozen=True, slots=True)
class Found:
    """A file as its directory entry tells it: equal means untouched."""

    mtime: float  # seconds since the epoch
    changed_ns: int  # of its inode: also grows with permissions
    size: int  # bytes
    inode: int


def find_dag_files(folder: Path) -> dict[str, Found] | None:
    """Path relative to `folder` → file, in order of path; None if there is no such folder. Blocking.

    Left out are names that begin with `.` or `_` (checkpoints, caches, templates) with all below them, directories
    that are symbolic links, and links to files outside of the folder.
    """
    if not folder.is_dir():
        return None
    root = os.path.realpath(folder)
    found: dict[str, Found] = {}
    for directory, names, files in os.walk(root):
        names[:] = [name for name in names if not _is_hidden(name)]
        for name in files:
            full = os.path.join(directory, name)
            if _is_hidden(name) or not name.endswith(SUFFIXES) or not _is_inside(full, root):
                continue
            try:
                status = os.stat(full)
                path = os.path.relpath(full, root)
                path.encode()
            except (OSError, UnicodeEncodeError):  # gone, a dangling link, or a name no database can keep
                continue
            found[path] = Found(status.st_mtime, status.st_ctime_ns, status.st_size, status.st_ino)
    return dict(sorted(found.items()))


def concerns(folder: Path, path: str) -> bool:
    """Whether a change of `path` may be one of a file that counts; a directory's always may be."""
    try:
        parts = Path(path).relative_to(folder).parts
    except ValueError:
        return True
    return not any(map(_is_hidden, parts[:-1])) and (not parts or Path(path).suffix in ("", *SUFFIXES))


def digest_of(path: Path) -> str:
    """SHA-256 of the content, as hex digits. Blocking; raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def identity(folder: Path) -> tuple[int, int] | None:
    """Tells a folder from another one of the same name; None if there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def _is_inside(path: str, root: str) -> bool:
    return not os.path.islink(path) or os.path.realpath(path).startswith(root + os.sep)
