"""A trial in a notebook's cell: its graph, which changes as the tasks do. Elsewhere nothing is shown."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from studio.core.spec import DagSpec
from studio.core.states import RUN_TERMINAL, TERMINAL, TaskState
from studio.testing.results import TestRun
from studio.widgets.graph import Glance, Graph, Group, Node, Trial, Tried, graph_bundle

LEAST: Final = 0.25  # seconds between two pictures


class Watch:
    """`note` what tasks come to, in any thread; draw it, in the one of the cell."""

    def __init__(self, graph: Graph, also: Callable[[str, str], object] | None = None) -> None:
        self._graph = graph
        self._also = also
        self._states: dict[str, str] = {}
        self._tried: dict[str, Tried] = {}
        self._drawn: Glance | None = None
        self._drawn_at = float("-inf")
        self._display = f"studio-test-{uuid.uuid4().hex}"
        self._show = _cell_output()

    def note(self, task_id: str, state: str) -> None:
        """A task, or one instance of it, has another state."""
        tried, now = self._tried.get(task_id, Tried()), time.time()
        if state == "running" and (tried.started_at is None or tried.ended_at is not None):
            # A mapped task runs from the first of its instances to the last.
            tried = replace(tried, started_at=tried.started_at or now, ended_at=None)
        elif TaskState(state) in TERMINAL and tried.started_at is not None:
            tried = replace(tried, ended_at=now)
        self._tried[task_id] = tried
        if self._states.get(task_id) != "failed":  # one failed instance of a mapped task counts for all
            self._states[task_id] = state
        if self._also is not None:
            self._also(task_id, state)

    def draw(self) -> None:
        """How far it is, if there is something new; not more often than every `LEAST` seconds."""
        if time.monotonic() >= self._drawn_at + LEAST:
            self._draw(Trial(dict(self._tried)))

    def draw_end(self, run: TestRun) -> None:
        """What became of it; it may have been stopped on its way."""
        is_over = run.state in {state.value for state in RUN_TERMINAL}
        self._draw(Trial(self._with_errors(run), run.state if is_over else "stopped"))

    def draw_pause(self, run: TestRun, following: Sequence[str]) -> None:
        """It stands still before the tasks `following`."""
        self._draw(Trial(self._with_errors(run), "paused", following))

    def _with_errors(self, run: TestRun) -> dict[str, Tried]:
        failed = {task.task_id: task.error for task in run.tasks if task.error}
        return {name: replace(tried, error=failed.get(name, "")) for name, tried in self._tried.items()}

    def _draw(self, trial: Trial) -> None:
        glance = Glance(published=True, states=dict(self._states), trial=trial)
        if self._show is not None and glance != self._drawn:
            bundle = graph_bundle(self._graph, glance)
            self._show(bundle, transient={"display_id": self._display}, update=self._drawn is not None)
            self._drawn, self._drawn_at = glance, time.monotonic()


def graph_of(dag: Any, spec: DagSpec) -> Graph:
    """As the DAG draws itself, or of what is published."""
    drawn = getattr(dag, "graph", None)
    if isinstance(drawn, Graph):
        return Graph(drawn.dag_id, drawn.nodes, groups=drawn.groups)
    nodes = [Node(task.id, task.kind, task.upstream, task.id, group=task.group) for task in spec.tasks]
    groups = [Group(group.id, group.parent, group.label) for group in spec.groups]
    return Graph(spec.id, nodes, groups=groups)


def _cell_output() -> Callable[..., None] | None:
    """What shows in the cell that runs in this kernel; None: there is none."""
    if "IPython" not in sys.modules:
        return None
    from IPython import display, get_ipython  # noqa: PLC0415 - heavy; it is there

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    publish: Callable[..., None] = display.publish_display_data
    return publish
