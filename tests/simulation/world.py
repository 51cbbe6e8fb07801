"""A world made of one seed: servers over one store, workers, people; every commit is checked, everything is told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from functools import lru_cache
from random import Random
from typing import Any, Final, NoReturn

from studio.core.model import Attempt, CommandKind, Run, TaskInstance
from studio.core.spec import DagSpec, decode
from studio.core.states import ATTEMPT_TERMINAL, RUN_TERMINAL, AttemptState, TaskState
from studio.core.turn import Writes
from studio.errors import Fenced, StaleWrite, StoreError, StudioError
from studio.ports import Lease
from studio.testing import MemoryStore, memory_tables
from tests.simulation.features import POOLS, Draft
from tests.simulation.invariants import INVARIANTS
from tests.simulation.loop import VirtualClock, run
from tests.simulation.people import COMMANDS, DAGS, POISON, People
from tests.simulation.server import Server, current
from tests.simulation.step import Broken, Memory, Step
from tests.simulation.workers import Site

START: Final = 1_750_000_000.0
PATIENCE: Final = (
    600  # seconds after which everything must have come to its end, once nothing goes wrong any more
)

SEEN: Final = 12.0  # seconds; who ends in order before others have seen him leaves his DAGs to nobody

decoded = lru_cache(maxsize=1000)(decode)
memory_tables.decode = decoded  # type: ignore[attr-defined]  # specs are frozen; the store decodes them with each run


class World:
    """`live()` is the story from beginning to end; `broken` says what went wrong."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.people = People(Random(seed))
        self.clock = VirtualClock(START)
        self.store = MemoryStore(before_commit=self._before_commit, after_commit=self._after_commit)
        self.tables = self.store._tables
        self.sites = [Site(self, "home")]
        # Two schedulers do not hear of each other's changes of pools, so there is one where there are pools.
        if not self.people.has_pools and self.people.happens("second home"):
            self.sites.append(Site(self, "away"))
        self.servers: list[Server] = []
        self.homes: dict[int, Site] = {}  # lease → whose server got it
        self.gone: set[str] = set()  # names of dead servers
        self.begun: set[int] = set()  # attempts, anywhere
        self.memories: dict[int, Memory] = {}
        self.latest = self.clock.ahead  # the furthest that the clock was ever ahead
        self.set_back = 0.0
        self.final: set[int] = set()  # attempts whose worker wanted no other one
        self.out_until = 0.0  # the database is down
        self.lost_site: Site | None = None
        self.asked: list[asyncio.Task[Any]] = []  # commands that somebody waits for
        self.story: list[tuple[Any, ...]] = []
        self.commits = 0
        self.broken: BaseException | None = None
        self._before: dict[str, Any] = {}

    # --- telling ------------------------------------------------------------------------------------------------

    def tell(self, *words: Any) -> None:
        self.story.append((self.clock.monotonic(), *words))

    def fail(self, invariant: str, story: str) -> NoReturn:
        """The scheduler would take the error for a mishap of its own, so it is kept."""
        broken = Broken(invariant, story)
        self.found(broken)
        raise broken

    def found(self, error: BaseException) -> None:
        self.broken = self.broken or error

    def later(self, delay: float, work: Callable[..., None], *args: Any) -> None:
        """Outside of every server."""
        asyncio.get_running_loop().call_later(delay, work, *args, context=_NOBODY)

    @property
    def is_out(self) -> bool:
        return self.clock.monotonic() < self.out_until

    # --- the store ----------------------------------------------------------------------------------------------

    def _before_commit(self, lease: Lease, writes: Writes) -> None:
        people, tables = self.people, self.tables
        if any(guard.attempt.value == POISON for guard in writes.attempts):
            raise StoreError("It cannot be kept.")
        for fault, error in (("refused", StoreError), ("stale", StaleWrite)):
            if people.happens(fault):
                self.tell(fault, lease.number)
                raise error("so")
        self._before = {
            "old_dags": {d.dag_id: tables.dags[d.dag_id] for d in writes.dags if d.dag_id in tables.dags},
            "old_runs": {g.run.id: tables.runs[g.run.id] for g in writes.runs if g.run.id in tables.runs},
            "old_tasks": {
                g.task.id: tables.tasks[g.task.id] for g in writes.tasks if g.task.id in tables.tasks
            },
            "old_attempts": {
                g.attempt.id: tables.attempts[g.attempt.id]
                for g in writes.attempts
                if g.attempt.id in tables.attempts
            },
        }

    def _after_commit(self, lease: Lease, writes: Writes) -> None:
        self.commits += 1
        tables = self.tables
        server = next(server for server in self.servers if server.lease == lease.number)
        runs: list[Run] = [
            tables.runs[number]
            for number in (*(r.id for r in writes.new_runs), *(g.run.id for g in writes.runs))
            if number in tables.runs
        ]
        tasks: list[TaskInstance] = [
            tables.tasks[number]
            for number in (*(t.id for t in writes.new_tasks), *(g.task.id for g in writes.tasks))
            if number in tables.tasks
        ]
        attempts: list[Attempt] = [
            tables.attempts[number]
            for number in (*(a.id for a in writes.new_attempts), *(g.attempt.id for g in writes.attempts))
            if number in tables.attempts
        ]
        known = server.scheduler._machine.capacity
        step = Step(
            tables, writes, lease.number,
            commands=[tables.commands[command.id] for command in writes.commands],
            # A scheduler that starts over may not have heard of its capacity yet.
            capacities=(min(*server.capacities, known), max(server.capacities)),
            set_back=self.set_back, memories=self.memories, final=self.final, spec_of=self.spec_of,
            runs=runs, tasks=tasks, attempts=attempts,
            loaded=server.scheduler._dags | {dag.dag_id for dag in writes.dags},
            callbacks_at_work={n for n, work in server.site.known.items() if work.launch.kind == "callback"},
            **self._before,
        )  # fmt: skip
        del server.capacities[:-1]
        self.tell("commit", server.name, step.commands, runs, tasks)
        self._owe(server, step)
        try:
            for invariant in INVARIANTS:
                invariant(step)
            self._check_processes(server, step)
        except Exception as error:
            self.found(error)
            raise

    def _owe(self, server: Server, step: Step) -> None:
        queued = [a for a in step.writes.new_attempts if a.state is AttemptState.QUEUED]
        server.owed = {("launch", attempt.id) for attempt in queued}
        for task in step.tasks:
            old = step.old_tasks.get(task.id)
            stopping = (TaskState.STOPPING, TaskState.RESTARTING)
            if task.state in stopping and task.attempt and old is not None and old.state not in stopping:
                server.owed.add(("stop", task.attempt))

    def _check_processes(self, server: Server, step: Step) -> None:
        """Invariant 7: what has ended in the database has ended."""
        for attempt in step.attempts:
            if attempt.state in ATTEMPT_TERMINAL and self.home_of(attempt.id) is server.site:
                if server.site.is_alive(attempt.id):
                    self.fail("ended_means_ended", f"{attempt.id:x} is {attempt.state}, but alive")
                work = server.site.known.get(attempt.id)
                said = getattr(work.outcome, "state", "lost") if work is not None else attempt.state.value
                is_poison = work is not None and getattr(work.outcome, "value", None) == POISON
                is_look = (said, attempt.state) == ("success", AttemptState.RESCHEDULED)
                is_unfit = is_poison and attempt.state is AttemptState.FAILED
                if attempt.state.value != said and not is_look and not is_unfit:
                    self.fail("outcomes_are_told_as_they_were", f"{attempt.id:x}: {said} → {attempt.state}")

    def home_of(self, attempt_id: int) -> Site:
        return self.homes[attempt_id >> 32]

    def spec_of(self, dag_id: str, version: str) -> DagSpec:
        return decoded(self.tables.versions[dag_id, version])

    # --- servers ------------------------------------------------------------------------------------------------

    async def serve(self, site: Site) -> None:
        """The next server of a home; it may die while it starts."""
        while True:
            server = Server(self, site, f"{site.name}-{len(self.servers)}")
            self.servers.append(server)
            self.tell("starts", server.name)
            starting = server.spawn(server.scheduler.__aenter__())
            if self.people.happens("die in start"):
                self.later(self.people.random.choice((0.0, 0.002, 0.1)), server.die, "while it starts")
            await asyncio.wait({starting})
            if not starting.cancelled() and starting.exception() is None:
                return
            if not starting.cancelled() and not isinstance(starting.exception(), StoreError):
                self.fail("a_server_starts", repr(starting.exception()))
            server.die("could not start")
            await asyncio.sleep(1.0)

    def server_of(self, site: Site) -> Server | None:
        return next((s for s in reversed(self.servers) if s.site is site and s.is_well), None)

    def look_at_servers(self) -> None:
        """A scheduler ends because it was fenced, or not at all."""
        for server in self.servers:
            failure = server.scheduler.failure
            was_fenced = isinstance(failure, Fenced) and server.is_fenced
            if failure is not None and not server.is_dead and not was_fenced:
                self.fail("a_scheduler_goes_on", f"{server.name}: {failure!r}")

    # --- people -------------------------------------------------------------------------------------------------

    async def command(self) -> None:
        people, random = self.people, self.people.random
        dag_id = random.choice(DAGS)
        kind, _, build = random.choices(COMMANDS, [weight for _, weight, _ in COMMANDS])[0]
        runs = [run for run in self.tables.runs.values() if run.dag_id == dag_id]
        if random.random() < 0.7:
            runs = [run for run in runs if run.state not in RUN_TERMINAL] or runs
        runs.sort(key=lambda run: (run.run_after, run.id))
        payload = build(people, self.tables, dag_id, runs[-4:])
        if payload is None or (kind in ("set_pool", "delete_pool") and not people.has_pools):
            return
        key = None
        if random.random() < 0.2:
            people.keys += random.random() < 0.6
            key = f"{dag_id} {kind} {people.keys}"
        if kind in ("set_pool", "delete_pool", "asset_event"):
            dag_id = ""
        self.tell("asks", dag_id, kind, payload, key)
        server = self.server_of(random.choice(self.sites))
        if server is None or random.random() < 0.3:
            await self.store.submit(dag_id, kind, payload, actor="ada", at=self.clock.now(), key=key)
        else:
            self.asked.append(server.spawn(_answer(server, dag_id, kind, payload, key)))

    async def mischief(self) -> None:
        random, site = self.people.random, self.people.random.choice(self.sites)
        server = self.server_of(site)
        what = random.choice(("kill", "stop", "pause", "go on", "zombie", "jump", "outage", "capacity"))
        if what == "jump":
            seconds = random.choice((1.0, 60.0, 3600.0, 86400.0)) * random.choice((1, -1))
            self.tell("clock jumps", seconds)
            self.clock.ahead += seconds
            self.latest = max(self.latest, self.clock.ahead)
            self.set_back += max(0.0, -seconds)
        elif what == "outage":
            self.out_until = self.clock.monotonic() + random.choice((1.0, 35.0))
            self.tell("outage until", self.out_until)
        elif what == "capacity":
            site.change_capacity(random.randint(1, 5))
            self.tell("capacity", site.name, site.capacity)
        elif what == "go on":
            for one in self.servers:
                one.go_on()
        elif server is None:
            await self.serve(site)
        elif what == "kill":
            server.die("kill -9")
        elif what == "stop" and server.pause is None and self.clock.monotonic() - server.began_at > SEEN:
            self.tell("stops", server.name)
            await asyncio.wait({server.spawn(server.scheduler.__aexit__(None, None, None))})
            server.die("has ended")
        elif what == "pause":
            server.stand_still()
        elif what == "zombie":  # paused, taken for dead; its home has the next server when it wakes up
            server.stand_still()
            self.gone.add(server.name)
            await self.serve(site)

    # --- the story ----------------------------------------------------------------------------------------------

    async def live(self) -> None:
        asyncio.get_running_loop().set_task_factory(_known_task)
        people, temper = self.people, self.people.temper
        for site in self.sites:
            await self.serve(site)
        for dag_id in DAGS:
            spec = {"spec": people.spec(dag_id)}
            await self.store.submit(dag_id, "publish", spec, actor="ada", at=self.clock.now())
            if len(self.sites) > 1:
                await asyncio.sleep(people.random.choice((0.0, 2.0, 4.0)))  # so that each may own one of them
        troubles = people.random.choice((0.0, 0.1, 0.3))
        for _ in range(temper.actions):
            await asyncio.sleep(people.random.choice(temper.pace))
            if people.random.random() < troubles:
                await self.mischief()
            else:
                await self.command()
            self.look_at_servers()
            if self.broken is not None:
                return
        await self.calm_down()
        await self.come_to_an_end()
        for server in self.servers:
            server.die("the end")
        await asyncio.sleep(0.0)

    async def calm_down(self) -> None:
        """Nothing goes wrong any more, and nothing new is asked for."""
        self.tell("calm")
        self.people.is_kind, self.out_until = True, 0.0
        for server in self.servers:
            server.go_on()
        for site in self.sites:
            if site.capacity < 2:
                site.change_capacity(3)
        await asyncio.sleep(7.0)  # who was fenced has noticed
        if len(self.sites) > 1 and self.people.random.random() < 0.3:
            self.lost_site = self.people.random.choice(self.sites)  # its home is gone: the other one goes on
            for server in self.servers:
                if server.site is self.lost_site:
                    server.die("its home is gone")
        await self.serve_all()
        for dag_id in DAGS:
            spec = {"spec": self.people.spec(dag_id)}
            await self.store.submit(dag_id, "publish", spec, actor="ada", at=self.clock.now())
            await self.store.submit(dag_id, "unpause", {}, actor="ada", at=self.clock.now())
        for name, slots in (*((name, 3) for name in POOLS), ("default", -1)):
            payload = {"name": name, "slots": slots}
            await self.store.submit("", "set_pool", payload, actor="ada", at=self.clock.now())
        await asyncio.sleep(6.0)  # no DAG has a schedule any more
        self.clock.ahead = max(self.clock.ahead, self.latest)  # whatever was put off is due now

    async def come_to_an_end(self) -> None:
        """Invariants 5 and 6: no state lasts for ever."""
        for n in range(PATIENCE):
            await asyncio.sleep(1.0)
            self.look_at_servers()
            if self.broken is not None:
                return
            if self.unfinished():
                await self.serve_all()
                if n % 30 == 29:
                    await self.help_along()
            elif self.lost_site is None:
                return
            else:
                self.lost_site = None  # it is there again
        self.fail("everything_comes_to_its_end", "; ".join(self.unfinished()[:10]))

    async def help_along(self) -> None:
        """What only people can end: a pause, a failed run that holds those after it."""
        store, now = self.store, self.clock.now()
        for dag_id, dag in self.tables.dags.items():
            if dag.paused:
                await store.submit(dag_id, "unpause", {}, actor="ada", at=now)
        for number, made in self.tables.backfills.items():
            if made.state == "paused":
                payload: Draft = {"id": number, "action": "unpause"}
                await store.submit(made.dag_id, "change_backfill", payload, actor="ada", at=now)
        for one in self.tables.runs.values():
            tasks = self.spec_of(one.dag_id, one.version).tasks
            looks_back = any(task.depends_on_past or task.wait_for_downstream for task in tasks)
            if one.state not in RUN_TERMINAL and looks_back:
                await store.submit(one.dag_id, "cancel", {"run_id": one.run_id}, actor="ada", at=now)

    async def serve_all(self) -> None:
        for site in self.sites:
            if self.server_of(site) is None and site is not self.lost_site:
                await self.serve(site)

    def unfinished(self) -> list[str]:
        """What there is still to do."""
        tables = self.tables
        return [
            *(f"{r.dag_id}/{r.run_id} is {r.state}" for r in tables.runs.values() if r.state not in RUN_TERMINAL),
            *(f"command {c.id} {c.kind} is pending" for c in tables.commands.values() if c.state == "pending"),
            *(f"callback {c.id:x} is {c.state}" for c in tables.callbacks.values() if c.state not in ATTEMPT_TERMINAL),
            *(f"backfill {b.id:x} is {b.state}" for b in tables.backfills.values() if b.state in ("running", "paused")),
            *(f"{s.name} keeps attempt {n:x}" for s in self.sites if s is not self.lost_site for n in s.known),
            *("somebody waits for an answer" for task in self.asked if not task.done()),
        ]  # fmt: skip


