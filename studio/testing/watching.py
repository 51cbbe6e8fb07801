"""A trial in a notebook's cell: its graph as a picture that changes as the tasks do. Elsewhere nothing is shown.

A picture and text, not our MIME type: a trial is no run of the server, which our front end would show instead.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from studio.core.spec import DagSpec
from studio.widgets.graph import MIME, Glance, Graph, Node, graph_bundle

LEAST: Final = 0.25  # seconds between two pictures


class Watch:
    """`note` what tasks come to, in any thread; `draw` it, in the one of the cell."""

    def __init__(self, graph: Graph, also: Callable[[str, str], object] | None = None) -> None:
        self._graph = graph
        self._also = also
        self._states: dict[str, str] = {}
        self._drawn: dict[str, str] | None = None
        self._drawn_at = float("-inf")
        self._display = f"studio-test-{uuid.uuid4().hex}"
        self._show = _cell_output()

    def note(self, task_id: str, state: str) -> None:
        """A task, or one instance of it, has another state."""
        if self._states.get(task_id) != "failed":  # one failed instance of a mapped task counts for all
            self._states[task_id] = state
        if self._also is not None:
            self._also(task_id, state)

    def draw(self, *, at_once: bool = False) -> None:
        """If there is something new, and a cell to draw it in; not more often than every `LEAST` seconds."""
        states, moment = dict(self._states), time.monotonic()
        if self._show is None or states == self._drawn or (not at_once and moment < self._drawn_at + LEAST):
            return
        bundle = graph_bundle(self._graph, Glance(published=True, states=states))
        del bundle[MIME]
        self._show(bundle, transient={"display_id": self._display}, update=self._drawn is not None)
        self._drawn, self._drawn_at = states, moment


def graph_of(dag: Any, spec: DagSpec) -> Graph:
    """As the DAG draws itself, or of what is published."""
    drawn = getattr(dag, "graph", None)
    if isinstance(drawn, Graph):
        return Graph(drawn.dag_id, drawn.nodes)
    return Graph(spec.id, [Node(task.id, task.kind, task.upstream, task.id) for task in spec.tasks])


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
