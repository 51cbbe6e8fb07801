"""The machine: events in, writes and effects out. No clock, no I/O, no `await`, no randomness.

It holds the DAGs that its scheduler owns and their unfinished runs. `handle` takes everything that arrived since
the last turn and returns one turn; the shell commits the writes and only then carries out the effects. If the
commit fails, the machine is thrown away and loaded again from the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from studio.core import commands
from studio.core.active import ActiveRun
from studio.core.board import Board, OwnedDag, launch_of
from studio.core.events import Capacity, CommandGiven, Event, Finished, Lost, Started
from studio.core.ledger import Ledger
from studio.core.model import Attempt, Dag, Run, RunWithTasks, TaskInstance
from studio.core.retry import LOST_RETRIES, retry_delay
from studio.core.states import AttemptState, RunState, TaskState
from studio.core.turn import Acknowledge, Effect, Stop, Writes
from studio.core.why import why_waiting

_T = TaskState
_A = AttemptState


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
        return self._board.next_wake

    @property
    def capacity(self) -> int:
        """Attempts that the executor wants to hold at once."""
        return self._board.capacity

    def set_capacity(self, slots: int) -> None:
        """What a machine that succeeds another must know beforehand."""
        self._board.capacity = slots

    def why(self, dag_id: str, run_id: str, task_id: str) -> list[str]:
        """Why a task instance is not running, in words; empty if it is, or if its run is over."""
        return why_waiting(self._board, dag_id, run_id, task_id)

    # --- loading ------------------------------------------------------------------------------------------------

    def load(self, dags: Iterable[Dag], runs: Iterable[RunWithTasks], attempts: Iterable[Attempt]) -> None:
        """Take over DAGs with all their unfinished runs and attempts, as the store has them."""
        board = self._board
        alive = {attempt.id: attempt for attempt in attempts}
        for dag in dags:
            board.dags[dag.dag_id] = OwnedDag(dag)
            board.arm(dag)
        for stored in runs:
            active = ActiveRun(stored)
            board.dags[stored.run.dag_id].runs[stored.run.run_id] = active
            board.adopt(active, alive)

    def resume(self, relaunch: Iterable[int], now: float) -> Turn:
        """The first turn after `load`: launch what no worker ever had, repeat what was to be stopped, go on."""
        board, again = self._board, set(relaunch)
        board.now = now
        for attempt_id, flight in board.in_flight.items():
            if attempt_id in again:
                board.ledger.effects.append(launch_of(flight))
            if flight.task.state in (_T.STOPPING, _T.RESTARTING):
                board.ledger.effects.append(Stop(attempt_id))
        for owned in board.dags.values():
            for active in owned.in_state(RunState.RUNNING):
                board.evaluate(active, list(active.tasks.values()))
                board.close_if_over(active)
            board.admit(owned)
        return self._end_turn()

    # --- one turn -----------------------------------------------------------------------------------------------

    def handle(self, events: Sequence[Event], now: float) -> Turn:
        """Decide on `events`, in order, and on what time has brought by `now`."""
        self._board.now = now
        for event in events:
            match event:
                case Started():
                    self._started(event)
                case Finished():
                    self._finished(event)
                case Lost():
                    self._lost(event)
                case Capacity(slots):
                    self._board.capacity = slots
                case CommandGiven():
                    commands.handle(self._board, event)
        return self._end_turn()

    def _end_turn(self) -> Turn:
        board = self._board
        board.pass_time()
        board.dispatch()
        ledger, board.ledger = board.ledger, Ledger()
        touched, board.touched = board.touched, {}
        tasks: dict[int, list[TaskInstance]] = {run: [] for run in touched}
        for task in ledger.changed_tasks():
            tasks[task.run].append(task)
        runs = [
            RunTouched(active.run, active.counts_by_name(), tasks[run]) for run, active in touched.items()
        ]
        return Turn(ledger.settle(), ledger.effects, ledger.changed_dags(), ledger.removed_dags(), runs)

    # --- reports ------------------------------------------------------------------------------------------------

    def _started(self, event: Started) -> None:
        flight = self._board.in_flight.get(event.attempt_id)
        if flight is None or flight.attempt.state is not _A.QUEUED:
            return  # told again, or over already
        self._board.ledger.touch_attempt(flight.attempt)
        flight.attempt.state = _A.RUNNING
        flight.attempt.started_at = event.at
        flight.attempt.worker = event.worker
        task = flight.task
        if task.state is _T.QUEUED:
            self._board.move(flight.active, task, _T.RUNNING)
        else:
            self._board.ledger.touch_task(task)
            self._board.touched[task.run] = flight.active
        task.started_at = event.at

    def _finished(self, event: Finished) -> None:
        board = self._board
        # An attempt that is not in flight has its outcome in the database already: the worker may forget it.
        board.ledger.effects.append(Acknowledge(event.attempt_id))
        flight = board.in_flight.pop(event.attempt_id, None)
        if flight is None:
            return
        attempt, task, active = flight.attempt, flight.task, flight.active
        board.ledger.touch_attempt(attempt)
        attempt.state = _A(event.state)
        attempt.started_at, attempt.ended_at = event.started_at, event.ended_at
        attempt.worker, attempt.error, attempt.value = event.worker, event.error, event.value
        attempt.details = event.details or {}
        task.started_at, task.ended_at = event.started_at, event.ended_at
        if task.state is _T.RESTARTING:
            board.settle_task(active, task, _T.NONE)
        elif attempt.state is _A.SUCCESS:
            board.settle_task(active, task, _T.SUCCESS)
        elif task.state is _T.STOPPING:
            board.settle_task(active, task, _T.CANCELLED)
        elif task.try_number < task.max_tries:
            spec = active.specs[task.task_id]
            identity = f"{active.run.dag_id}#{task.task_id}#{active.run.run_id}"
            failures = max(1, task.try_number - task.lost_count)
            board.retry_at(active, task, event.ended_at + retry_delay(spec, identity, failures))
        else:
            board.settle_task(active, task, _T.FAILED)

    def _lost(self, event: Lost) -> None:
        board = self._board
        board.ledger.effects.append(Acknowledge(event.attempt_id))
        flight = board.in_flight.pop(event.attempt_id, None)
        if flight is None:
            return
        attempt, task, active = flight.attempt, flight.task, flight.active
        board.ledger.touch_attempt(attempt)
        attempt.state, attempt.error, attempt.ended_at = _A.LOST, event.reason, board.now
        task.ended_at = board.now
        if task.state is _T.RESTARTING:
            board.settle_task(active, task, _T.NONE)
        elif task.state is _T.STOPPING:
            board.settle_task(active, task, _T.CANCELLED)
        elif task.lost_count < LOST_RETRIES:
            task.lost_count += 1
            task.max_tries += 1  # a lost attempt does not use up a retry
            board.retry_at(active, task, board.now)
        else:
            board.settle_task(active, task, _T.FAILED)
