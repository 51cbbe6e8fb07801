"""The board: everything that is unfinished, and the one move that all others are made of.

It holds state and keeps counts, ledger, limits and timers in step; what to do is decided elsewhere. A move never acts
on other task instances: it puts those that may be concerned on the agenda, which `studio.core.flow` works off. So
nothing recurses, however deep a DAG is.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

from studio.core.active import ActiveRun, Path
from studio.core.dispatch import Dispatcher
from studio.core.layout import Layout, Level, layout_of
from studio.core.ledger import Ledger
from studio.core.model import (
    Asset,
    AssetEvent,
    Attempt,
    Backfill,
    CallbackRequest,
    Dag,
    Pool,
    RunWithTasks,
    TaskInstance,
)
from studio.core.pastruns import PastRun
from studio.core.spec import DEFAULT_POOL, TaskSpec
from studio.core.states import ACTIVE, TERMINAL, TRANSITIONS, RunState, TaskState, check_transition
from studio.core.timers import Timers
from studio.core.waiters import Waiters


@dataclass(slots=True)
class InFlight:
    """An attempt that is alive, or may be."""

    active: ActiveRun
    task: TaskInstance
    attempt: Attempt


Flight: TypeAlias = InFlight | CallbackRequest


@dataclass(slots=True)
class OwnedDag:
    """A DAG and its unfinished runs, by run id."""

    dag: Dag
    runs: dict[str, ActiveRun] = field(default_factory=dict)
    past: dict[str, PastRun] = field(
        default_factory=dict
    )  # runs that are over and that unfinished ones look at
    layout: Layout | None = None  # of the current spec, once it was needed
    durations: list[float] = field(
        default_factory=list
    )  # of successful runs, if a deadline asks for them; seconds

    # By backfill (None: runs of none), so that letting the next run in costs nothing for those that wait behind it.
    queues: dict[int | None, list[tuple[int, float, int, int, ActiveRun]]] = field(
        default_factory=dict
    )  # heaps
    running: Counter[int | None] = field(default_factory=Counter)
    unfinished: Counter[int | None] = field(default_factory=Counter)
    followers: int = 0  # unfinished runs with tasks that look at the run before; of any version
    _tickets: Iterator[int] = field(default_factory=count)  # a run may stand in line twice

    def take_in(self, active: ActiveRun) -> None:
        """A run that is unfinished: new, loaded, or cleared."""
        self.runs[active.run.run_id] = active
        active.is_held = self.dag.paused  # it may have been otherwise when it ended
        self.unfinished[active.run.backfill] += 1
        self.followers += bool(active.layout.follows_past)
        if active.run.state is RunState.QUEUED:
            self.enqueue(active)
        elif active.run.state is RunState.RUNNING:
            self.running[active.run.backfill] += 1

    def enqueue(self, active: ActiveRun) -> None:
        """A queued run stands in line: the oldest first, in a backfill in its order."""
        run = active.run
        line = self.queues.setdefault(run.backfill, [])
        place = run.ordinal if run.backfill is not None else 0
        heapq.heappush(line, (place, *active.order, next(self._tickets), active))

    def next_queued(self, backfill: int | None) -> ActiveRun | None:
        """The first run in the line of a backfill, or of those of none."""
        line = self.queues.get(backfill, [])
        while line and not self._is_queued(line[0][-1]):
            heapq.heappop(line)
        if not line:
            self.queues.pop(backfill, None)
            return None
        return line[0][-1]

    def _is_queued(self, active: ActiveRun) -> bool:
        return active.run.state is RunState.QUEUED and self.runs.get(active.run.run_id) is active

    def let_go(self, active: ActiveRun) -> None:
        """A run that is over now."""
        self.runs.pop(active.run.run_id, None)
        self.unfinished[active.run.backfill] -= 1
        self.followers -= bool(active.layout.follows_past)

    def in_state(self, state: RunState) -> list[ActiveRun]:
        """Its runs in `state`, oldest first."""
        return sorted((active for active in self.runs.values() if active.run.state is state), key=_age)


#: Kinds whose wait uses nothing: they are in no pool meanwhile. A run that is waited for may need its slots.
UNPOOLED: Final = frozenset({"wait", "dag_sensor", "asset_sensor", "trigger_dag"})


def in_pool(pool: Pool, spec: TaskSpec, state: TaskState) -> bool:
    """A task instance in this state takes slots of its pool."""
    is_deferred = pool.include_deferred and state is TaskState.DEFERRED and spec.kind not in UNPOOLED
    return state in ACTIVE or is_deferred


def _age(active: ActiveRun) -> tuple[float, int]:
    return active.order


class Board:
    """Everything that is unfinished. `first_id` is the least of the ids that it may give out."""

    def __init__(self, first_id: int) -> None:
        self.now = 0.0
        self.capacity = 0
        self.dags: dict[str, OwnedDag] = {}
        self.pools: dict[str, Pool] = {DEFAULT_POOL: Pool(DEFAULT_POOL, -1)}
        self.backfills: dict[int, Backfill] = {}  # those that run or are paused
        self.assets: dict[str, Asset] = {}  # that were registered already
        self.consumers: dict[str, dict[str, None]] = {}  # asset → DAGs whose schedule names it
        self.in_flight: dict[int, Flight] = {}
        self.dispatcher = Dispatcher()
        self.dispatcher.set_pool(DEFAULT_POOL, -1)
        self.timers = Timers()
        self.waiters = Waiters()
        self.last_events: dict[str, AssetEvent] = {}  # by asset, of those that were emitted here
        self.ledger = Ledger()
        self.touched: dict[int, ActiveRun] = {}  # runs that this turn changed, by Run.id
        self.next_id = first_id
        # What is to be looked at before the turn ends: see `studio.core.flow`.
        self.agenda: deque[tuple[ActiveRun, TaskInstance]] = deque()
        self.remap: deque[tuple[ActiveRun, Level, Path]] = (
            deque()
        )  # mappings that may have another length now
        self.callbacks: deque[CallbackRequest] = deque()  # that wait for a place
        self.maybe_over: dict[int, ActiveRun] = {}
        self.to_cancel: list[tuple[str, str]] = []  # (DAG, run id): who waited for the run was cancelled
        self.to_admit: dict[str, None] = {}  # DAGs that may have room for a queued run
        self.asset_runs: dict[str, None] = {}  # DAGs whose asset condition holds
        self._layouts: WeakValueDictionary[tuple[str, str, tuple[str, ...]], Layout] = WeakValueDictionary()

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def activated(self, stored: RunWithTasks) -> ActiveRun:
        """A run as the machine works on it; runs of the same version share what follows from their spec."""
        run = stored.run
        key = (run.dag_id, run.version, run.subset)
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = layout_of(stored.spec, run.subset)
        owned = self.dags.get(run.dag_id)
        if owned is not None and run.version == owned.dag.version and not run.subset:
            owned.layout = layout  # kept for the runs to come
        active = ActiveRun(stored, layout)
        active.is_held = owned is not None and owned.dag.paused
        return active

    def move(self, active: ActiveRun, task: TaskInstance, state: TaskState) -> None:
        """Change the state of a task instance along `TRANSITIONS`."""
        before = task.state
        if state not in TRANSITIONS[before]:  # the name costs more than the look
            check_transition(before, state, f"{active.name}/{task.task_id}")
        self.ledger.touch_task(task)
        self.touched[active.run.id] = active
        active.set_state(task, state)
        if before is TaskState.DEFERRED:
            self.waiters.drop(task.id)
        self._take_slots(active, task, before, state)
        if state is TaskState.SCHEDULED:
            self.dispatcher.push(active, task)
        elif state in TERMINAL:
            if active.unfinished == 0:
                self.maybe_over[active.run.id] = active
        elif state is TaskState.NONE:
            self.agenda.append((active, task))

    def _take_slots(self, active: ActiveRun, task: TaskInstance, before: TaskState, state: TaskState) -> None:
        change = (state in ACTIVE) - (before in ACTIVE)
        if not change and TaskState.DEFERRED not in (before, state):
            return
        spec = active.layout.tasks[task.task_id]
        pool = self.pools.get(spec.pool)
        taken = change if pool is None else in_pool(pool, spec, state) - in_pool(pool, spec, before)
        if change or taken:
            self.dispatcher.count(active, task, change, taken)
            if taken and pool is not None and pool.slots >= 0:
                pool.used += taken * spec.pool_slots
                self.ledger.use_pool(pool.name, taken * spec.pool_slots)

    def see_pools(self, pools: Sequence[Pool]) -> None:
        """Take over how pools are stored. Nothing of this turn may have changed one before."""
        for pool in pools:
            known = self.pools.get(pool.name)
            if known is None or (known.slots, known.used, known.rev) != (pool.slots, pool.used, pool.rev):
                self.pools[pool.name] = pool
                self.dispatcher.set_pool(pool.name, pool.slots, pool.used if pool.slots >= 0 else None)
        for name in self.pools.keys() - {pool.name for pool in pools}:
            del self.pools[name]
            self.dispatcher.set_pool(name, None)

    def count_loaded(self, active: ActiveRun, task: TaskInstance) -> None:
        """A task instance that was just loaded takes its slots; the counts of pools with a limit are stored."""
        pool = self.pools.get(active.layout.tasks[task.task_id].pool)
        is_stored = pool is not None and pool.slots >= 0
        if task.state in ACTIVE:
            self.dispatcher.count(active, task, 1, 0 if is_stored else 1)

    def look_at_maps(self, active: ActiveRun) -> None:
        """Every mapping may have another length than when it was expanded: other params, another version, a crash."""
        for level in active.layout.mappings:
            paths = {
                task.map_path[: level.depth]
                for task in active.instances[level.tasks[0]].values()
                if len(task.map_path) >= level.depth
            }
            self.remap.extend((active, level, path) for path in sorted(paths))

    def touch_run(self, active: ActiveRun) -> None:
        """Its run is about to be changed."""
        self.ledger.touch_run(active.run)
        self.touched[active.run.id] = active
        active.shared_context = None

    def touch_task(self, active: ActiveRun, task: TaskInstance) -> None:
        """It is about to be changed, apart from its state."""
        self.ledger.touch_task(task)
        self.touched[active.run.id] = active

    def ended_now(self, dag_id: str) -> dict[str, ActiveRun]:
        """Runs that ended in this very turn, by run id: the store does not know, or not yet that they are over."""
        owned = self.dags.get(dag_id)
        unfinished = owned.runs if owned is not None else {}
        return {
            active.run.run_id: active
            for active in self.touched.values()
            if active.run.dag_id == dag_id and active.run.run_id not in unfinished
        }
