"""The shape of a DAG as the invariants see it: who waits for whom, instance by instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from studio.core.map_spec import Output
from studio.core.model import Run, TaskInstance
from studio.core.spec import DagSpec, TaskSpec
from studio.core.states import TaskState
from tests.simulation import oracle

_T = TaskState


@dataclass
class Shape:
    """A spec, limited to the tasks of a run. For small DAGs: nothing here is fast, all of it is kept."""

    spec: DagSpec
    subset: tuple[str, ...] = ()
    tasks: dict[str, TaskSpec] = field(init=False)

    def __post_init__(self) -> None:
        self.tasks = {t.id: t for t in self.spec.tasks if not self.subset or t.id in self.subset}

    def upstream(self, name: str) -> list[str]:
        return [parent for parent in dict.fromkeys(self.tasks[name].upstream) if parent in self.tasks]

    @cached_property
    def below(self) -> dict[str, set[str]]:
        """Everything that directly or indirectly waits for a task."""
        found: dict[str, set[str]] = {name: set() for name in self.tasks}
        for name in self.tasks:
            stack = self.upstream(name)
            while stack:
                above = stack.pop()
                if name not in found[above]:
                    found[above].add(name)
                    stack.extend(self.upstream(above))
        return found

    def children(self, name: str) -> set[str]:
        return {child for child in self.tasks if name in self.upstream(child)}

    @cached_property
    def mapped_groups(self) -> dict[str, list[str]]:
        groups = {group.id: group for group in self.spec.groups}
        found: dict[str, list[str]] = {}
        for task in self.tasks.values():
            around: list[str] = []
            name = task.group
            while name:
                if groups[name].expand is not None:
                    around.insert(0, name)
                name = groups[name].parent
            found[task.id] = around
        return found

    def depth(self, name: str) -> int:
        """How many indexes an instance of the task has when it is expanded."""
        return len(self.mapped_groups[name]) + (self.tasks[name].expand is not None)

    def shared(self, one: str, other: str) -> int:
        n = 0
        for mine, yours in zip(self.mapped_groups[one], self.mapped_groups[other], strict=False):
            if mine != yours:
                break
            n += 1
        return n

    @cached_property
    def producers(self) -> dict[str, list[str]]:
        """Tasks whose values the next mapping of a task is made of, by task."""
        groups = {group.id: group.expand for group in self.spec.groups}
        found: dict[str, list[str]] = {}
        for name, task in self.tasks.items():
            expands = [*(groups[group] for group in self.mapped_groups[name]), task.expand]
            found[name] = [
                source.task
                for expand in expands
                if expand is not None
                for source in expand.over.values()
                if isinstance(source, Output)
            ]
        return found

    @cached_property
    def deciders(self) -> dict[str, list[str]]:
        """Branches and short circuits that may have a task skipped."""
        found: dict[str, list[str]] = {name: [] for name in self.tasks}
        for name, task in self.tasks.items():
            reached: set[str] = set()
            if task.interpret == "short_circuit" and task.skip_all:
                reached = self.below[name]
            elif task.interpret in ("branch", "short_circuit") or task.kind in ("latest_only", "approval"):
                reached = self.children(name)
            for other in reached:
                if self.tasks[other].role != "teardown":
                    found[other].append(name)
        return found

    @cached_property
    def setups(self) -> dict[str, list[str]]:
        """Setups that a task works under, besides those directly upstream."""
        found: dict[str, list[str]] = {name: [] for name in self.tasks}
        for name, task in self.tasks.items():
            if task.role != "setup":
                continue
            ends = {child for child in self.children(name) if self.tasks[child].role == "teardown"}
            for other in self.below[name]:
                is_within = not ends or bool(self.below[other] & ends)
                is_work = self.tasks[other].role != "teardown"
                if is_within and is_work and name not in self.upstream(other):
                    found[other].append(name)
        return found

    @cached_property
    def leaves(self) -> set[str]:
        ignored = {name for name, t in self.tasks.items() if t.role == "teardown" and not t.fail_run}
        found = {name for name in self.tasks if name not in ignored and self.children(name) <= ignored}
        return found or {name for name in self.tasks if not self.children(name)}

    @cached_property
    def weights(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for name, task in self.tasks.items():
            counted = {name}
            if task.weight_rule == "downstream":
                counted |= self.below[name]
            elif task.weight_rule == "upstream":
                counted |= {other for other in self.tasks if name in self.below[other]}
            found[name] = sum(self.tasks[other].priority_weight for other in counted)
        return found


@dataclass(slots=True)
class Instances:
    """The task instances of a run, by task."""

    shape: Shape
    run: Run
    by_task: dict[str, list[TaskInstance]]

    @classmethod
    def of(cls, shape: Shape, run: Run, tasks: Sequence[TaskInstance]) -> Instances:
        by_task: dict[str, list[TaskInstance]] = {name: [] for name in shape.tasks}
        for task in tasks:
            if task.task_id in by_task:
                by_task[task.task_id].append(task)
        return cls(shape, run, by_task)

    def beside(self, task: TaskInstance, name: str) -> list[TaskInstance]:
        """The instances of another task that this one has to do with: those of its own place in their common maps."""
        n = self.shape.shared(task.task_id, name)
        place = task.map_path[:n]
        return [each for each in self.by_task[name] if len(each.map_path) >= n and each.map_path[:n] == place]

    def verdict(self, task: TaskInstance) -> TaskState | None:
        """What has to become of a task instance that waits. None: it goes on waiting."""
        shape, name = self.shape, task.task_id
        if len(task.map_path) < shape.depth(name):
            return None if self._waits_for_length(task) else _T.SCHEDULED
        if any(self._is_against(task, decider) for decider in shape.deciders[name]):
            return _T.SKIPPED
        over = [each.state for setup in shape.setups[name] for each in self.beside(task, setup)]
        allowed = oracle.verdict("all_success", over)
        if allowed is not _T.SCHEDULED and allowed is not None:
            return allowed
        spec = shape.tasks[name]
        states = [each.state for parent in shape.upstream(name) for each in self.beside(task, parent)]
        if spec.trigger_rule == "all_done_setup_success":
            mine = [
                each.state
                for parent in shape.upstream(name)
                if shape.tasks[parent].role == "setup"
                for each in self.beside(task, parent)
            ]
            says = oracle.teardown_verdict(states, mine)
        else:
            says = oracle.verdict(spec.trigger_rule, states)
        return allowed if says is _T.SCHEDULED else says

    def _waits_for_length(self, task: TaskInstance) -> bool:
        return any(
            each.state not in oracle.DONE
            for name in self.shape.producers[task.task_id]
            for each in self.beside(task, name)
        )

    def _is_against(self, task: TaskInstance, decider: str) -> bool:
        said = [each.decision if each.state is _T.SUCCESS else None for each in self.beside(task, decider)]
        return bool(said) and all(one is not None and self._skips(one["skip"], task, decider) for one in said)

    def _skips(self, skip: object, task: TaskInstance, decider: str) -> bool:
        if skip == "all":
            return True
        if skip == "next":
            return decider in self.shape.upstream(task.task_id)
        return isinstance(skip, list) and task.task_id in skip
