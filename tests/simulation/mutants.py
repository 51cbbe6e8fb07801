"""Bugs made on purpose: each is a small patch of the running program, and some world of `test_mutants` must notice it.

To add one: write a function that replaces something through `patch`, and decorate it with what the bug is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from studio.core import (
    assets,
    callbacks,
    catchup,
    elsewhere,
    expansion,
    flow,
    machine,
    moves,
    outcomes,
    retry,
    rules,
    runs,
    triggering,
    weights,
)
from studio.core.active import ActiveRun
from studio.core.board import Board, InFlight, OwnedDag
from studio.core.commands import clear
from studio.core.dispatch import Dispatcher
from studio.core.events import Finished, Lost
from studio.core.launching import dispatch
from studio.core.limits import Limit
from studio.core.machine import Machine
from studio.core.model import TaskInstance
from studio.core.signals import Signal
from studio.core.spec import TaskSpec
from studio.core.states import RunState, TaskState
from studio.core.timers import LookElsewhere, Timers
from studio.core.turn import Acknowledge, Ask, Launch, Stop, TaskGuard, Writes
from studio.core.waiters import Waiters
from studio.scheduler import lease, loop
from studio.scheduler.hands import Hands
from studio.scheduler.lease import LeaseKeeper
from studio.scheduler.loop import Scheduler
from studio.testing import memory, memory_turn
from studio.testing.memory_tables import Tables

Patch = pytest.MonkeyPatch
MUTANTS: Final[dict[str, Mutant]] = {}


@dataclass(frozen=True, slots=True)
class Mutant:
    """`story` says what the bug is; `apply` puts it into this process."""

    name: str
    story: str
    apply: Callable[[Patch], None]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            self.apply(patch)
            yield


def mutant(story: str) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    def register(apply: Callable[[Patch], None]) -> Callable[[Patch], None]:
        MUTANTS[apply.__name__] = Mutant(apply.__name__, story, apply)
        return apply

    return register


# --- the store -----------------------------------------------------------------------------------------------------


@mutant("A scheduler that was taken over goes on writing.")
def fencing_dropped(patch: Patch) -> None:
    patch.setattr(memory, "_hold", lambda tables, lease: None)


@mutant("Writes are kept whatever the rows say now: no guard by revision and state.")
def guards_dropped(patch: Patch) -> None:
    original = memory_turn._keep_tasks

    def keep_tasks(tables: Tables, writes: Writes) -> None:
        guards = [
            TaskGuard(g.task, tables.tasks[g.task.id].rev, tables.tasks[g.task.id].state)
            for g in writes.tasks
        ]
        original(tables, replace(writes, tasks=guards))

    def expect(holds: bool, message: str) -> None:
        expected(holds or message.endswith("not as believed"), message)

    expected = memory_turn._expect
    patch.setattr(memory_turn, "_expect", expect)
    patch.setattr(memory_turn, "_keep_tasks", keep_tasks)


# --- the shell -----------------------------------------------------------------------------------------------------


def _effects(patch: Patch, change: Callable[[list[Any]], list[Any]]) -> None:
    """Every turn's effects go through `change`."""
    original = Machine._end_turn

    def end_turn(self: Machine) -> Any:
        turn = original(self)
        return replace(turn, effects=change(turn.effects))

    patch.setattr(Machine, "_end_turn", end_turn)


@mutant("A worker may forget an outcome before the commit that keeps it.")
def acknowledged_before_the_commit(patch: Patch) -> None:
    original = Scheduler._carry_out

    async def carry_out(self: Scheduler, turn: Any, events: Any) -> None:
        self._executor.acknowledge([e.attempt_id for e in turn.effects if isinstance(e, Acknowledge)])
        await original(self, turn, events)

    patch.setattr(Scheduler, "_carry_out", carry_out)


