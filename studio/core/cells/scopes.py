"""What a function does to the names around it when it is called: reads, changes in place, binds by `global`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from studio.core.cells.mutating import changed_by_call, root_of

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True, slots=True)
class Effects:
    """Of a function, with all that is defined inside of it; in order of first appearance."""

    reads: tuple[str, ...] = ()  # names of the module
    binds: tuple[str, ...] = ()  # by `global`
    changes: tuple[str, ...] = ()  # names of the module whose objects it changes in place
    parameters: tuple[str, ...] = ()  # those that can be given by position, then the others
    changed_parameters: tuple[str, ...] = ()  # whose objects it changes in place

    def changed_by(self, call: ast.Call) -> Iterator[str]:
        """Names of what a call of the function changes among its arguments."""
        given: list[tuple[str, ast.expr]] = []
        for parameter, value in zip(self.parameters, call.args, strict=False):
            if isinstance(value, ast.Starred):
                break
            given.append((parameter, value))
        given += [(each.arg, each.value) for each in call.keywords if each.arg is not None]
        for parameter, value in given:
            root = root_of(value)
            if parameter in self.changed_parameters and root is not None:
                yield root

    def of_method(self, others: Effects | None) -> Effects:
        """Of a class with this method and `others`; what its arguments are is not known."""
        others = others or Effects()
        return Effects(
            tuple(dict.fromkeys((*others.reads, *self.reads))),
            tuple(dict.fromkeys((*others.binds, *self.binds))),
            tuple(dict.fromkeys((*others.changes, *self.changes))),
        )


def effects_of(function: Function) -> Effects:
    """Decorators, defaults and annotations are not looked at: they count where the function is defined."""
    scope = _Scope(function)
    scope.enter(function)
    parameters = tuple(each.arg for each in arguments_of(function))
    return Effects(
        tuple(scope.reads),
        tuple(scope.binds),
        tuple(scope.changes),
        parameters,
        tuple(scope.changed_parameters),
    )


def type_parameters_of(node: Any) -> set[str]:
    """Of `def f[T](…)`, `class C[T]` and `type A[T] = …`, which Python has since 3.12."""
    return {each.name for each in getattr(node, "type_params", ())}


def arguments_of(function: Function) -> list[ast.arg]:
    """All of them, as written."""
    given = function.args
    rest = [each for each in (given.vararg, given.kwarg) if each is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *rest]


def defaults_of(function: Function) -> list[ast.expr]:
    """What is evaluated where the function is defined."""
    return [*function.args.defaults, *(each for each in function.args.kw_defaults if each is not None)]


def bound_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that a scope binds itself: what its statements assign, import and define, without `global` ones."""
    bound: set[str] = set()
    elsewhere: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                bound.add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                bound.add(node.name)
                waiting += [*node.decorator_list, *defaults_of(node)]
                continue
            case ast.ClassDef():
                bound.add(node.name)
                waiting += [*node.decorator_list, *node.bases, *(each.value for each in node.keywords)]
                continue
            case ast.Lambda():
                waiting += defaults_of(node)
                continue
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                bound |= {each.target.id for each in ast.walk(node) if isinstance(each, ast.NamedExpr)}
                continue
            case ast.Import() | ast.ImportFrom():
                bound |= {bound_by_import(each) for each in node.names}
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                bound.add(name)
            case ast.MatchMapping(rest=str(name)):
                bound.add(name)
            case ast.Global() | ast.Nonlocal():
                elsewhere.update(node.names)
            case _:
                pass
        waiting += ast.iter_child_nodes(node)
    return bound - elsewhere


def bound_by_import(alias: ast.alias) -> str:
    """`import a.b` binds `a`, `import a.b as c` binds `c`."""
    return alias.asname or alias.name.partition(".")[0]


class _Scope(ast.NodeVisitor):
    """Collects what is not bound by any of the scopes around a name."""

    def __init__(self, function: Function) -> None:
        body = function.body if isinstance(function.body, list) else [function.body]
        self._parameters = {each.arg for each in arguments_of(function)} - bound_in(body)
        self.changes: dict[str, None] = {}
        self.changed_parameters: dict[str, None] = {}
        self.reads: dict[str, None] = {}
        self.binds: dict[str, None] = {}
        self._bound: list[set[str]] = []
        self._globals: list[set[str]] = []

    def enter(self, function: Function) -> None:
        body: Sequence[ast.AST] = function.body if isinstance(function.body, list) else [function.body]
        names = {
            name
            for node in body
            for each in ast.walk(node)
            if isinstance(each, ast.Global)
            for name in each.names
        }
        own = {each.arg for each in arguments_of(function)} | type_parameters_of(function)
        self._bound.append((bound_in(body) | own) - names)
        self._globals.append(names)
        for node in body:
            self.visit(node)
        self._globals.pop()
        self._bound.pop()

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *defaults_of(node)):
            self.visit(part)
        self._bound.append(type_parameters_of(node))
        for argument in arguments_of(node):
            if argument.annotation is not None:
                self.visit(argument.annotation)
        if node.returns is not None:
            self.visit(node.returns)
        self._bound.pop()
        self.enter(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._define(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._define(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in defaults_of(node):
            self.visit(part)
        self.enter(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(each.value for each in node.keywords)):
            self.visit(part)
        own = bound_in(node.body)
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._define(statement)  # a method does not see the names of its class
            else:
                self._bound.append(own)
                self.visit(statement)
                self._bound.pop()

    def _comprehension(self, node: Comprehension) -> None:
        first, *others = node.generators
        self.visit(first.iter)
        self._bound.append(set().union(*(bound_in([each.target]) for each in node.generators)))
        for generator in node.generators:
            for condition in generator.ifs:
                self.visit(condition)
        for generator in others:
            self.visit(generator.iter)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(part)
        self._bound.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name) and self._globals and node.target.id in self._globals[-1]:
            self.reads[node.target.id] = None
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if self._globals and node.id in self._globals[-1]:
            if isinstance(node.ctx, ast.Store):
                self.binds[node.id] = None
                return
        elif any(node.id in bound for bound in self._bound):
            return
        if isinstance(node.ctx, ast.Load):
            self.reads[node.id] = None

    def _change(self, name: str | None) -> None:
        if name is None:
            return
        if name in self._parameters and not any(name in bound for bound in self._bound[1:]):
            self.changed_parameters[name] = None
        elif not any(name in bound for bound in self._bound):
            self.changes[name] = None

    def _place(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._change(root_of(node))
        self.generic_visit(node)

    visit_Attribute = visit_Subscript = _place

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            for name in changed_by_call(node.value, is_dropped=True):
                self._change(name)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        for name in changed_by_call(node, is_dropped=False):
            self._change(name)
        self.generic_visit(node)
