"""What of a notebook defines its DAGs: the statements that do, and those that they need, by reading alone.

A notebook that defines a DAG also publishes it, triggers runs, loads data and draws. Of its top-level statements
these are kept, in their order:

* those with a call of `DAG`, `TaskGroup`, an operator (`notebook`, `function`, `wait`, …) or `chain` of this package,
  or of a function that makes such a call;
* those that add edges (`a >> b`, `b.wait_for(a)`), change a task (`b.as_teardown(a)`, `b.expand(…)`), or hand a DAG
  or a task to a function of the notebook;
* before these, what they need: whatever binds or changes a name that a kept statement reads, imports included.

Not for judging what code does: a name changed behind the back of its statement (`exec`, `globals()`) is not seen.
"""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Final

EFFECTS: Final = frozenset({"publish", "trigger", "runs"})
_WIRING: Final = frozenset({"wait_for", "add", "expand", "expand_kwargs", "as_setup", "as_teardown"})
_PACKAGE: Final = "studio"
_MAKERS: Final = frozenset(
    {
        *(
            "DAG",
            "TaskGroup",
            "notebook",
            "function",
            "branch",
            "short_circuit",
            "sensor",
            "empty",
            "latest_only",
        ),
        *("approval", "wait", "chain", "cross_downstream"),
    }
)
_IMPORT_PATH: Final = "<import path>"  # stands for sys.path, which every import reads
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(slots=True, eq=False)
class Statement:
    """A top-level statement and the names it has to do with."""

    node: ast.stmt
    where: str  # the code's filename: names the cell
    reads: set[str] = field(default_factory=set)
    reads_later: set[str] = field(default_factory=set)  # by functions it defines: read when they are called
    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)  # objects of other statements that it changes
    calls: set[str] = field(default_factory=set)  # dotted names called here, not in functions it defines

    @property
    def replaces(self) -> set[str]:
        """Names that it binds whatever was before."""
        simple = isinstance(
            self.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
        )
        if isinstance(self.node, ast.Assign):
            simple = all(isinstance(target, ast.Name) for target in self.node.targets)
        return self.binds if simple else set()

    @property
    def has_effect(self) -> bool:
        """Whether it is there to publish, trigger or list, not to define."""
        if isinstance(self.node, (ast.Assign, ast.AnnAssign, *_SCOPES)):
            return False
        return any(name.rpartition(".")[2] in EFFECTS for name in self.calls)


def dag_statements(cells: Sequence[tuple[str, ast.Module]], flags: int = 0) -> list[Statement]:
    """The statements that define the DAGs of a notebook, with all they need, in order; empty: it defines none.

    `cells` are pairs of the name that a cell's code gets as its filename, and its tree. `flags` are those of
    `__future__` imports, for `compile`.
    """
    statements = [_read(node, where, flags) for where, tree in cells for node in tree.body]
    roots = _roots(statements)
    return _with_needs(statements, roots) if roots else []


# --- which statements define DAGs ----------------------------------------------------------------------------


