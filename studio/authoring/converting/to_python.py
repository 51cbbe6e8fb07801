"""`studio dags to-python`: a notebook of marked cells → the `.py` DAG file that says the same. Nothing is run."""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from studio.authoring.cells.cell_dag import CellDag, cell_dag
from studio.authoring.cells.params import cell_params
from studio.authoring.converting.chunks import Unreadable, chunks_of
from studio.authoring.converting.effects import modules_of
from studio.authoring.converting.function_body import indented, python_of_cell, with_nonlocal, with_shown
from studio.authoring.params import Param
from studio.core.cells.flow import TaskFlow
from studio.core.cells.generated import marked_cells
from studio.core.cells.marks import MarkedCell
from studio.core.cells.names import CellNames, names_of
from studio.core.cells.passing import MappedOver, Passing, passing_of
from studio.core.template_names import DATES
from studio.errors import InvalidDag

_SHELL: Final = '''def shell_lines(command: str) -> list[str]:
    """What a shell command prints, line by line."""
    done = subprocess.run(
        command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout.splitlines()'''
_CALLED: Final = {"start": "start_date", "end": "end_date", "priority": "priority_weight"}
_NOT_SAID: Final = frozenset({"after", "map", "gives", "needs", "group", "kernel", "sample"})
_WIDTH: Final = 88  # characters, before a call is broken into lines
_DURATIONS: Final = ("retry_delay", "timeout", "cache", "run_timeout")
_TAKEN: Final = frozenset(
    {"DAG", "Param", "TaskGroup", "dag", "load", "save", "show", "studio", "subprocess", "task"}
)


@dataclass(frozen=True, slots=True)
class PythonFile:
    """A .py DAG file."""

    source: str
    dag_id: str
    tasks: tuple[str, ...]
    remarks: tuple[str, ...]  # what it does not say, or says otherwise


def python_of(document: Mapping[str, Any], path: Path) -> PythonFile:
    """Of the notebook `document`, at `path`. Raises `InvalidDag` if it has no marked cells, or errors."""
    cells = marked_cells(document)
    if not any(cell.kind == "dag" for cell in cells):
        raise InvalidDag(
            f"{path.name} has no %dag cell.",
            hint="`studio dags from-notebook` makes a notebook of marked cells of an ordinary one.",
        )
    dag = cell_dag(cells, path=path, metadata=document["metadata"])
    dag.snapshot()
    return _Writer(dag, cells, path).written()


