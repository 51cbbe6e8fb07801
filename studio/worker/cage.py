"""The cage of an attempt: how much memory, and how many processes, it and all that it starts may have.

It is a control group for each attempt, made by the runner. A worker notes the cages it makes in its directory, so that
those of a runner or of a worker that was killed are found and removed: by the next cage, or when the worker is settled.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

from studio.worker.cgroups import CageUnavailable, Group, find_parents, hand_down, remove_groups
from studio.worker.processes import is_same_process, started_at

Verdict = Literal["oom_killed", "too_many_processes"]

_RECORDS: Final = "cages"  # folder in a worker's directory
_UNNAMABLE: Final = re.compile(r"[^A-Za-z0-9_-]+")


class Cage:
    """Context manager; leaving it kills what is in it.

    `memory`: bytes, swap included where the system counts it; what a process had before it was added is not counted.
    `processes`: how many processes *and threads*, since that is what Linux counts; a Python kernel alone has about ten.
    None: not limited. Entering raises `CageUnavailable` where the system permits no control groups.
    """

    def __init__(self, name: str, memory: int | None, processes: int | None) -> None:
        self._name = f"{_prefix(os.environ.get('STUDIO_WORKER'))}{_UNNAMABLE.sub('_', name)}"
        self._memory = memory
        self._processes = processes
        self._is_unified = False
        self._groups: dict[str, Group] = {}  # by controller
        self._verdict: Verdict | None = None
        self._is_judged = False
        self._record: Path | None = None

    @staticmethod
    def available() -> bool:
        """Whether cages can be made here."""
        return Cage.obstacle() is None

    @staticmethod
    @cache
    def obstacle() -> str | None:
        """Why no cages can be made here, for people; None if they can."""
        try:
            with Cage(f"probe_{os.getpid()}", None, None):
                return None
        except CageUnavailable as error:
            return str(error)

    def __enter__(self) -> Cage:
        parents, self._is_unified = find_parents()
        self._groups = {name: Group(parent / self._name) for name, parent in parents.items()}
        self._note()
        try:
            if self._is_unified:
                hand_down(parents["memory"])
            for group in set(self._groups.values()):
                group.create()
            self._limit()
        except OSError as error:
            self.close()
            raise CageUnavailable(
                f"No control group can be made in {parents['memory']}: {error.strerror}."
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def add(self, pid: int) -> None:
        """Put a process into the cage, and with it whatever it starts from now on.

        Raises `OSError` if it cannot be moved; a process that is gone is no error.
        """
        for group in set(self._groups.values()):
            try:
                group.add(pid)
            except ProcessLookupError:
                return

    def pids(self) -> list[int]:
        """Of the processes in it."""
        return self._groups["pids"].pids() if self._groups else []

    def kill(self) -> None:
        """Kill everything in it. Those that were killed may be gone a moment later."""
        self._judge()
        for group in set(self._groups.values()):
            group.kill()

    def verdict(self) -> Verdict | None:
        """Which limit was hit, if one was: ask when the attempt has failed. Also after `close`.

        "oom_killed": the system killed a process in it for want of memory, be it the cage's or the machine's.
        """
        if not self._is_judged and self._groups:
            memory, pids = self._groups["memory"], self._groups["pids"]
            if memory.count("memory.events" if self._is_unified else "memory.oom_control", "oom_kill"):
                self._verdict = "oom_killed"
            elif pids.count("pids.events", "max"):
                self._verdict = "too_many_processes"
        return self._verdict

    def close(self) -> None:
        """Kill what is in it and remove it. Safe to call again."""
        self._judge()
        is_gone = [group.remove() for group in set(self._groups.values())]
        if all(is_gone):
            self._groups = {}
            if self._record is not None:
                self._record.unlink(missing_ok=True)

    def _judge(self) -> None:
        """The last verdict: killing forbids forks, and so hits a limit itself."""
        self.verdict()
        self._is_judged = True

    def _limit(self) -> None:
        memory, pids = self._groups["memory"], self._groups["pids"]
        if self._processes is not None:
            pids.limit("pids.max", self._processes)
        if self._memory is None:
            return
        memory.limit("memory.max" if self._is_unified else "memory.limit_in_bytes", self._memory)
        try:
            if self._is_unified:
                memory.limit("memory.swap.max", 0)
            else:
                memory.limit("memory.memsw.limit_in_bytes", self._memory)
        except OSError:  # swap is not counted here
            pass

    def _note(self) -> None:
        """Write down what will be made, so that it can be removed by others should this process be killed."""
        worker = os.environ.get("STUDIO_WORKER_DIRECTORY")
        if worker is None:
            return
        remove_cages(Path(worker), of_the_living=False)
        me = os.getpid()
        content = {
            "owner": me,
            "started": started_at(me),
            "directories": [str(group.directory) for group in set(self._groups.values())],
        }
        self._record = Path(worker) / _RECORDS / f"{self._name}.json"
        self._record.parent.mkdir(mode=0o700, exist_ok=True)
        self._record.write_text(json.dumps(content))


def remove_cages(worker: Path, *, of_the_living: bool = True) -> list[Path]:
    """Kill and remove what cages are left of the worker with this directory; returns those that cannot be.

    `of_the_living`: also those whose runner is alive; for the last word on a worker.
    """
    left: list[Path] = []
    for record in sorted((worker / _RECORDS).glob("*.json")):
        try:
            content = json.loads(record.read_text())
            is_living = is_same_process(content["owner"], content["started"])
            directories = [Path(each) for each in content["directories"]]
        except (OSError, ValueError, KeyError):  # its owner is writing it, or has just removed it
            continue
        if is_living and not of_the_living:
            continue
        remaining = remove_groups(directories, _prefix(worker.name))
        left += remaining
        if not remaining:
            record.unlink(missing_ok=True)
    return left


def _prefix(worker_id: str | None) -> str:
    """How the names of a worker's groups begin."""
    return f"studio-{worker_id or os.getpid()}-"
