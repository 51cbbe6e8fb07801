"""The workers of a home, scripted: they outlive servers, begin and end attempts, are lost, repeat themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.core.events import NOTHING_SAID
from studio.core.model import Attempt
from studio.core.signals import Signal
from studio.core.states import AttemptState
from studio.core.turn import Launch
from studio.ports import Capacity, Finished, Lost, Report, Started
from tests.simulation.step import Broken

if TYPE_CHECKING:
    from tests.simulation.server import Server
    from tests.simulation.world import World

REPEAT = 7.0  # seconds after which a worker says again what nobody has acknowledged
ID_BITS = 32  # as in `studio.scheduler.loop`: those above are the lease that made the id


@dataclass(slots=True)
class Work:
    """An attempt that a worker holds, runs, or has ended."""

    launch: Launch
    begun_at: float | None = None
    outcome: Finished | Lost | None = None
    is_stopping: bool = False

    @property
    def is_alive(self) -> bool:
        return self.outcome is None


@dataclass(slots=True)
class Site:
    """A home: its workers, and the link to the server that has them now."""

    world: World
    name: str
    known: dict[int, Work] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    forgotten: set[int] = field(default_factory=set)  # acknowledged
    link: Link | None = None
    capacity: int = 3

    def accept(self, launch: Launch) -> None:
        if launch.attempt_id in self.known:
            return  # told again
        self.known[launch.attempt_id] = Work(launch)
        self.world.later(self.world.people.pick_delay(), self._begin, launch.attempt_id)

    def _begin(self, attempt_id: int) -> None:
        work = self.known.get(attempt_id)
        if work is None or not work.is_alive or work.begun_at is not None:
            return
        if attempt_id in self.world.begun:
            raise Broken("at most one start per attempt", f"attempt {attempt_id:x} begins a second time")
        self.world.begun.add(attempt_id)
        self.begun.add(attempt_id)
        work.begun_at = self.world.clock.now()
        self.world.tell("begins", attempt_id)
        self.say(Started(attempt_id, self.name, work.begun_at))
        self.world.later(self.world.people.pick_duration(), self._end, attempt_id)

    def _end(self, attempt_id: int) -> None:
        work = self.known.get(attempt_id)
        if work is None or not work.is_alive:
            return
        self.become(work, *self.world.people.pick_end(work.launch))

    def stop(self, attempt_id: int) -> None:
        """End the attempt, with all its processes."""
        work = self.known.get(attempt_id)
        if work is None:
            if attempt_id not in self.forgotten:  # never had: it will not begin any more
                self.say(Lost(attempt_id, "nobody has it"))
            return
        if work.is_alive and not work.is_stopping:
            work.is_stopping = True
            self.world.later(self.world.people.pick_delay(), self._stopped, attempt_id)

    def _stopped(self, attempt_id: int) -> None:
        work = self.known.get(attempt_id)
        if work is not None and work.is_alive:
            state = self.world.people.pick_end_of_stop()
            if state == "success":
                self.become(work, *self.world.people.pick_end(work.launch))
            else:
                self.become(work, state)

    def become(self, work: Work, state: str, value: Any = None, signal: Signal = NOTHING_SAID) -> None:
        """The end: it never changes, and is repeated until it is acknowledged."""
        attempt_id, now = work.launch.attempt_id, self.world.clock.now()
        if state == "lost":
            work.outcome = Lost(attempt_id, "its worker is gone")
        else:
            begun = work.begun_at or now
            end = max(now, begun)
            if signal.retry is False:
                self.world.final.add(attempt_id)
            work.outcome = Finished(attempt_id, self.name, state, begun, end, None, value, None, signal)
        self.world.tell("ends", attempt_id, state)
        self.say(work.outcome)

    def say(self, report: Report) -> None:
        """Send it to the server there is: late, doubled, overtaken, or lost and said again later."""
        people = self.world.people
        if isinstance(report, Finished | Lost):
            self.world.later(REPEAT, self._repeat, report)
        if people.happens("lost message"):
            self.world.tell("message lost", report.attempt_id if not isinstance(report, Capacity) else 0)
            return
        for _ in range(2 if people.happens("doubled message") else 1):
            delay = people.pick_delay() if people.happens("late message") else 0.0
            self.world.later(delay, self._deliver, report, self.link)

    def _repeat(self, report: Finished | Lost) -> None:
        if report.attempt_id in self.known:
            self.say(report)

    def _deliver(self, report: Report, link: Link | None) -> None:
        if link is not None and link is self.link:
            link.deliver(report)

    def change_capacity(self, slots: int) -> None:
        self.capacity = slots
        if self.link is not None:
            self.link.deliver(Capacity(slots))

    def is_alive(self, attempt_id: int) -> bool:
        work = self.known.get(attempt_id)
        return work is not None and work.is_alive


class Link:
    """The `Executor` of one server: once the next one has the workers, nothing passes here any more."""

    def __init__(self, site: Site, server: Server) -> None:
        self.site = site
        self.server = server

    async def start(
        self, report: Callable[[Sequence[Report]], None], unfinished: Sequence[Attempt]
    ) -> set[int]:
        await asyncio.sleep(0)
        site, server = self.site, self.server
        server.check_alive()
        self.report, site.link = report, self
        self.deliver(Capacity(site.capacity))
        for work in list(site.known.values()):
            if work.begun_at is not None and work.is_alive:
                site.say(Started(work.launch.attempt_id, site.name, work.begun_at))
            elif work.outcome is not None:
                site.say(work.outcome)
        unknown = [attempt for attempt in unfinished if attempt.id not in site.known]
        for attempt in unknown:
            if attempt.id in site.forgotten:
                raise Broken(
                    "acknowledged only what is kept",
                    f"attempt {attempt.id:x} is unfinished, but was acknowledged",
                )
        free = {
            a.id for a in unknown if a.state is AttemptState.QUEUED and server.world.home_of(a.id) is site
        }
        for attempt in unknown:
            if attempt.id not in free:
                site.say(Lost(attempt.id, "no worker knows of it"))
        return free

    def deliver(self, report: Report) -> None:
        server = self.server
        if server.is_dead:
            return
        if server.pause is not None:
            server.missed.append(report)
            return
        if isinstance(report, Capacity):
            server.capacities.append(report.slots)
        server.context.run(self.report, [report])

    async def stop(self) -> None:
        self.site.link = None if self.site.link is self else self.site.link

    @property
    def is_cut(self) -> bool:
        return self.site.link is not self or self.server.is_dead

    def launch(self, launches: Sequence[Launch]) -> None:
        for launch in launches:
            self.server.may_die("launch")
            if self.is_cut:
                return
            self.server.check_launch(launch)
            self.site.accept(launch)

    def cancel(self, attempt_ids: Sequence[int]) -> None:
        for attempt_id in attempt_ids:
            self.server.may_die("cancel")
            if self.is_cut:
                return
            self.server.check_stop(attempt_id)
            self.site.world.tell("stop", attempt_id)
            self.site.stop(attempt_id)

    def acknowledge(self, attempt_ids: Sequence[int]) -> None:
        for attempt_id in attempt_ids:
            self.server.may_die("acknowledge")
            if self.is_cut:
                return
            self.server.check_acknowledge(attempt_id)
            if self.site.known.pop(attempt_id, None) is not None:
                self.site.forgotten.add(attempt_id)
