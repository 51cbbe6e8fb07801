"""The statements of an ordinary code cell, each with its own lines, comments and names."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Final, Literal

from studio.core.cells.ipython import plain_python
from studio.core.cells.names import CellNames, names_of

Kind = Literal["import", "function", "class", "setting", "install", "statement"]

_SETTING: Final = re.compile(r"\s*%(autoreload|colors|config|load_ext|matplotlib|precision|reload_ext)\b")
_INSTALL: Final = re.compile(r"\s*[%!]\s*(\S*python\S*\s+-m\s+)?(pip3?|conda|mamba|uv|apt|apt-get)\s")
#: Cell magics that Python stands below.
_WRAPPING: Final = re.compile(r"%%(capture|prun|time|timeit)\b")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One statement, or several on one line."""

    cell: int  # position in the notebook
    text: str  # as written
    tree: tuple[ast.stmt, ...]
    names: CellNames
    kind: Kind

    @property
    def statement(self) -> ast.stmt:
        return self.tree[0]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that stays as it is."""

    cell: int
    reason: str


def chunks_of(source: str, cell: int) -> list[Chunk] | Unreadable:
    """The statements of a code cell, in order; a cell of another language or without a meaning is `Unreadable`."""
    plain = plain_python(source)
    hiding = next((each for each in plain.problems if each.code in ("cell_magic", "hiding_magic")), None)
    if hiding is not None:
        return Unreadable(cell, hiding.message)
    try:
        tree = ast.parse(plain.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}: " if line else ""
        return Unreadable(cell, f"{where}it is no Python: {getattr(error, 'msg', None) or error}.")
    lines, wrapper = source.split("\n"), _wrapper(source)
    if wrapper is not None:
        names = names_of(plain.source)
        return [Chunk(cell, source, tuple(tree.body), names, "statement")] if tree.body else []
    plain_lines = plain.source.split("\n")
    made: list[Chunk] = []
    start = 0  # the first line that belongs to no statement yet
    for statements in _by_line(tree.body):
        end = max(each.end_lineno or each.lineno for each in statements)
        text = "\n".join(lines[start:end]).strip("\n")
        names = names_of("\n".join(plain_lines[start:end]))
        own = lines[_first_line(statements[0]) - 1]
        made.append(Chunk(cell, text, statements, names, _kind(statements, own)))
        start = end
    rest = "\n".join(lines[start:]).strip("\n")
    if rest and made:
        last = made.pop()
        made.append(Chunk(cell, f"{last.text}\n{rest}", last.tree, last.names, last.kind))
    return made


def is_wrapped(source: str) -> bool:
    """Whether a cell begins with %%time or the like."""
    return _wrapper(source) is not None


def without_wrapper(source: str) -> str:
    """The cell without such a first line."""
    lines = source.lstrip().split("\n")
    while lines and (_WRAPPING.match(lines[0]) or not lines[0].strip()):
        lines.pop(0)
    return "\n".join(lines)


def as_value(chunk: Chunk, names: tuple[str, ...]) -> Chunk:
    """An import whose `names` are values that later statements change: now they are bound as values."""
    lines = "\n".join(f"{name} = {name}  # a value, passed on to other tasks" for name in names)
    text = f"{chunk.text}\n{lines}"
    return Chunk(chunk.cell, text, tuple(ast.parse(text).body), names_of(text), "statement")


def _wrapper(source: str) -> re.Match[str] | None:
    return _WRAPPING.match(source.lstrip())


def _by_line(body: list[ast.stmt]) -> list[tuple[ast.stmt, ...]]:
    """Statements that share a line stay together."""
    groups: list[list[ast.stmt]] = []
    end = 0
    for statement in body:
        if groups and _first_line(statement) <= end:
            groups[-1].append(statement)
        else:
            groups.append([statement])
        end = max(end, statement.end_lineno or statement.lineno)
    return [tuple(group) for group in groups]


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _kind(statements: tuple[ast.stmt, ...], line: str) -> Kind:
    if _INSTALL.match(line):
        return "install"
    if _SETTING.match(line):
        return "setting"
    if all(isinstance(each, (ast.Import, ast.ImportFrom)) for each in statements):
        return "import"
    first = statements[0]
    if isinstance(first, ast.Try) and all(
        isinstance(each, (ast.Import, ast.ImportFrom)) for each in first.body
    ):
        return "import"
    if len(statements) == 1:
        match first:
            case (
                ast.FunctionDef()
                | ast.AsyncFunctionDef()
                | ast.Assign(targets=[ast.Name()], value=ast.Lambda())
            ):
                return "function"
            case ast.ClassDef():
                return "class"
            case _:
                pass
    return "statement"
