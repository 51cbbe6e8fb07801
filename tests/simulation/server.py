"""A server of the simulated world: the real scheduler behind a door to the store where everything may go wrong."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from studio.core.states import ATTEMPT_TERMINAL, AttemptState
from studio.core.turn import Launch
from studio.errors import StoreUnavailable
from studio.ports import Report, Store
from studio.scheduler.changes import Changes
from studio.scheduler.loop import Scheduler
from tests.simulation.workers import Link, Site

if TYPE_CHECKING:
    from tests.simulation.world import World

LEASE = 30.0  # seconds, as in design/reliability.md

#: Whose code is running: every asyncio task made by it is known, and ends when its process is killed.
current: contextvars.ContextVar[Server | None] = contextvars.ContextVar("current", default=None)


class Server:
    """A process. `die` is kill -9 at this very moment, `pause` SIGSTOP."""

    def __init__(self, world: World, site: Site, name: str) -> None:
        self.world = world
        self.site = site
        self.name = name
        self.is_dead = False
        self.pause: asyncio.Future[None] | None = None
        self.missed: list[Report] = []  # while paused
        self.tasks: list[asyncio.Task[Any]] = []
        self.lease = 0
        self.began_at = world.clock.monotonic()
        self.seen_at = 0.0  # monotonic: when its row in the database last changed
        self.capacities: list[int] = [0]  # what the running turn may have known of
        self.owed: set[tuple[str, int]] = set()  # effects of the last commit that were not carried out yet
        self.context = contextvars.copy_context()
        self.context.run(current.set, self)
        self.link = Link(site, self)
        self.scheduler = Scheduler(
            cast(Store, Door(self)), self.link, ServerClock(self), name=name, publish=self._publish,
            gone=lambda other: other in world.gone and other.startswith(site.name),
        )  # fmt: skip

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run it in this process."""
        return self.context.run(asyncio.get_running_loop().create_task, work)

    @property
    def is_well(self) -> bool:
        return not self.is_dead and self.scheduler.failure is None

    # --- faults -------------------------------------------------------------------------------------------------

    def die(self, how: str) -> None:
        if self.is_dead:
            return
        self.world.tell("dies", self.name, how)
        self.is_dead = True
        self.world.gone.add(self.name)
        for task in self.tasks:
            task.cancel()
        if self.site.link is self.link:
            self.site.link = None

    def may_die(self, where: str) -> None:
        """The process ends here, in the middle of its code."""
        self.check_alive()
        if self.world.people.happens(f"die {where}"):
            self.die(where)
            raise asyncio.CancelledError

    def check_alive(self) -> None:
        if self.is_dead:
            raise asyncio.CancelledError

    def stand_still(self) -> None:
        if self.pause is None:
            self.world.tell("pauses", self.name)
            self.pause = asyncio.get_running_loop().create_future()

    def go_on(self) -> None:
        if self.pause is not None:
            self.world.tell("goes on", self.name)
            pause, self.pause = self.pause, None
            pause.set_result(None)
            missed, self.missed = self.missed, []
            for report in missed if self.site.link is self.link else ():
                self.link.deliver(report)

    async def gate(self) -> None:
        while self.pause is not None:
            await asyncio.shield(self.pause)
        self.check_alive()

    # --- effects ------------------------------------------------------------------------------------------------

    @property
    def is_fenced(self) -> bool:
        row = self.world.tables.schedulers.get(self.lease)
        return row is None or row.fenced

    def owes_nothing(self) -> None:
        """After a commit comes what it decided, before anything else is decided."""
        if self.owed and not self.link.is_cut and not self.is_fenced:
            kind, attempt_id = min(self.owed)
            self.world.fail("effects_follow_their_commit", f"{kind} of attempt {attempt_id:x} was left out")
        self.owed.clear()

    def check_launch(self, launch: Launch) -> None:
        self.owed.discard(("launch", launch.attempt_id))
        tables = self.world.tables
        stored = tables.attempts.get(launch.attempt_id) or tables.callbacks.get(launch.attempt_id)
        if self.is_fenced:
            return
        if stored is None or stored.state is not AttemptState.QUEUED:
            self.world.fail("commit_comes_first", f"attempt {launch.attempt_id:x} is launched, but {stored}")
        if launch.attempt_id in self.world.begun or launch.attempt_id in self.site.forgotten:
            self.world.fail("at_most_one_start", f"attempt {launch.attempt_id:x} is launched again")

    def check_stop(self, attempt_id: int) -> None:
        self.owed.discard(("stop", attempt_id))

    def check_acknowledge(self, attempt_id: int) -> None:
        tables = self.world.tables
        stored = tables.attempts.get(attempt_id)
        asked = tables.callbacks.get(attempt_id)
        is_open = asked is not None and asked.state not in ATTEMPT_TERMINAL
        if asked is not None and is_open and tables.owners[asked.dag_id] == self.lease:
            self.world.fail("commit_comes_first", f"callback {attempt_id:x} is acknowledged, but {asked}")
        if stored is None or stored.state in ATTEMPT_TERMINAL:
            return
        run = tables.runs[tables.tasks[stored.task_instance].run]
        if tables.owners[run.dag_id] == self.lease:
            self.world.fail("commit_comes_first", f"attempt {attempt_id:x} is acknowledged, but {stored}")

    def _publish(self, changes: Changes) -> None:
        self.may_die("in publish")


class ServerClock:
    """The clock of the world, as a process that may be paused sees it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.now: Callable[[], float] = server.world.clock.now
        self.monotonic: Callable[[], float] = server.world.clock.monotonic

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._server.gate()


class Door:
    """The `Store` as one server sees it: calls are slow, fail, hang, or are carried out and nobody hears of it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __getattr__(self, name: str) -> Any:
        method = partial(self._call, name, getattr(self._server.world.store, name))
        setattr(self, name, method)
        return method

    async def _call(self, name: str, method: Callable[..., Any], *args: Any, **options: Any) -> Any:
        server, world, people = self._server, self._server.world, self._server.world.people
        server.check_alive()
        await self._dawdle()
        if world.is_out or people.happens("unavailable"):
            world.tell("unavailable", server.name, name)
            raise StoreUnavailable
        if name == "commit":
            server.owes_nothing()
            server.may_die("before commit")
        await server.gate()
        result = await method(*args, **options)
        if name == "commit":
            server.may_die("after commit")
        elif name == "register_scheduler":
            server.lease = result.number
            world.homes[result.number] = server.site
        elif name == "take_over" and result:
            self._check_dead(args[1])
        if name in ("commit", "beat", "register_scheduler", "take_over"):
            server.seen_at = world.clock.monotonic()
        await self._dawdle()
        if people.happens("answer lost"):
            world.tell("answer lost", server.name, name)
            server.owed.clear()
            raise StoreUnavailable
        await server.gate()
        return result

    def _check_dead(self, lease: int) -> None:
        """Nobody is taken over who was seen alive within the lease, or who is not known to be dead."""
        world = self._server.world
        for other in world.servers:
            if other.lease == lease and other is not self._server and other.name not in world.gone:
                still = world.clock.monotonic() - other.seen_at
                if still < LEASE:
                    world.fail("the_living_are_left_alone", f"{other.name} was alive {still:.1f} s ago")

    async def _dawdle(self) -> None:
        people = self._server.world.people
        if people.happens("slow store"):
            await asyncio.sleep(people.random.choice((0.0, 0.003, 0.05, 0.7)))
        elif people.happens("hanging store"):
            await asyncio.sleep(40.0)