def _roots(statements: list[Statement]) -> set[int]:
    makers = _makers(statements)
    defined_here = {
        one.node.name for one in statements if isinstance(one.node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    roots: set[int] = set()
    made: set[str] = set()  # names of DAGs, tasks and what is derived from them
    for index, one in enumerate(statements):
        if one.calls & makers:
            is_root = True
        else:
            is_root = bool(roots) and not one.has_effect and _wires(one, made, defined_here)
        if is_root:
            roots.add(index)
        if is_root or (isinstance(one.node, ast.Assign) and one.reads & made):
            made |= one.binds
    return roots


def _makers(statements: list[Statement]) -> set[str]:
    """Dotted names whose call defines a DAG or a task."""
    makers: set[str] = set()
    for one in statements:
        for node in ast.walk(one.node):
            if isinstance(node, ast.ImportFrom) and _is_ours(node.module):
                for alias in node.names:
                    names = _MAKERS if alias.name == "*" else {alias.name} & _MAKERS
                    makers |= {alias.asname or name for name in names}
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if _is_ours(alias.name):
                        makers |= {f"{alias.asname or alias.name}.{name}" for name in _MAKERS}
                        makers |= {f"{_PACKAGE}.{name}" for name in _MAKERS if alias.asname is None}
    functions = [one for one in statements if isinstance(one.node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    while True:
        more = {
            one.node.name  # type: ignore[attr-defined]
            for one in functions
            if makers & {_dotted(node.func) for node in ast.walk(one.node) if isinstance(node, ast.Call)}
        }
        if more <= makers:
            return makers
        makers |= more


def _is_ours(module: str | None) -> bool:
    return module is not None and module.partition(".")[0] == _PACKAGE


def _wires(one: Statement, made: set[str], defined_here: set[str]) -> bool:
    """Whether it adds to DAGs or tasks that were made before."""
    for node in _here(one.node):
        if not isinstance(node, ast.Expr):
            continue
        value = node.value
        if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.RShift, ast.LShift)):
            return bool(one.reads & made)
        if isinstance(value, ast.Call):
            path = _dotted(value.func)
            if path.rpartition(".")[2] in _WIRING and path.partition(".")[0] in made | one.binds:
                return bool(one.reads & made)
            given = {found.id for found in ast.walk(value) if isinstance(found, ast.Name)}
            if path in defined_here and given & (made | one.binds) and one.reads & made:
                return True
    return False


# --- what they need ------------------------------------------------------------------------------------------


def _with_needs(statements: list[Statement], roots: set[int]) -> list[Statement]:
    last = max(roots)
    kept = set(roots)
    while True:
        # Functions read their names when they are called, maybe after a later statement bound them anew.
        lasting = {name for index in kept for name in statements[index].reads_later}
        found = _backwards(statements[: last + 1], roots, lasting)
        if found <= kept:
            return [statements[index] for index in sorted(kept)]
        kept |= found


def _backwards(statements: list[Statement], roots: set[int], lasting: set[str]) -> set[int]:
    kept: set[int] = set()
    needed: set[str] = set()
    for index in range(len(statements) - 1, -1, -1):
        one = statements[index]
        wanted = needed | lasting
        if index in roots or ((one.binds | one.changes) & wanted and not one.has_effect):
            kept.add(index)
            needed = (needed - one.replaces) | one.reads | one.changes
            if any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in ast.walk(one.node)):
                needed.add(_IMPORT_PATH)
        elif _is_star(one.node):  # what it binds is not known
            kept.add(index)
            needed.add(_IMPORT_PATH)
    return kept


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


# --- the names of a statement --------------------------------------------------------------------------------


def _read(node: ast.stmt, where: str, flags: int) -> Statement:
    one = Statement(node, where)
    module = ast.Module([node], type_ignores=[])
    # The compiler knows Python's scopes best: its code tells which names are looked up at the top level.
    code = compile(module, where, "exec", flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    for instruction in dis.get_instructions(code):
        name = str(instruction.argval)
        if instruction.opname in ("STORE_NAME", "STORE_GLOBAL", "DELETE_NAME", "DELETE_GLOBAL"):
            one.binds.add(name)
        elif instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL"):
            one.reads.add(name)
    for inner in _nested(code):
        for instruction in dis.get_instructions(inner):
            name = str(instruction.argval)
            if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                one.changes.add(name)
            elif instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"):
                one.reads.add(name)
                one.reads_later.add(name)
    one.changes |= set(_changed(node))
    one.calls |= {_dotted(found.func) for found in _here(node) if isinstance(found, ast.Call)} - {""}
    return one


def _nested(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)


def _here(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run with the statement: not the bodies of the functions and classes it defines."""
    yield node
    if not isinstance(node, _SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _here(child)


def _changed(statement: ast.stmt) -> Iterator[str]:
    """Names whose object the statement changes: items or attributes assigned, methods called for nothing else."""
    for node in _here(statement):
        targets: Iterable[ast.expr] = ()
        if isinstance(node, (ast.Assign, ast.Delete)):
            targets = node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = (node.target,)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            targets = (node.value.func,)
        for target in targets:
            path = _dotted(target)
            if path.startswith("sys.path"):
                yield _IMPORT_PATH
            if "." in path:
                yield path.partition(".")[0]


def _dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute, an item (`a["b"].c`) or a call on a name; empty for other expressions."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    if isinstance(node, ast.Subscript):
        before = _dotted(node.value)
        return f"{before}.[]" if before else ""
    return ""
