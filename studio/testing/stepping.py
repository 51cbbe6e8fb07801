"""A trial that pauses between tasks: to look at values, to put others in their place, to go on task by task."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from studio.core.layout import producers
from studio.core.map_spec import GroupSpec
from studio.core.names import nearest, shown
from studio.core.spec import TaskSpec
from studio.errors import InvalidInput, StudioError
from studio.testing.plan import Plan
from studio.testing.results import TestRun
from studio.testing.trial import Files, RunningTrial
from studio.widgets.looks import look_of

_MAX_SHOWN: Final = 5  # tasks that are next


class TrialOver(StudioError):
    """A trial that is over does not go on."""

    code = "trial_over"

    @classmethod
    def of(cls, dag_id: str) -> TrialOver:
        return cls(
            f"The trial of {shown(dag_id)} is over.",
            hint="Look at what became of it: `trial.run`. Begin another one: `dag.test(step=True)`.",
        )


class Trial:
    """A run of a DAG in this process that stands still before a task. Made by `dag.test(stop_before=…)`, `step=True`.

    trial = dag.test(stop_before="report")
    trial.values["extract"]
    trial.replace("extract", frame.head(10))
    run = trial.resume().run
    """

    __test__ = False  # pytest: it is no test

    def __init__(
        self,
        plan: Plan,
        stop_before: tuple[str, ...],
        directory: Path | None = None,
        show: Callable[[Trial], object] = lambda trial: None,
    ) -> None:
        """Begin.

        Args:
            stop_before: tasks, before each of which it pauses once; none: all.
            show: called with the trial when it pauses or is over.
        """
        self.dag_id = plan.spec.id
        self._plan = plan
        self._show = show
        self._stops = set(stop_before)
        self._passed: set[str] = set()
        self._stopped: TestRun | None = None
        self._running = RunningTrial(plan, Files(directory))
        self._ending = weakref.finalize(self, self._running.stop)
        self._running.begin()
        if self._stops and not self.is_over:
            self._running.advance(self._may_begin)
        self._show(self)

    @property
    def is_over(self) -> bool:
        """Nothing is left to run, or it was stopped."""
        return self._running.is_over

    @property
    def next_tasks(self) -> list[str]:
        """The tasks that could begin now, the first one first; of mapped ones with the index: `load[2]`."""
        return [
            f"{launch.task_id}[{launch.map_index}]" if launch.map_index >= 0 else launch.task_id
            for launch in self._running.waiting()
        ]

    @property
    def run(self) -> TestRun:
        """What became of it so far: tasks with state, value, log and output."""
        return self._stopped or self._running.so_far()

    @property
    def values(self) -> dict[str, Any]:
        """What tasks have returned so far, by name."""
        return self.run.values

    def replace(self, task_id: str, value: object, *, name: str | None = None) -> Trial:
        """Go on as if the task had returned `value`; with `name`, as if it had saved it under that name.

        Raises `InvalidInput` if there is no such value yet, or if tasks were made for each of its items.
        """
        self._check_going()
        found = self.run
        spec = self._plan.spec
        if task_id not in {task.id for task in spec.tasks}:
            hint = nearest(task_id, [task.id for task in spec.tasks])
            raise InvalidInput(f"The DAG {shown(spec.id)} has no task {shown(task_id)}.", hint=hint or None)
        mapped: list[TaskSpec | GroupSpec] = [*spec.tasks, *spec.groups]
        over = [each.id for each in mapped if each.expand is not None and task_id in producers(each.expand)]
        mine = found[task_id] if any(task.task_id == task_id for task in found.tasks) else None
        if isinstance(mine, list) or over:
            why = "is mapped" if isinstance(mine, list) else f"is what {shown(over[0])} is mapped over"
            raise InvalidInput(
                f"The value of {shown(task_id)} cannot be replaced: it {why}.",
                hint=f"Begin another trial with it: dag.test(values={{{task_id!r}: [...]}}, step=True).",
            )
        if mine is None or mine.state != "success":
            raise InvalidInput(
                f"The task {shown(task_id)} has not succeeded: it has no value to replace.",
                hint=f"Next: {', '.join(self.next_tasks)}.",
            )
        if name is not None and name not in mine.saved:
            raise InvalidInput(
                f"The task {shown(task_id)} has saved nothing as {shown(name)}.",
                hint=nearest(name, mine.saved) or None,
            )
        if name is None:
            self._running.replaced.put(task_id, value)
        else:
            self._running.replaced.put_saved(task_id, name, value)
        return self

    def step(self) -> Trial:
        """Run the next task; of a mapped one, one instance. Raises `TrialOver` if nothing is left."""
        self._check_going()
        left = 1

        def one(task_id: str) -> bool:
            nonlocal left
            left -= 1
            self._passed.add(task_id)
            return left >= 0

        self._running.advance(one)
        self._show(self)
        return self

    def resume(self) -> Trial:
        """Run on, to the next task of `stop_before` or to the end. Raises `TrialOver` if nothing is left."""
        self._check_going()
        self._passed.update(launch.task_id for launch in self._running.waiting()[:1])
        self._running.advance(self._may_begin)
        self._show(self)
        return self

    def stop(self) -> TestRun:
        """End it here: what became of it so far."""
        if self.is_over:
            return self.run
        self._stopped = self.run
        self._running.stop()
        self._show(self)
        return self._stopped

    def _may_begin(self, task_id: str) -> bool:
        if task_id in self._stops and task_id not in self._passed:
            return False
        self._passed.add(task_id)
        return True

    def _check_going(self) -> None:
        if self.is_over:
            raise TrialOver.of(self.dag_id)

    def __repr__(self) -> str:
        if self.is_over:
            return f"<trial of {self.dag_id}, over: {self.run!r}>"
        following = self.next_tasks
        more = f", … ({len(following)})" if len(following) > _MAX_SHOWN else ""
        done = [
            f"{look_of(state).glyph} {name}" for name, state in self.run.states.items() if state != "none"
        ]
        told = f" done: {', '.join(done)};" if done else ""
        return f"<trial of {self.dag_id}, paused:{told} next: {', '.join(following[:_MAX_SHOWN])}{more}>"


class NoTrial(Trial):
    """In the place of one while a DAG file is only read: nothing runs, and nothing fails."""

    is_over = True

    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id

    @property
    def next_tasks(self) -> list[str]:
        return []

    @property
    def run(self) -> TestRun:
        return TestRun(self.dag_id, "", "none", ())

    def replace(self, task_id: str, value: object, *, name: str | None = None) -> Trial:
        return self

    def step(self) -> Trial:
        return self

    def resume(self) -> Trial:
        return self