@mutant("Attempts are launched before the commit that makes them.")
def launched_before_the_commit(patch: Patch) -> None:
    original = Scheduler._carry_out

    async def carry_out(self: Scheduler, turn: Any, events: Any) -> None:
        self._executor.launch([e for e in turn.effects if isinstance(e, Launch)])
        await original(self, turn, events)

    patch.setattr(Scheduler, "_carry_out", carry_out)


@mutant("A running attempt that is cleared or cancelled is not stopped.")
def stops_forgotten(patch: Patch) -> None:
    _effects(patch, lambda effects: [e for e in effects if not isinstance(e, Stop)])


@mutant("Only the first of the attempts of a turn is launched.")
def only_the_first_is_launched(patch: Patch) -> None:
    def change(effects: list[Any]) -> list[Any]:
        launches = [e for e in effects if isinstance(e, Launch)]
        return [e for e in effects if not isinstance(e, Launch) or e is launches[0]]

    _effects(patch, change)


@mutant("Outcomes are never acknowledged: workers keep them for ever.")
def acknowledgements_forgotten(patch: Patch) -> None:
    _effects(patch, lambda effects: [e for e in effects if not isinstance(e, Acknowledge)])


@mutant("After a reload, attempts that a worker has begun are launched again.")
def begun_attempts_launched_again(patch: Patch) -> None:
    original = Hands.sort_out

    def sort_out(self: Hands, unfinished: Any) -> Any:
        _, lost = original(self, unfinished)
        return {attempt.id for attempt in unfinished}, lost

    patch.setattr(Hands, "sort_out", sort_out)


@mutant("What was committed, but not launched before a reload, is never launched.")
def unlaunched_attempts_forgotten(patch: Patch) -> None:
    patch.setattr(Hands, "sort_out", lambda self, unfinished: (set(), []))


@mutant("Reports of a turn that failed are dropped.")
def reports_dropped_after_an_error(patch: Patch) -> None:
    original = Scheduler._start_over

    async def start_over(self: Scheduler) -> None:
        self._inbox = []
        await original(self)

    patch.setattr(Scheduler, "_start_over", start_over)


@mutant("A living scheduler is taken over: its beat is not looked at.")
def the_living_are_taken_over(patch: Patch) -> None:
    patch.setattr(lease, "LEASE", -1.0)


@mutant("Nobody takes over from a dead scheduler.")
def the_dead_keep_their_dags(patch: Patch) -> None:
    async def watch(self: LeaseKeeper) -> bool:
        return False

    patch.setattr(LeaseKeeper, "_watch", watch)


@mutant("A scheduler that took over DAGs does not read them.")
def taken_over_but_not_loaded(patch: Patch) -> None:
    original = LeaseKeeper.beat

    async def beat(self: LeaseKeeper) -> bool:
        await original(self)
        return False

    patch.setattr(LeaseKeeper, "beat", beat)


@mutant("The commands that other processes write are not looked for.")
def commands_of_others_unseen(patch: Patch) -> None:
    original = Scheduler._wake_up

    async def keep_lease(self: Scheduler) -> None:
        while True:
            await self._clock.sleep(self._leases.beat_interval)
            await self._leases.beat()
            original(self)

    patch.setattr(Scheduler, "_keep_lease", keep_lease)


@mutant("Something that cannot be kept is tried for ever, with all that came along with it.")
def poison_is_not_isolated(patch: Patch) -> None:
    patch.setattr(loop, "stand_in", lambda report, error: None)


# --- the core ------------------------------------------------------------------------------------------------------


@mutant("A lost attempt uses up a retry.")
def losses_count_as_tries(patch: Patch) -> None:
    original = outcomes.lost

    def lost(board: Board, event: Lost) -> None:
        flight = board.in_flight.get(event.attempt_id)
        before = flight.task.max_tries if isinstance(flight, InFlight) else 0
        original(board, event)
        if isinstance(flight, InFlight):
            flight.task.max_tries = before

    patch.setattr(outcomes, "lost", lost)


