"""What a kernel shows of its cell DAG: the graph, live, and a line below each task that was tried."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Final

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import publish_display_data

from studio.authoring.cells.cell_dag import CellDag
from studio.authoring.handles import glance
from studio.core.cells.flow import TaskFlow
from studio.core.cells.told import reads_of
from studio.widgets.graph import MIME, Flaw, Glance, graph_bundle
from studio.widgets.live import with_twin

if TYPE_CHECKING:
    from studio.widgets.twin import Twin

_MAX_BOUND: Final = 5  # names in a line
_publish: Callable[..., None] = publish_display_data


class Board:
    """The outputs of `%dag` in one kernel: all of them show the DAG as it is now."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._display = f"studio-dag-{uuid.uuid4().hex}"
        self._shown = ""  # the DAG's id
        self._glance = Glance()
        self._twin: Twin | None = None  # of what was shown last

    def show(self, dag: CellDag) -> None:
        """Draw it below this cell."""
        self._shown, self._glance = dag.dag_id, glance(dag.dag_id)
        self._draw(dag, update=False)

    def update(self, dag: CellDag) -> None:
        """Draw it anew where it was drawn; a terminal cannot."""
        if self._shown and hasattr(self._shell, "kernel"):
            if dag.dag_id != self._shown:
                self._shown, self._glance = dag.dag_id, glance(dag.dag_id)
            self._draw(dag, update=True)

    def _draw(self, dag: CellDag, *, update: bool) -> None:
        bundle, self._twin = with_twin(graph_bundle(dag.graph, self._glance), "graph", MIME, self._twin)
        _publish(bundle, transient={"display_id": self._display}, update=update)

    def published(self, dag: CellDag) -> None:
        """The DAG is known to the server now."""
        self._glance = glance(dag.dag_id)
        self.update(dag)

    def say(self, text: str) -> None:
        """A quiet line for people."""
        _publish({"text/plain": text, "text/html": f"<small>{escape(text)}</small>"})

    def say_as_it_is(self, text: str) -> None:
        """Text whose columns are to stay."""
        _publish({"text/plain": text})

    def tell(self, dag: CellDag, task_id: str) -> None:
        """What a task reads and gives, and what is wrong with it, in a quiet line."""
        task = next((each for each in dag.flow.tasks if each.id == task_id), None)
        if task is None:
            return
        flaws = [flaw for flaw in dag.graph.problems if flaw.task == task_id]
        lines = [_summary(dag, task), *map(_flaw, flaws)]
        html = "<br>".join(f"<small>{escape(line)}</small>" for line in lines)
        _publish({"text/plain": "\n".join(lines), "text/html": html})


def _summary(dag: CellDag, task: TaskFlow) -> str:
    """ "delays: reads flights (extract), late_from · gives delays (report)" """
    parts = []
    if reads := [f"{name} ({by})" if by else name for name, by in reads_of(task)]:
        parts.append(f"reads {', '.join(reads)}")
    if gives := [f"{name}{_readers(dag, task.id, name)}" for name in task.gives]:
        parts.append(f"gives {', '.join(gives)}")
    elif task.defines:
        more = ", …" if len(task.defines) > _MAX_BOUND else ""
        parts.append(f"binds {', '.join(task.defines[:_MAX_BOUND])}{more}")
    if task.maps:
        tried = ", ".join(f"{name} ({variable})" for variable, name in task.maps)
        parts.append(f"tried with the first of {tried}")
    return f"{task.id}: {' · '.join(parts) or 'reads and gives nothing'}"


def _readers(dag: CellDag, task_id: str, name: str) -> str:
    readers = [
        each.id
        for each in dag.flow.tasks
        if any(given.name == name and given.by == task_id for given in each.needs)
    ]
    return f" ({', '.join(readers)})" if readers else ""


def _flaw(flaw: Flaw) -> str:
    mark = "✗" if flaw.severity == "error" else "⚠"
    place = f"line {flaw.line}: " if flaw.line else ""
    return f"{mark} {place}{flaw.message} {flaw.hint}".rstrip()
