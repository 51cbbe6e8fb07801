"""The marked cells that were run in this kernel, and the DAG that they make.

Cells are told apart by the ids that JupyterLab, Notebook 7 and VS Code send along; elsewhere a task by its name, and a
%%setup or %%params cell by the names that it binds. Their order is that of the notebook's file where that is known,
else that of their first run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

from IPython.core.interactiveshell import InteractiveShell

from studio.authoring.cells.cell_dag import CellDag, cell_dag
from studio.core.cells.flow import TaskFlow, flow_of
from studio.core.cells.marks import MarkedCell, read_cell
from studio.core.cells.names import names_of
from studio.core.cells.problems import Problem
from studio.core.names import shown
from studio.errors import StudioError
from studio.magics.notebook_file import NotebookFile, notebook_path, read_notebook
from studio.magics.sample import sample_context, sample_date
from studio.magics.showing import Board
from studio.values.cells import cannot_be_passed_on, items
from studio.values.errors import ValueNotKept

#: Cells whose body runs here.
RUN_HERE: Final = ("setup", "params", "task")


@dataclass(frozen=True, slots=True)
class SeenCell:
    """A marked cell as it was last run."""

    key: str
    cell: MarkedCell
    number: int  # in the order of first runs
    ran_at: float  # seconds since the epoch


class CellSession:
    """Of one kernel. IPython calls `before_cell` and `after_cell`."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._seen: dict[str, SeenCell] = {}
        self._has_lost = False  # this cell was marked when it was run before
        self._file: NotebookFile | None = None  # as it was read last
        self._bound: CellDag | None = None
        self._samples: dict[str, dict[str, Any]] = {}  # mapped task → what its try has bound
        self._doubts: dict[tuple[str, str], ValueNotKept] = {}  # (task, name) → why it will not be passed on
        self._lent: dict[
            str, tuple[Any, Any]
        ] = {}  # name → what stands there for this cell, what was there before
        self.board = Board(shell)

    # What was run ---------------------------------------------------------------------------------------------

    def before_cell(self, info: Any) -> None:
        """Note the cell, and set what its task would be given."""
        cell = read_cell(info.raw_cell or "")
        self.see(cell, info.cell_id)
        if cell.kind == "task" and not self.refusal(cell):
            self._lend(cell)

    def after_cell(self, result: Any) -> None:
        """Say what the task reads and gives, and what the DAG is now."""
        cell = read_cell(result.info.raw_cell or "")
        if cell.kind == "task" and result.success:
            self._look_at_values(cell)
        for name, (lent, before) in self._lent.items():
            if self._names.get(name) is lent:
                self._names[name] = before
        self._lent = {}
        if cell.kind == "dag":  # `before_cell` was not called if the cell has loaded the extension, too
            self.see(cell, result.info.cell_id)
        if cell.kind not in RUN_HERE and not self._has_lost:
            return
        self._has_lost = False
        dag = self.dag()
        if cell.kind == "task" and result.success:
            self._keep_sample(dag, cell)
            self.board.tell(dag, cell.name)
        self.bind(dag)
        self.board.update(dag)

    def see(self, cell: MarkedCell, cell_id: str | None = None) -> None:
        """Note that a cell was run; what it replaces is forgotten."""
        if cell.kind == "code":
            if cell_id and self._seen.pop(cell_id, None) is not None:
                self._has_lost = True
            return
        key = cell_id or self._key_of(cell)
        number = self._seen[key].number if key in self._seen else self._number_of(cell)
        for other in [each for each in self._seen.values() if each.key != key and _is_same(each.cell, cell)]:
            if not self._is_in_file(other.key):
                del self._seen[other.key]
        self._seen[key] = SeenCell(key, cell, number, time.time())

    def started(self, cell: MarkedCell) -> None:
        """%dag is called: note it, unless the cell around it was noted (it is called by code then)."""
        if not any(each.cell.kind == "dag" and each.cell.name == cell.name for each in self._seen.values()):
            self.see(cell)

    def cells(self) -> list[MarkedCell]:
        """The marked cells in their order, counted from 0."""
        file = self.file()
        seen = sorted(self._seen.values(), key=lambda each: each.number)
        if file is not None:
            places = _places(file, seen)
            gone = [
                each.key
                for each in seen
                if each.key not in places and file.saved_at > each.ran_at and _has_ids(file)
            ]
            for key in gone:
                del self._seen[key]
            seen = sorted((each for each in seen if each.key not in gone), key=_place_in(places))
        return [read_cell(each.cell.source, index) for index, each in enumerate(seen)]

    def file(self) -> NotebookFile | None:
        """The notebook of this kernel, as it was saved; None if it has not told which that is."""
        path = notebook_path(self._names)
        self._file = None if path is None else read_notebook(path, self._file)
        return self._file

    def differences(self) -> list[str]:
        """How the saved notebook differs from what was run, for who publishes that; empty if nobody knows the file."""
        file = self.file()
        if file is None:
            return []
        cells = self.cells()
        saved = [each.cell for each in file.cells if each.cell.kind != "code"]
        changed = [
            _title(cell)
            for cell in cells
            for other in saved
            if _is_same(cell, other) and cell.source.strip() != other.source.strip()
        ]
        not_run = [_title(each) for each in saved if not any(_is_same(each, cell) for cell in cells)]
        not_saved = [_title(cell) for cell in cells if not any(_is_same(each, cell) for each in saved)]
        told = []
        if changed:
            told.append(
                f"{_listed(changed)}: published as run here, and {file.path.name} as saved says something else."
            )
        if not_run:
            told.append(f"{_listed(not_run)}: not published, because not run here.")
        if not_saved:
            told.append(f"{_listed(not_saved)}: published, but not saved in {file.path.name}.")
        return told

    # What it makes --------------------------------------------------------------------------------------------

    def dag(self) -> CellDag:
        """As the cells are now."""
        file, cells = self.file(), self.cells()

        def words(problem: Problem) -> str:
            if problem.cell is None:
                return problem.message
            cell = cells[problem.cell]
            line = f", line {problem.line}" if problem.line else ""
            return f"{_title(cell)}{line}: {problem.message}"

        metadata = {} if file is None else file.metadata
        dag = cell_dag(cells, path=None if file is None else file.path, metadata=metadata, words=words)
        for task in dag.flow.tasks:
            for name in task.gives:
                doubt = self._doubts.get((task.id, name))
                if doubt is not None:
                    hint = doubt.hint or ""
                    dag.problems.append(
                        Problem(doubt.code, doubt.message, hint, task.cell, severity="warning")
                    )
        return dag

    def _task(self, task_id: str) -> TaskFlow | None:
        return next((each for each in flow_of(self.cells()).tasks if each.id == task_id), None)

    def bind(self, dag: CellDag) -> None:
        """Let the name `dag` stand for it, unless the user has given that name to something else since."""
        if self._names.get("dag") is self._bound:
            self._names["dag"] = self._bound = dag

    def take(self, dag: CellDag) -> None:
        """Let the name `dag` stand for it."""
        self._names["dag"] = self._bound = dag

    def refusal(self, cell: MarkedCell) -> str:
        """Why a marked cell cannot be run here, in words; "" if it can."""
        for problem in cell.problems:
            is_of_line = cell.kind == "dag" or problem.line is None or problem.line < cell.body_line
            if problem.severity == "error" and is_of_line:
                return f"{problem.message} {problem.hint}".rstrip()
        for variable, name in cell.options.get("map", ()):
            if isinstance(self._names.get(name), Iterator):
                return (
                    f"{cell.name} is mapped over {shown(name)}, which can be gone through once only: make a list of "
                    f"it, `{name} = list({name})`."
                )
            try:
                found = items(cell.name, self._names, name) if name in self._names else None
            except ValueNotKept as error:
                return str(error)
            if found is None:
                return (
                    f"{cell.name} is mapped over {shown(name)}, which is not there: run the cell that gives it first, "
                    f"so that {variable} can be its first item here."
                )
            if not found:
                return f"{cell.name} is mapped over {shown(name)}, which is empty: it would not run at all."
        return ""

    # What a task is given -------------------------------------------------------------------------------------

    @property
    def _names(self) -> dict[str, Any]:
        names: dict[str, Any] = self._shell.user_ns
        return names

    def _lend(self, cell: MarkedCell) -> None:
        task = self._task(cell.name)
        if task is None:
            return
        if task.context:
            self._names.update(self.sample(self.dag(), task.id, task.context))
        for variable, name in task.maps:
            found = items(task.id, self._names, name)
            first = next(iter(found.items())) if isinstance(found, dict) else found[0]
            self._names[variable] = list(first) if isinstance(found, dict) else first
        for given in task.needs:
            if given.name in self._samples.get(given.by, {}):
                lent = [self._samples[given.by][given.name]]
                self._lent[given.name] = (lent, self._names.get(given.name))
                self._names[given.name] = lent

    def sample(self, dag: CellDag, task_id: str, names: tuple[str, ...]) -> Mapping[str, Any]:
        """The names of a run's context that a task reads."""
        today = datetime.now(timezone.utc).date()
        options = {} if dag.flow.dag is None else dag.flow.dag.options
        day = sample_date(options.get("sample"), options.get("start"), today)
        params = {name: self._names.get(name, value) for name, value in dag.flow.params.items()}
        try:
            return sample_context(dag.frame, day, task_id, params, names)
        except StudioError:  # of the date: %dag has told
            return sample_context(dag.frame, sample_date(None, None, today), task_id, params, names)

    def _look_at_values(self, cell: MarkedCell) -> None:
        """Note which values that it gives or was given could not be passed on by a run."""
        task = self._task(cell.name)
        if task is None:
            return
        for by, name in [(task.id, name) for name in task.gives] + [
            (given.by, given.name) for given in task.needs if given.name not in self._lent
        ]:
            self._doubts.pop((by, name), None)
            if name in self._names:
                doubt = cannot_be_passed_on(by, name, self._names[name])
                if doubt is not None:
                    self._doubts[by, name] = doubt

    def _keep_sample(self, dag: CellDag, cell: MarkedCell) -> None:
        task = next((each for each in dag.flow.tasks if each.id == cell.name), None)
        self._samples.pop(cell.name, None)
        if task is not None and task.maps:
            bound = (name for name in task.defines if name in self._names)
            self._samples[task.id] = {name: self._names[name] for name in bound}

    # Telling cells apart --------------------------------------------------------------------------------------

    def _key_of(self, cell: MarkedCell) -> str:
        same = [each.key for each in self._seen.values() if _is_same(each.cell, cell)]
        return same[0] if same else f"{cell.kind}:{cell.name or len(self._seen)}"

    def _number_of(self, cell: MarkedCell) -> int:
        """Of a cell that was not seen before: the last, or that of the one that it replaces."""
        same = [each.number for each in self._seen.values() if _is_same(each.cell, cell)]
        return same[0] if same else 1 + max((each.number for each in self._seen.values()), default=0)

    def _is_in_file(self, key: str) -> bool:
        file = self.file()
        return file is not None and any(each.id == key for each in file.cells)