@mutant("One loss too many is made up for.")
def one_loss_too_many(patch: Patch) -> None:
    original = outcomes.lost

    def lost(board: Board, event: Lost) -> None:
        flight = board.in_flight.get(event.attempt_id)
        is_last = isinstance(flight, InFlight) and flight.task.lost_count == 3
        if isinstance(flight, InFlight) and is_last:
            flight.task.lost_count -= 1
        original(board, event)
        if isinstance(flight, InFlight) and is_last:
            flight.task.lost_count += 1

    patch.setattr(outcomes, "lost", lost)


@mutant("A retry does not wait for its delay.")
def retries_at_once(patch: Patch) -> None:
    patch.setattr(retry, "retry_delay", lambda *args: 0.0)


@mutant("The backoff begins one step too late.")
def backoff_one_step_behind(patch: Patch) -> None:
    original = retry.retry_delay
    patch.setattr(retry, "retry_delay", lambda task, who, failures: original(task, who, failures - 1))


@mutant("One more may run at once than a limit says.")
def one_too_many(patch: Patch) -> None:
    patch.setattr(
        Limit,
        "has_room",
        lambda self, n: self.slots is not None and (self.slots < 0 or self.used < self.slots + 1),
    )


@mutant("One less runs at once than a limit allows, where it allows more than one.")
def one_too_few(patch: Patch) -> None:
    original = Limit.has_room
    patch.setattr(Limit, "has_room", lambda self, n: original(self, n + (self.slots or 0 > 1)))


@mutant("A limit does not notice that somebody has gone.")
def nobody_is_brought_forward(patch: Patch) -> None:
    patch.setattr(Dispatcher, "_heat", lambda self, limit: None)


@mutant("One run too many is let in.")
def one_run_too_many(patch: Patch) -> None:
    original = runs.admit

    def admit(board: Board, owned: OwnedDag) -> None:
        owned.running[None] -= 1
        original(board, owned)
        owned.running[None] += 1

    patch.setattr(runs, "admit", admit)


@mutant("A paused DAG goes on launching.")
def paused_dags_go_on(patch: Patch) -> None:
    original = dispatch

    def dispatch_all(board: Board) -> None:
        runs = [active for owned in board.dags.values() for active in owned.runs.values() if active.is_held]
        for active in runs:
            active.is_held = False
            board.dispatcher.offer(active)
        original(board)
        for active in runs:
            active.is_held = True

    patch.setattr(machine, "dispatch", dispatch_all)


@mutant("A clear does not hold back what waits below the cleared task.")
def nothing_held_back(patch: Patch) -> None:
    original = clear.clear_tasks

    def clear_tasks(board: Board, active: ActiveRun, tasks: list[TaskInstance]) -> None:
        below = active.layout.graph
        held = [task for task in active.all() if task.state is TaskState.SCHEDULED and task not in tasks]
        original(board, active, tasks)
        for task in held:
            if task.state is TaskState.NONE and below.upstream[task.task_id]:
                board.move(active, task, TaskState.SCHEDULED)

    patch.setattr(clear, "clear_tasks", clear_tasks)


@mutant("A clear does not give new tries.")
def no_new_tries_after_clear(patch: Patch) -> None:
    original = clear.clear_tasks

    def clear_tasks(board: Board, active: ActiveRun, tasks: list[TaskInstance]) -> None:
        tries = [task.max_tries for task in tasks]
        original(board, active, tasks)
        for task, most in zip(tasks, tries, strict=True):
            task.max_tries = most

    patch.setattr(clear, "clear_tasks", clear_tasks)


@mutant("A cancel leaves alone what waits for its next try.")
def cancel_leaves_retries(patch: Patch) -> None:
    original = moves.end

    def end(board: Board, active: ActiveRun, task: TaskInstance, state: TaskState) -> None:
        if task.state is not TaskState.UP_FOR_RETRY or state is not TaskState.CANCELLED:
            original(board, active, task, state)

    patch.setattr(moves, "end", end)


