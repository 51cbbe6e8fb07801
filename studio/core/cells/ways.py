"""The ways through the statements of a cell: branches, loops, handlers; and what is bound for certain at each point.

Not for: what a single statement reads and binds (`names.py`).
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from studio.core.cells.mutating import items_of, shared_with
from studio.core.cells.scopes import bound_in


@dataclass(slots=True)
class Way:
    """What is bound for certain at a point of the cell."""

    sure: set[str]
    is_over: bool = False  # nothing after this point runs

    def copy(self) -> Way:
        return Way(set(self.sure), self.is_over)


class Ways(ast.NodeVisitor, ABC):
    """Follows statements in the order in which Python runs them."""

    def __init__(self) -> None:
        self.way = Way(set())
        self.depth = 0  # of statements that may not run

    @abstractmethod
    def bind(self, name: str, *, parts: tuple[str, ...] = ()) -> None:
        """`name` is bound here; its object is one of the objects of `parts`, or an item of them."""

    @abstractmethod
    def bind_during(self, name: str, block: Callable[[], None]) -> None:
        """`name` is bound here, and gone after `block`, as the error of a handler."""

    @abstractmethod
    def target(self, target: ast.expr, parts: tuple[str, ...] = ()) -> None:
        """Whatever may stand left of `=`."""

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        self.depth += 1
        yield
        self.depth -= 1

    def _branches(self, *branches: Callable[[], None]) -> None:
        """Exactly one of them runs."""
        before, ends = self.way, []
        with self.perhaps():
            for branch in branches:
                self.way = before.copy()
                branch()
                ends.append(self.way)
        going = [way for way in ends if not way.is_over]
        self.way = Way(set.intersection(*(way.sure for way in going or ends)), is_over=not going)

    def _zero_or_more(self, *parts: Callable[[], None]) -> None:
        """A loop: the parts run in turn, or not at all."""
        before = self.way.copy()
        with self.perhaps():
            for part in parts:
                part()
        self.way = before

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branches(lambda: self.block(node.body), lambda: self.block(node.orelse))

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._branches(lambda: self.visit(node.body), lambda: self.visit(node.orelse))

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        first, *others = node.values
        self.visit(first)
        self._zero_or_more(*(lambda each=each: self.visit(each) for each in others))

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        parts = tuple(items_of(node.iter))
        self._zero_or_more(lambda: self.target(node.target, parts), lambda: self.block(node.body))
        self._after_loop(node)

    visit_For = visit_AsyncFor = _for

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._zero_or_more(lambda: self.block(node.body))
        self._after_loop(node)

    def _after_loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        if any(_breaks(each) for each in node.body):
            self._branches(lambda: self.block(node.orelse), lambda: None)
        else:
            self.block(node.orelse)

    def _try(self, node: ast.Try) -> None:
        before = self.way.copy()

        def handled(handler: ast.ExceptHandler) -> None:
            self.way = before.copy()  # the body may have ended at any point
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name is None:
                self.block(handler.body)
            else:
                self.bind_during(handler.name, lambda: self.block(handler.body))

        def tried() -> None:
            self.block(node.body)
            self.block(node.orelse)

        self._branches(tried, *(lambda each=each: handled(each) for each in node.handlers))
        self.block(node.finalbody)

    visit_Try = visit_TryStar = _try

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.target(item.optional_vars)
        self.block(node.body)

    visit_With = visit_AsyncWith = _with

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        parts = shared_with(node.subject)

        def taken(case: ast.match_case) -> None:
            for part in ast.walk(case.pattern):
                if isinstance(part, (ast.MatchValue, ast.MatchClass)):
                    self.visit(part.value if isinstance(part, ast.MatchValue) else part.cls)
            for name in sorted(bound_in([case.pattern])):
                self.bind(name, parts=parts)
            if case.guard is not None:
                self.visit(case.guard)
            self.block(case.body)

        last = node.cases[-1]
        catches_all = (
            last.guard is None and isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        )
        ways = [lambda each=each: taken(each) for each in node.cases]
        self._branches(*ways, *(() if catches_all else (lambda: None,)))

    def _over(self, node: ast.AST) -> None:
        self.generic_visit(node)
        self.way.is_over = True

    visit_Raise = visit_Continue = visit_Break = _over


def _breaks(node: ast.AST) -> bool:
    """Whether a loop with this in its body may be left by it."""
    if isinstance(node, ast.Break):
        return True
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        return any(_breaks(each) for each in node.orelse)
    inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda))
    return not inside and any(_breaks(each) for each in ast.iter_child_nodes(node))
