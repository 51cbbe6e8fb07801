"""A world in which everything goes wrong that may: made of one seed, so that it happens again in the same way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Any

import msgspec

from studio.core.model import Attempt
from studio.core.spec import CronSpec, DagSpec, TaskSpec, decode
from studio.core.states import (
    ACTIVE,
    ATTEMPT_TERMINAL,
    RUN_TERMINAL,
    TERMINAL,
    AttemptState,
    RunState,
    TaskState,
)
from studio.core.turn import Launch, Writes
from studio.errors import StaleWrite, StoreError, StoreUnavailable
from studio.ports import Capacity, Finished, Lease, Lost, Report, Started
from studio.scheduler.loop import Scheduler
from studio.testing import FakeClock, MemoryStore
from studio.testing.clock import settle

SLOTS = 5
DAGS = ("d0", "d1")


decoded = cache(decode)


class Workers:
    """What outlives the servers: attempt → "held", "running", or how it ended. The link to one server at a time."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.known: dict[int, str] = {}
        self.begun: set[int] = set()
        self.forgotten: set[int] = set()  # acknowledged
        self.link: Link | None = None

    def go_on(self, *, kindly: bool) -> None:
        """Some attempts begin, some end, some are lost with their worker."""
        for attempt_id, state in list(self.known.items()):
            if state == "held" and (kindly or self.random.random() < 0.5):
                assert attempt_id not in self.begun, "begun twice"
                self.begun.add(attempt_id)
                self.become(attempt_id, "running")
            elif state == "running" and (kindly or self.random.random() < 0.5):
                ends = ("success",) if kindly else ("success", "success", "success", "failed", "lost")
                self.become(attempt_id, self.random.choice(ends))

    def become(self, attempt_id: int, state: str) -> None:
        self.known[attempt_id] = state
        if self.link is not None and (report := told(attempt_id, state)) is not None:
            self.link.mail.append(report)


def told(attempt_id: int, state: str) -> Report | None:
    if state == "held":
        return None
    if state == "running":
        return Started(attempt_id, "w", 1.0)
    return Lost(attempt_id, "gone") if state == "lost" else Finished(attempt_id, "w", state, 1.0, 2.0)