@mutant("A failed upstream task does not keep the next one from running.")
def rule_swapped(patch: Patch) -> None:
    patch.setitem(rules.RULES, "all_success", rules.RULES["all_done"])


@mutant("`one_success` waits for all of them.")
def one_success_waits(patch: Patch) -> None:
    original = rules.RULES["one_success"]
    patch.setitem(
        rules.RULES, "one_success", lambda counts: original(counts) if counts.done >= counts.total else None
    )


@mutant("`none_failed_min_one_success` does without a success.")
def min_one_success_forgotten(patch: Patch) -> None:
    patch.setitem(rules.RULES, "none_failed_min_one_success", rules.RULES["none_failed"])


@mutant("A run whose leaf failed is a success.")
def failures_of_leaves_forgiven(patch: Patch) -> None:
    original = ActiveRun.verdict

    def verdict(self: ActiveRun) -> tuple[RunState, bool]:
        state, with_failures = original(self)
        return (RunState.SUCCESS if state is RunState.FAILED else state), with_failures

    patch.setattr(ActiveRun, "verdict", verdict)


@mutant("An outcome that is told twice is handled twice.")
def outcomes_read_twice(patch: Patch) -> None:
    original = outcomes.finished
    last: dict[int, InFlight] = {}

    def finished(board: Board, event: Finished) -> None:
        flight = board.in_flight.get(event.attempt_id)
        if isinstance(flight, InFlight):
            last[event.attempt_id] = flight
        again = last.get(event.attempt_id) if flight is None else None
        if again is not None and again.task.attempt == event.attempt_id:
            owned = board.dags.get(again.active.run.dag_id)
            if owned is not None and again.active in owned.runs.values():
                board.in_flight[event.attempt_id] = again
        original(board, event)

    patch.setattr(outcomes, "finished", finished)


@mutant("What was stopped counts as done.")
def stopped_is_success(patch: Patch) -> None:
    original = outcomes.finished

    def finished(board: Board, event: Finished) -> None:
        original(board, replace(event, state="success") if event.state == "cancelled" else event)

    patch.setattr(outcomes, "finished", finished)


@mutant("A tick is made a run twice: the cursor stays behind.")
def cursor_stays_behind(patch: Patch) -> None:
    original = catchup.due

    def due(window: Any, policy: Any, cursor: float | None, now: float) -> Any:
        found = original(window, policy, cursor, now)
        return replace(found, cursor=found.cursor - 60.0)

    patch.setattr("studio.core.runs.due", due)


@mutant("`latest` makes up for every missed tick.")
def latest_is_all(patch: Patch) -> None:
    original = catchup.due

    def due(window: Any, policy: Any, cursor: float | None, now: float) -> Any:
        reach = cursor if cursor is None else max(cursor, now - 600.0)
        return original(window, "all" if policy == "latest" else policy, reach, now)

    patch.setattr("studio.core.runs.due", due)


# --- features ------------------------------------------------------------------------------------------------------


@mutant("The lightest task goes first.")
def priorities_upside_down(patch: Patch) -> None:
    original = weights.weights
    patch.setattr(
        "studio.core.layout.weights",
        lambda spec, *more: {name: -weight for name, weight in original(spec, *more).items()},
    )


@mutant("What takes several slots of a pool takes one.")
def one_slot_each(patch: Patch) -> None:
    original = Dispatcher._limits_of

    def limits_of(self: Dispatcher, active: ActiveRun, spec: TaskSpec) -> Iterator[tuple[Limit, int]]:
        for limit, _ in original(self, active, spec):
            yield limit, 1

    patch.setattr(Dispatcher, "_limits_of", limits_of)


