"""Control groups of Linux: where this process may make some, and what one can do.

Version 1 has a hierarchy for each controller, version 2 one for all of them. New groups are always made inside the
process's own group, so that whatever limits this process already has go on holding for them.
https://docs.kernel.org/admin-guide/cgroup-v1/ and https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from studio.errors import StudioError
from studio.worker.processes import send_signal

CONTROLLERS: Final = ("memory", "pids")
BASE: Final = "studio-base"  # version 2: the group that takes in who was in the group that gets subgroups
_PATIENCE: Final = 10.0  # seconds for processes that were killed to be gone


class CageUnavailable(StudioError):
    """This system does not let the process make control groups."""

    code = "limits_unavailable"


@dataclass(frozen=True, slots=True)
class Group:
    """One control group, which need not exist yet."""

    directory: Path

    def create(self) -> None:
        """Raises `OSError`."""
        self.directory.mkdir(exist_ok=True)

    def limit(self, file: str, value: int) -> None:
        """Raises `OSError`."""
        (self.directory / file).write_text(str(value))

    def add(self, pid: int) -> None:
        """Move a process here, with all its threads; what it starts from now on is here too. Raises `OSError`."""
        (self.directory / "cgroup.procs").write_text(str(pid))

    def count(self, file: str, key: str) -> int | None:
        """The number that stands after `key` in `file`; None if there is none."""
        for line in _text(self.directory / file).splitlines():
            name, _, number = line.partition(" ")
            if name == key and number.isdigit():
                return int(number)
        return None

    def pids(self) -> list[int]:
        """Of the processes in it and in the groups inside it."""
        found: list[int] = []
        for directory in _tree(self.directory):
            found += map(int, _text(directory / "cgroup.procs").split())
        return found

    def kill(self) -> None:
        """SIGKILL to every process in it, once; none can fork away from it."""
        try:  # version 2, Linux 5.14
            (self.directory / "cgroup.kill").write_text("1")
        except OSError:
            try:
                self.limit("pids.max", 0)
            except OSError:  # no such controller here: who kills asks again
                pass
            send_signal(self.pids(), signal.SIGKILL)

    def remove(self) -> bool:
        """Kill what is in it and remove it; blocks until then. Whether it is gone."""
        deadline, pause = time.monotonic() + _PATIENCE, 0.001
        while self.directory.exists():
            self.kill()
            try:
                for directory in reversed(_tree(self.directory)):
                    directory.rmdir()
            except FileNotFoundError:
                return True
            except OSError:  # a killed process is not gone yet
                if time.monotonic() > deadline:
                    return False
                time.sleep(pause)
                pause = min(0.05, pause * 2)
        return True


def own_directory(controller: str | None, mounts: str, membership: str) -> Path | None:
    """The directory of a process's group in the hierarchy of `controller`, or in that of version 2 if None.

    `mounts` and `membership`: the texts of `/proc/PID/mountinfo` and `/proc/PID/cgroup`. None if not mounted.
    """
    path = None
    for line in membership.splitlines():
        _, names, where = line.split(":", 2)
        if (controller in names.split(",")) if controller else not names:
            path = where
    if path is None:
        return None
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        root, mount = (field.replace("\\040", " ") for field in left.split()[3:5])
        kind, _, options = right.split()[:3]
        if controller is None and kind != "cgroup2":
            continue
        if controller is not None and (kind != "cgroup" or controller not in options.split(",")):
            continue
        inside = os.path.relpath(path, root)
        return Path(mount) if inside == "." or inside.startswith("..") else Path(mount) / inside
    return None


def find_parents() -> tuple[dict[str, Path], bool]:
    """By controller, the directory in which this process can make groups; and whether that is version 2.

    Raises `CageUnavailable`, which says what is missing. Changes nothing.
    """
    mounts, membership = _text(Path("/proc/self/mountinfo")), _text(Path("/proc/self/cgroup"))
    unified = own_directory(None, mounts, membership)
    if unified is not None:
        parent = unified.parent if unified.name == BASE else unified
        if words(parent / "cgroup.controllers").issuperset(CONTROLLERS):
            if not is_delegated(parent):
                raise CageUnavailable(
                    f"The control group {parent} was not delegated to this process.",
                    hint="Start the studio in one: systemd-run --user --scope -p Delegate=yes studio server.",
                )
            return dict.fromkeys(CONTROLLERS, parent), True
    parents = {name: own_directory(name, mounts, membership) for name in CONTROLLERS}
    missing = [name for name, parent in parents.items() if parent is None]
    if missing:
        raise CageUnavailable(f"There is no control group controller for {' and '.join(missing)} here.")
    return {name: parent for name, parent in parents.items() if parent is not None}, False


def is_delegated(parent: Path) -> bool:
    """Version 2: whether whoever manages the groups of this machine leaves what is below `parent` to us.

    It is if systemd says so, if the subgroups are there already, and if `parent` is the top of what this process can
    see (a container's own, or a machine without a manager).
    """
    if words(parent / "cgroup.subtree_control").issuperset(CONTROLLERS) or parent.is_mount():
        return True
    for name in ("user.delegate", "trusted.delegate"):  # systemd 251; before that only the second
        try:
            if os.getxattr(parent, name) == b"1":
                return True
        except OSError:
            continue
    return False


def hand_down(parent: Path, controllers: Collection[str] = CONTROLLERS) -> None:
    """Version 2: let groups inside `parent` have `controllers`. Raises `OSError`.

    A group that hands controllers down may hold no process itself, but for the root: so those in it move to a group
    inside it, where nothing changes for them.
    """
    if words(parent / "cgroup.subtree_control").issuperset(controllers):
        return
    if (parent / "cgroup.type").exists():  # all but the root have one
        make_room(parent)
    (parent / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))


def make_room(parent: Path) -> None:
    """Version 2: move the processes of `parent` to a group inside it. Raises `OSError`."""
    base = Group(parent / BASE)
    base.create()
    for _ in range(100):  # they may fork meanwhile
        pids = _text(parent / "cgroup.procs").split()
        for pid in pids:
            try:
                base.add(int(pid))
            except ProcessLookupError:
                continue
        if not pids:
            return


def remove_groups(directories: Iterable[Path], prefix: str) -> list[Path]:
    """Kill and remove those of `directories` that are control groups named `prefix…`; returns which are left."""
    left = []
    for directory in directories:
        is_group = directory.name.startswith(prefix) and (directory / "cgroup.procs").exists()
        if is_group and not Group(directory).remove():
            left.append(directory)
    return left


def words(path: Path) -> set[str]:
    """The words in a file; none if it cannot be read."""
    return set(_text(path).split())


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _tree(directory: Path) -> list[Path]:
    """`directory` and all below it, parents first."""
    return [Path(path) for path, _, _ in os.walk(directory)]