@dataclass(slots=True)
class _Writer:
    dag: CellDag
    cells: list[MarkedCell]
    path: Path
    remarks: list[str] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)  # of studio
    uses_shell: bool = False
    uses_dates: bool = False
    passing: Mapping[str, Passing] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)  # task id → name of its function
    modules: dict[str, str] = field(default_factory=dict)
    setup_names: set[str] = field(default_factory=set)

    def written(self) -> PythonFile:
        flow = self.dag.flow
        self.passing, _ = passing_of(flow, self.cells)
        setup = [python_of_cell(cell.body) for cell in flow.setup]
        self.uses_shell = any(each.uses_shell for each in setup)
        for each in setup:
            self.remarks += each.remarks
        text = "\n\n".join(each.source for each in setup if each.source.strip())
        self.setup_names = {*names_of(text).writes}
        found = chunks_of(text, 0)
        self.modules = {} if isinstance(found, Unreadable) else modules_of(found)
        taken = {*self.setup_names, *_TAKEN, *dir(builtins)}
        for task in flow.tasks:
            self.functions[task.id] = _function_name(task.id, taken)
            taken.add(self.functions[task.id])
        bodies = [self._function(task) for task in flow.tasks]
        block = self._block()
        self.imported |= {"DAG", "task"}
        if any(self.passing[task.id].keeps for task in flow.tasks):
            self.remarks.append(
                "What functions return arrives as JSON has it: tuples as lists, numbers of numpy as plain ones."
            )
        imports, rest = _split_imports(text)
        own = ["import datetime as _datetime"] if self.uses_dates else []
        head = [*own, *(["import subprocess"] if self.uses_shell else []), *imports]
        head.append(f"from studio import {', '.join(sorted(self.imported, key=str.lower))}")
        parts = [f'"""The DAG {self.dag.dag_id}, written from {self.path.name}."""', "\n".join(head)]
        source = "\n\n".join(parts)
        if rest:
            source += f"\n\n{rest}"
        if self.uses_shell:
            source += f"\n\n\n{_SHELL}"
        source += "".join(f"\n\n\n{body}" for body in bodies) + f"\n\n\n{block}\n"
        ast.parse(source)
        ids = tuple(task.id for task in flow.tasks)
        return PythonFile(source, self.dag.dag_id, ids, tuple(dict.fromkeys(self.remarks)))

    # Functions ------------------------------------------------------------------------------------------------

    def _function(self, task: TaskFlow) -> str:
        cell, passing = self.cells[task.cell], self.passing[task.id]
        python = python_of_cell(cell.body)
        self.remarks += [f"{task.id!r}: {remark}" for remark in python.remarks]
        self.uses_shell = self.uses_shell or python.uses_shell
        names = names_of(cell.python)
        parameters = self._parameters(task, names)
        source, shows = with_shown(python.source, self.modules)
        if shows:
            self.imported.add("show")
        bound = [each.partition("=")[0] for each in parameters]
        source = with_nonlocal(source, bound)
        if any(
            isinstance(each, ast.Name) and each.id in ("globals", "locals", "vars")
            for each in ast.walk(ast.parse(source))
        ):
            self.remarks.append(
                f"{task.id!r} asks for globals() or the like, which are others in a function."
            )
        lines = [*self._unpacked(task, passing), *(source.split("\n") if source.strip() else [])]
        lines += self._given(passing)
        is_async = any(
            isinstance(each, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for each in _own_nodes(source)
        )
        head = f"{'async ' if is_async else ''}def {self.functions[task.id]}({', '.join(parameters)}):"
        body = indented("\n".join(lines) or "pass")
        if all(not line.strip() or line.lstrip().startswith("#") for line in body):
            body.append("    pass")
        return "\n".join([self._decorator(task, cell), head, *body])

    def _parameters(self, task: TaskFlow, names: CellNames) -> list[str]:
        passing = self.passing[task.id]
        found = dict.fromkeys([*self._arguments(task), *(each.variable for each in passing.over)])
        defaults = [
            name
            for name in dict.fromkeys((*names.reads, *names.builtins))
            if name in names.writes
            and name not in found
            and (name in self.setup_names or name in names.builtins)
        ]
        return [*found, *(f"{name}={name}" for name in defaults)]

    def _arguments(self, task: TaskFlow) -> dict[str, str]:
        """Parameter → the expression that it is given in the DAG."""
        found: dict[str, str] = {}
        for given in self.passing[task.id].loads:
            giver = self.passing[given.by]
            if giver.returns and given.name != giver.returns:
                continue  # loaded in the function
            if giver.is_mapped and len(giver.keeps) > 1:
                found[_parts_name(given.by)] = f"{self._variable(given.by)}.output"
            elif len(giver.keeps) > 1 and not giver.returns:
                found[_values_name(given.by)] = f"{self._variable(given.by)}.output"
            else:
                found[given.name] = f"{self._variable(given.by)}.output"
        for name in task.params:
            found[name] = _text("{{ params." + name + " }}")
        for name in task.context:
            found[name] = _text("{{ " + name + " }}")
        return found

    def _unpacked(self, task: TaskFlow, passing: Passing) -> list[str]:
        lines = []
        for given in passing.loads:
            giver = self.passing[given.by]
            if giver.returns and given.name != giver.returns:
                self.imported.add("load")
                lines.append(f"{given.name} = load({_text(given.by)}, {_text(given.name)})")
            elif giver.is_mapped and len(giver.keeps) > 1:
                parts = _parts_name(given.by)
                lines.append(f"{given.name} = [part[{_text(given.name)}] for part in {parts}]")
            elif len(giver.keeps) > 1 and not giver.returns:
                lines.append(f"{given.name} = {_values_name(given.by)}[{_text(given.name)}]")
        for name in task.context:
            if name in DATES:
                self.uses_dates = True
                lines.append(f"{name} = _datetime.datetime.fromisoformat({name})")
        return lines

    def _given(self, passing: Passing) -> list[str]:
        names = list(passing.keeps)
        if passing.returns:
            others = [name for name in names if name != passing.returns]
            if others:
                self.imported.add("save")
            value = passing.returns if passing.is_mapped else f"list({passing.returns})"
            return [*(f"save({_text(name)}, {name})" for name in others), f"return {value}"]
        if len(names) == 1:
            return [f"return {names[0]}"]
        if not names:
            return []
        return _broken("return {", [f"{_text(name)}: {name}" for name in names], "}")

    def _decorator(self, task: TaskFlow, cell: MarkedCell) -> str:
        options = [f"task_id={_text(task.id)}"] if self.functions[task.id] != task.id else []
        options += _options(cell)
        if cell.options.get("kernel"):
            self.remarks.append(
                f"{task.id!r}: --kernel {cell.options['kernel']} is left out: a function has no kernel."
            )
        return f"@task({', '.join(options)})" if options else "@task"

    # The DAG --------------------------------------------------------------------------------------------------

    def _variable(self, task_id: str) -> str:
        return f"{_identifier(task_id).removesuffix('_task')}_task"

    def _block(self) -> str:
        flow = self.dag.flow
        options = [_text(self.dag.dag_id), *self._dag_options()]
        line = f"with DAG({', '.join(options)}) as dag:"
        lines = (
            [line] if len(line) <= 110 else ["with DAG(", *(f"    {each}," for each in options), ") as dag:"]
        )
        group = ""
        seen: set[str] = set()
        for task in flow.tasks:
            cell = self.cells[task.cell]
            own = str(cell.options.get("group") or "")
            if own != group and own:
                self.imported.add("TaskGroup")
                variable = f"{_identifier(own)}_group"
                if own in seen:
                    lines.append(f"    with {variable}:")
                else:
                    lines.append(f"    with TaskGroup({_text(own)}, prefix=False) as {variable}:")
                seen.add(own)
            group = own
            made = self._call(task)
            made[0] = f"{self._variable(task.id)} = {made[0]}"
            lines += [f"    {'    ' if group else ''}{line}" for line in made]
        lines += self._edges()
        return "\n".join(lines)

    def _dag_options(self) -> list[str]:
        flow = self.dag.flow
        assert flow.dag is not None
        options = _options(flow.dag, without=("retries",))
        if "retries" in flow.dag.options:
            options.append(f'default_args={{"retries": {flow.dag.options["retries"]}}}')
        params = cell_params(flow, self.cells)
        if params:
            if any(isinstance(value, Param) for value in params.values()):
                self.imported.add("Param")
            options.append(
                "params={" + ", ".join(f"{_text(name)}: {value!r}" for name, value in params.items()) + "}"
            )
        return options

    def _call(self, task: TaskFlow) -> list[str]:
        function, passing = self.functions[task.id], self.passing[task.id]
        given = [f"{name}={value}" for name, value in self._arguments(task).items()]
        if not passing.over:
            return _broken(f"{function}(", given, ")")
        over = ", ".join(f"{each.variable}={self._over(each)}" for each in passing.over)
        constants = f".partial({', '.join(given)})" if given else ""
        return [f"{function}{constants}.expand({over})"]

    def _over(self, over: MappedOver) -> str:
        if over.kind == "output":
            return f"{self._variable(over.by)}.output"
        return f"dag.param({_text(over.name)})" if over.kind == "param" else over.name

    def _edges(self) -> list[str]:
        lines = []
        for task in self.dag.flow.tasks:
            passing = self.passing[task.id]
            known = {each.by for each in passing.over if each.kind == "output"}
            for given in passing.loads:
                giver = self.passing[given.by]
                if not (giver.returns and given.name != giver.returns):
                    known.add(given.by)
            more = [self._variable(other) for other in task.upstream if other not in known]
            if more:
                before = more[0] if len(more) == 1 else f"[{', '.join(more)}]"
                lines.append(f"    {before} >> {self._variable(task.id)}")
        return lines


def _options(cell: MarkedCell, without: tuple[str, ...] = ()) -> list[str]:
    """Keywords of Python for the options of a mark."""
    found = []
    for key, value in cell.options.items():
        if key in _NOT_SAID or key in without:
            continue
        if key in _DURATIONS and isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                pass  # "5 min"
        said = (
            _text(value)
            if isinstance(value, str)
            else repr(list(value) if isinstance(value, tuple) else value)
        )
        found.append(f"{_CALLED.get(key, key)}={said}")
    return found


def _broken(head: str, parts: list[str], tail: str) -> list[str]:
    """On one line, or one line for each part."""
    line = f"{head}{', '.join(parts)}{tail}"
    return [line] if len(line) <= _WIDTH else [head, *(f"    {each}," for each in parts), tail]


def _own_nodes(source: str) -> list[ast.AST]:
    """All but those within functions."""
    waiting: list[ast.AST] = [ast.parse(source)]
    found: list[ast.AST] = []
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return found


def _split_imports(source: str) -> tuple[list[str], str]:
    """The import statements at the top, and the rest."""
    if not source.strip():
        return [], ""
    lines = source.split("\n")
    at = 0
    for statement in ast.parse(source).body:
        if not isinstance(statement, (ast.Import, ast.ImportFrom)):
            break
        at = statement.end_lineno or statement.lineno
    return [line for line in lines[:at] if line.strip()], "\n".join(lines[at:]).strip("\n")


def _function_name(task_id: str, taken: set[str]) -> str:
    wanted = _identifier(task_id)
    name, number = (f"{wanted}_step" if wanted in taken else wanted), 1
    while name in taken:
        number += 1
        name = f"{wanted}_step_{number}"
    return name


def _identifier(text: str) -> str:
    made = "".join(each if each.isalnum() or each == "_" else "_" for each in text)
    if not made.isidentifier():
        made = f"task_{made}"
    return f"{made}_" if keyword.iskeyword(made) else made


def _parts_name(task_id: str) -> str:
    return f"{_identifier(task_id)}_parts"


def _values_name(task_id: str) -> str:
    """What a task returns is given as a whole: with a dict of other keys than text inside, it has no parts outside."""
    return f"{_identifier(task_id)}_values"


def _text(value: str) -> str:
    """A literal with double quotes where that is possible."""
    said = repr(value)
    return f'"{said[1:-1]}"' if said.startswith("'") and '"' not in said else said
