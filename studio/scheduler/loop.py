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

from studio.core.events import Answered, CommandGiven, Event, PoolsSeen, Report, Started
from studio.core.machine import Machine, Turn
from studio.core.model import Attempt, Command, CommandKind
from studio.core.questions import CommandAsked
from studio.core.turn import Ask
from studio.core.why import Reason
from studio.errors import Fenced, ServerUnavailable, StaleWrite, StoreError
from studio.ports import Clock, Executor, Lease, Store
from studio.scheduler.alarm import Alarm
from studio.scheduler.asking import answers
from studio.scheduler.changes import Changes, RunChange
from studio.scheduler.delivering import Deliver, nothing_delivered
from studio.scheduler.hands import ID_BITS, Hands, nap
from studio.scheduler.inquiry import given
from studio.scheduler.lease import LeaseKeeper
from studio.scheduler.mishaps import refusal, stand_in
from studio.scheduler.reading import as_attempts, stored_of
from studio.scheduler.refusals import error_of

log = logging.getLogger(__name__)

#: Seconds that the news of a begun attempt may wait for its end: a short task then costs one write instead of two.
#: Nobody waits for that news but people, and nothing depends on it: the worker's journal has it.
LINGER = 0.02
RELOADS = 10  # tries in a row to go on from what the database says
MAX_ASKS = 200  # questions of those that wait that one turn answers
COMMAND_POLL = 1.0  # seconds between looks at a command that another scheduler handles


