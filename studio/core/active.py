"""An unfinished run in memory: its records, its graph, and the counts that make each event cheap."""

from __future__ import annotations

from collections import Counter, deque

from studio.core.graph import Graph, graph_of
from studio.core.model import Run, RunWithTasks, TaskInstance
from studio.core.rules import UpstreamCounts
from studio.core.spec import DagSpec, TaskSpec
from studio.core.states import ACTIVE, FAILED_LIKE, TERMINAL, RunState, TaskState


class ActiveRun:
    """Indexes over a run. Its `set_state` is the only place where a TaskInstance's state changes."""

    def __init__(self, stored: RunWithTasks) -> None:
        self.run: Run = stored.run
        self.spec: DagSpec = stored.spec
        self.graph: Graph = graph_of(stored.spec)
        self.specs: dict[str, TaskSpec] = {task.id: task for task in stored.spec.tasks}
        self.tasks: dict[str, TaskInstance] = {task.task_id: task for task in stored.tasks}
        self.ready: deque[TaskInstance] = deque()  # SCHEDULED, in the order they became so
        self.offered = False  # it stands in the board's line of runs that may launch
        self.counts: Counter[TaskState] = Counter(task.state for task in stored.tasks)
        self.upstream: dict[str, UpstreamCounts] = {}
        for task_id, parents in self.graph.upstream.items():
            counts = self.upstream[task_id] = UpstreamCounts(len(parents))
            for parent in parents:
                counts.add(self.tasks[parent].state)

    @property
    def order(self) -> tuple[float, int]:
        """Older runs come first."""
        return (self.run.run_after, self.run.id)

    @property
    def active(self) -> int:
        """TaskInstances that hold a slot."""
        return sum(self.counts[state] for state in ACTIVE)

    @property
    def is_over(self) -> bool:
        """Every task is terminal."""
        return sum(self.counts[state] for state in TERMINAL) == len(self.tasks)

    @property
    def has_room(self) -> bool:
        return self.active < self.spec.max_active_tasks

    def set_state(self, task: TaskInstance, state: TaskState) -> None:
        """Keep the counts of the run, and of everything downstream, in step."""
        before, task.state = task.state, state
        self.counts[before] -= 1
        self.counts[state] += 1
        if before in TERMINAL or state in TERMINAL:
            for child in self.graph.downstream[task.task_id]:
                self.upstream[child].add(before, -1)
                self.upstream[child].add(state)

    def verdict(self) -> tuple[RunState, bool]:
        """State of a run whose tasks are all terminal, and whether a task failed all the same (Airflow's leaf rule)."""
        failed = any(self.counts[state] for state in FAILED_LIKE)
        if self.run.cancelling:
            return RunState.CANCELLED, False
        if any(self.tasks[leaf].state in FAILED_LIKE for leaf in self.graph.leaves):
            return RunState.FAILED, False
        return RunState.SUCCESS, failed

    def counts_by_name(self) -> dict[str, int]:
        """For the wire: state value → how many, without zeros."""
        return {state.value: n for state, n in self.counts.items() if n}
