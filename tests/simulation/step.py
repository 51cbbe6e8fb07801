"""A commit as the invariants see it: what it wrote, what was there before, and the tables after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from studio.core.model import Attempt, Command, Dag, Run, TaskInstance
from studio.core.spec import DagSpec
from studio.core.states import AttemptState, RunState, TaskState
from studio.core.turn import Writes
from studio.testing.memory_tables import Tables
from tests.simulation.shape import Instances, Shape

_T = TaskState
_R = RunState
_A = AttemptState

_shapes: dict[tuple[str, str, tuple[str, ...]], Shape] = {}
#: Commands by which people say how something ended: then it needs no other reason. A trigger may clear a run, too.
BY_HAND: Final = ("mark", "mark_run", "cancel", "clear", "backfill", "change_backfill", "trigger_by_task")

ALIVE: Final = {_T.QUEUED, _T.RUNNING, _T.STOPPING, _T.RESTARTING}
RUN_OVER: Final = {_R.SUCCESS, _R.FAILED, _R.CANCELLED}
ATTEMPT_OVER: Final = {_A.SUCCESS, _A.FAILED, _A.SKIPPED, _A.RESCHEDULED, _A.CANCELLED, _A.LOST}


class Broken(AssertionError):
    """An invariant does not hold."""

    def __init__(self, invariant: str, story: str) -> None:
        super().__init__(f"{invariant}: {story}")
        self.invariant = invariant


@dataclass(slots=True)
class Memory:
    """What the tables do not say of a task instance: its tries since it was last cleared."""

    failures: int = 0
    losses: int = 0
    is_held_back: bool = False  # an upstream task was cleared while it waited for its next try: no more delay
    is_sure: bool = True  # False: a clear and an end came in one commit, in an order that nobody can see


@dataclass(slots=True)
class Step:
    """A commit: the tables after it, and what was there before of all that it wrote."""

    tables: Tables
    writes: Writes
    lease: int
    old_dags: Mapping[str, Dag]
    old_runs: Mapping[int, Run]
    old_tasks: Mapping[int, TaskInstance]
    old_attempts: Mapping[int, Attempt]
    commands: list[Command]  # handled in it, as they are stored now
    capacities: tuple[int, int]  # the least and the most that the turn may have known of
    set_back: float  # seconds that the wall clock was ever set back
    memories: dict[int, Memory]
    loaded: set[str]  # DAGs that the scheduler has read; others may be its own since a moment ago
    callbacks_at_work: set[int]  # of deleted DAGs, too
    final: set[int]  # attempts whose worker wanted no other one
    spec_of: Callable[[str, str], DagSpec]
    runs: list[Run]  # written in it, as they are now
    tasks: list[TaskInstance]
    attempts: list[Attempt]
    touched: list[tuple[Run, Instances]] | None = None

    def spec(self, run: Run) -> DagSpec:
        return self.spec_of(run.dag_id, run.version)

    def shape(self, run: Run) -> Shape:
        key = run.dag_id, run.version, run.subset
        if key not in _shapes:
            if len(_shapes) > 1000:
                _shapes.clear()
            _shapes[key] = Shape(self.spec(run), run.subset)
        return _shapes[key]

    def tasks_of(self, run: int) -> list[TaskInstance]:
        return [self.tables.tasks[number] for number in self.tables.tasks_of[run]]

    def touched_runs(self) -> Iterator[tuple[Run, Instances]]:
        """Runs of which the commit has written anything, with all their task instances."""
        if self.touched is None:
            numbers = {run.id for run in self.runs} | {task.run for task in self.tasks}
            found = [self.tables.runs[number] for number in sorted(numbers)]
            self.touched = [(run, Instances.of(self.shape(run), run, self.tasks_of(run.id))) for run in found]
        yield from self.touched

    def touched_dags(self) -> Iterator[Dag]:
        names = {run.dag_id for run in self.runs} | {dag.dag_id for dag in self.writes.dags}
        names |= {self.tables.runs[task.run].dag_id for task in self.tasks}
        for name in sorted(names):
            if name in self.tables.dags:
                yield self.tables.dags[name]

    def value_of(self, task: TaskInstance) -> Any:
        last = None if task.attempt is None else self.tables.attempts.get(task.attempt)
        return None if last is None else last.value

    def name(self, task: TaskInstance) -> str:
        run = self.tables.runs[task.run]
        index = "" if task.map_index < 0 else f"[{task.map_index}]"
        return f"{run.dag_id}/{run.run_id}/{task.task_id}{index}"

    def commands_on(self, dag_id: str, *kinds: str) -> list[Command]:
        return [c for c in self.commands if c.dag_id == dag_id and c.kind in kinds and c.state == "done"]
