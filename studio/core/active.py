"""An unfinished run in memory: its task instances, and the counts that make each event cheap.

The counts of an edge are shared by all instances of the lower task that have the same first map indexes: a task that
ends costs one addition for each task below it, however many instances that has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from studio.core.layout import LENGTH, OWN_SETUPS, RULE, SETUPS, Edge, Layout, layout_of
from studio.core.model import Run, RunWithTasks, TaskInstance
from studio.core.rules import UpstreamCounts
from studio.core.spec import DagSpec, TaskSpec
from studio.core.states import ACTIVE, FAILED_LIKE, TERMINAL, RunState, TaskState

Path = tuple[int, ...]
_Key = tuple[int, str, int, Path]  # what, task, shared, the first `shared` map indexes

_T = TaskState
NOTHING_UPSTREAM = UpstreamCounts(0)


class ActiveRun:
    """Indexes over a run. `set_state`, `add` and `remove` keep them in step."""

    def __init__(self, stored: RunWithTasks, layout: Layout | None = None) -> None:
        self.run: Run = stored.run
        self.spec: DagSpec = stored.spec
        self.layout = layout or layout_of(stored.spec, stored.run.subset)
        self.instances: dict[str, dict[Path, TaskInstance]] = {task: {} for task in self.layout.tasks}
        self.counts: Counter[TaskState] = Counter()
        self.unfinished = 0
        self.active = 0  # task instances that hold a slot
        self.shared_context: dict[str, Any] | None = (
            None  # what templates know of the run, once it was asked for
        )
        self.is_held = False  # its DAG is paused: nothing of it is launched
        self.strays: list[TaskInstance] = []  # removed: of tasks that its version does not have
        self.keepers: set[str] = set()  # tasks of which some instance has left a value
        self._attempts: dict[str, dict[Path, tuple[int, ...]]] = {}  # see `attempts_of`
        self._next_index: dict[str, int] = {}  # of mappings within mappings
        self._upstream: dict[_Key, UpstreamCounts] = {}
        self._seen: dict[
            _Key, object
        ] = {}  # signatures of counts that many share, when they were last judged by
        self._by_prefix: dict[tuple[str, Path], dict[Path, TaskInstance]] = {}
        for task in stored.tasks:
            if task.task_id in self.instances:
                self.add(task)
            else:
                self.strays.append(task)

    @property
    def order(self) -> tuple[float, int]:
        """Older runs come first."""
        return (self.run.run_after, self.run.id)

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.run.dag_id}/{self.run.run_id}"

    # --- task instances -----------------------------------------------------------------------------------------

    def spec_of(self, task: TaskInstance) -> TaskSpec:
        return self.layout.tasks[task.task_id]

    def all(self) -> Iterator[TaskInstance]:
        """Every task instance, tasks in topological order."""
        for task_id in self.layout.graph.order:
            yield from self.instances[task_id].values()

    def within(self, task_id: str, prefix: Path) -> Collection[TaskInstance]:
        """The instances of a task that have these first map indexes."""
        if not prefix:
            return self.instances[task_id].values()
        return self._by_prefix.get((task_id, prefix), {}).values()

    def find(self, task_id: str, map_index: int = -1) -> TaskInstance | None:
        """By the number that people see; -1 is also the only instance of a task, whatever its number."""
        found = self.instances.get(task_id, {})
        if map_index < 0 and len(found) == 1:
            return next(iter(found.values()))
        return next((task for task in found.values() if task.map_index == map_index), None)

    def is_expanded(self, task: TaskInstance) -> bool:
        """It stands for itself, not for instances that are still to be made."""
        return len(task.map_path) == len(self.layout.levels[task.task_id])

    def add(self, task: TaskInstance) -> None:
        path, name = task.map_path, task.task_id
        self.instances[name][path] = task
        for n in range(1, len(path) + 1):
            self._by_prefix.setdefault((name, path[:n]), {})[path] = task
        self._next_index[name] = max(self._next_index.get(name, 0), task.map_index + 1)
        if task.keeps:
            self.keepers.add(name)
        self._count(task.state, 1)
        self._tell(task, 1)

    def remove(self, task: TaskInstance) -> None:
        """Before its path changes."""
        path, name = task.map_path, task.task_id
        del self.instances[name][path]
        for n in range(1, len(path) + 1):
            del self._by_prefix[name, path[:n]][path]
        self._count(task.state, -1)
        self._tell(task, -1)

    def attempts_of(self, task_id: str, prefix: Path) -> tuple[int, ...]:
        """The successful attempts of a mapped task below `prefix`, in order. Kept: each of many may ask for them."""
        known = self._attempts.setdefault(task_id, {})
        if prefix not in known:
            found = sorted(self.within(task_id, prefix), key=lambda task: task.map_path)
            known[prefix] = tuple(
                task.attempt for task in found if task.state is _T.SUCCESS and task.attempt is not None
            )
        return known[prefix]

    def forget_attempts_of(self, task_id: str) -> None:
        """One of them has another value now."""
        self._attempts.pop(task_id, None)

    def keep(self, task: TaskInstance) -> None:
        """Its latest attempt has left a value."""
        task.keeps = True
        self.keepers.add(task.task_id)

    def new_index(self, task_id: str) -> int:
        """A map index that no instance of the task has."""
        return self._next_index.get(task_id, 0)

    def set_state(self, task: TaskInstance, state: TaskState) -> None:
        before, task.state = task.state, state
        self._count(before, -1)
        self._count(state, 1)
        if before in TERMINAL or state in TERMINAL:
            self._attempts.pop(task.task_id, None)
            path = task.map_path
            for edge in self.layout.edges[task.task_id]:
                if edge.shared <= len(path):
                    counts = self._upstream[edge.what, edge.task, edge.shared, path[: edge.shared]]
                    counts.add(before, -1)
                    counts.add(state)
                    if before in TERMINAL:  # the same signature may come again, and is news then
                        self._seen.pop((edge.what, edge.task, edge.shared, path[: edge.shared]), None)

    def _count(self, state: TaskState, n: int) -> None:
        self.counts[state] += n
        if state not in TERMINAL:
            self.unfinished += n
            if state in ACTIVE:
                self.active += n

    def _tell(self, task: TaskInstance, n: int) -> None:
        path = task.map_path
        for edge in self.layout.edges[task.task_id]:
            if edge.shared <= len(path):
                key = (edge.what, edge.task, edge.shared, path[: edge.shared])
                counts = self._upstream.get(key)
                if counts is None:
                    counts = self._upstream[key] = UpstreamCounts(0)
                counts.total += n
                counts.add(task.state, n)
                self._seen.pop(key, None)

    # --- what is upstream ---------------------------------------------------------------------------------------

    def upstream(self, task: TaskInstance, what: int = RULE) -> UpstreamCounts:
        """How the task instances ended that this one counts. Read at once: it may be the live object."""
        name, path = task.task_id, task.map_path
        only: UpstreamCounts | None = None
        total: UpstreamCounts | None = None
        for kind, shared in self.layout.joints[name]:
            if kind != what or (counts := self._upstream.get((what, name, shared, path[:shared]))) is None:
                continue
            if only is None:
                only = counts
                continue
            if total is None:
                total = UpstreamCounts(0)
                total.include(only)
            total.include(counts)
        return total or only or NOTHING_UPSTREAM

    def setups(self, task: TaskInstance) -> UpstreamCounts:
        """Of the setups that a task works under, other than those directly upstream."""
        return self.upstream(task, SETUPS)

    def own_setups(self, task: TaskInstance) -> UpstreamCounts:
        """Of the setups directly upstream of a teardown."""
        return self.upstream(task, OWN_SETUPS)

    # --- what is downstream -------------------------------------------------------------------------------------

    def concerned(self, task: TaskInstance) -> Iterator[TaskInstance]:
        """Those that the end of `task` may decide on. Many that share their counts are named only if a verdict on them
        may have changed: with n instances on both sides that saves n * n looks."""
        path = task.map_path
        for edge in self.layout.edges[task.task_id]:
            if edge.what >= LENGTH or edge.shared > len(path):
                continue
            below = self.within(edge.task, path[: edge.shared])
            if len(below) > 4:
                key = (edge.what, edge.task, edge.shared, path[: edge.shared])
                signature = self._upstream[key].signature
                if self._seen.get(key) == signature:
                    continue
                self._seen[key] = signature
            yield from below

    def is_complete(self, edge: Edge, path: Path) -> bool:
        """Everything that the edge counts, next to the instance with this path, has ended."""
        counts = self._upstream.get((edge.what, edge.task, edge.shared, path[: edge.shared]))
        return counts is not None and counts.done >= counts.total

    # --- the whole ----------------------------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Every task is terminal."""
        return self.unfinished == 0

    def verdict(self) -> tuple[RunState, bool]:
        """State of a run whose tasks are all terminal, and whether a task failed all the same (Airflow's leaf rule)."""
        if self.run.ending is not None:
            return self.run.ending, False
        failed = any(self.counts[state] for state in FAILED_LIKE)
        if failed and self.run.reason == "fail_fast":
            return RunState.FAILED, False
        if failed or self.counts[_T.CANCELLED]:
            leaves = {task.state for leaf in self.layout.leaves for task in self.instances[leaf].values()}
            if leaves & FAILED_LIKE:
                return RunState.FAILED, False
            if _T.CANCELLED in leaves:  # left so by an earlier cancel
                return RunState.CANCELLED, False
        return RunState.SUCCESS, failed

    def counts_by_name(self) -> dict[str, int]:
        """For the wire: state value → how many, without zeros."""
        return {state.value: n for state, n in self.counts.items() if n}