class Scheduler:
    """Schedules the DAGs that it owns. An async context manager; everything runs on its event loop.

    `name` tells people, and `gone`, which process this is. `gone(name)` is True if that process is certainly dead:
    its DAGs are then taken over at once, instead of after the lease. `ours(name)`: its workers are those that our
    executor asks, because it served the same home. `deliver` completes launches by
    the secrets that they declare. `publish` gets what changed, after each commit.
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
        ours: Callable[[str], bool] = lambda name: True,
        deliver: Deliver = nothing_delivered,
    ) -> None:
        self._store = store
        self._executor = executor
        self._clock = clock
        self._publish = publish
        self._leases = LeaseKeeper(store, clock, name=name, gone=gone)
        self._hands = Hands(store, executor, clock, self._leases, ours, deliver)
        self._alarm = Alarm(clock, self._wake_up)
        self._inbox: list[Report] = []
        self._wake = asyncio.Event()
        self._look_for_commands = True
        self._look_at_pools = False
        self._asks: list[Ask] = []  # of task instances that wait for something elsewhere
        self._reload = False
        self._waiting: dict[int, asyncio.Future[Command]] = {}
        self._failures = 0  # turns in a row
        self._postponed: list[Report] = []  # could not be handled, although nothing can be wrong with them
        self._machine = Machine(0)
        self._dags: set[str] = set()  # that the machine has
        self._tasks: list[asyncio.Task[None]] = []
        self._lingering: asyncio.Task[None] | None = None
        self.active = False
        self.failure: BaseException | None = None  # why it schedules no more, if it does not

    async def __aenter__(self) -> Self:
        try:
            await self._begin(await self._leases.acquire())
        except BaseException:
            await self._executor.stop()
            await self._leases.release()
            raise
        self.active = True
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._keep_lease())]
        return self

    async def _begin(self, lease: Lease) -> None:
        self._machine = Machine(lease.number << ID_BITS)
        unfinished = await self._load(lease)
        await self._hands.begin(self._report, unfinished)
        again, lost = self._hands.sort_out(unfinished)
        if lost:
            self._report(lost)
        try:
            await self._carry_out(self._machine.resume(again, self._clock.now()), ())
        except StaleWrite as error:  # kept, but the answer was lost
            self._note(error)
            await self._start_over()

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

    @property
    def next_wake(self) -> float | None:
        """When time itself is the next event (wall clock); None: never, as it stands."""
        return self._machine.next_wake

    def why(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> list[str]:
        """Why a task instance is not running, in words; empty if it is, or has ended."""
        return [reason.message for reason in self.reasons(dag_id, run_id, task_id, map_index)]

    def reasons(
        self, dag_id: str, run_id: str, task_id: str | None = None, map_index: int = -1
    ) -> list[Reason]:
        """Why a task instance, or a run, does not go on, as data too."""
        return self._machine.why(dag_id, run_id, task_id, map_index)

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
            if self.failure is not None and not isinstance(self.failure, Fenced):
                raise ServerUnavailable(
                    f"The scheduler of this server has stopped: {self.failure}", hint="Restart the server."
                )
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
        if self._reload:
            self._reload = False
            await self._start_over()
        reports, self._inbox = self._inbox, []
        if self._failures > 1:
            await self._one_by_one(reports)
            self._failures = 0
            return
        events: list[Event] = list(reports)
        try:
            if self._asks:
                events.extend(await self._answers())
            if self._look_for_commands:
                self._look_for_commands = False
                events.extend(await self._hands.steadily(self._commands))
            if self._look_at_pools:
                self._look_at_pools = False
                events.insert(0, PoolsSeen(tuple(await self._hands.steadily(self._store.pools))))
            await self._carry_out(self._machine.handle(events, self._clock.now()), events)
            self._failures = 0
        except (Fenced, asyncio.CancelledError):
            raise
        except Exception as error:
            self._failures += 1
            self._note(error)
            self._inbox[:0] = reports
            await self._start_over()

    async def _one_by_one(self, reports: Sequence[Report]) -> None:
        """After errors in a row: find what causes them, so that the rest does not suffer from it."""
        for report in reports:
            await self._alone(report)
        for command in await self._hands.steadily(self._pending):
            await self._alone(command)

    async def _alone(self, one: Report | Command) -> None:
        """Handle one thing; if that is not possible, put an end to it as well as can be."""
        failure: Exception
        for _ in range(2):  # the first error may be the last one of the database
            try:
                event = (
                    await self._hands.steadily(lambda: given(self._store, one, self._machine.looks_back))
                    if isinstance(one, Command)
                    else one
                )
                await self._carry_out(self._machine.handle([event], self._clock.now()), [event])
                return
            except (Fenced, asyncio.CancelledError):
                raise
            except Exception as error:
                failure = error
                self._note(error)
                await self._start_over()
        if isinstance(one, Command):
            try:
                await self._carry_out(refusal(one, failure, self._clock.now()), ())
            except StaleWrite:
                pass  # it was handled, and only the answer was lost
            except StoreError as error:
                if isinstance(error, Fenced):
                    raise
                self._note(error)  # it stays pending and is tried again with the next beat
        elif (instead := stand_in(one, failure)) is not None:
            await self._alone(instead)
        elif not isinstance(one, Started):
            log.error("This report is tried again with the next beat: %r", one)
            self._postponed.append(one)

    def _note(self, error: Exception) -> None:
        if isinstance(error, StaleWrite):
            log.warning("Memory and database differ; reading the database again. %s", error)
        else:
            log.error("A turn failed; reading the database again.", exc_info=error)

    async def _start_over(self) -> None:
        """Throw the memory away and read it again. What is in the inbox is handled on it, as are all commands."""
        lease, capacity = self._leases.lease, self._machine.capacity
        for attempt in range(RELOADS):
            try:
                self._machine = Machine(self._machine.next_id)
                self._asks = []  # who waits asks again
                unfinished = await self._hands.steadily(lambda: self._load(lease))
                self._machine.set_capacity(capacity)
                relaunch, lost = self._hands.sort_out(unfinished)
                await self._carry_out(self._machine.resume(relaunch, self._clock.now()), ())
                break
            except Fenced:
                raise
            except StoreError as error:
                if attempt == RELOADS - 1:
                    raise
                self._note(error)
                await self._clock.sleep(nap(attempt))
        self._inbox[:0] = lost
        self._look_for_commands = True
        self._wake_up()

    async def _load(self, lease: Lease) -> list[Attempt]:
        stored = await stored_of(self._store, lease)
        self._machine.load(stored)
        self._dags = {dag.dag_id for dag in stored.dags}
        return [*stored.attempts, *as_attempts(stored.callbacks)]

    async def _answers(self) -> list[Answered]:
        asked, self._asks = self._asks[:MAX_ASKS], self._asks[MAX_ASKS:]
        if self._asks:
            self._wake_up()
        # What they ask to be done may be for a DAG of ours.
        self._look_for_commands |= any(isinstance(each.question, CommandAsked) for each in asked)
        return await self._hands.steadily(lambda: answers(self._store, asked, self._clock.now()))

    async def _commands(self) -> list[CommandGiven]:
        commands = await self._pending()
        return [await given(self._store, command, self._machine.looks_back) for command in commands]

    async def _pending(self) -> list[Command]:
        """Without those for DAGs that we have just taken over and not read yet: that comes first."""
        commands = await self._store.pending_commands(self._leases.lease)
        unknown = sorted({command.dag_id for command in commands} - self._dags)
        unread = {dag_id for dag_id in unknown if await self._store.dag(dag_id) is not None}
        return [command for command in commands if command.dag_id not in unread]

    async def _carry_out(self, turn: Turn, events: Sequence[Event]) -> None:
        await self._hands.carry_out(turn, events)
        self._dags = (self._dags - set(turn.removed_dags)) | {dag.dag_id for dag in turn.dags}
        if asks := [effect for effect in turn.effects if isinstance(effect, Ask)]:
            self._asks += asks
            self._wake_up()
        self._tell(turn)

    def _tell(self, turn: Turn) -> None:
        if turn.dags or turn.removed_dags or turn.runs or turn.writes.backfills:
            runs = [RunChange(touched.run, touched.counts, touched.tasks) for touched in turn.runs]
            self._publish(Changes(turn.dags, turn.removed_dags, runs, turn.writes.backfills))
        for command in turn.writes.commands:
            future = self._waiting.pop(command.id, None)
            if future is not None and not future.done():
                future.set_result(command)

    # --- the lease --------------------------------------------------------------------------------------------------

    async def _keep_lease(self) -> None:
        while True:
            await self._clock.sleep(self._leases.beat_interval)
            if self.failure is not None:
                return  # others may take over
            try:
                self._reload |= await self._leases.beat()  # another scheduler's DAGs are ours now
            except Fenced as error:
                log.warning("%s This server schedules no more.", error)
                self._give_up(error)
                self._tasks[0].cancel()
                return
            except Exception:
                log.exception("The lease could not be renewed; trying again.")
            self._look_for_commands = True  # those that other processes wrote
            self._look_at_pools = self._machine.shares_pools
            self._inbox += self._postponed
            self._postponed.clear()
            self._wake_up()