class Link:
    """The `Executor` of one server: once the next one has its own, nothing passes here any more."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self.mail: list[Report] = []  # under way

    async def start(
        self, report: Callable[[Sequence[Report]], None], unfinished: Sequence[Attempt]
    ) -> set[int]:
        self.report, self.workers.link = report, self
        known = self.workers.known
        self.mail = [r for i, state in known.items() if (r := told(i, state)) is not None]
        free = {attempt.id for attempt in unfinished} - known.keys()
        assert not free & (self.workers.forgotten | self.workers.begun), "acknowledged before it was kept"
        report([Capacity(SLOTS)])
        return free

    def deliver(self, *, kindly: bool) -> None:
        """Late, doubled, in any order of attempts; of one attempt nothing overtakes."""
        random = self.workers.random
        late: list[Report] = []
        blocked: set[int] = set()
        for report in self.mail:
            assert isinstance(report, Started | Finished | Lost)
            if report.attempt_id in blocked or (not kindly and random.random() < 0.3):
                blocked.add(report.attempt_id)
                late.append(report)
            else:
                self.report([report] * (1 if kindly else random.choice((1, 1, 2))))
        self.mail = late

    async def stop(self) -> None:
        self.workers.link = None if self.workers.link is self else self.workers.link

    def launch(self, launches: Sequence[Launch]) -> None:
        for launch in launches if self.workers.link is self else ():
            assert launch.attempt_id not in self.workers.forgotten | self.workers.begun, "launched twice"
            self.workers.known.setdefault(launch.attempt_id, "held")

    def cancel(self, attempt_ids: Sequence[int]) -> None:
        for attempt_id in attempt_ids if self.workers.link is self else ():
            if self.workers.known.get(attempt_id) in ("held", "running", None):
                assert attempt_id not in self.workers.forgotten or attempt_id not in self.workers.known
                if attempt_id not in self.workers.forgotten:
                    self.workers.become(
                        attempt_id, self.workers.random.choice(("cancelled", "cancelled", "lost"))
                    )

    def acknowledge(self, attempt_ids: Sequence[int]) -> None:
        for attempt_id in attempt_ids if self.workers.link is self else ():
            if self.workers.known.pop(attempt_id, None) is not None:
                self.workers.forgotten.add(attempt_id)


class World:
    """Servers that come and go over one store and one set of workers; every commit is checked."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.clock = FakeClock()
        self.store = MemoryStore(before_commit=self.before_commit, after_commit=self.after_commit)
        self.workers = Workers(self.random)
        self.is_kind = False
        self.commits = 0
        self.ended: dict[int, AttemptState] = {}
        self.dead: set[str] = set()
        self.servers: list[Scheduler] = []
        self.broken: AssertionError | None = None  # the scheduler would take it for a mishap of its own

    # --- the store ----------------------------------------------------------------------------------------------

    def before_commit(self, lease: Lease, writes: Writes) -> None:
        self.commits += 1
        if not self.is_kind and self.random.random() < 0.15:
            raise self.random.choice((StoreUnavailable, StaleWrite, StoreError))()

    def after_commit(self, lease: Lease, writes: Writes) -> None:
        try:
            self.check([attempt.id for attempt in writes.new_attempts])
        except AssertionError as error:
            self.broken = self.broken or error
        if not self.is_kind and self.random.random() < 0.1:
            raise StoreUnavailable

    def check(self, launched: Sequence[int]) -> None:
        """What must hold after every commit."""
        tables = self.store._tables
        alive = [a for a in tables.attempts.values() if a.state not in ATTEMPT_TERMINAL]
        assert len(alive) <= SLOTS
        for attempt in tables.attempts.values():
            if attempt.state in ATTEMPT_TERMINAL:
                assert self.ended.setdefault(attempt.id, attempt.state) is attempt.state
        latest = {a.id: tables.tasks[a.task_instance] for a in alive}
        assert all(task.attempt == i and task.state in ACTIVE for i, task in latest.items())
        for run in tables.runs.values():
            spec = decoded(tables.versions[run.dag_id, run.version])
            tasks = [tables.tasks[number] for number in tables.tasks_of[run.id]]
            states = {task.task_id: task.state for task in tasks}
            assert (run.state in RUN_TERMINAL) == all(state in TERMINAL for state in states.values())
            assert sum(state in ACTIVE for state in states.values()) <= spec.max_active_tasks
            begins = {t.task_id for t in tasks if t.state is TaskState.QUEUED and t.attempt in launched}
            for task in spec.tasks:
                is_ready = all(states[name] is TaskState.SUCCESS for name in task.upstream)
                assert is_ready or task.id not in begins
        for dag in tables.dags.values():
            active = [
                r for r in tables.runs.values() if r.dag_id == dag.dag_id and r.state is RunState.RUNNING
            ]
            assert len(active) <= 2

    # --- people -------------------------------------------------------------------------------------------------

    def spec(self, dag_id: str) -> DagSpec:
        tasks: list[TaskSpec] = []
        for n in range(self.random.randint(1, 12)):
            upstream = self.random.sample([t.id for t in tasks], self.random.randint(0, min(n, 3)))
            tries: dict[str, Any] = {
                "retries": self.random.randint(0, 2),
                "retry_delay": self.random.choice((0.0, 1.0, 20.0)),
            }
            tasks.append(TaskSpec(id=f"t{n}", kind="function", upstream=tuple(upstream), **tries))
        self.random.shuffle(tasks)
        schedule = self.random.choice((None, None, CronSpec("* * * * *")))
        return DagSpec(
            id=dag_id, tasks=tuple(tasks), schedule=None if self.is_kind else schedule, max_active_runs=2,
            max_active_tasks=self.random.randint(1, 4), catchup=self.random.choice(("skip", "latest", "all")),
        )  # fmt: skip

    async def command(self) -> None:
        dag_id = self.random.choice(DAGS)
        kinds = ("trigger", "trigger", "clear", "clear", "clear", "cancel", "pause", "unpause", "publish")
        kind = self.random.choice(kinds)
        payload: dict[str, Any] = {}
        if kind == "publish":
            payload = {"spec": msgspec.to_builtins(self.spec(dag_id))}
        elif kind in ("clear", "cancel") and (runs := await self.store.runs(dag_id, limit=4)):
            run = self.random.choice(runs).run
            tasks = [f"t{self.random.randint(0, 5)}" for _ in range(self.random.randint(1, 3))]
            payload = {"run_id": run.run_id, "task_ids": tasks, "downstream": self.random.random() < 0.5}
        elif kind == "trigger":
            payload = {"run_id": f"r{self.random.randint(0, 9)}"} if self.random.random() < 0.5 else {}
        elif kind in ("clear", "cancel"):
            return
        await self.store.submit(dag_id, kind, payload, actor="ada", at=self.clock.now())  # type: ignore[arg-type]

    # --- servers ------------------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """The next server; it may die while it starts."""
        while True:
            name = f"server {len(self.dead)} {len(self.servers)}"
            made = Scheduler(
                self.store, Link(self.workers), self.clock, name=name, publish=lambda changes: None,
                gone=self.dead.__contains__,
            )  # fmt: skip
            starting = asyncio.create_task(made.__aenter__())
            if not self.is_kind and self.random.random() < 0.2:
                await settle(self.random.randint(1, 12))
                starting.cancel()
            while not starting.done():
                await self.clock.advance(1.0)
            self.servers.append(made)
            if not starting.cancelled() and starting.exception() is None:
                return
            self.dead.add(name)
            assert starting.cancelled() or isinstance(starting.exception(), StoreError), starting.exception()

    async def end_server(self) -> None:
        """kill -9 in the middle of something, or a pause so long that it counts as dead, or an orderly end."""
        server, way = self.servers[-1], self.random.choice(("kill", "kill", "pause", "stop"))
        await settle(self.random.randint(0, 8))
        self.dead.add(server._leases.lease.name)
        if way == "stop":
            ending = asyncio.create_task(server.__aexit__(None, None, None))
            while not ending.done():
                await self.clock.advance(1.0)
        elif way == "kill":
            self.hang_up(server)
        self.workers.link = None

    def hang_up(self, server: Scheduler) -> None:
        for task in (*server._tasks, server._lingering):
            if task is not None:
                task.cancel()
        server._alarm.cancel()
