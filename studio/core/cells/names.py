"""Which names a cell takes from outside, and which it leaves behind: read off its code, which is not run.

Statements are followed in the order in which Python runs them, with the names that are bound for certain at each
point. Not for: which task gives a name to which (`flow.py`), and IPython's own syntax (`marks.py`).
"""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from studio.core.cells.mutating import changed_by_call, parts_of, root_of, shared_with
from studio.core.cells.problems import Problem
from studio.core.cells.scopes import (
    Comprehension,
    Effects,
    Function,
    arguments_of,
    bound_by_import,
    bound_in,
    defaults_of,
    effects_of,
    type_parameters_of,
)
from studio.core.cells.ways import Ways

#: There in every cell, without anybody giving them.
KNOWN: Final = frozenset(dir(builtins)) | {
    "__file__", "__name__", "In", "Out", "_", "__", "___", "_dh", "_i", "_ih", "_ii", "_iii", "_oh", "display",
    "exit", "get_ipython", "quit",
}  # fmt: skip

Kind = Literal["value", "module", "function", "class"]


@dataclass(frozen=True, slots=True)
class CellNames:
    """Of one cell; each in order of first use."""

    reads: tuple[str, ...] = ()  # needed from outside, also by functions that it defines, but for `builtins`
    writes: tuple[str, ...] = ()  # bound by it, and still there at its end
    mutates: tuple[str, ...] = ()  # needed from outside and changed, which gives a new version
    deletes: tuple[str, ...] = ()  # needed from outside and deleted
    maybe: tuple[str, ...] = ()  # of `writes`: not on every way through the cell
    unsure: tuple[str, ...] = ()  # of `reads`: where it is read, the cell may have bound it, or not
    modules: tuple[str, ...] = ()  # of `writes`: what binds them last
    functions: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    builtins: tuple[str, ...] = ()  # names of Python or IPython that it takes unless somebody gives others
    lines: tuple[tuple[str, int], ...] = ()  # where each of `reads` is first used, from 1
    effects: tuple[tuple[str, Effects], ...] = ()  # of its functions and classes, for cells that call them
    problems: tuple[Problem, ...] = ()


def names_of(
    source: str,
    cell: int | None = None,
    first_line: int = 1,
    functions: Mapping[str, Effects] | None = None,
) -> CellNames:
    """Read Python. What cannot be read is a problem: `cell` and `first_line` say where it stands.

    `functions`: those of other cells that it may call.
    """
    return _read_once(source, cell, first_line, tuple((functions or {}).items()))


@lru_cache(maxsize=1024)  # while somebody types, all cells but one stay what they were
def _read_once(
    source: str, cell: int | None, first_line: int, functions: tuple[tuple[str, Effects], ...]
) -> CellNames:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python tells them when the cell runs
            tree = ast.parse(source)
            compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        said = getattr(error, "msg", None) or str(error) or "it is too deep"
        at = None if line is None else line + first_line - 1
        return CellNames(problems=(Problem("syntax_error", f"The cell is no Python: {said}.", "", cell, at),))
    reader = _Reader(cell, first_line, dict(functions))
    reader.block(tree.body)
    return reader.names()


