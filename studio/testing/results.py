"""What became of a test run, for assertions and for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from studio.api.models import TaskOutput
from studio.core.model import Attempt, SavedValue, TaskInstance
from studio.core.names import nearest, shown
from studio.core.signals import TriggerSignal
from studio.core.states import TaskState
from studio.errors import StudioError
from studio.server.notebook_file import OUTPUT, cells_of
from studio.values.attempt import AttemptValues
from studio.values.reference import Reference
from studio.widgets.looks import look_of
from studio.widgets.output import OutputView
from studio.worker.task_log import LOG

_FAILED = frozenset({"failed", "upstream_failed"})
_TAIL = 20  # lines of a log in a report


class RunFailed(StudioError, AssertionError):
    """The run did not succeed."""

    code = "run_failed"


@dataclass(frozen=True, slots=True, repr=False)
class TestedTask:
    """A task instance after the run. What is read from disk is read when it is asked for."""

    __test__ = False  # pytest: it is no test

    instance: TaskInstance
    attempts: tuple[Attempt, ...]  # oldest first
    returned: Any  # JSON with references
    kept: tuple[SavedValue, ...]
    root: Path  # that the attempts' directories are in
    values: AttemptValues

    @property
    def task_id(self) -> str:
        return self.instance.task_id

    @property
    def map_index(self) -> int:
        return self.instance.map_index

    @property
    def name(self) -> str:
        """Its id, with the map index if it is mapped: `load[2]`."""
        return f"{self.task_id}[{self.map_index}]" if self.map_index >= 0 else self.task_id

    @property
    def state(self) -> str:
        """A `TaskState`: success, failed, skipped, upstream_failed, …"""
        return self.instance.state.value

    @property
    def tries(self) -> int:
        return self.instance.try_number

    @property
    def value(self) -> Any:
        """What it returned."""
        return self.values.restored(self.returned)

    @property
    def saved(self) -> dict[str, Any]:
        """What it kept by `studio.save`, by name."""
        return {
            each.name: self.values.restored(
                Reference(each.digest, each.format, each.type, each.size).as_json()
            )
            for each in self.kept
            if each.name.partition(".")[0] != "return_value"
        }

    @property
    def error(self) -> str | None:
        """Why its last try failed."""
        return self.attempts[-1].error if self.attempts else None

    @property
    def details(self) -> dict[str, Any]:
        """What its last try left beside the value: rendered arguments, times of cells, …"""
        return self.attempts[-1].details if self.attempts else {}

    @property
    def log(self) -> str:
        """The log of its last try, as text."""
        return "".join(f"{line}\n" for line in self._lines())

    def output(self) -> OutputView:
        """The cells of its notebook. Displayed in a notebook, with their rich outputs."""
        path = self._directory / OUTPUT
        cells = cells_of(json.loads(path.read_bytes())) if path.is_file() else []
        code = [cell for cell in cells if cell.cell_type == "code" and not cell.hidden]
        return OutputView(
            self.task_id,
            TaskOutput(
                attempt_id=self.instance.attempt,
                try_number=self.tries,
                state=TaskState(self.state),
                cells=cells,
                cells_done=sum(cell.state in ("success", "failed", "skipped") for cell in code),
                cells_total=len(code),
                path=str(path) if cells else None,
                rev=0,
            ),
        )

    @property
    def _directory(self) -> Path:
        return self.root / (self.attempts[-1].directory if self.attempts else ".none")

    def _lines(self) -> Iterator[str]:
        try:
            content = (self._directory / LOG).read_text(encoding="utf-8")
        except OSError:
            return
        for line in content.splitlines():
            record = json.loads(line)
            yield f"{record['level']} {record['source']}: {record['text']}".rstrip("\n")

    def check(self) -> TestedTask:
        """Itself. Raises `RunFailed` (an `AssertionError` too) with its error and the end of its log."""
        __tracebackhide__ = True  # pytest shows the line of the test
        if self.state in _FAILED or self.state == "cancelled":
            raise RunFailed(self.report())
        return self

    def report(self) -> str:
        """Its state, its error and the end of its log."""
        parts = [f"{self.name}: {look_of(self.state).label}"]
        if self.error:
            parts.append(_indented(self.error))
        if self.state == "failed" and (lines := list(self._lines())):
            parts.append(_indented("\n".join(["log:", *lines[-_TAIL:]])))
        return "\n".join(parts)

    def __repr__(self) -> str:
        look = look_of(self.state)
        return f"<{self.name} {look.glyph} {look.label}>"


@dataclass(frozen=True, repr=False)
class TestRun:
    """A run of a DAG in this process. `run["task"]` is a task, of a mapped one a list in the order of the map index."""

    __test__ = False  # pytest: it is no test

    dag_id: str
    run_id: str
    state: str  # a `RunState`: success or failed
    tasks: tuple[TestedTask, ...]
    stuck: tuple[str, ...] = ()  # why it did not go on to its end, in words
    triggered: tuple[TriggerSignal, ...] = ()  # the runs of other DAGs that it asked for
    _keep: Callable[[], object] = field(default=lambda: None)  # what its files are there for

    @cached_property
    def _by_id(self) -> dict[str, list[TestedTask]]:
        found: dict[str, list[TestedTask]] = {}
        for task in self.tasks:
            found.setdefault(task.task_id, []).append(task)
        return found

    def __getitem__(self, task_id: str) -> Any:
        found = self._by_id.get(task_id)
        if found is None:
            raise KeyError(f"The run has no task {shown(task_id)}. {nearest(task_id, self._by_id)}")
        return found if found[0].map_index >= 0 else found[0]

    @property
    def states(self) -> dict[str, str]:
        """By name: `{"extract": "success", "load[0]": "failed"}`."""
        return {task.name: task.state for task in self.tasks}

    @property
    def values(self) -> dict[str, Any]:
        """What tasks returned, by name; those only that have returned something."""
        return {task.name: task.value for task in self.tasks if task.returned is not None}

    def check(self) -> TestRun:
        """Itself. Raises `RunFailed` (an `AssertionError` too) with errors and logs if it did not succeed."""
        __tracebackhide__ = True  # pytest shows the line of the test
        if self.state != "success":
            raise RunFailed(self.report())
        return self

    def report(self) -> str:
        """What failed, for people."""
        wrong = [task for task in self.tasks if task.state in {*_FAILED, "cancelled"}]
        return "\n".join([repr(self), *(task.report() for task in wrong), *self.stuck])

    def __repr__(self) -> str:
        counts: dict[str, int] = {}
        for task in self.tasks:
            counts[task.state] = counts.get(task.state, 0) + 1
        told = ", ".join(f"{count} {look_of(state).label}" for state, count in counts.items())
        look = look_of(self.state)
        return f"<test run of {self.dag_id} {look.glyph} {look.label}: {told or 'no tasks'}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{look_of(task.state).glyph} {escape(look_of(task.state).label)}</td>"
            f"<td>{escape(task.name)}</td><td><pre>{escape((task.error or '').partition(chr(10))[0])}</pre></td></tr>"
            for task in self.tasks
        )
        stuck = "".join(f"<p>{escape(reason)}</p>" for reason in self.stuck)
        return f"<p>{escape(repr(self))}</p><table>{rows}</table>{stuck}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip("\n").splitlines())
