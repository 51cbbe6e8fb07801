"""The packages that an environment has, read from its folders: nothing is imported, and no process started."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable
from typing import Any, Final

_METADATA: Final = (".dist-info", ".egg-info")
_SEPARATORS: Final = re.compile(r"[-_.]+")


class InstalledPackages:
    """What stands in the given `site-packages` folders: a snapshot, see `packages_in`."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self._metadata: dict[str, str] = {}  # by normalised name: path of its metadata
        self._packages: dict[str, tuple[str, str]] = {}  # by normalised name: name, version
        for folder in reversed(folders):  # the first one on the path is the one imported
            for entry in _entries(folder):
                stem, suffix = os.path.splitext(entry)
                name, dash, version = stem.partition("-")
                if suffix in _METADATA and dash:
                    key = _normal(name)
                    self._metadata[key] = os.path.join(folder, entry)
                    self._packages[key] = (name.replace("_", "-"), version.partition("-py")[0])
        told = "\n".join(sorted(f"{key}=={version}" for key, (_, version) in self._packages.items()))
        self.digest: Final = hashlib.sha256(told.encode()).hexdigest()
        self._providers: dict[str, str | None] = {}  # module → normalised name of its package

    def versions_of(self, modules: Iterable[str]) -> dict[str, str]:
        """Package → version, of those that have one of the top-level `modules`."""
        unknown = [name for name in modules if name not in self._providers and not self._by_name(name)]
        if unknown:
            self._search(unknown)
        found = {self._providers[name] for name in modules}
        named = [self._packages[key] for key in found if key is not None]
        return dict(sorted(named, key=lambda package: package[0].lower()))

    def _by_name(self, module: str) -> bool:
        """Whether a package is called as its module, which most are."""
        key = _normal(module)
        if key not in self._packages:
            return False
        self._providers[module] = key
        return True

    def _search(self, modules: list[str]) -> None:
        """Look through what the packages say they contain: some milliseconds, once for each environment."""
        left = set(modules)
        for key, path in self._metadata.items():
            provided = _provided(path, left)
            for module in provided:
                self._providers[module] = key
            left -= provided
            if not left:
                return
        self._providers.update(dict.fromkeys(left))


_known: dict[tuple[tuple[str, int], ...], InstalledPackages] = {}
_MOST_KNOWN: Final = 20  # environments
#: Modules that most kernels have, and packages of other names bring: they are searched for.
_OTHERWISE_NAMED: Final = ("dateutil", "mpl_toolkits", "PIL", "sklearn", "yaml", "zmq")


def packages_in(path: Iterable[str]) -> InstalledPackages | None:
    """Of the environment with the import path `path`, read again if something was installed; None if it has no folder
    of packages that can be seen from here."""
    stamps: list[tuple[str, int]] = []
    for folder in path:
        if os.path.basename(folder) not in ("site-packages", "dist-packages"):
            continue
        try:
            stamps.append((folder, os.stat(folder).st_mtime_ns))
        except OSError:
            continue
    if not stamps:
        return None
    key = tuple(stamps)
    if key not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = InstalledPackages(tuple(folder for folder, _ in stamps))
    return _known[key]


def warm() -> None:
    """Read now what the first notebook of this process would wait for, if its kernel is of this Python."""
    found = packages_in(sys.path)
    if found is not None:
        found.versions_of(_OTHERWISE_NAMED)


def _entries(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _provided(metadata: str, modules: set[str]) -> set[str]:
    """Those of `modules` that the package contains."""
    listed = _read(os.path.join(metadata, "top_level.txt"))
    if listed:
        return modules & set(listed.decode("utf-8", "replace").split())
    record = b"\n" + _read(os.path.join(metadata, "RECORD"))
    return {
        name
        for name in modules
        if any(
            f"\n{name}{rest}".encode() in record for rest in ("/__init__.py", ".py,", ".cpython-", ".abi3.so")
        )
    }


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _normal(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()


def as_json(packages: InstalledPackages | None, modules: Iterable[str]) -> dict[str, Any] | None:
    """For the record of an attempt."""
    if packages is None:
        return None
    return {"digest": packages.digest, "imported": packages.versions_of(modules)}
