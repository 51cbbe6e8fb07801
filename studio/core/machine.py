"""The machine: events in, writes and effects out. No clock, no I/O, no `await`, no randomness.

It holds the DAGs that its scheduler owns and their unfinished runs. `handle` takes everything that arrived since
the last turn and returns one turn; the shell commits the writes and only then carries out the effects. If the
commit fails, the machine is thrown away and loaded again from the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from studio.core import commands, elsewhere, outcomes
from studio.core.active import ActiveRun
from studio.core.assets import register
from studio.core.board import Board, InFlight, OwnedDag
from studio.core.callbacks import launch_of_callback
from studio.core.events import Answered, Capacity, CommandGiven, Event, Finished, Lost, PoolsSeen, Started
from studio.core.flow import pass_time, work_off
from studio.core.launching import dispatch, launch_of, queue_timeout_of
from studio.core.ledger import Ledger
from studio.core.model import (
    Asset,
    Attempt,
    Backfill,
    CallbackRequest,
    Dag,
    Pool,
    Run,
    RunWithTasks,
    TaskInstance,
)
from studio.core.moves import stop
from studio.core.past import looks_back, note_past
from studio.core.runs import arm, close_backfill, look_at_all
from studio.core.states import WAITING, AttemptState, RunState, TaskState
from studio.core.timers import Deadline, GoOn, QueuedTooLong, RunTooLong
from studio.core.turn import Effect, Writes
from studio.core.why import Reason, why_run, why_task

_T = TaskState


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that a scheduler takes over, as the store has it."""

    dags: Sequence[Dag] = ()
    runs: Sequence[RunWithTasks] = ()  # all that are unfinished
    attempts: Sequence[Attempt] = ()  # not terminal
    callbacks: Sequence[CallbackRequest] = ()  # not terminal
    pools: Sequence[Pool] = ()
    backfills: Sequence[Backfill] = ()  # not over
    assets: Sequence[Asset] = ()
    before: Sequence[RunWithTasks] = ()  # runs that are over and that tasks with `depends_on_past` look at
    durations: Mapping[str, Sequence[float]] = field(
        default_factory=dict
    )  # of a DAG's last successes; seconds