class _Reader(Ways):
    def __init__(self, cell: int | None, first_line: int, functions: dict[str, Effects]) -> None:
        super().__init__()
        self._cell = cell
        self._first_line = first_line
        self._targets: list[set[str]] = []  # names of the comprehensions around this point
        self._bodies: list[set[str]] = []  # names of the class bodies around this point
        self._classes: list[str] = []  # and those of the classes themselves
        self._reads: dict[str, int] = {}  # name → line
        self._writes: dict[str, Kind] = {}
        self._unsure: dict[str, bool] = {}  # of `_reads`: whether every read of it is so
        self._mutates: dict[str, None] = {}
        self._deletes: dict[str, None] = {}
        self._effects = functions
        self._unused = set(functions)
        self._later: dict[str, dict[str, int]] = {  # function → names that it needs when it is called
            name: dict.fromkeys(effects.reads, 0) for name, effects in functions.items()
        }
        self._parts: dict[str, tuple[str, ...]] = {}  # name → what its object is a part of
        self._problems: list[Problem] = []

    def names(self) -> CellNames:
        for function, needed in list(self._later.items()):
            for name, line in () if function in self._unused else needed.items():
                if name not in self._writes or (name not in self.way.sure and not self.way.is_over):
                    self._read(name, line)
        writes = self._writes
        reads = {name: line for name, line in self._reads.items() if name not in KNOWN}
        return CellNames(
            reads=tuple(reads),
            writes=tuple(writes),
            mutates=tuple(self._mutates),
            deletes=tuple(name for name in self._deletes if name not in writes),
            maybe=tuple(name for name in writes if name not in self.way.sure),
            unsure=tuple(name for name in reads if self._unsure[name]),
            modules=tuple(name for name, kind in writes.items() if kind == "module"),
            functions=tuple(name for name, kind in writes.items() if kind == "function"),
            classes=tuple(name for name, kind in writes.items() if kind == "class"),
            builtins=tuple(name for name in self._reads if name in KNOWN),
            lines=tuple(reads.items()),
            effects=tuple((name, self._effects[name]) for name in writes if name in self._effects),
            problems=tuple(self._problems),
        )

    # Names ----------------------------------------------------------------------------------------------------

    def _line(self, node: ast.AST) -> int:
        return getattr(node, "lineno", 1) + self._first_line - 1

    def _is_inner(self, name: str) -> bool:
        return any(name in names for names in (*self._targets, *self._bodies))

    def _read(self, name: str, line: int) -> None:
        if self._is_inner(name):
            return
        if name not in self.way.sure:
            self._reads.setdefault(name, line)
            self._unsure[name] = self._unsure.get(name, True) and name in self._writes
        self._unused.discard(name)
        needed = self._later.pop(name, None)  # whoever speaks of a function may call it now
        if needed is not None:
            for each, at in needed.items():
                self._read(each, at or line)
            for each in self._effects[name].changes:
                self._change(each, line)
            self._later[name] = {each: at for each, at in needed.items() if each not in self.way.sure}

    def bind(self, name: str, kind: Kind = "value", parts: tuple[str, ...] = ()) -> None:
        if self._bodies:
            self._bodies[-1].add(name)
            return
        if self.depth == 0 or name not in self._writes or kind != "value":
            self._writes[name] = kind
        self.way.sure.add(name)
        self._unused.discard(name)
        self._later.pop(name, None)
        self._effects.pop(name, None)
        self._parts.pop(name, None)
        if parts:
            self._parts[name] = parts

    def bind_during(self, name: str, block: Callable[[], None]) -> None:
        was_there = name in self._writes
        self.bind(name)
        block()
        self.way.sure.discard(name)
        if not was_there:
            self._writes.pop(name, None)

    def _change(self, name: str | None, line: int) -> None:
        """The object of this name is changed in place, and with it what it is a part of."""
        waiting = [] if name is None else [name]
        seen: set[str] = set()
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            waiting += self._parts.get(each, ())
            if each not in self._writes and not self._is_inner(each):
                self._read(each, line)
                self._mutates[each] = None

    def _problem(
        self, node: ast.AST, code: str, message: str, hint: str = "", *, is_error: bool = True
    ) -> None:
        severity: Literal["error", "warning"] = "error" if is_error else "warning"
        self._problems.append(Problem(code, message, hint, self._cell, self._line(node), severity))

    # Binding --------------------------------------------------------------------------------------------------

    def target(self, target: ast.expr, parts: tuple[str, ...] = (), kind: Kind = "value") -> None:
        match target:
            case ast.Name():
                self.bind(target.id, kind, tuple(each for each in parts if each != target.id))
            case ast.Tuple() | ast.List():
                for each in target.elts:
                    self.target(each, parts)
            case ast.Starred():
                self.target(target.value, parts)
            case _:
                self.generic_visit(target)
                self._change(root_of(target), self._line(target))

    def visit_Assign(self, node: ast.Assign) -> None:
        self._value_of(node.targets, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self._value_of([node.target], node.value)
        elif not isinstance(node.target, ast.Name):
            self.generic_visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.bind(node.target.id, parts=shared_with(node.value))

    def _value_of(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        if isinstance(value, ast.Lambda) and len(targets) == 1 and isinstance(targets[0], ast.Name):
            self._define(value, targets[0].id)
            return
        self.visit(value)
        parts = parts_of(value)
        for target in targets:
            self.target(target, parts)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            name = node.target.id
            was_sure = name in self.way.sure
            self._read(name, self._line(node))
            if not was_sure and not self._is_inner(name):
                self._mutates[name] = None
            self.bind(name, parts=self._parts.get(name, ()))
        else:
            self.generic_visit(node.target)
            self._change(root_of(node.target), self._line(node))

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            for each in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
                if not isinstance(each, ast.Name):
                    self.target(each)
                elif self._bodies:
                    self._bodies[-1].discard(each.id)
                else:
                    self._read(each.id, self._line(each))
                    self._deletes[each.id] = None
                    self.way.sure.discard(each.id)
                    if self.depth == 0:
                        self._writes.pop(each.id, None)

    def _imports(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return
        for alias in node.names:
            if alias.name == "*":
                module = node.module if isinstance(node, ast.ImportFrom) else ""
                self._problem(
                    node,
                    "star_import",
                    f"`from {module} import *` brings names that cannot be seen.",
                    f"Import the names that you use: from {module} import a, b.",
                )
            else:
                # A class or function, too, is imported again where it is needed.
                self.bind(bound_by_import(alias), "module")

    visit_Import = visit_ImportFrom = _imports

    # Scopes ---------------------------------------------------------------------------------------------------

    def _define(self, node: Function, name: str) -> None:
        """A function: what its body needs, it needs when somebody calls it."""
        for part in defaults_of(node):
            self.visit(part)
        effects = effects_of(node)
        line = self._line(node)
        owner = self._classes[0] if self._classes else name
        needed = {each: line for each in effects.reads if each != owner}
        self.bind(name, "function")
        self._later.setdefault(owner, {}).update(needed)
        self._effects[owner] = effects.of_method(self._effects.get(owner)) if self._classes else effects
        for each in effects.binds:
            self._writes.setdefault(each, "value")

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in node.decorator_list:
            self.visit(part)
        self._targets.append(type_parameters_of(node))
        for argument in arguments_of(node):
            if argument.annotation is not None:
                self.visit(argument.annotation)
        if node.returns is not None:
            self.visit(node.returns)
        self._targets.pop()
        self._define(node, node.name)

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in defaults_of(node):
            self.visit(part)
        effects = effects_of(node)
        for name in effects.reads:
            self._read(name, self._line(node))
        for name in effects.changes:
            self._change(name, self._line(node))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in node.decorator_list:
            self.visit(part)
        self._targets.append(type_parameters_of(node))
        for part in (*node.bases, *(each.value for each in node.keywords)):
            self.visit(part)
        self._classes.append(node.name)
        self._bodies.append(set())
        outermost = self._classes[0]
        if len(self._classes) == 1:
            self._later[outermost], self._effects[outermost] = {}, Effects()
        self.block(node.body)
        self._targets.pop()
        self._bodies.pop()
        self._classes.pop()
        if self._classes:
            self.bind(node.name, "class")
            return
        needed, effects = self._later.pop(outermost, {}), self._effects.pop(outermost, Effects())
        self.bind(node.name, "class")
        self._later[outermost], self._effects[outermost] = needed, effects

    def visit_TypeAlias(self, node: Any) -> None:  # Python 3.12
        self._targets.append(type_parameters_of(node))
        self.visit(node.value)
        self._targets.pop()
        self.bind(node.name.id)

    def _comprehension(self, node: Comprehension) -> None:
        first, *others = node.generators
        self.visit(first.iter)
        self._targets.append(set().union(*(bound_in([each.target]) for each in node.generators)))
        with self.perhaps():
            before = self.way.copy()
            for condition in first.ifs:
                self.visit(condition)
            for generator in others:
                self.visit(generator.iter)
                for condition in generator.ifs:
                    self.visit(condition)
            for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                self.visit(part)
                self._dropped(part)
            self.way = before
        self._targets.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    # Expressions ----------------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        self._read(node.id, self._line(node))

    def visit_Expr(self, node: ast.Expr) -> None:
        self.visit(node.value)
        self._dropped(node.value)

    def _dropped(self, node: ast.expr) -> None:
        """What a statement or an item of a comprehension comes to, which nobody uses."""
        call = node.value if isinstance(node, ast.Await) else node
        if isinstance(call, ast.Call):
            for name in changed_by_call(call, is_dropped=True):
                self._change(name, self._line(node))

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        effects = self._effects.get(node.func.id) if isinstance(node.func, ast.Name) else None
        for name in (
            *changed_by_call(node, is_dropped=False),
            *(effects.changed_by(node) if effects else ()),
        ):
            self._change(name, self._line(node))
        if isinstance(node.func, ast.Name) and node.func.id not in self.way.sure:
            called = node.func.id
            if called in ("exec", "eval") or (called in ("globals", "locals", "vars") and not node.args):
                text = f"`{called}({'…' if node.args else ''})` may use and give names that cannot be seen."
                self._problem(node, "hidden_names", text, "Say which: --needs a,b --gives c.", is_error=False)
