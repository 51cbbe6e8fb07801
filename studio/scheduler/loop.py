"""The scheduler: the shell around the machine. It waits, commits and acts; it decides nothing.

One turn: take everything in the inbox → let the machine decide → one commit → only then launch, cancel,
acknowledge, publish. A crash between any two steps loses nothing: before the commit nothing happened, after it the
database says what is still to be done, and `Machine.resume` does it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from typing_extensions import Self

from studio.core.events import CommandGiven, Event, Finished, Lost, Report, Started
from studio.core.machine import Machine, Turn
from studio.core.model import Attempt, Command, CommandKind
from studio.core.states import AttemptState
from studio.core.turn import Acknowledge, Launch, Stop
from studio.errors import Fenced, StaleWrite, StoreUnavailable
from studio.ports import Clock, Executor, Lease, Store
from studio.scheduler.alarm import Alarm
from studio.scheduler.changes import Changes, RunChange
from studio.scheduler.inquiry import given
from studio.scheduler.lease import LeaseKeeper
from studio.scheduler.refusals import error_of

log = logging.getLogger(__name__)

#: Seconds that the news of a begun attempt may wait for its end: a short task then costs one write instead of two.
#: Nobody waits for that news but people, and nothing depends on it: the worker's journal has it.
LINGER = 0.02
COMMAND_POLL = 1.0  # seconds between looks at a command that another scheduler handles
RETRY_DELAYS = (
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
)  # seconds between tries while the database is away; the last repeats


class Scheduler:
    """Schedules the DAGs that it owns. An async context manager; everything runs on its event loop.

    `name` tells people, and `gone`, which process this is. `gone(name)` is True if that process is certainly dead:
    its DAGs are then taken over at once, instead of after the lease. `publish` gets what changed, after each commit.
    """

    def __init__(
        self,
        store: Store,
        executor: Executor,
        clock: Clock,
        *,
        name: str,
        publish: Callable[[Changes], None],
        gone: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self._store = store
        self._executor = executor
        self._clock = clock
        self._publish = publish
        self._leases = LeaseKeeper(store, clock, name=name, gone=gone)
        self._alarm = Alarm(clock, self._wake_up)
        self._inbox: list[Report] = []
        self._wake = asyncio.Event()
        self._look_for_commands = True
        self._reload = False
        self._waiting: dict[int, asyncio.Future[Command]] = {}
        self._handed_over: set[int] = set()  # attempts that the executor knows of
        self._machine = Machine(0)
        self._tasks: list[asyncio.Task[None]] = []
        self._lingering: asyncio.Task[None] | None = None
        self.active = False
        self.failure: BaseException | None = None  # why it schedules no more, if it does not

    async def __aenter__(self) -> Self:
        lease = await self._leases.acquire()
        self._machine = Machine(lease.number << 32)
        unfinished = await self._load(lease)
        relaunch = await self._executor.start(self._report, unfinished)
        self._handed_over = {attempt.id for attempt in unfinished} - relaunch
        await self._carry_out(self._machine.resume(relaunch, self._clock.now()), ())
        self.active = True
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._keep_lease())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.active = False
        tasks = [*self._tasks, *([self._lingering] if self._lingering else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._alarm.cancel()
        for future in self._waiting.values():
            future.cancel()
        await self._executor.stop()
        await self._leases.release()

    # --- for the server -------------------------------------------------------------------------------------------

    @property
    def running(self) -> int:
        """Attempts alive."""
        return self._machine.running

    def why(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> list[str]:
        """Why a task instance is not running, in words; empty if it is, or has ended."""
        return self._machine.why(dag_id, run_id, task_id)

    async def command(
        self, dag_id: str, kind: CommandKind, payload: dict[str, Any], *, actor: str, key: str | None = None
    ) -> Command:
        """Write a command durably and wait until its DAG's owner has handled it.

        Raises the `StudioError` that says why it was refused.
        """
        command = await self._store.submit(dag_id, kind, payload, actor=actor, at=self._clock.now(), key=key)
        if command.state == "pending":
            future = self._waiting.setdefault(command.id, asyncio.get_running_loop().create_future())
            self._look_for_commands = True
            self._wake_up()
            command = await self._handled(command, future)
        if command.state == "refused":
            raise error_of(command.result)
        return command

    async def _handled(self, command: Command, future: asyncio.Future[Command]) -> Command:
        while True:
            done, _ = await asyncio.wait({future}, timeout=COMMAND_POLL)
            if done:
                return future.result()
            stored = await self._store.command(command.id)  # another scheduler may own the DAG
            if stored is not None and stored.state != "pending":
                self._waiting.pop(command.id, None)
                return stored

    # --- the loop ---------------------------------------------------------------------------------------------------

    def _report(self, reports: Sequence[Report]) -> None:
        self._inbox.extend(reports)
        if not all(isinstance(report, Started) for report in reports):
            self._wake_up()
        elif self._lingering is None:
            self._lingering = asyncio.create_task(self._linger())

    async def _linger(self) -> None:
        await self._clock.sleep(LINGER)
        self._lingering = None
        self._wake_up()

    def _wake_up(self) -> None:
        self._wake.set()

    async def _run(self) -> None:
        try:
            while True:
                self._alarm.set(self._machine.next_wake)
                await self._wake.wait()
                self._wake.clear()
                await self._turn()
        except Fenced as error:
            log.warning("%s This server schedules no more.", error)
            self._give_up(error)
        except Exception as error:
            log.exception("The scheduler has stopped.")
            self._give_up(error)

    def _give_up(self, error: BaseException) -> None:
        self.active = False
        self.failure = error

    async def _turn(self) -> None:
        reports, self._inbox = self._inbox, []
        if self._reload:
            self._reload = False
            await self._start_over(reports)
            return
        events: list[Event] = list(reports)
        if self._look_for_commands:
            self._look_for_commands = False
            events.extend(await self._steadily(self._commands))
        try:
            await self._carry_out(self._machine.handle(events, self._clock.now()), events)
        except StaleWrite as error:
            log.warning("Memory and database differ; reading the database again. %s", error)
            await self._start_over(reports)
        except (Fenced, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("A turn failed; reading the database again.")
            await self._start_over(())
            await self._one_by_one(reports)

    async def _one_by_one(self, reports: Sequence[Report]) -> None:
        """After an unforeseen error: find the report that causes it, so that the others are not lost with it."""
        for report in reports:
            try:
                await self._carry_out(self._machine.handle([report], self._clock.now()), [report])
            except (Fenced, asyncio.CancelledError):
                raise
            except Exception:
                log.exception("This report was dropped: %r", report)
                await self._start_over(())

    async def _start_over(self, reports: Sequence[Report]) -> None:
        """Throw the memory away, read it again and handle `reports` on it."""
        lease = self._leases.lease
        capacity = self._machine.capacity
        self._machine = Machine(self._machine.next_id)
        unfinished = await self._steadily(lambda: self._load(lease))
        self._machine.set_capacity(capacity)
        # Committed, but the process got no further: what the executor was never given.
        relaunch = [
            a.id for a in unfinished if a.state is AttemptState.QUEUED and a.id not in self._handed_over
        ]
        await self._carry_out(self._machine.resume(relaunch, self._clock.now()), ())
        self._inbox[:0] = reports
        self._look_for_commands = True
        self._wake_up()

    async def _load(self, lease: Lease) -> list[Attempt]:
        dags = await self._store.owned_dags(lease)
        runs, attempts = await self._store.unfinished_runs(lease)
        self._machine.load(dags, runs, attempts)
        return attempts

    async def _commands(self) -> list[CommandGiven]:
        commands = await self._store.pending_commands(self._leases.lease)
        return [await given(self._store, command) for command in commands]

    async def _carry_out(self, turn: Turn, events: Sequence[Event]) -> None:
        """Commit, then act on what is now true."""
        if turn.writes:
            await self._steadily(lambda: self._store.commit(self._leases.lease, turn.writes))
        launches = [effect for effect in turn.effects if isinstance(effect, Launch)]
        if launches:
            self._handed_over.update(launch.attempt_id for launch in launches)
            self._executor.launch(launches)
        stops = [effect.attempt_id for effect in turn.effects if isinstance(effect, Stop)]
        if stops:
            self._executor.cancel(stops)
        acknowledged = [effect.attempt_id for effect in turn.effects if isinstance(effect, Acknowledge)]
        if acknowledged:
            self._executor.acknowledge(acknowledged)
        self._handed_over.difference_update(e.attempt_id for e in events if isinstance(e, (Finished, Lost)))
        self._tell(turn)

    def _tell(self, turn: Turn) -> None:
        if turn.dags or turn.removed_dags or turn.runs:
            runs = [RunChange(touched.run, touched.counts, touched.tasks) for touched in turn.runs]
            self._publish(Changes(turn.dags, turn.removed_dags, runs))
        for command in turn.writes.commands:
            future = self._waiting.pop(command.id, None)
            if future is not None and not future.done():
                future.set_result(command)

    async def _steadily(self, work: Callable[[], Any]) -> Any:
        """Await `work()` again and again while the database is away. Running tasks are not touched by that."""
        for attempt in range(1_000_000_000):
            try:
                return await work()
            except StoreUnavailable as error:
                delay = RETRY_DELAYS[min(attempt, len(RETRY_DELAYS) - 1)]
                log.warning("%s Trying again in %s s.", error, delay)
                await self._clock.sleep(delay)

    # --- the lease --------------------------------------------------------------------------------------------------

    async def _keep_lease(self) -> None:
        try:
            while True:
                await self._clock.sleep(self._leases.beat_interval)
                self._reload |= await self._leases.beat()  # another scheduler's DAGs are ours now
                self._look_for_commands = True  # those that other processes wrote
                self._wake_up()
        except Fenced as error:
            log.warning("%s This server schedules no more.", error)
            self._give_up(error)
            self._tasks[0].cancel()
        except Exception as error:  # without a beat others would take over anyway
            log.exception("The lease cannot be kept. This server schedules no more.")
            self._give_up(error)
            self._tasks[0].cancel()