async def _answer(
    server: Server, dag_id: str, kind: CommandKind, payload: dict[str, Any], key: str | None
) -> None:
    try:
        await server.scheduler.command(dag_id, kind, payload, actor="ada", key=key)
    except StudioError:
        pass  # refused: that is an answer


def _known_task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
    server = current.get()
    if server is not None:
        server.tasks.append(task)
    return task


_NOBODY = Context()


def told(world: World, last: int = 80) -> list[str]:
    """The end of the story, in lines."""
    lines: deque[str] = deque(maxlen=last)
    for moment, what, *rest in world.story:
        if what == "commit":
            server, commands, runs, tasks = rest
            lines.append(f"{moment:9.3f} commit by {server}")
            lines.extend(f"              {c.id} {c.dag_id} {c.kind}: {c.state} {c.result}" for c in commands)
            lines.extend(
                f"              {r.dag_id}/{r.run_id} v{r.version[:4]} {r.state.value}" for r in runs
            )
            lines.extend(
                f"              {t.run:x} {t.task_id}[{t.map_index}] {t.state.value} "
                f"try {t.try_number}/{t.max_tries} attempt {t.attempt or 0:x} retry_at {t.retry_at}"
                for t in tasks
            )
        else:
            shown = " ".join(f"{x:x}" if isinstance(x, int) and x > 1 << 32 else str(x) for x in rest)
            lines.append(f"{moment:9.3f} {what} {shown}")
    return list(lines)


def simulate(seed: int) -> World:
    """Live through one world. `World.broken` is None if all is well."""
    world = World(seed)
    try:
        run(world.live, world.found)
    except Exception as error:
        world.found(error)
    return world