def _is_same(one: MarkedCell, other: MarkedCell) -> bool:
    """Whether a cell takes the place of another one, if nobody says which cells they are."""
    if one.kind != other.kind:
        return False
    if one.kind in ("dag", "task"):
        return one.kind == "dag" or one.name == other.name
    return one.source == other.source or not set(names_of(one.python).writes).isdisjoint(
        names_of(other.python).writes
    )


def _places(file: NotebookFile, seen: list[SeenCell]) -> dict[str, int]:
    """Key → position in the file, of the cells that it has: by id, else by what they are."""
    ids = {each.id: n for n, each in enumerate(file.cells) if each.id}
    found = {each.key: ids[each.key] for each in seen if each.key in ids}
    for each in seen:
        if each.key not in found:
            for n, saved in enumerate(file.cells):
                if (
                    n not in found.values()
                    and saved.cell.kind == each.cell.kind
                    and _is_same(saved.cell, each.cell)
                ):
                    found[each.key] = n
                    break
    return found


def _has_ids(file: NotebookFile) -> bool:
    return any(each.id for each in file.cells)


def _place_in(places: Mapping[str, int]) -> Any:
    return lambda each: (places.get(each.key, len(places) + 10_000), each.number)


def _listed(titles: list[str]) -> str:
    return ", ".join(dict.fromkeys(titles))


def _title(cell: MarkedCell) -> str:
    return f"%dag {cell.name}" if cell.kind == "dag" else f"%%{cell.kind} {cell.name}".rstrip()
