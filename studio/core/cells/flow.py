"""Who gives what to whom: cells in the order of their notebook → tasks, what each needs and gives, and all problems.

Top to bottom is the truth: a name means what the last task above has given it, or changed it to. What is given is a
value that never changes afterwards, so a task needs to wait for those only whose values it reads. Not for: what a
single cell needs (`names.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Literal

from studio.core.cells.context_names import CONTEXT_NAMES
from studio.core.cells.marks import MarkedCell
from studio.core.cells.names import KNOWN, CellNames, names_of
from studio.core.cells.params import params_of
from studio.core.cells.problems import Problem
from studio.core.cells.scopes import Effects
from studio.core.graph import find_cycle
from studio.core.names import nearest


@dataclass(frozen=True, slots=True)
class Given:
    """A value from another task."""

    name: str
    by: str


@dataclass(frozen=True, slots=True)
class TaskFlow:
    """A %%task cell among the others."""

    id: str
    cell: int  # its position among the cells
    needs: tuple[Given, ...] = ()
    gives: tuple[str, ...] = ()  # what later tasks need of it, and what it says with --gives
    defines: tuple[str, ...] = ()  # all names that it binds or changes
    params: tuple[str, ...] = ()  # names of %%params that it reads
    context: tuple[str, ...] = ()  # names of the run's context that it reads
    after: tuple[str, ...] = ()  # as it says
    upstream: tuple[str, ...] = ()  # tasks that it waits for
    maps: tuple[tuple[str, str], ...] = ()  # (variable in the cell, name of what is mapped over)


@dataclass(frozen=True, slots=True)
class CellFlow:
    """The whole notebook."""

    dag: MarkedCell | None
    setup: tuple[MarkedCell, ...]
    params: Mapping[str, Any]  # defaults by name
    param_annotations: Mapping[str, str]  # source text by name
    tasks: tuple[TaskFlow, ...]
    problems: tuple[Problem, ...]


def flow_of(cells: Sequence[MarkedCell]) -> CellFlow:
    """Read the cells together. Whatever is wrong is in `problems`; there is always a flow."""
    return _Flow(cells).read()


@dataclass(slots=True)
class _Source:
    """What a name means at a point between two tasks."""

    task: str
    kind: Literal["value", "module", "function", "class", "deleted"]
    is_read: bool = False  # by a task below
    unread: str = ""  # the task whose version, read by nobody, this one has replaced
    before: _Source | None = None  # what the name meant above


@dataclass(slots=True)
class _Draft:
    """A task while the ones below are still unknown."""

    cell: MarkedCell
    names: CellNames
    needs: dict[str, str] = field(default_factory=dict)  # name → task
    gives: dict[str, None] = field(default_factory=dict)
    params: dict[str, None] = field(default_factory=dict)
    context: dict[str, None] = field(default_factory=dict)


class _Flow:
    def __init__(self, cells: Sequence[MarkedCell]) -> None:
        self._cells = cells
        self._problems: list[Problem] = [
            each for cell in cells if cell.kind != "code" for each in cell.problems
        ]
        self._setup: dict[str, str] = {}  # name → kind
        self._functions: dict[str, Effects] = {}  # of %%setup
        self._hints: dict[str, str] = {}  # of names that nobody gives
        self._params: dict[str, Any] = {}
        self._annotations: dict[str, str] = {}
        self._drafts: dict[str, _Draft] = {}
        self._sources: dict[str, _Source] = {}
        self._unknown: list[tuple[_Draft, str, int]] = []

    def read(self) -> CellFlow:
        dag = self._dag()
        for cell in self._cells:
            if cell.kind == "params":
                self._read_params(cell)
        setup = tuple(cell for cell in self._cells if cell.kind == "setup")
        for cell in setup:
            self._read_setup(cell)
        for cell in self._cells:
            if cell.kind == "task":
                self._read_task(cell)
        for draft, name, line in self._unknown:
            self._tell_unknown(draft, name, line)
        tasks = tuple(self._task(draft) for draft in self._drafts.values())
        self._tell_cycle(tasks)
        problems = tuple(sorted(self._problems, key=_place))
        return CellFlow(dag, setup, self._params, self._annotations, tasks, problems)

    def _problem(
        self, cell: MarkedCell, line: int, code: str, message: str, hint: str = "", *, is_error: bool = True
    ) -> None:
        severity: Literal["error", "warning"] = "error" if is_error else "warning"
        self._problems.append(Problem(code, message, hint, cell.index, line, severity))

    # Cells ----------------------------------------------------------------------------------------------------

    def _dag(self) -> MarkedCell | None:
        found = [cell for cell in self._cells if cell.kind == "dag"]
        for cell in found[1:]:
            text = f"The notebook has a second %dag; the DAG is {found[0].name!r}."
            self._problem(
                cell, cell.body_line, "two_dags", text, "A notebook holds one DAG: take one of them out."
            )
        if not found:
            hint = "Write a cell with `%dag NAME`, for example `%dag flights --schedule @daily`."
            self._problems.append(Problem("no_dag", "No cell says which DAG the tasks belong to.", hint))
        return found[0] if found else None

    def _read_params(self, cell: MarkedCell) -> None:
        params, problems = params_of(cell)
        self._problems += problems
        for param in params:
            self._params[param.name] = param.value
            if param.annotation:
                self._annotations[param.name] = param.annotation

    def _read_setup(self, cell: MarkedCell) -> None:
        names = names_of(cell.python, cell.index, cell.body_line)
        self._problems += names.problems
        lines = dict(names.lines)
        for name in names.reads:
            if name in self._setup:
                continue
            if name in self._params or name in CONTEXT_NAMES:
                text = f"%%setup reads {name!r}, which only the tasks of a run have."
                hint = "Give it to a function as an argument, or compute it in a %%task cell."
            else:
                text = f"%%setup reads {name!r}, which no %%setup cell above gives."
                hint = "Define or import it in a %%setup cell above."
            self._problem(cell, lines[name], "setup_reads", text, hint)
        for name in names.writes:
            self._setup[name] = _kind(names, name)
            self._functions.pop(name, None)
        # What they change of %%setup, each task has for itself.
        self._functions.update((name, replace(effects, changes=())) for name, effects in names.effects)

    def _read_task(self, cell: MarkedCell) -> None:
        if cell.name in self._drafts:
            text = f"Two cells are the task {cell.name!r}."
            self._problem(cell, cell.body_line - 1, "task_twice", text, "Give one of them another name.")
            return
        if not cell.name:
            return  # told already
        names = names_of(cell.python, cell.index, cell.body_line, self._functions)
        self._problems += names.problems
        draft = self._drafts[cell.name] = _Draft(cell, names)
        lines = dict(names.lines)
        mapped = {variable for variable, _ in cell.options.get("map", ())}
        over = [name for _, name in cell.options.get("map", ())]
        first = cell.body_line - 1
        for name in (*names.reads, *names.builtins, *over, *cell.options.get("needs", ())):
            if name not in mapped or name in over:
                self._need(draft, name, lines.get(name, first))
        self._give(draft)

    def _need(self, draft: _Draft, name: str, line: int) -> None:
        source = self._sources.get(name)
        if source is None:
            is_known = name in self._setup or name in KNOWN or name in draft.names.unsure
            if not self._from_run(draft, name) and not is_known:
                self._unknown.append((draft, name, line))
        elif source.kind != "value":
            self._problem(draft.cell, line, *_not_passed(name, source))
        else:
            if source.unread:
                text = (
                    f"{source.unread!r} and {source.task!r} both give {name!r}; {draft.cell.name!r} gets that of "
                    f"{source.task!r}, the last one above it."
                )
                hint = "If that is not meant, use two names."
                self._problem(draft.cell, line, "given_twice", text, hint, is_error=False)
                source.unread = ""
            self._take(draft, name, source)

    def _from_run(self, draft: _Draft, name: str) -> bool:
        """Whether it is a param, or of the context."""
        if name in self._setup:
            return False
        if name in self._params:
            draft.params[name] = None
        elif name in CONTEXT_NAMES:
            draft.context[name] = None
        else:
            return False
        return True

    def _take(self, draft: _Draft, name: str, source: _Source) -> None:
        source.is_read = True
        giver = self._drafts[source.task]
        draft.needs[name] = source.task
        giver.gives[name] = None
        if name in giver.names.maybe and name not in giver.needs:
            # On another way it gives on what the name was before.
            if source.before is None:
                self._from_run(giver, name)
            elif source.before.kind == "value":
                self._take(giver, name, source.before)

    def _give(self, draft: _Draft) -> None:
        cell, names = draft.cell, draft.names
        for name in dict.fromkeys((*names.writes, *names.mutates, *cell.options.get("gives", ()))):
            kind = _kind(names, name) if name in names.writes else "value"
            shared = self._setup.get(name, "value")
            if shared != "value" and (kind == shared == "module" or name in names.mutates):
                continue  # imported again; or a call that only looks like a change: `random.shuffle(cards)`
            old = self._sources.get(name)
            is_silent = (
                old is not None and old.kind == "value" and not old.is_read and name not in draft.needs
            )
            unread = old.task if old is not None and is_silent else ""
            self._sources[name] = _Source(cell.name, kind, unread=unread, before=old)
        for name in names.deletes:
            self._sources[name] = _Source(cell.name, "deleted")
        draft.gives.update(dict.fromkeys(cell.options.get("gives", ())))

    # The end --------------------------------------------------------------------------------------------------

    def _tell_unknown(self, draft: _Draft, name: str, line: int) -> None:
        below = [
            other.cell.name
            for other in self._drafts.values()
            if other.cell.index > draft.cell.index and name in other.names.writes
        ]
        if below:
            text = f"{draft.cell.name!r} reads {name!r}, which only {below[0]!r} gives, further down."
            self._problem(
                draft.cell, line, "given_below", text, f"Move the cell of {below[0]!r} above this one."
            )
            return
        text = f"{draft.cell.name!r} reads {name!r}, which nobody gives."
        if name not in self._hints:
            self._hints[name] = self._where(name)
        self._problem(draft.cell, line, "unknown_name", text, self._hints[name])

    def _where(self, name: str) -> str:
        known = {*self._sources, *self._setup, *self._params, *CONTEXT_NAMES}
        close = get_close_matches(name, known, n=1)
        if close:
            return f"Did you mean {close[0]!r}?"
        for cell in self._cells:
            if cell.kind == "code" and name in names_of(cell.source).writes:
                return f"Cell {cell.index + 1} gives it, but is no part of the DAG: mark it with %%setup or %%task."
        return "Define it in a %%setup cell, in a task above, or in %%params."

    def _task(self, draft: _Draft) -> TaskFlow:
        cell, names = draft.cell, draft.names
        after: list[str] = []
        for name in cell.options.get("after", ()):
            if name in self._drafts and name != cell.name:
                after.append(name)
            else:
                other = "other task" if name == cell.name else "task"
                text = f"{cell.name!r} waits for {name!r}, which is no {other} here."
                hint = nearest(name, [each for each in self._drafts if each != cell.name])
                self._problem(cell, cell.body_line - 1, "unknown_task", text, hint)
        return TaskFlow(
            id=cell.name,
            cell=cell.index,
            needs=tuple(Given(name, by) for name, by in draft.needs.items()),
            gives=tuple(draft.gives),
            defines=tuple(dict.fromkeys((*names.writes, *names.mutates))),
            params=tuple(draft.params),
            context=tuple(draft.context),
            after=tuple(after),
            upstream=tuple(dict.fromkeys((*draft.needs.values(), *after))),
            maps=tuple(cell.options.get("map", ())),
        )

    def _tell_cycle(self, tasks: Sequence[TaskFlow]) -> None:
        cycle = find_cycle({task.id: task.upstream for task in tasks})
        if cycle:
            cell = self._drafts[cycle[0]].cell
            text = f"The tasks wait for each other: {' → '.join(cycle)}."
            self._problem(cell, cell.body_line - 1, "cycle", text, "Take one --after out.")


def _kind(names: CellNames, name: str) -> Literal["value", "module", "function", "class"]:
    if name in names.modules:
        return "module"
    if name in names.functions:
        return "function"
    return "class" if name in names.classes else "value"


def _not_passed(name: str, source: _Source) -> tuple[str, str, str]:
    if source.kind == "deleted":
        return "deleted", f"{name!r} was deleted by {source.task!r} above.", "Take the `del` out."
    what = {"module": "imported", "function": "defined", "class": "defined"}[source.kind]
    text = f"{name!r} is {what} in the task {source.task!r}; a {source.kind} is not passed on to other tasks."
    verb = "import" if source.kind == "module" else source.kind
    return f"{source.kind}_passed", text, f"Put the {verb} into a %%setup cell, which every task gets."


def _place(problem: Problem) -> tuple[int, int]:
    return (-1 if problem.cell is None else problem.cell, problem.line or 0)
