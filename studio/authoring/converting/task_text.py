"""The text of a %%task cell: several cells of the notebook in one, showing what they showed."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from itertools import groupby

from studio.authoring.converting.chunks import Chunk, is_wrapped, without_wrapper
from studio.authoring.converting.grouping import Group, is_drawn
from studio.core.cells.ipython import plain_python

_SILENT = frozenset({"print", "display", "exit", "quit"})
_SILENT_METHODS = frozenset(
    {"append", "close", "commit", "extend", "fit", "info", "mkdir", "show", "sort", "update", "write"}
)


def task_text(group: Group, modules: Mapping[str, str]) -> str:
    """Below the %%task line."""
    cells = [list(chunks) for _, chunks in groupby(group.chunks, key=lambda chunk: chunk.cell)]
    if len(cells) == 1 and not group.copies:
        return _source(cells[0])
    parts = [chunk.text for chunk in group.copies]
    for index, chunks in enumerate(cells):
        source = _source(chunks)
        if is_wrapped(source):
            source = without_wrapper(source)
        if index < len(cells) - 1:
            source = _shown(source, chunks, modules)
        parts.append(source)
    return "\n\n".join(parts)


def loses_wrapper(group: Group) -> bool:
    """Whether a %%time or the like has no place in the task."""
    cells = {chunk.cell for chunk in group.chunks}
    return (len(cells) > 1 or bool(group.copies)) and any(is_wrapped(chunk.text) for chunk in group.chunks)


def _source(chunks: Sequence[Chunk]) -> str:
    text = ""
    for chunk in chunks:
        gap = "\n\n\n" if text and chunk.kind in ("function", "class") else "\n"
        text = f"{text}{gap}{chunk.text}" if text else chunk.text
    return text.strip("\n")


def _shown(source: str, chunks: Sequence[Chunk], modules: Mapping[str, str]) -> str:
    """What the end of a cell has shown is shown in the middle of one as well."""
    plain = plain_python(source).source
    tree = ast.parse(plain)
    lines, plain_lines = source.split("\n"), plain.split("\n")
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr) and not _is_silent(last.value, modules):
        start, end = last.lineno - 1, (last.end_lineno or last.lineno) - 1
        rest = _rest(lines[end], last)
        if lines[start : end + 1] == plain_lines[start : end + 1] and not rest.lstrip().startswith(";"):
            lines[end] = f"{_before(lines[end], last.end_col_offset or 0)}){rest}"
            lines[start] = (
                f"{_before(lines[start], last.col_offset)}display({lines[start][last.col_offset :]}"
            )
    if any(is_drawn(chunk, modules) for chunk in chunks) and not _ends_with_show(last):
        pyplot = next((name for name, module in modules.items() if module == "matplotlib.pyplot"), None)
        if pyplot is not None:
            lines.append(f"{pyplot}.show()")
    return "\n".join(lines)


def _before(line: str, column: int) -> str:
    return line.encode()[:column].decode()


def _rest(line: str, expression: ast.Expr) -> str:
    return line.encode()[expression.end_col_offset or 0 :].decode()


def _is_silent(value: ast.expr, modules: Mapping[str, str]) -> bool:
    match value:
        case ast.Call(func=ast.Name(id=name)):
            return name in _SILENT
        case ast.Call(func=ast.Attribute(attr=name, value=root)) as call:
            is_pyplot = isinstance(root, ast.Name) and modules.get(root.id, "") == "matplotlib.pyplot"
            is_in_place = any(each.arg == "inplace" for each in call.keywords)
            return is_pyplot or is_in_place or name in _SILENT_METHODS
        case ast.Constant() | ast.Await():
            return True
        case _:
            return False


def _ends_with_show(last: ast.stmt | None) -> bool:
    return isinstance(last, ast.Expr) and ast.unparse(last).endswith(".show()")
