"""The source of functions and classes, also of those in cells, and the global names that it reads."""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import textwrap
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType

_READS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")


def source_of(target: FunctionType | type) -> str:
    """Its lines, dedented, decorators included. Raises `OSError` or `SyntaxError` if they are not known."""
    try:
        lines, _ = inspect.getsourcelines(target)
    except (OSError, TypeError) as error:
        if isinstance(target, FunctionType):
            raise OSError(str(error)) from error
        lines = _lines_of_class(target)
    source = textwrap.dedent("".join(lines)).rstrip()
    body = ast.parse(source).body
    if len(body) != 1 or not isinstance(body[0], (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        raise OSError("it is not a definition of its own")
    return source


def has_source(function: FunctionType) -> bool:
    try:
        source_of(function)
    except (OSError, SyntaxError):
        return False
    return True


def definition_in(source: str) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef:
    """The one definition that `source_of` gave."""
    node = ast.parse(source).body[0]
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    return node


def without(source: str, decorators: Iterable[ast.expr]) -> str:
    """`source` without the lines of these decorators."""
    lines = source.splitlines()
    for each in decorators:
        for number in range(each.lineno - 1, each.end_lineno or each.lineno):
            lines[number] = ""
    first = next(number for number, line in enumerate(lines) if line.strip())
    return "\n".join(lines[first:])


def names_read(source: str, flags: int) -> list[str]:
    """Global names that the code reads when it is defined or called, in the order of their first use.

    `flags`: of `__future__` imports, as for `compile`.
    """
    found: dict[str, None] = {}
    for code in _codes(compile(source, "<captured>", "exec", flags, dont_inherit=True)):
        instructions = list(dis.get_instructions(code))
        own = {each.argval for each in instructions if each.opname == "STORE_NAME"}
        for each in instructions:
            if each.opname in _READS and (each.opname == "LOAD_GLOBAL" or each.argval not in own):
                found[str(each.argval)] = None
    return list(found)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _lines_of_class(target: type) -> list[str]:
    """`inspect` does not find classes of cells: by a method's file, else in the newest cell with one of the name."""
    methods = [value for value in vars(target).values() if isinstance(value, FunctionType)]
    cells = [name for name in linecache.cache if name.startswith("<") or "ipykernel" in name]
    for file in [*(each.__code__.co_filename for each in methods), *reversed(cells)]:
        lines = linecache.getlines(file)
        for node in _statements(lines):
            if isinstance(node, ast.ClassDef) and node.name == target.__name__:
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                return lines[first - 1 : node.end_lineno]
    raise OSError(f"the source of the class {target.__name__} is not known")


def _statements(lines: list[str]) -> list[ast.stmt]:
    try:
        return ast.parse("".join(lines)).body
    except SyntaxError:  # a cell with magics
        return []
