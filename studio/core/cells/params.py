"""%%params: the DAG's params with their defaults, as literals. Nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from studio.core.cells.marks import MarkedCell
from studio.core.cells.problems import Problem
from studio.core.parameter_schema import annotation_schema
from studio.core.parameters import check_value
from studio.core.params import check_schema
from studio.errors import InvalidParameter


@dataclass(frozen=True, slots=True)
class Param:
    """`name: annotation = value`."""

    name: str
    value: Any
    annotation: str = ""


def params_of(cell: MarkedCell) -> tuple[tuple[Param, ...], tuple[Problem, ...]]:
    """Of a cell of the kind "params"."""
    try:
        tree = ast.parse(cell.python)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        text = f"The cell is no Python: {getattr(error, 'msg', error)}."
        return (), (Problem("syntax_error", text, "", cell.index, line + cell.body_line - 1),)
    found: list[Param] = []
    problems: list[Problem] = []
    for statement in tree.body:
        line = statement.lineno + cell.body_line - 1
        try:
            given = list(_assigned(statement))
            for param in given:
                _check(param)
            found += given
            continue
        except InvalidParameter as error:
            problems.append(Problem(error.code, error.message, error.hint or "", cell.index, line))
        except ValueError as error:
            hint = (
                "Numbers, text, lists, dicts, True, False and None can stand there; compute in a %%task cell."
            )
            problems.append(Problem("param_not_literal", str(error), hint, cell.index, line))
        found += [Param(name, None) for name in _named(statement)]  # one problem is enough
    return tuple(found), tuple(problems)


def _named(statement: ast.stmt) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _check(param: Param) -> None:
    """Raises `InvalidParameter` for what a run cannot be given, and for a value that its own annotation refuses."""
    check_value(param.value, f"The value of {param.name!r}")
    rules = annotation_schema(param.annotation)
    if rules and param.value is not None:
        check_schema(param.name, rules, param.value)


def _assigned(statement: ast.stmt) -> Iterator[Param]:
    """Raises ValueError for everything but `name = literal`."""
    match statement:
        case ast.Assign(targets=targets, value=value) if all(isinstance(each, ast.Name) for each in targets):
            for target in targets:
                assert isinstance(target, ast.Name)
                yield Param(target.id, _literal(value, target.id))
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value) if value is not None:
            yield Param(name, _literal(value, name), ast.unparse(annotation))
        case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
            return
        case _:
            raise ValueError(
                f"`{ast.unparse(statement).splitlines()[0][:60]}` is no param: write `name = value`."
            )


def _literal(value: ast.expr, name: str) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError as error:
        raise ValueError(f"The value of {name!r} is no literal: `{ast.unparse(value)[:60]}`.") from error
