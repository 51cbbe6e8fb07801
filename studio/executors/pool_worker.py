"""A worker as the pool executor sees it: its process, its connection, and what it was given."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from studio.executors.settlement import LOG
from studio.executors.worker_server import Connection
from studio.worker.messages import Acknowledged, End, Job, Run
from studio.worker.processes import is_same_process, started_at
from studio.worker.runner_process import import_directory

#: Not for workers: they and the user code in them never speak to the database. The others belong to an attempt, in
#: case this server was started by one.
_NOT_INHERITED: Final = (
    "STUDIO_ATTEMPT",
    "STUDIO_DAG_ID",
    "STUDIO_DATABASE",
    "STUDIO_RUN_ID",
    "STUDIO_TASK_ID",
    "STUDIO_TOKEN",
)


@dataclass(frozen=True, slots=True)
class PoolTimings:
    """All in seconds."""

    lease: float = 30.0  # silence after which a worker is judged lost, and killed
    beat: float = 5.0
    grace: float = 3.0  # from an interrupt to SIGTERM, and from there to SIGKILL
    orphan_timeout: float = 60.0  # a worker without server and work exits
    hello: float = 2.0  # how long the start waits for workers that are there already
    look: float = 1.0  # between two looks at the workers' processes
    backoff: float = 0.2  # before a worker that died at once is replaced; doubles up to 30 s


@dataclass(eq=False, slots=True)
class PoolWorker:
    """`given`: attempts it holds or runs, with their jobs as long as they are known and not known to have begun."""

    directory: Path
    slots: int
    pid: int | None
    start: float | None  # of the process, as in `processes.started_at`
    heard: float  # monotonic seconds
    process: subprocess.Popen[bytes] | None = None  # if this server started it
    connection: Connection | None = None
    given: dict[int, Job | None] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    unacknowledged: set[int] = field(default_factory=set)
    has_said_hello: bool = False
    is_retiring: bool = False  # gets nothing new, exits when idle
    is_gone: bool = False  # no process is left, or it is being ended
    is_settled: bool = False  # its journal was read

    @property
    def worker_id(self) -> str:
        return self.directory.name

    @property
    def is_available(self) -> bool:
        return self.connection is not None and not self.is_retiring

    def is_alive(self) -> bool:
        """Whether its process is there."""
        if self.process is not None and self.process.poll() is not None:
            return False
        if self.pid is None:
            return False
        if self.start is None:  # adopted so early that it had not said who it is
            return started_at(self.pid) is not None
        return is_same_process(self.pid, self.start)

    def holds_less_urgent(self, job: Job) -> bool:
        """Whether something that `job` would overtake waits in it."""
        return any(held is not None and held.priority > job.priority for held in self.given.values())

    def run(self, jobs: list[Job]) -> None:
        for job in jobs:
            self.given[job.attempt_id] = job
        if self.connection is not None:
            self.connection.send([Run(jobs)])

    def end(self, attempt_ids: list[int]) -> None:
        if self.connection is not None:
            self.connection.send([End(attempt_ids)])

    def acknowledge(self, attempt_ids: list[int]) -> None:
        self.unacknowledged.difference_update(attempt_ids)
        if self.connection is not None:
            self.connection.send([Acknowledged(attempt_ids)])

    def let_go(self) -> None:
        """The process lives on without us."""
        if self.process is not None and self.process.poll() is None:
            self.process.returncode = 0  # else Popen complains that nobody waits for it
        self.process = None
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def spawn_worker(root: Path, socket: str, slots: int, timings: PoolTimings) -> PoolWorker:
    """Start a worker in a session of its own. Raises `OSError`."""
    directory = root / f"w{int(time.time()):x}{secrets.token_hex(3)}"
    directory.mkdir(parents=True, mode=0o700)
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    environment["STUDIO_WORKER"] = directory.name
    command = [sys.executable, "-m", "studio.worker", "--root", str(root), "--id", directory.name]
    command += ["--socket", socket, "--slots", str(slots), "--beat", str(timings.beat)]
    command += ["--grace", str(timings.grace), "--orphan-timeout", str(timings.orphan_timeout)]
    log = os.open(directory / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=environment,
            cwd=import_directory() or directory,
        )
    finally:
        os.close(log)
    return PoolWorker(
        directory, slots, process.pid, started_at(process.pid), time.monotonic(), process=process
    )