@mutant("A mapping has one instance too few.")
def maps_too_short(patch: Patch) -> None:
    original = expansion.length_of

    def length_of(*args: Any) -> int | None:
        n = original(*args)
        return n - 1 if n is not None and n > 1 else n

    patch.setattr(expansion, "length_of", length_of)


@mutant("Everybody's callbacks are called twice.")
def callbacks_doubled(patch: Patch) -> None:
    original = callbacks.call_back

    def call_back(*args: Any, **facts: Any) -> None:
        original(*args, **facts)
        original(*args, **facts)

    for name in ("studio.core.callbacks", "studio.core.moves", "studio.core.runs"):
        patch.setattr(f"{name}.call_back", call_back)


@mutant("A branch skips what it was to follow.")
def branches_upside_down(patch: Patch) -> None:
    original = flow._decides_against
    patch.setattr(
        flow,
        "_decides_against",
        lambda active, decider, task: decider.decision is not None and not original(active, decider, task),
    )


@mutant("What works under a setup does not ask how that went.")
def setups_ignored(patch: Patch) -> None:
    patch.setattr(flow, "judge_setups", lambda counts: TaskState.SCHEDULED)


@mutant("Used asset events stay in the queue.")
def asset_events_used_twice(patch: Patch) -> None:
    original = assets.use_events

    def use_events(board: Board, owned: OwnedDag) -> tuple[int, ...]:
        queued = dict(owned.dag.queued_events)
        used = original(board, owned)
        owned.dag.queued_events = queued
        return used

    patch.setattr("studio.core.runs.use_events", use_events)


@mutant("A sensor that found nothing has succeeded.")
def sensors_always_find(patch: Patch) -> None:
    original = outcomes.finished

    def finished(board: Board, event: Finished) -> None:
        original(
            board, replace(event, state="success", value=True) if event.state == "rescheduled" else event
        )

    patch.setattr(outcomes, "finished", finished)


# --- what happens elsewhere ------------------------------------------------------------------------------------------


@mutant("Who waits for something elsewhere is not woken when it happens here.")
def waiters_not_woken(patch: Patch) -> None:
    patch.setattr(Waiters, "notice", lambda self, *topic: None)


@mutant("The questions of those that wait are lost.")
def questions_lost(patch: Patch) -> None:
    _effects(patch, lambda effects: [e for e in effects if not isinstance(e, Ask)])


@mutant("Each waiting task asks the store once only.")
def nobody_asks_again(patch: Patch) -> None:
    original = Timers.set

    def set_(self: Timers, when: float, alarm: Any) -> None:
        if not isinstance(alarm, LookElsewhere):
            original(self, when, alarm)

    patch.setattr(Timers, "set", set_)


@mutant("After a restart those that wait for something elsewhere are forgotten.")
def waiters_forgotten(patch: Patch) -> None:
    patch.setattr(elsewhere, "is_waiter", lambda active, task: False)


@mutant("A trigger has succeeded before its run is made.")
def triggers_trusted(patch: Patch) -> None:
    original = outcomes.finished

    def finished(board: Board, event: Finished) -> None:
        wanted = event.signal.trigger
        value = None if wanted is None else {"dag_id": wanted.dag_id, "run_id": "never made"}
        original(board, event if value is None else replace(event, value=value, signal=Signal()))

    patch.setattr(outcomes, "finished", finished)


@mutant("A trigger makes two runs.")
def two_runs_of_a_trigger(patch: Patch) -> None:
    original = runs.create_run

    def create_run(*args: Any, **facts: Any) -> ActiveRun:
        board, owned, run_type, run_id = args
        original(board, owned, run_type, f"{run_id}.", **facts)
        return original(*args, **facts)

    patch.setattr("studio.core.commands.by_task.create_run", create_run)


@mutant("A run that was triggered and is over still runs for who waits for it.")
def ends_of_triggered_runs_unseen(patch: Patch) -> None:
    patch.setattr(triggering, "run_judged", lambda active, task, runs: None)
