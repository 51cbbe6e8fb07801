"""A pool executor on real processes, and a net under it: no test leaves a process behind."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from studio.artifacts.local import LocalArtifacts
from studio.core.model import Attempt
from studio.core.turn import Launch
from studio.executors.pool import PoolExecutor
from studio.executors.pool_worker import PoolTimings
from studio.ports import Finished, Lost, Report, Started
from studio.settings import Settings
from studio.worker.processes import marked, send_signal
from studio.worker.task import Event

HERE = Path(__file__).resolve().parent
PATIENCE = 20.0  # seconds until a test counts as hanging


class Pool:
    """A `PoolExecutor` over one home, and all that it reported. `start` again is the next server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.artifacts = LocalArtifacts(settings.source_root, settings.artifact_root)
        self.timings = PoolTimings(grace=0.3, backoff=0.05, orphan_timeout=20.0)
        self.reports: list[Report] = []
        self.events: list[tuple[int, Event]] = []
        self.acknowledges = True
        self.executor: PoolExecutor | None = None
        self._changed = asyncio.Event()

    async def start(self, unfinished: Sequence[Attempt] = (), **options: Any) -> set[int]:
        self.executor = PoolExecutor(
            self.settings,
            observe=lambda attempt_id, event: self.events.append((attempt_id, event)),
            artifacts=self.artifacts,
            timings=self.timings,
            **options,
        )
        return await self.executor.start(self._report, unfinished)

    def _report(self, reports: Sequence[Report]) -> None:
        self.reports += reports
        self._changed.set()
        if self.acknowledges and self.executor is not None:
            self.executor.acknowledge([r.attempt_id for r in reports if isinstance(r, Finished | Lost)])

    async def stop(self) -> None:
        assert self.executor is not None
        await self.executor.stop()
        self.executor = None

    def launch(self, attempt_id: int, name: str, **options: Any) -> None:
        assert self.executor is not None
        self.executor.launch([launch(attempt_id, name, **options)])

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until it is true; it is looked at after each report, and now and then."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not (value := condition()):
            assert asyncio.get_running_loop().time() < deadline, f"waited in vain; reports: {self.reports}"
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), 0.02)
            except asyncio.TimeoutError:
                pass
        return value

    def ends(self, attempt_id: int) -> list[Finished | Lost]:
        return [r for r in self.reports if isinstance(r, Finished | Lost) and r.attempt_id == attempt_id]

    def starts(self, attempt_id: int) -> list[Started]:
        return [r for r in self.reports if isinstance(r, Started) and r.attempt_id == attempt_id]

    async def end(self, attempt_id: int) -> Finished | Lost:
        """The report that ended the attempt."""
        await self.until(lambda: self.ends(attempt_id))
        (report,) = self.ends(attempt_id)
        return report

    async def finished(self, attempt_id: int) -> Finished:
        report = await self.end(attempt_id)
        assert isinstance(report, Finished), report
        return report

    async def worker_pid(self) -> int:
        """Of the supervisor of the only worker, once it works."""
        executor = self.executor
        assert executor is not None

        def find() -> int | None:
            alive = [w for w in executor._crew.workers.values() if w.connection is not None]
            return alive[0].pid if len(alive) == 1 else None

        return int(await self.until(find))


def launch(
    attempt_id: int,
    name: str,
    *,
    timeout: float | None = None,
    priority: tuple[float, ...] = (),
    **args: Any,
) -> Launch:
    config = {"function": f"tasks_for_executors:{name}", "args": args, "path": [str(HERE)]}
    where = f"dag/run/task/{attempt_id}"
    return Launch(attempt_id, "dag", "run", "task", -1, 1, "function", config, {}, where, timeout, priority)


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A mark in the environment of everything that the test starts; at the end nothing may carry it."""
    value = secrets.token_hex(8)
    monkeypatch.setenv("STUDIO_TEST_MARK", value)
    yield value
    left = marked("STUDIO_TEST_MARK", value)
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left if Path(f"/proc/{pid}").exists()]
    send_signal(left, signal.SIGKILL)
    assert not left, f"left running: {commands}"


@pytest.fixture
def home(mark: str) -> Iterator[Settings]:
    home = Path(tempfile.mkdtemp(prefix="st-"))
    settings = Settings(home=home, database="", dag_folder=home / "dags", slots=2)
    yield settings
    shutil.rmtree(home)
    shutil.rmtree(settings.socket_directory, ignore_errors=True)


@pytest.fixture
async def pool(home: Settings, mark: str) -> AsyncIterator[Pool]:
    pool = Pool(home)
    yield pool
    if pool.executor is not None:
        await asyncio.wait_for(pool.executor.end_workers(), PATIENCE)
        await pool.stop()
    for _ in range(500):
        if not marked("STUDIO_TEST_MARK", mark):
            break
        await asyncio.sleep(0.01)


def pids_in(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return True