@dataclass(frozen=True, slots=True)
class RunTouched:
    """A run that the turn changed, and those of its tasks that it changed."""

    run: Run
    counts: dict[str, int]  # TaskState value → task instances
    tasks: list[TaskInstance]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the machine decided: commit `writes`, then carry out `effects`, then tell about the rest."""

    writes: Writes
    effects: list[Effect]
    dags: list[Dag]
    removed_dags: list[str]
    runs: list[RunTouched]


class Machine:
    """Decides for all DAGs of one scheduler. `first_id` is the least of the ids that it may give out."""

    def __init__(self, first_id: int) -> None:
        self._board = Board(first_id)

    @property
    def running(self) -> int:
        """Attempts alive."""
        return len(self._board.in_flight)

    @property
    def next_id(self) -> int:
        """The first id that was not given out: where a successor of this machine goes on."""
        return self._board.next_id

    @property
    def next_wake(self) -> float | None:
        """When time itself is the next event (wall clock), or None."""
        return self._board.timers.next

    @property
    def capacity(self) -> int:
        """Attempts that the executor wants to hold at once."""
        return self._board.capacity

    def set_capacity(self, slots: int) -> None:
        """What a machine that succeeds another must know beforehand."""
        self._board.capacity = slots

    def why(self, dag_id: str, run_id: str, task_id: str | None = None, map_index: int = -1) -> list[Reason]:
        """Why a task instance, or a run, does not go on; empty if it does, or is over."""
        if task_id is None:
            return why_run(self._board, dag_id, run_id)
        return why_task(self._board, dag_id, run_id, task_id, map_index)

    def owns(self, dag_id: str) -> bool:
        """Whether the DAG was loaded, or published since."""
        return dag_id in self._board.dags

    @property
    def shares_pools(self) -> bool:
        """Whether there is a pool with a limit: what others take of it has to be looked at now and then."""
        return any(pool.slots >= 0 for pool in self._board.pools.values())

    def looks_back(self, dag_id: str) -> bool:
        """Whether tasks of the DAG look at the run before theirs: facts of commands must have it then."""
        owned = self._board.dags.get(dag_id)
        return owned is not None and (owned.followers > 0 or looks_back(owned.dag.spec))

    # --- loading ------------------------------------------------------------------------------------------------

    def load(self, stored: Stored) -> None:
        """Take over DAGs with everything of theirs that is unfinished."""
        board = self._board
        for pool in stored.pools:
            board.pools[pool.name] = pool
            board.dispatcher.set_pool(pool.name, pool.slots, pool.used if pool.slots >= 0 else 0)
        board.assets = {asset.name: asset for asset in stored.assets}
        board.backfills = {backfill.id: backfill for backfill in stored.backfills}
        for dag in stored.dags:
            owned = board.dags[dag.dag_id] = OwnedDag(dag)
            owned.durations = list(stored.durations.get(dag.dag_id, ()))
            register(board, dag.spec)
            board.dispatcher.refit(dag.spec)
            arm(board, owned)
        alive = {attempt.id: attempt for attempt in stored.attempts}
        for run in stored.runs:
            active = board.activated(run)
            board.dags[run.run.dag_id].take_in(active)
            self._adopt(active, alive)
        for run in stored.before:
            note_past(board.dags[run.run.dag_id], run)
        for request in stored.callbacks:
            board.in_flight[request.id] = request

    def _adopt(self, active: ActiveRun, alive: dict[int, Attempt]) -> None:
        """Take in a run that was just loaded: its living attempts, its ready tasks, its timers."""
        board, run = self._board, active.run
        for task in active.all():
            if task.attempt in alive:
                attempt = alive[task.attempt]
                board.in_flight[attempt.id] = InFlight(active, task, attempt)
                if attempt.state is AttemptState.QUEUED:
                    limit = queue_timeout_of(active.spec_of(task))
                    board.timers.set(attempt.queued_at + limit, QueuedTooLong(attempt.id))
            elif task.state is _T.SCHEDULED:
                board.dispatcher.push(active, task)
            elif task.state in WAITING and task.retry_at is not None:
                board.timers.set(task.retry_at, GoOn(active, task))
            if elsewhere.is_waiter(active, task):
                elsewhere.take_in(board, active, task)
            board.count_loaded(active, task)
        if active.spec.run_timeout is not None and run.started_at is not None:
            board.timers.set(run.started_at + active.spec.run_timeout, RunTooLong(active, run.started_at))
        for number, when in enumerate(run.deadlines):
            if when is not None:
                board.timers.set(when, Deadline(active, number))

    def resume(self, relaunch: Iterable[int], now: float) -> Turn:
        """The first turn after `load`: launch what no worker ever had, repeat what was to be stopped, go on."""
        board, again = self._board, set(relaunch)
        board.now = now
        for attempt_id, flight in board.in_flight.items():
            if isinstance(flight, CallbackRequest):
                if attempt_id in again:
                    board.ledger.effects.append(launch_of_callback(flight))
                continue
            if attempt_id in again:
                board.ledger.effects.append(launch_of(flight))
            if flight.task.state in (_T.STOPPING, _T.RESTARTING):
                stop(board, flight.task)
        for owned in board.dags.values():
            for active in list(owned.runs.values()):
                if active.run.state is RunState.RUNNING:
                    look_at_all(board, active)
                    board.look_at_maps(active)
                if active.is_over and (active.run.state is RunState.RUNNING or active.run.ending is not None):
                    board.maybe_over[active.run.id] = active
            board.to_admit[owned.dag.dag_id] = None
            board.asset_runs[owned.dag.dag_id] = None
        for number, backfill in list(board.backfills.items()):
            close_backfill(board, board.dags[backfill.dag_id], number)
        work_off(board)
        return self._end_turn()

    # --- one turn -----------------------------------------------------------------------------------------------

    def handle(self, events: Sequence[Event], now: float) -> Turn:
        """Decide on `events`, in order, and on what time has brought by `now`."""
        board = self._board
        board.now = now
        for event in events:
            match event:
                case Started():
                    outcomes.started(board, event)
                case Finished():
                    outcomes.finished(board, event)
                    work_off(board)
                case Lost():
                    outcomes.lost(board, event)
                    work_off(board)
                case Capacity(slots):
                    board.capacity = slots
                case CommandGiven():
                    commands.handle(board, event)
                case PoolsSeen(pools):
                    board.see_pools(pools)
                case Answered():
                    elsewhere.answered(board, event)
                    work_off(board)
        return self._end_turn()

    def _end_turn(self) -> Turn:
        board = self._board
        pass_time(board)
        dispatch(board)
        elsewhere.ask(board)
        ledger, board.ledger = board.ledger, Ledger()
        touched, board.touched = board.touched, {}
        tasks: dict[int, list[TaskInstance]] = {run: [] for run in touched}
        for task in ledger.changed_tasks():
            tasks[task.run].append(task)
        runs = [
            RunTouched(active.run, active.counts_by_name(), tasks[run]) for run, active in touched.items()
        ]
        return Turn(ledger.settle(), ledger.effects, ledger.changed_dags(), ledger.removed_dags(), runs)
