"""The board: everything that is unfinished, and the elementary moves on it.

The machine's reports and commands are made of these moves; each keeps the ledger, the counts and the timers in step.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from studio.core.active import ActiveRun
from studio.core.catchup import due, window_of
from studio.core.context import attempt_directory, context_of, iso
from studio.core.ledger import Ledger
from studio.core.model import Attempt, Dag, Run, RunType, RunWithTasks, TaskInstance
from studio.core.rules import judge
from studio.core.schedules import Tick, manual_interval
from studio.core.states import (
    RUN_TERMINAL,
    TERMINAL,
    RunState,
    TaskState,
    check_run_transition,
    check_transition,
)
from studio.core.turn import Launch


@dataclass(slots=True)
class InFlight:
    """An attempt that is alive, or may be."""

    active: ActiveRun
    task: TaskInstance
    attempt: Attempt


@dataclass(slots=True)
class OwnedDag:
    """A DAG and its unfinished runs, by run id."""

    dag: Dag
    runs: dict[str, ActiveRun] = field(default_factory=dict)

    def in_state(self, state: RunState) -> list[ActiveRun]:
        """Its runs in `state`, oldest first."""
        return sorted((active for active in self.runs.values() if active.run.state is state), key=_age)


def _age(active: ActiveRun) -> tuple[float, int]:
    return active.order


class Board:
    """State and moves. `first_id` is the least of the ids that it may give out."""

    def __init__(self, first_id: int) -> None:
        self.now = 0.0
        self.capacity = 0
        self.dags: dict[str, OwnedDag] = {}
        self.in_flight: dict[int, InFlight] = {}
        self.ledger = Ledger()
        self.touched: dict[int, ActiveRun] = {}  # runs that this turn changed, by Run.id
        self.next_id = first_id
        self._tickets = 0
        self._dispatchable: list[tuple[float, int, ActiveRun]] = []  # heap: runs that may have ready tasks
        self._retries: list[tuple[float, int, ActiveRun, TaskInstance]] = []  # heap by time
        self._due: list[tuple[float, str]] = []  # heap: DAGs by next scheduled run

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def new_ticket(self) -> int:
        """Breaks ties in heaps, first come first served."""
        self._tickets += 1
        return self._tickets

    def owned(self, dag_id: str) -> OwnedDag | None:
        return self.dags.get(dag_id)

    # --- task instances -----------------------------------------------------------------------------------------

    def move(self, active: ActiveRun, task: TaskInstance, state: TaskState) -> None:
        """Change the state of a task instance along `TRANSITIONS`."""
        check_transition(task.state, state, f"{active.run.dag_id}/{active.run.run_id}/{task.task_id}")
        self.ledger.touch_task(task)
        self.touched[active.run.id] = active
        active.set_state(task, state)
        if state is TaskState.SCHEDULED:
            active.ready.append(task)
            self._offer(active)

    def evaluate(self, active: ActiveRun, tasks: Iterable[TaskInstance]) -> None:
        """Apply the trigger rules to those of `tasks` that wait, and to whatever that decides further down."""
        work = [task for task in tasks if task.state is TaskState.NONE]
        while work:
            task = work.pop()
            if task.state is not TaskState.NONE:
                continue
            verdict = judge(active.specs[task.task_id].trigger_rule, active.upstream[task.task_id])
            if verdict is None:
                continue
            self.move(active, task, verdict)
            if verdict in TERMINAL:
                task.ended_at = self.now
                work.extend(active.tasks[child] for child in active.graph.downstream[task.task_id])

    def settle_task(self, active: ActiveRun, task: TaskInstance, state: TaskState) -> None:
        """A task instance has come to an end, or back to the start: go on from there."""
        self.move(active, task, state)
        if state is TaskState.NONE:
            task.retry_at = None
            if active.run.state is RunState.RUNNING:
                self.evaluate(active, [task])
        elif active.run.state is RunState.RUNNING:
            self.evaluate(active, (active.tasks[child] for child in active.graph.downstream[task.task_id]))
        self._offer(active)  # it may have room again
        self.close_if_over(active)

    def retry_at(self, active: ActiveRun, task: TaskInstance, when: float) -> None:
        """Put a failed task instance back on the clock."""
        self.move(active, task, TaskState.UP_FOR_RETRY)
        task.retry_at = when
        heapq.heappush(self._retries, (when, self.new_ticket(), active, task))
        self._offer(active)

    # --- runs -----------------------------------------------------------------------------------------------------

    def create_run(
        self,
        owned: OwnedDag,
        run_type: RunType,
        run_id: str,
        *,
        run_after: float,
        logical_date: float | None,
        params: dict[str, Any],
        triggered_by: str,
        interval: tuple[float, float] | None = None,
    ) -> ActiveRun:
        """A new queued run of the DAG's current version. The caller has made sure that `run_id` is free.

        `interval`: its data interval; None: the one that the schedule gives a run by hand.
        """
        dag = owned.dag
        run = Run(
            id=self.new_id(),
            dag_id=dag.dag_id,
            run_id=run_id,
            run_type=run_type,
            version=dag.version,
            run_after=run_after,
            logical_date=logical_date,
            params={**dag.spec.params, **params},
            queued_at=self.now,
            triggered_by=triggered_by,
        )
        if logical_date is not None:
            interval = interval or manual_interval(dag.spec, logical_date) or (logical_date, logical_date)
            run.interval_start, run.interval_end = interval
        tasks = [
            TaskInstance(id=self.new_id(), run=run.id, task_id=task.id, max_tries=1 + task.retries)
            for task in dag.spec.tasks
        ]
        self.ledger.add_run(run, tasks)
        active = ActiveRun(RunWithTasks(run, tasks, dag.spec))
        owned.runs[run_id] = active
        self.touched[run.id] = active
        self.admit(owned)
        return active

    def set_run_state(self, active: ActiveRun, state: RunState) -> None:
        run = active.run
        check_run_transition(run.state, state, f"{run.dag_id}/{run.run_id}")
        self.ledger.touch_run(run)
        self.touched[run.id] = active
        run.state = state
        if state is RunState.QUEUED:
            run.queued_at, run.started_at, run.ended_at = self.now, None, None
            run.with_failures = False
        elif state is RunState.RUNNING:
            run.started_at = self.now
        else:
            run.ended_at = self.now

    def admit(self, owned: OwnedDag) -> None:
        """Start queued runs, oldest first, while `max_active_runs` has room."""
        if owned.dag.paused:
            return
        queued = owned.in_state(RunState.QUEUED)
        if not queued:
            return
        room = owned.dag.spec.max_active_runs - len(owned.in_state(RunState.RUNNING))
        for active in queued:
            if room <= 0:
                return
            self.set_run_state(active, RunState.RUNNING)
            self.evaluate(active, active.tasks.values())
            self._offer(active)
            if not self._close(active):  # one that was repeated below a failed task is over at once
                room -= 1

    def close_if_over(self, active: ActiveRun) -> None:
        """End a run whose tasks are all terminal; that may let the next one in."""
        if self._close(active):
            self.admit(self.dags[active.run.dag_id])

    def _close(self, active: ActiveRun) -> bool:
        run = active.run
        if run.state in RUN_TERMINAL or not active.is_over:
            return False
        state, with_failures = active.verdict()
        self.set_run_state(active, state)
        run.with_failures = with_failures
        run.ending = None
        self.dags[run.dag_id].runs.pop(run.run_id, None)
        return True

    def ended_now(self, dag_id: str) -> dict[str, ActiveRun]:
        """Runs that ended in this very turn, by run id: the store does not know, or not yet that they are over."""
        touched = (active for active in self.touched.values() if active.run.dag_id == dag_id)
        return {active.run.run_id: active for active in touched if active.run.state in RUN_TERMINAL}

    # --- time -----------------------------------------------------------------------------------------------------

    @property
    def next_wake(self) -> float | None:
        """When time itself is the next event (wall clock), or None."""
        times = [self._retries[0][0]] if self._retries else []
        if self._due:
            times.append(self._due[0][0])
        return min(times, default=None)

    def arm(self, dag: Dag) -> None:
        """Wait for the DAG's next scheduled run."""
        if dag.next_due is not None and not dag.paused:
            heapq.heappush(self._due, (dag.next_due, dag.dag_id))

    def plan_next(self, dag: Dag) -> tuple[Tick, ...]:
        """Move the DAG's cursor to now. Returns the ticks that are to become runs, oldest first."""
        window = window_of(dag.spec)
        self.ledger.touch_dag(dag)
        if window is None:
            dag.next_due = None
            return ()
        found = due(window, dag.spec.catchup, dag.cursor, self.now)
        dag.cursor, dag.next_due = found.cursor, found.next_due
        self.arm(dag)
        return found.ticks

    def create_due_runs(self, owned: OwnedDag) -> None:
        """Make the runs that the schedule asks for by now."""
        for tick in self.plan_next(owned.dag):
            run_id = f"scheduled__{iso(tick.run_after)}"
            if run_id not in owned.runs:
                self.create_run(
                    owned,
                    "scheduled",
                    run_id,
                    run_after=tick.run_after,
                    logical_date=tick.logical_date,
                    params={},
                    triggered_by="schedule",
                    interval=(tick.interval_start, tick.interval_end),
                )

    def pass_time(self) -> None:
        """What the clock alone brings about: retries whose delay is over, runs that are due."""
        while self._retries and self._retries[0][0] <= self.now:
            when, _, active, task = heapq.heappop(self._retries)
            if task.state is TaskState.UP_FOR_RETRY and task.retry_at == when:
                self._try_again(active, task)
        while self._due and self._due[0][0] <= self.now:
            when, dag_id = heapq.heappop(self._due)
            owned = self.dags.get(dag_id)
            if owned is not None and not owned.dag.paused and owned.dag.next_due == when:
                self.create_due_runs(owned)

    def _try_again(self, active: ActiveRun, task: TaskInstance) -> None:
        task.retry_at = None
        verdict = judge(active.specs[task.task_id].trigger_rule, active.upstream[task.task_id])
        if verdict is TaskState.SCHEDULED:
            self.move(active, task, verdict)
        else:  # an upstream task was cleared while it ran
            self.settle_task(active, task, TaskState.NONE)

    # --- launching --------------------------------------------------------------------------------------------------

    def _offer(self, active: ActiveRun) -> None:
        if active.ready and not active.offered and active.run.state is RunState.RUNNING:
            active.offered = True
            heapq.heappush(self._dispatchable, (*active.order, active))

    def offer_all(self, owned: OwnedDag) -> None:
        """After an unpause: everything that is ready may go."""
        for active in owned.runs.values():
            self._offer(active)

    def adopt(self, active: ActiveRun, alive: dict[int, Attempt]) -> None:
        """Take in a run that was just loaded: its living attempts, its ready tasks, its retries."""
        for task in active.tasks.values():
            if task.attempt in alive:
                attempt = alive[task.attempt]
                self.in_flight[attempt.id] = InFlight(active, task, attempt)
            elif task.state is TaskState.SCHEDULED:
                active.ready.append(task)
            elif task.state is TaskState.UP_FOR_RETRY:
                heapq.heappush(self._retries, (task.retry_at or 0.0, self.new_ticket(), active, task))
        self._offer(active)

    def dispatch(self) -> None:
        """Launch ready tasks, oldest run first, while the executor and the run's own limit have room."""
        while self._dispatchable and len(self.in_flight) < self.capacity:
            active = heapq.heappop(self._dispatchable)[2]
            active.offered = False
            if active.run.state is not RunState.RUNNING or self.dags[active.run.dag_id].dag.paused:
                continue
            while active.ready and active.has_room and len(self.in_flight) < self.capacity:
                task = active.ready.popleft()
                if task.state is TaskState.SCHEDULED:
                    self._launch(active, task)
            if active.ready and active.has_room:
                self._offer(active)

    def _launch(self, active: ActiveRun, task: TaskInstance) -> None:
        self.move(active, task, TaskState.QUEUED)
        attempt_id = self.new_id()
        task.try_number += 1
        task.attempt = attempt_id
        task.started_at = task.ended_at = None
        attempt = Attempt(
            id=attempt_id,
            task_instance=task.id,
            try_number=task.try_number,
            queued_at=self.now,
            directory=attempt_directory(active.run, task, attempt_id),
        )
        self.ledger.add_attempt(attempt)
        flight = self.in_flight[attempt_id] = InFlight(active, task, attempt)
        self.ledger.effects.append(launch_of(flight))


def launch_of(flight: InFlight) -> Launch:
    """What the executor needs to know of an attempt."""
    run, task, attempt = flight.active.run, flight.task, flight.attempt
    spec = flight.active.specs[task.task_id]
    return Launch(
        attempt_id=attempt.id,
        dag_id=run.dag_id,
        run_id=run.run_id,
        task_id=task.task_id,
        map_index=task.map_index,
        try_number=task.try_number,
        kind=spec.kind,
        config=spec.config,
        context=context_of(run, task),
        directory=attempt.directory,
        timeout=spec.timeout,
    )
