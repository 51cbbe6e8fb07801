"""A `studio.DAG` made of marked cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from studio.authoring.cells.params import cell_params
from studio.authoring.cells.work import CellWork
from studio.authoring.dag import DAG
from studio.authoring.groups import TaskGroup
from studio.authoring.notebook_options import notebook_settings
from studio.authoring.operators import add_task
from studio.authoring.snapshot import Snapshot
from studio.core.cells.flow import CellFlow, TaskFlow, flow_of
from studio.core.cells.generated import parameters_of, task_notebook
from studio.core.cells.marks import MarkedCell
from studio.core.cells.passing import Passing, passing_of
from studio.core.cells.problems import Problem
from studio.core.cells.told import reads_of, task_of
from studio.errors import InvalidDag, StudioError
from studio.widgets.graph import Flaw, Graph, Node

#: Options of cells that are called otherwise in Python.
_CALLED: Final = {
    "start": "start_date",
    "end": "end_date",
    "priority": "priority_weight",
    "kernel": "kernel_name",
}
#: Options of %%task that are no keywords of tasks.
_OWN: Final = frozenset({"after", "map", "gives", "needs", "group", "kernel"})
#: Options that are durations: a number alone is one of seconds.
_DURATIONS: Final = ("retry_delay", "timeout", "cache", "run_timeout")
#: Options of %dag that are no keywords of `DAG`.
_OF_CELLS: Final = frozenset({"sample", "retries"})


class CellDag(DAG):
    """A DAG of %%task cells. It may have problems: then it can be drawn, and `snapshot()` refuses it.

    Made by `cell_dag`, never directly.
    """

    def __init__(
        self, dag_id: str, *, flow: CellFlow, words: Callable[[Problem], str], **options: Any
    ) -> None:
        super().__init__(dag_id, **options)
        self.flow = flow
        self.problems: list[Problem] = list(flow.problems)
        self._words = words

    def snapshot(self) -> Snapshot:
        """See `DAG.snapshot`. Raises `InvalidDag` with all problems and their places, if there are any."""
        wrong = [problem for problem in self.problems if problem.severity == "error"]
        if wrong:
            told = [f"{self._words(problem)} {problem.hint}".rstrip() for problem in wrong]
            raise InvalidDag("\n".join(told), field="cells")
        return super().snapshot()

    @property
    def warnings(self) -> list[str]:
        """What is hardly meant so, in words with its place; nothing that keeps the DAG from being published."""
        return [
            f"{self._words(problem)} {problem.hint}".rstrip()
            for problem in self.problems
            if problem.severity == "warning"
        ]

    @property
    def graph(self) -> Graph:
        """With what each task reads and gives, and all problems."""
        flows = {task.id: task for task in self.flow.tasks}
        nodes = tuple(_with_names(node, flows.get(node.id)) for node in super().graph.nodes)
        flaws = tuple(
            Flaw(
                code=each.code,
                message=each.message,
                hint=each.hint,
                cell=each.cell,
                line=each.line,
                severity=each.severity,
                task=task_of(each, self.flow),
            )
            for each in self.problems
        )
        return Graph(self.dag_id, nodes, cells=True, problems=flaws)


def cell_dag(
    cells: Sequence[MarkedCell],
    *,
    path: Path | None = None,
    directory: Path | None = None,
    metadata: Mapping[str, Any] | None = None,
    words: Callable[[Problem], str] | None = None,
) -> CellDag:
    """The DAG that `cells`, in the order of their notebook, describe. It is made also if they have problems.

    Args:
        path: of the notebook that holds them; None: it has not told its name.
        directory: that the tasks run in; by default the notebook's.
        metadata: of that notebook, whose kernel the tasks get.
        words: how a problem is told, with its place.
    """
    flow = flow_of(cells)
    told = words or (lambda problem: problem.message)
    problems: list[Problem] = []
    dag = _frame(flow, cells, told, problems)
    passing, found = passing_of(flow, cells)
    problems += found
    folder = directory or (Path.cwd() if path is None else path.parent)
    groups: dict[str, TaskGroup] = {}
    for task in flow.tasks:
        try:
            _add(dag, task, cells[task.cell], passing[task.id], passing, groups, path, folder, metadata or {})
        except StudioError as error:
            problems.append(_problem(error, cells[task.cell]))
    for task in flow.tasks:
        if task.id in dag:
            _wire(dag, task, cells[task.cell], passing[task.id], problems)
    dag.problems += problems
    return dag


def _frame(
    flow: CellFlow, cells: Sequence[MarkedCell], words: Callable[[Problem], str], problems: list[Problem]
) -> CellDag:
    """The DAG without its tasks; with what is wrong in %dag left out."""
    marked = flow.dag
    name = (marked.name if marked is not None else "") or "dag"
    params: dict[str, Any] = {}
    try:
        params = cell_params(flow, cells)
        if marked is None:
            return CellDag(name, flow=flow, words=words, params=params)
        options = {
            _CALLED.get(key, key): _seconds(value) if key in _DURATIONS else value
            for key, value in marked.options.items()
            if key not in _OF_CELLS
        }
        if "retries" in marked.options:
            options["default_args"] = {"retries": marked.options["retries"]}
        return CellDag(name, flow=flow, words=words, params=params, **options)
    except StudioError as error:
        problems.append(_problem(error, marked))
    try:
        return CellDag(name, flow=flow, words=words, params=params)
    except StudioError:  # of the name, or of a param
        return CellDag("dag", flow=flow, words=words)


def _add(
    dag: CellDag,
    task: TaskFlow,
    cell: MarkedCell,
    passing: Passing,
    all_passing: Mapping[str, Passing],
    groups: dict[str, TaskGroup],
    path: Path | None,
    directory: Path,
    metadata: Mapping[str, Any],
) -> None:
    options: Any = {
        _CALLED.get(key, key): _seconds(value) if key in _DURATIONS else value
        for key, value in cell.options.items()
        if key not in _OWN
    }
    options |= {"dag": dag, "task_id": task.id}
    of_notebook = {"kernel_name": cell.options["kernel"]} if cell.options.get("kernel") else {}
    work = CellWork(
        cell=task.id,
        content=task_notebook(dag.flow, task, cell, passing, metadata),
        path=path,
        directory=directory,
        parameters=parameters_of(dag.flow, task),
        settings=notebook_settings(of_notebook, dag.default),
        loads=tuple(
            dict.fromkeys(
                given.by for given in passing.loads if passing.is_mapped and all_passing[given.by].is_mapped
            )
        ),
    )
    if passing.over:
        options["map_index_template"] = ", ".join(_label(each.variable) for each in passing.over)
    group = cell.options.get("group")
    if group:
        inside = groups.get(group)
        if inside is None:
            inside = groups[group] = TaskGroup(group, prefix=False, dag=dag)
        with inside:
            add_task("%%task", task.id, work, options)
    else:
        add_task("%%task", task.id, work, options)


def _wire(dag: CellDag, task: TaskFlow, cell: MarkedCell, passing: Passing, problems: list[Problem]) -> None:
    made = dag[task.id]
    made.wait_for([other for other in task.upstream if other in dag])
    over: dict[str, Any] = {}
    for each in passing.over:
        if each.kind == "output" and each.by in dag:
            over[each.variable] = dag[each.by].output
        elif each.kind == "param":
            over[each.variable] = dag.param(each.name)
        elif each.kind == "literal":
            over[each.variable] = each.items
    if not over:
        return
    try:
        made.expand(**over)
    except StudioError as error:
        problems.append(_problem(error, cell))


def _seconds(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value  # "5 min"


def _label(variable: str) -> str:
    """Of a task instance: its item, unless that is an object and not text, a number or the like."""
    item = f"args.{variable}"
    return "{{ map_index if (" + item + " | string).startswith('studio.') else " + item + " }}"


def _problem(error: StudioError, cell: MarkedCell | None) -> Problem:
    where = None if cell is None else cell.index
    line = None if cell is None else max(1, cell.body_line - 1)
    return Problem(error.code, error.message, error.hint or "", where, line)


def _with_names(node: Node, task: TaskFlow | None) -> Node:
    if task is None:
        return node
    return replace(node, reads=reads_of(task), gives=task.gives)
