"""Which ready task instance is launched next: by priority, while every limit has room.

Ready instances that the same limits hold stand in one lane. A lane whose limit is full is parked at that limit and
costs nothing until a slot of it is given back; then the best of its parked lanes comes forward. So the cost of a
launch does not grow with what waits.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count

from studio.core.active import ActiveRun
from studio.core.limits import Lane, Limit, LimitKey, Order
from studio.core.model import TaskInstance
from studio.core.spec import DagSpec, TaskSpec
from studio.core.states import RunState, TaskState


class Dispatcher:
    """Lanes and limits of all unfinished runs."""

    def __init__(self) -> None:
        self._tickets = count(1)
        self._limits: dict[LimitKey, Limit] = {}
        self._lanes: dict[int, dict[tuple[object, ...], Lane]] = {}  # Run.id → lanes
        self._heap: list[tuple[Order, int, Lane]] = []
        self._hot: list[Limit] = []

    # --- limits -------------------------------------------------------------------------------------------------

    def set_pool(self, name: str, slots: int | None, used: int | None = None) -> None:
        """A pool is there, has other slots, or (None) is gone."""
        limit = self.limit(("pool", name))
        limit.slots = slots
        if used is not None:
            limit.used = used
        self._heat(limit)

    def limit(self, key: LimitKey) -> Limit:
        limit = self._limits.get(key)
        if limit is None:
            limit = self._limits[key] = Limit(_words(key), None if key[0] == "pool" else -1)
        return limit

    def count(self, active: ActiveRun, task: TaskInstance, n: int, in_pool: int) -> None:
        """A task instance takes (1) or gives back (-1) its slots; in its pool that may be at another time."""
        for place, (limit, slots) in enumerate(self.lane(active, task).limits):
            change = n if place else in_pool  # the pool comes first
            limit.used += change * slots
            if change < 0:
                self._heat(limit)

    def refit(self, spec: DagSpec) -> None:
        """The limits over all runs of a DAG are those of its current version; who is parked at one looks again."""
        whole = self.limit(("dag", spec.id))
        whole.slots = -1 if spec.max_active_tasks_per_dag is None else spec.max_active_tasks_per_dag
        self._heat(whole)
        for task in spec.tasks:
            if task.max_active_per_dag is not None:
                limit = self.limit(("task", spec.id, task.id))
                limit.slots = task.max_active_per_dag
                self._heat(limit)

    def _heat(self, limit: Limit) -> None:
        if limit.parked and not limit.is_hot:
            limit.is_hot = True
            self._hot.append(limit)

    # --- lanes --------------------------------------------------------------------------------------------------

    def lane(self, active: ActiveRun, task: TaskInstance) -> Lane:
        """Where this task instance stands when it is ready."""
        spec = active.layout.tasks[task.task_id]
        own = spec.max_active_per_dag is not None or spec.max_active_per_run is not None
        key = (spec.pool, spec.pool_slots, spec.id if own else "")
        lanes = self._lanes.setdefault(active.run.id, {})
        lane = lanes.get(key)
        if lane is None:
            lane = lanes[key] = Lane(active, tuple(self._limits_of(active, spec)))
        return lane

    def _limits_of(self, active: ActiveRun, spec: TaskSpec) -> Iterator[tuple[Limit, int]]:
        run, dag = active.run, active.spec
        yield self.limit(("pool", spec.pool)), spec.pool_slots
        yield self.limit(("dag", run.dag_id)), 1
        if spec.max_active_per_dag is not None:
            of_task = ("task", run.dag_id, spec.id)
            is_new = (
                of_task not in self._limits
            )  # of a task that the current version does not have, or not bound
            limit = self.limit(of_task)
            limit.slots = spec.max_active_per_dag if is_new else limit.slots
            yield limit, 1
        for key, slots in (
            (("run", run.dag_id, run.run_id), dag.max_active_tasks),
            (("task in run", run.dag_id, run.run_id, spec.id), spec.max_active_per_run),
        ):
            if slots is not None:
                limit = self.limit(key)
                limit.slots = slots
                yield limit, 1

    def push(self, active: ActiveRun, task: TaskInstance) -> None:
        """The task instance became SCHEDULED."""
        run = active.run
        order = (
            int(run.backfill is not None),
            -active.layout.weights[task.task_id],
            run.run_after if run.logical_date is None else run.logical_date,
            run.id,
            next(self._tickets),
        )
        lane = self.lane(active, task)
        lane.push(order, task)
        if not lane.entry or lane.ready[0][0] == order:
            self._stand(lane, lane.parked_at if lane.entry else None)

    def offer(self, active: ActiveRun) -> None:
        """The run may launch again: it was admitted, or its DAG unpaused."""
        for lane in self._lanes.get(active.run.id, {}).values():
            if not lane.entry:
                self._stand(lane)

    def forget(self, active: ActiveRun) -> None:
        """The run is over: nothing of it is ready or holds a slot."""
        run = active.run
        for lane in self._lanes.pop(run.id, {}).values():
            lane.entry = 0
        self._limits.pop(("run", run.dag_id, run.run_id), None)
        for spec in active.spec.tasks:
            if spec.max_active_per_run is not None:
                self._limits.pop(("task in run", run.dag_id, run.run_id, spec.id), None)

    def _stand(self, lane: Lane, limit: Limit | None = None) -> None:
        """Put the lane into the dispatcher's line, or into that of a limit, at the place of its first task instance."""
        self._drop_stale(lane)
        lane.parked_at = limit
        lane.entry = next(self._tickets) if lane.ready else 0
        if lane.entry:
            line = self._heap if limit is None else limit.parked
            heapq.heappush(line, (lane.ready[0][0], lane.entry, lane))

    # --- the next one -------------------------------------------------------------------------------------------

    def pop(self) -> tuple[ActiveRun, TaskInstance] | None:
        """The next task instance to launch, or None. The caller launches it at once, which takes its slots."""
        while True:
            self._bring_forward()
            if not self._heap:
                return None
            order, entry, lane = heapq.heappop(self._heap)
            if entry != lane.entry:
                continue
            self._drop_stale(lane)
            limit = lane.blocked_by()
            if not lane.ready or lane.active.run.state is not RunState.RUNNING or lane.active.is_held:
                lane.entry = 0  # it is offered again
            elif lane.ready[0][0] != order:
                self._stand(lane)  # its first one was cleared
            elif limit is not None:
                self._stand(lane, limit)
            else:
                _, task = heapq.heappop(lane.ready)
                self._stand(lane)
                return lane.active, task

    def _bring_forward(self) -> None:
        """Of each limit that may have room again, the best lane that has room there now."""
        hot, self._hot = self._hot, []
        for limit in hot:
            limit.is_hot = False
            skipped = []
            while limit.parked and limit.has_room(1):
                order, entry, lane = heapq.heappop(limit.parked)
                if entry != lane.entry:
                    continue
                if lane.blocked_by() is limit:  # it takes more slots than there are; others take fewer
                    skipped.append((order, entry, lane))
                    continue
                self._stand(lane)
                if lane.entry:  # and not only task instances that were cleared or marked meanwhile
                    self._heat(limit)  # when this one has been served, there may be room for one more
                    break
            for place in skipped:
                heapq.heappush(limit.parked, place)

    def _drop_stale(self, lane: Lane) -> None:
        while lane.ready and lane.ready[0][1].state is not TaskState.SCHEDULED:
            heapq.heappop(lane.ready)


def _words(key: LimitKey) -> str:
    match key[0]:
        case "pool":
            return f"The pool {key[1]}"
        case "run":
            return "The run (max_active_tasks)"
        case "dag":
            return f"The DAG {key[1]} (max_active_tasks_per_dag)"
        case "task":
            return f"The task {key[2]} (max_active_per_dag)"
        case _:
            return f"The task {key[3]} in this run (max_active_per_run)"
